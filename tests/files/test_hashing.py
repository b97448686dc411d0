"""The hash of a file is that of its bytes, however many there are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from vidcap_core.files.hashing import BLOCK, blocks_of, hash_file, hash_of


@pytest.mark.parametrize("size", [0, 1, BLOCK, 2 * BLOCK + 3])
def test_a_file(tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(1000)) * (size // 1000 + 1)
    (tmp_path / "a").write_bytes(content[:size])
    expected = hashlib.sha256(content[:size]).hexdigest()
    assert hash_file(tmp_path / "a") == expected
    assert hash_of([content[: size // 2], memoryview(content)[size // 2 : size]]) == expected


@pytest.mark.parametrize("size", [0, 5, BLOCK, BLOCK + 5])
def test_a_part_of_a_file_is_no_byte_more(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"ab" * BLOCK)
    with (tmp_path / "a").open("rb") as file:
        file.seek(1)
        assert b"".join(blocks_of(file, size)) == (b"ba" * BLOCK)[:size]
        assert file.tell() == 1 + size
