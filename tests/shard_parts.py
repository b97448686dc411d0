"""Shards of tiny clips, as tar files and as Parquet."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidcap_core.testing.tiny import TinyClips


def member(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def tars(folder: Path, sizes: Sequence[int], counted: bool = True) -> Path:
    """Tar files of so many clips, of the features of `TinyClips` and its captions."""
    folder.mkdir(parents=True)
    clips, number = TinyClips(sum(sizes)), 0
    for shard, size in enumerate(sizes):
        with tarfile.open(folder / f"{shard:03}.tar", "w") as archive:
            for _ in range(size):
                clip = clips.clips[number].id
                rows = io.BytesIO()
                np.save(rows, clips.get(2 * number, np.random.default_rng()).streams["image"])
                member(archive, f"{clip}.image.npy", rows.getvalue())
                texts = {"captions": clips.references()[clip], "duration": 10.0}
                member(archive, f"{clip}.json", json.dumps(texts).encode())
                number += 1
    if counted:
        counts = {f"{shard:03}.tar": size for shard, size in enumerate(sizes)}
        (folder / "sizes.json").write_text(json.dumps(counts))
    return folder


def tables(folder: Path, sizes: Sequence[int], rows: int = 3) -> Path:
    """The same clips as Parquet, of so many rows a group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    clips, number = TinyClips(sum(sizes)), 0
    for shard, size in enumerate(sizes):
        data = []
        for _ in range(size):
            clip = clips.clips[number].id
            image = clips.get(2 * number, np.random.default_rng()).streams["image"]
            data.append({"id": clip, "image": image.tolist(), "captions": clips.references()[clip]})
            number += 1
        kinds = pa.schema(
            [
                ("id", pa.string()),
                ("image", pa.list_(pa.list_(pa.float32()))),
                ("captions", pa.list_(pa.string())),
            ]
        )
        pq.write_table(pa.Table.from_pylist(data, kinds), folder / f"{shard:03}.parquet", row_group_size=rows)
    return folder
