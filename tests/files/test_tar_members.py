"""Members of a tar as Python's own reader sees them, and damage that it does not see."""

from __future__ import annotations

import io
import tarfile

import pytest

from vidcap_core.files.tar_members import members

NAMES = ["a.txt", "folder/b.mp4", "x" * 120 + "/" + "y" * 90 + ".json", "ünïcode.txt", "z" * 300, "last.txt"]


def made(names: list[str], kind: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        for number, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = 500 * number
            archive.addfile(info, io.BytesIO(bytes([number]) * info.size))
            if number == 1:
                archive.addfile(folder)
    return out.getvalue()


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("names", [NAMES, NAMES[:2], [NAMES[4]], [NAMES[3]], []])
def test_they_are_what_python_reads(names: list[str], kind: int) -> None:
    if kind == tarfile.USTAR_FORMAT:
        names = [name for name in names if len(name) < 250]
    content = made(names, kind)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        wanted = [(m.name, m.offset_data, m.size) for m in archive if m.isfile()]
    assert list(members(io.BytesIO(content))) == wanted
    assert [name for name, _, _ in wanted] == names


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_damage_is_seen(kind: int) -> None:
    content = made(NAMES[:4:3] * 2 + ["b", "c"], kind)
    good = list(members(io.BytesIO(content)))
    for position in range(512, good[-1].offset + good[-1].size, 512):
        with pytest.raises(tarfile.TarError):
            list(members(io.BytesIO(content[:position])))
    for member in good[1:]:
        for wrong in (bytes(512), b"\1" * 512):
            header = member.offset - 512
            with pytest.raises(tarfile.TarError):
                list(members(io.BytesIO(content[:header] + wrong + content[member.offset :])))
    for none in (b"", b"hello" * 300, bytes(100)):
        with pytest.raises(tarfile.TarError):
            list(members(io.BytesIO(none)))
