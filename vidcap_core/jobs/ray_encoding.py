"""Features on a cluster: Ray Data reads clips in tasks, and encodes them in actors that hold the encoder."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip
from vidcap_core.errors import DataError, UserError, VideoError
from vidcap_core.features.extract import Encoded, Read, encode_read, read_clip, recipe_of
from vidcap_core.jobs.ray_cluster import CAPTIONING, DECODING, cluster, parts_of
from vidcap_core.jobs.ray_engine import LOST
from vidcap_core.video.frame_request import FrameRequest


@dataclass(frozen=True, slots=True)
class RayEncoding:
    """Clips as they are finished; each is encoded alone, so that how many actors there are changes nothing.

    make: makes the encoder anew, in each actor. encoder: the one that the driver made, whose weights they must have.
    """

    make: Callable[[], Encoder]
    encoder: Encoder
    decoder: str = "pyav"
    actors: int = 2
    gpus: float = 0.0
    address: str | None = None

    def run(self, clips: Sequence[Clip]) -> Iterator[tuple[Clip, Encoded]]:
        """One that has nothing, and one whose processes died each time, comes with the reason."""
        missing = dict(enumerate(clips))
        request = None if self.encoder.reads == "audio" else FrameRequest.of(self.encoder)
        recipe = recipe_of(self.encoder, self.decoder)
        gpus = {"num_gpus": self.gpus} if self.gpus else {}
        with cluster(self.address) as data:
            read = data.from_arrow(parts_of(clips)).map(_Read(request, self.decoder), num_cpus=DECODING)
            rows = read.map_batches(
                _Encode,
                fn_constructor_args=(self.make, recipe, self.decoder, "cuda" if self.gpus else "cpu"),
                batch_size=4,
                compute=data.ActorPoolStrategy(size=self.actors),
                num_cpus=CAPTIONING,
                **gpus,
            )
            for made in rows.iter_rows():
                if (clip := missing.pop(int(made["index"]), None)) is not None:
                    yield clip, pickle.loads(made["rows"])
        if missing and len(missing) == len(clips):
            raise UserError(
                "the cluster encoded nothing: no task or actor came to an end",
                hint="are encoder and videos found on its machines? their logs: /tmp/ray/session_latest/logs",
            )
        for clip in missing.values():
            yield clip, VideoError(f"{clip.id}: {LOST}")


@dataclass(frozen=True, slots=True)
class _Read:
    """A task: the frames or the sound of a clip, pickled; an error in place of one that cannot be read."""

    request: FrameRequest | None
    decoder: str

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        read: Read | VideoError | DataError
        try:
            read = read_clip(pickle.loads(row["source"]), self.request, self.decoder)
        except (VideoError, DataError) as error:
            read = error
        return {"index": row["index"], "read": pickle.dumps(read, protocol=5)}


class _Encode:
    """An actor: it makes the encoder once."""

    def __init__(
        self, make: Callable[[], Encoder], recipe: Mapping[str, Any], decoder: str, device: str
    ) -> None:
        from vidcap_core.encoders.batchnorm_folding import folded

        encoder = make().eval()
        if recipe_of(encoder, decoder) != recipe:
            raise UserError("a machine of the cluster has another encoder, or other weights, than this one")
        self._encoder = folded(encoder.to(device))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        rows = [pickle.dumps(self._of(pickle.loads(read)), protocol=5) for read in batch["read"]]
        return {"index": batch["index"], "rows": rows}

    def _of(self, read: Read | VideoError | DataError) -> Encoded:
        try:
            return read if isinstance(read, (VideoError, DataError)) else encode_read(self._encoder, read)
        except (VideoError, DataError) as error:
            return error
