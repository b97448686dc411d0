"""Which files are meant by what a person types."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from vidcap_core.captioning import inputs
from vidcap_core.captioning.inputs import find, shown
from vidcap_core.errors import UserError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("v/b.mp4", "v/a.AVI", "v/deep/c.mkv", "v/notes.txt", "v/._b.mp4", "v/.git/d.mp4", "x.webm"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(*typed: str, **options: object) -> list[str]:
    return [str(path) for path in find(typed, **options).files]  # type: ignore[arg-type]


def test_a_folder_means_the_videos_below_it(here: Path) -> None:
    found = find(["v"])
    assert [str(path) for path in found.files] == ["v/a.AVI", "v/b.mp4", "v/deep/c.mkv"]
    assert found.others == 2, "notes.txt and the hidden file"


def test_files_patterns_and_each_file_once(here: Path) -> None:
    assert names("x.webm", "./x.webm", "v/*.mp4", "**/*.mk?") == ["x.webm", "v/b.mp4", "v/deep/c.mkv"]


def test_what_is_not_there_is_said(here: Path) -> None:
    (here / "empty").mkdir()
    bad = dict(find(["gone.mp4", "*.mov", "empty"]).bad)
    assert bad["gone.mp4"] == "there is no such file"
    assert bad["*.mov"] == "no file has such a name"
    assert "holds no video" in bad["empty"]


@pytest.mark.parametrize(
    "name", ['it\'s "odd".mp4', "new\nline.mp4", "🎬.mp4", "[ab]*?.mp4", " .mp4", "-x.mp4", "@y.mp4"]
)
def test_odd_names_are_names(here: Path, name: str) -> None:
    (here / name).write_bytes(b"x")
    assert names(name) == [name]
    assert "\n" not in shown(name)


def test_a_name_that_is_no_text(here: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    (here / name).write_bytes(b"x")
    assert shown(find(["."]).files[0]) == "caf\\udce9.mp4"


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_a_list(here: Path, separator: str) -> None:
    (here / "v" / "list.txt").write_bytes(
        separator.join(["x.webm", "b.mp4", "", "gone.mp4", "deep"]).encode()
    )
    found = find(["@v/list.txt"])
    assert [str(path) for path in found.files] == ["x.webm", "v/b.mp4", "v/deep/c.mkv"]
    assert found.bad == [("gone.mp4", "there is no such file")]
    assert find([], lists=["v/list.txt"]).files == found.files


def test_a_list_that_is_none(here: Path) -> None:
    with pytest.raises(UserError, match=r"the list gone\.txt cannot be read"):
        find(["@gone.txt"])
    (here / "z.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with pytest.raises(UserError, match=r"z\.mp4 is no list of files\n  try: vidcap caption z\.mp4"):
        find(["@z.mp4"])


def test_a_pipe_of_names(here: Path) -> None:
    for content in (b"x.webm\nv/b.mp4\n", b"x.webm\0v/b.mp4\0"):
        assert names("-", pipe=(io.BytesIO(content), here)) == ["x.webm", "v/b.mp4"]
    assert find(["-"], pipe=(io.BytesIO(b""), here)).bad == [("-", "nothing came through the pipe")]


@pytest.mark.parametrize(
    "head", [b"\0\0\0\x18ftypmp42", b"RIFF\x10\x02\0\0AVI LIST", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01"]
)
def test_a_pipe_with_a_video(here: Path, head: bytes) -> None:
    content = head + bytes(range(256)) * 400
    (path,) = find(["-"], pipe=(io.BytesIO(content), here)).files
    assert path.read_bytes() == content


def test_lists_that_name_themselves_are_refused(here: Path) -> None:
    (here / "own.txt").write_text("x.webm\n@own.txt\n")
    (here / "a.txt").write_text("@b.txt\n")
    (here / "b.txt").write_text("@a.txt\n")
    for name, again in (("@own.txt", "own.txt"), ("@a.txt", "a.txt")):
        with pytest.raises(UserError, match=f"{again} names itself"):
            names(name)
    for number in range(100):
        (here / f"deep{number}.txt").write_text(f"@deep{number + 1}.txt\n")
    with pytest.raises(UserError, match="is named by 20 lists in a row"):
        names("@deep0.txt")


def test_a_list_is_read_once(here: Path) -> None:
    """Twice two times, twenty times over, would be a million readings."""
    for number in range(19):
        (here / f"l{number}.txt").write_text(f"@l{number + 1}.txt\n" * 2)
    (here / "l19.txt").write_text("x.webm\n")
    assert names("@l0.txt", "@l19.txt") == ["x.webm"]


class Endless(io.RawIOBase):
    """A pipe whose other end never stops."""

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "read to an end that does not come"
        return b"x.webm\n" * (size // 7)


def test_a_list_without_an_end_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="/dev/zero is no list of files"):
        names("@/dev/zero")
    monkeypatch.setattr(inputs, "LARGEST", 1 << 20)
    (here / "long.txt").write_text("x.webm\n" * (1 << 18))
    with pytest.raises(UserError, match=r"long\.txt is larger than 1 MiB"):
        names("@long.txt")
    with pytest.raises(UserError, match="of the pipe is larger than 1 MiB"):
        find(["-"], pipe=(Endless(), here))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_list_as_windows_writes_it(here: Path, encoding: str) -> None:
    """Half of the bytes of UTF-16 are NUL, which else stands between two names."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    content = f"{mark}x.webm\r\nv/b.mp4\r\n".encode(encoding)
    (here / "list.txt").write_bytes(content)
    assert names("@list.txt") == ["x.webm", "v/b.mp4"]
    assert [str(path) for path in find(["-"], pipe=(io.BytesIO(content), here)).files] == [
        "x.webm",
        "v/b.mp4",
    ]


def test_half_a_list_in_utf_16(here: Path) -> None:
    (here / "list.txt").write_bytes("x.webm".encode("utf-16")[:-1])
    with pytest.raises(UserError, match="is cut off, or no text"):
        names("@list.txt")


def test_nobody_waits_for_a_pipe_in_a_folder(here: Path) -> None:
    os.mkfifo(here / "v" / "pipe.mp4")
    found = find(["v"])
    assert [path.name for path in found.files] == ["a.AVI", "b.mp4", "c.mkv"]
    assert found.bad == [("v/pipe.mp4", "is no file, but a pipe or a device")]
