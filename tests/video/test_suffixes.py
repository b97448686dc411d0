"""One list of suffixes: every place that looks for videos finds the same files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vidcap_core.captioning.inputs import find
from vidcap_core.datasets.extraction import clips_in
from vidcap_core.datasets.folders import videos_below
from vidcap_core.serve.sniff import container
from vidcap_core.video.suffixes import SOUND_SUFFIXES, VIDEO_SUFFIXES


def test_a_folder_holds_the_same_videos_for_everyone(tmp_path: Path) -> None:
    for suffix in (*VIDEO_SUFFIXES, *SOUND_SUFFIXES, ".txt", ".jpg"):
        (tmp_path / f"{suffix[1:]}{suffix.upper()}").touch()
    names = {suffix[1:] for suffix in VIDEO_SUFFIXES}
    assert {"ts", "wmv"} <= names
    assert {clip.id for clip in clips_in(tmp_path)} == names
    assert {path.stem for path in find([str(tmp_path)]).files} == names
    assert set(videos_below(tmp_path)) == names | {suffix[1:] for suffix in SOUND_SUFFIXES}


def test_what_the_server_takes_has_a_suffix_of_the_list() -> None:
    heads = [
        b"\0\0\0\x18ftypmp42",
        b"\x1a\x45\xdf\xa3",
        b"RIFF\0\0\0\0AVI LIST",
        (b"\x47" + bytes(187)) * 3,
        b"\0\0\1\xba",
        b"FLV\x01",
        b"OggS",
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    ]
    assert {container(head) for head in heads} <= VIDEO_SUFFIXES


def test_the_list_costs_no_decoder() -> None:
    code = (
        "import sys, vidcap_core.video.suffixes\n"
        "print(*(name for name in ('av', 'numpy', 'torch') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
