"""The run folder: what one config made, readable by someone who was not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.config.files import Config
from vidcap_core.errors import UserError
from vidcap_core.saved.foreign import check_links, read_dict
from vidcap_metrics.files.atomic import check_writable, whole_text
from vidcap_metrics.files.lock import Lock

FREE = (
    "runtime.workers",
    "runtime.log_every",
    "runtime.save_every",
    "runtime.keep",
    "runtime.save",
    "runtime.max_time",
    "runtime.trackers",
    "evaluate.panels",
    "evaluate.batch",
    "extract",
    "start_from",
)
"""Keys that may differ between a run and its continuation: they change no weight from there on."""

LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where everything of a run lies."""

    path: Path

    @property
    def config(self) -> Path:
        """The config as resolved, as data."""
        return self.path / "config.json"

    @property
    def meta(self) -> Path:
        """Seed, machine, versions, plugins, data hash, commit."""
        return self.path / "meta.json"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's state."""
        return self.path / "tokenizer.json"

    @property
    def assets(self) -> Path:
        """What derived encoders learnt from the training clips; only where there are such."""
        return self.path / "assets"

    @property
    def scalars(self) -> Path:
        """One line of JSON a logged step or evaluation."""
        return self.path / "scalars.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Numbered checkpoints, `best.pt`, and named copies of the weights."""
        return self.path / "checkpoints"

    def predictions(self, split: str) -> Path:
        """What the captioner said of a split."""
        return self.path / f"predictions-{split}.json"

    def scores(self, split: str) -> Path:
        """How good that was, with signatures."""
        return self.path / f"scores-{split}.json"

    def read(self, file: Path) -> dict[str, Any]:
        """What config, meta, tokenizer or scores hold."""
        return read_dict(file, hint="put a copy of it there, or train again in another folder")

    def resolved(self) -> Config:
        """The config that made it."""
        return Config(str(self.config), self.read(self.config))


def short_name(config: Config) -> str:
    """`plugin/config`, also of a file in a plugin's folder of configs; of another file its name."""
    path = Path(config.name)
    if path.suffix != ".py":
        return config.name
    parts = path.resolve().parts
    owner = parts[-3] if len(parts) >= 3 and parts[-2] == "configs" else ""
    return "/".join(part for part in (owner, path.stem) if part)


def default_path(config: Config) -> Path:
    """`runs/plugin-config` under the current folder."""
    return Path("runs") / short_name(config).replace("/", "-")


def check_folder(
    folder: RunFolder, config: Config, resume: bool, force: bool, settable: Collection[str] = ()
) -> None:
    """Refuse a folder that holds another run, or something else: nothing is ever overwritten by another run.

    settable: keys that may differ, besides those that change no weight.
    """
    path = folder.path
    if folder.config.is_file():
        if not resume:
            if is_free(folder):
                return
            raise UserError(
                f"{path} holds a run already",
                hint=f"--resume to go on with it, or --work-dir {path}-2 for a new one",
            )
        differing = difference(folder.resolved().data, config.data, free=(*FREE, *settable))
        if differing and not force:
            shown = "\n  ".join(differing[:10])
            raise UserError(
                f"{path} is a run of another config; these keys differ:\n  {shown}",
                hint="the config it was started with, another --work-dir, or --force-resume",
            )
    elif path.is_dir() and any(not _of_a_killed_start(file) for file in path.iterdir()):
        raise UserError(f"{path} is not empty and holds no run", hint=f"--work-dir {path}-2")


def is_free(folder: RunFolder) -> bool:
    """Whether a run was begun in a folder and came to nothing: no weights, no captions, no scores."""
    made = (folder.checkpoints.glob("*.pt"), folder.path.glob("predictions-*"), folder.path.glob("scores-*"))
    return not any(any(files) for files in made)


def clear(folder: RunFolder) -> None:
    """Remove what a run that came to nothing left, but for features, which say themselves what they are of."""
    for file in (folder.config, folder.meta, folder.tokenizer, folder.scalars, folder.path / "log.txt"):
        file.unlink(missing_ok=True)
    shutil.rmtree(folder.assets, ignore_errors=True)


def refuse_unwritable(path: Path) -> None:
    """Refuse, before anything is read, a folder that nothing could be written to."""
    try:
        check_writable(path)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> UserError:
    """That a run's folder cannot be written to, and why."""
    return UserError(f"cannot write to {path}: {error.strerror}", hint="--work-dir DIR")


def make_folder(folder: RunFolder, config: Config, force: bool, **parts: Any) -> None:
    """Write the config, and beside it what the run is made of (`meta`, `tokenizer`), as JSON: all of it or nothing."""
    if folder.meta.is_file() and not force:
        before, now = folder.read(folder.meta).get("data"), parts["meta"]["data"]
        if before != now:
            raise UserError(
                f"the training data of {folder.path} changed since it was started (hash {before} then, {now} now)",
                hint="the data it was started with, another --work-dir, or --force-resume",
            )
    try:
        texts = {
            folder.path / f"{n}.json": json.dumps(d, indent=1, ensure_ascii=False) for n, d in parts.items()
        }
        # the last one takes its place first: a run that is killed right then can be resumed
        texts[folder.config] = config.to_json()
        with ExitStack() as files:
            for path, text in texts.items():
                file = files.enter_context(whole_text(path))
                file.write(text)
                file.flush()  # what the disk has no room for must show before the first one takes its place
        folder.checkpoints.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(folder.path, error) from error


@contextmanager
def locked(folder: RunFolder, hint: str = "another --work-dir") -> Iterator[None]:
    """Keep other processes out of a run, whose folder is made if need be."""
    check_links(folder.path)  # before the first file is opened for writing
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = Lock(folder.path / LOCK)
    except BlockingIOError as error:
        raise UserError(f"another process is at work on {folder.path}", hint=hint) from error
    except OSError as error:
        raise unwritable(folder.path, error) from error
    with lock:
        yield


def _of_a_killed_start(file: Path) -> bool:
    return file.name == LOCK or (file.name.startswith(".") and file.suffix == ".part")


def difference(old: object, new: object, free: Collection[str] = FREE) -> list[str]:
    """`key: old -> new` for each key in which two configs differ, but those that are free to."""
    return [f"{key}: {before!r} -> {now!r}" for key, before, now in _differing(old, new, "", free)]


def changes(folder: RunFolder, config: Config) -> dict[str, Any]:
    """The keys in which a config differs from that of a run, with their values in it."""
    data = json.loads(config.to_json())  # as the run's was stored: tuples are lists
    return {key: now for key, _, now in _differing(folder.resolved().data, data, "", FREE)}


def other_settings(changed: Mapping[str, Any]) -> str | None:
    """That a run was captioned with other settings than its own, and which; None where nothing differs."""
    shown = ", ".join(f"{key}={value!r}" for key, value in changed.items())
    return f"scored with other settings than the run was trained with: {shown}" if changed else None


def _differing(
    old: object, new: object, path: str, free: Collection[str]
) -> Iterator[tuple[str, object, object]]:
    if path in free:
        return
    pairs: dict[str | int, tuple[object, object]] = {}
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = {key: (old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])}
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = dict(enumerate(zip(old, new, strict=True)))
    elif old != new:
        yield path, old, new
    for key, (before, now) in pairs.items():
        yield from _differing(before, now, f"{path}.{key}".lstrip("."), free)
