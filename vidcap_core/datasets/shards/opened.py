"""Shards that are open, and the samples of them that wait to be drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from types import TracebackType

from vidcap_core.datasets.shards.fields import Fields
from vidcap_core.datasets.shards.listing import Listed
from vidcap_core.datasets.shards.parquet import ParquetShard
from vidcap_core.datasets.shards.passes import Place
from vidcap_core.datasets.shards.tar import TarShard
from vidcap_core.errors import DataError

Shard = TarShard | ParquetShard


class OpenShards:
    """Opens a shard when it is read, and closes it behind its last sample.

    A sample of a tar is read when it is drawn: until then it takes the room of its number. A row of Parquet cannot be
    found again, so it is read when it comes to wait.
    """

    def __init__(self, shards: Sequence[Listed], wanted: Collection[str]) -> None:
        self._shards, self._wanted = shards, wanted
        self._sizes = {number: s.samples for number, s in enumerate(shards) if s.samples is not None}
        self._open: dict[int, Shard] = {}
        self._waiting: dict[Place, Fields | None] = {}
        self._unread: dict[Place, None] = {}
        self._gone: Counter[int] = Counter()

    def __enter__(self) -> OpenShards:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.close()

    def count(self, shard: int) -> int:
        """Samples of a shard; it is opened where nothing said so."""
        return self._sizes[shard] if shard in self._sizes else len(self._opened(shard))

    def total(self, shards: Iterable[int]) -> int | None:
        """Samples of several, where all are known."""
        sizes = [self._sizes.get(shard) for shard in shards]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def enter(self, places: Iterable[Place]) -> None:
        """Samples that wait from now on."""
        for place in places:
            self._waiting[place] = None
            if self._keeps(place[0]):
                self._unread[place] = None

    def leave(self, place: Place) -> Fields:
        """A sample that waited."""
        for other in sorted(self._unread):
            self._waiting[other] = self._opened(other[0]).read(other[1])
        self._unread.clear()
        found = self._waiting.pop(place) or self._opened(place[0]).read(place[1])
        self._went(place[0])
        return found

    def skip(self, place: Place) -> None:
        """A sample that nobody wants."""
        del self._waiting[place]
        self._unread.pop(place, None)
        self._went(place[0])

    def _went(self, shard: int) -> None:
        self._gone[shard] += 1
        if self._gone[shard] == self.count(shard):
            del self._gone[shard]
            if shard in self._open:
                self._open.pop(shard).close()

    def _keeps(self, shard: int) -> bool:
        return self._shards[shard].name.endswith(".parquet")

    def _opened(self, shard: int) -> Shard:
        if shard not in self._open:
            said = self._shards[shard]
            made = ParquetShard(said.name, self._wanted) if self._keeps(shard) else TarShard(said.name)
            self._open[shard] = made
            if self._sizes.setdefault(shard, len(made)) != len(made):
                raise DataError(
                    f"{said.name}: has {len(made)} samples, and sizes.json beside it says {self._sizes[shard]}",
                    hint="was it copied in part? or write sizes.json again",
                )
        return self._open[shard]
