"""What is written takes its place whole, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_metrics.files.atomic import remove_parts, whole_file, whole_folder, whole_text, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_the_old_one_until_the_new_one_is_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "film.bin"
    path.write_bytes(b"old")
    with whole_file(path, durable) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        file.seek(0)
        assert file.read() == b"new", "it can be read before it takes its place"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["film.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    (tmp_path / "a.txt").write_text("old")

    def half_a_file() -> None:
        with whole_text(tmp_path / "a.txt") as file:
            file.write("half")
            raise error

    def half_a_folder() -> None:
        with whole_folder(tmp_path / "folder") as part:
            part.mkdir()
            (part / "half").touch()
            raise error

    for fail in (half_a_file, half_a_folder):
        with pytest.raises(error):
            fail()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_text_is_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    with whole_text(tmp_path / "a.txt") as file:
        file.write("é\n\udc80\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\n\\udc80\n"


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    write_json(tmp_path / ("é" * 127), {"a": 1})
    assert names(tmp_path) == ["é" * 127]


def test_a_folder_makes_way_only_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for content, replace in (("first", False), ("second", True)):  # at first it is there and empty
        with whole_folder(folder, replace) as part:
            part.mkdir()
            (part / content).touch()
        assert names(folder) == [content]
    with pytest.raises(OSError, match="not empty"), whole_folder(folder) as part:
        part.mkdir()
    assert names(folder) == ["second"]
    assert names(tmp_path) == ["folder"]


def test_what_killed_writers_leave_is_removed_by_name(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom vidcap_metrics.files.atomic import whole_file, whole_folder\n"
        "place = Path(sys.argv[1])\n"
        "with whole_folder(place / 'a[b]') as part, whole_file(place / 'c') as file:\n"
        "    part.mkdir()\n"
        "    (part / 'half').touch()\n"
        "    os._exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 7
    (tmp_path / ".mine.part").touch()
    (tmp_path / "a[b]").mkdir()
    assert len(names(tmp_path)) == 4
    remove_parts(tmp_path, "a[b]")
    assert len(names(tmp_path)) == 3
    assert (tmp_path / "a[b]").is_dir()
    remove_parts(tmp_path)
    assert names(tmp_path) == [".mine.part", "a[b]"]


def test_a_durable_file_and_its_name_are_on_the_disk_in_that_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was synced, seen at the system's own call: the file while it is beside its place, then the folder."""
    synced = []
    sync = os.fsync

    def fsync(file: int) -> None:
        here = Path(os.readlink(f"/proc/self/fd/{file}"))
        synced.append((here.suffix if here.is_file() else here.name, (tmp_path / "a").exists()))
        sync(file)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc to tell which file is synced")
    monkeypatch.setattr(os, "fsync", fsync)
    with whole_file(tmp_path / "a") as file:
        file.write(b"x")
    assert synced == []
    (tmp_path / "a").unlink()
    with whole_file(tmp_path / "a", durable=True) as file:
        file.write(b"x")
    assert synced == [(".part", False), (tmp_path.name, True)]
