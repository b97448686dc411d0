"""What is said in clips: text files or subtitles of a folder, by the clip's id."""

from __future__ import annotations

import re
from pathlib import Path

from vidcap_core.api import Clip, ConfigError, UserError

SUFFIXES = (".txt", ".srt", ".vtt")
TIMES = re.compile(r"(?:(\d+):)?(\d+):(\d+)[.,](\d+)\s*-->\s*(?:(\d+):)?(\d+):(\d+)[.,](\d+)")
TAG = re.compile(r"<[^>]*>")
MARK = re.compile(r"<[|/]?\w[\w|:-]*>")
"""As "<image>", which a model's processor would take for a picture."""
MOST = 4_000
"""Letters of a transcript that are shown to a model, from its beginning."""


class Transcripts:
    """A folder with NAME.txt, NAME.srt or NAME.vtt of a clip, by its id or its file's name; None: there are none."""

    def __init__(self, folder: str | None) -> None:
        self.folder = None if folder is None else Path(folder).expanduser()
        if self.folder is None:
            return
        if not folder or not self.folder.is_dir():
            raise ConfigError(f"head.transcripts: there is no folder {folder}", hint="a folder with NAME.srt")
        if not any(file.suffix in SUFFIXES for file in self.folder.iterdir()):
            raise ConfigError(
                f"head.transcripts: {folder} holds no {', '.join(SUFFIXES)}", hint="a folder with NAME.srt"
            )

    def of(self, clip: Clip) -> str | None:
        """What is said between the clip's start and end; of a plain text, all of it."""
        if self.folder is None:
            return None
        names = dict.fromkeys([clip.id, *([Path(clip.path).stem] if clip.path else [])])
        for name in names:
            for suffix in SUFFIXES:
                file = self.folder / f"{Path(name).name}{suffix}"
                if file.is_file():
                    text = _text(file)
                    said = MARK.sub(" ", text if suffix == ".txt" else _between(text, *clip.span))
                    return " ".join(said.split())[:MOST] or None
        return None


def _text(file: Path) -> str:
    """A file's text, in UTF-8, or in UTF-16 where it begins by saying so."""
    try:
        data = file.read_bytes()
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except OSError as error:
        raise UserError(f"the transcript {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"the transcript {file} is no text in UTF-8", hint=f"iconv -t utf-8 {file}")
    return text


def _between(subtitles: str, start: float, end: float) -> str:
    """The words of subtitles that are on the screen in a span."""
    words: list[str] = []
    for block in re.split(r"\n\s*\n", subtitles.replace("\r\n", "\n")):
        if (match := TIMES.search(block)) is None:
            continue
        first, last = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        if last > start and (first < end or end <= start):
            words.append(TAG.sub("", block[match.end() :]))
    return " ".join(words)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
