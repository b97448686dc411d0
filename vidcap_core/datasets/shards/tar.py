"""A tar of WebDataset: members of one name are one sample, and what is behind its first point says what each is."""

from __future__ import annotations

import os
import tarfile
from contextlib import ExitStack
from pathlib import Path

from vidcap_core.datasets.shards.fields import Fields
from vidcap_core.errors import DataError
from vidcap_core.files.local import local
from vidcap_core.files.remote import Remote, is_url
from vidcap_core.files.tar_members import members


class TarShard:
    """Only headers are read when it is opened; samples are read in any order. What lies elsewhere is fetched whole."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._samples: list[tuple[str, dict[str, tuple[int, int]]]] = []
        self._held = ExitStack()
        try:
            path = self._held.enter_context(local(Remote(name) if is_url(name) else Path(name)))
            self._file = os.open(path, os.O_RDONLY)
            self._held.callback(os.close, self._file)
            self._index(path)
        except OSError as error:
            self.close()
            raise DataError(f"{name}: cannot be read: {error.strerror}") from error
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._samples)

    def read(self, index: int) -> Fields:
        """A sample, read at once: its members lie side by side."""
        key, members = self._samples[index]
        first = min(offset for offset, _ in members.values())
        end = max(offset + size for offset, size in members.values())
        content = os.pread(self._file, end - first, first)
        if len(content) < end - first:
            raise DataError(f"{self.name}: ends in the midst of '{key}'; was it copied in part?")
        parts = {
            name: content[offset - first : offset - first + size] for name, (offset, size) in members.items()
        }
        return Fields(key, f"{self.name}, sample '{key}'", parts)

    def close(self) -> None:
        """Let go of the file."""
        self._held.close()

    def _index(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                for member in members(file):
                    self._add(*member)
        except (tarfile.TarError, EOFError) as error:
            raise DataError(
                f"{self.name}: is broken behind {len(self)} samples: {error}",
                hint="get the shard again, or leave it out: path=[...]",
            ) from error

    def _add(self, name: str, offset: int, size: int) -> None:
        folder, _, own = name.rpartition("/")
        stem, _, field = own.partition(".")
        key = f"{folder}/{stem}" if folder else stem
        if not self._samples or self._samples[-1][0] != key:
            self._samples.append((key, {}))
        self._samples[-1][1][field.lower()] = (offset, size)
