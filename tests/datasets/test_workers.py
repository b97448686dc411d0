"""Batches do not depend on how many workers fetch them, nor on where features lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidcap_core.datasets.stores import FeatureFolder, open_store
from vidcap_core.datasets.toy import Toy
from vidcap_core.datasets.toy.streams import toy_stream
from vidcap_core.engine.data import Order, training_loader
from vidcap_core.errors import DataError
from vidcap_core.features.importers import import_features
from vidcap_core.tokenizers.vocabulary import Vocabulary


def batches(folder: Path, workers: int, epoch: int = 0) -> list[tuple[tuple[str, ...], torch.Tensor]]:
    toy = Toy(
        "train",
        root=str(folder),
        unit="clip",
        streams=["image"],
        sample={"kind": "segment", "count": 6},
        frames={"kind": "segment", "count": 2, "short_side": 16},
    )
    vocabulary = Vocabulary()
    vocabulary.fit(toy.captions())
    order = Order(len(toy), 12, (3, 0))
    order.seek(epoch, 0)
    return [
        (
            batch.texts,
            torch.cat([batch.streams["image"].values.flatten(), batch.inputs["frames"].values.flatten()]),
        )
        for batch in training_loader(toy, order, vocabulary, workers)
    ]


def test_workers_change_nothing_and_epochs_do(clips_folder: Path) -> None:
    alone, helped, later = (
        batches(clips_folder, 0),
        batches(clips_folder, 2),
        batches(clips_folder, 0, epoch=1),
    )
    assert len(alone) == len(helped) == 4
    for (texts, values), (same_texts, same_values) in zip(alone, helped, strict=True):
        assert texts == same_texts
        assert torch.equal(values, same_values)
    assert alone[0][0] != later[0][0]


def test_a_feature_store_reads_like_the_files_it_was_made_from(clips_folder: Path, tmp_path: Path) -> None:
    files = Toy("val", root=str(clips_folder), streams=["image"])
    store = tmp_path / "image.store"
    import_features(toy_stream(clips_folder, "image"), store, dtype="float16")
    assert isinstance(open_store(store, "toy"), FeatureFolder)
    stored = Toy("val", root=str(clips_folder), streams={"image": str(store)})
    for index in range(0, len(files), 9):
        assert np.array_equal(files[index].streams["image"], stored[index].streams["image"])
    assert len(stored.fingerprint()) == 16


def test_what_is_no_store_says_so(tmp_path: Path) -> None:
    np.savez(tmp_path / "wrong.npz", features=np.ones(3))
    with pytest.raises(DataError, match="has features; a stream needs 'ids'"):
        open_store(tmp_path / "wrong.npz", "toy")
    with pytest.raises(DataError, match="there are no features"):
        open_store(tmp_path / "none", "toy")
    np.save(tmp_path / "flat.npy", np.ones(3))
    with pytest.raises(DataError, match=r"shape \(3,\); a stream is"):
        open_store(tmp_path, "toy")["flat"]
