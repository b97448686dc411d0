"""The EmVidCap config on files of its two formats: comma and CRLF for S, tabs for L."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidcap_core.api import Batch, load_recipe
from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.datasets.toy.make import make_toy
from vidcap_core.datasets.toy.streams import WIDTHS, toy_stream
from vidcap_core.testing import collate


@pytest.mark.parametrize(
    ("name", "part", "train", "test"),
    [
        ("emvidcap", "S+L", 60, 24),
        ("emvidcap_s", "S", 20, 8),
        ("emvidcap_l", "L", 40, 16),
    ],
)
def test_it_learns_from_a_users_folder(
    name: str, part: str, train: int, test: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidcap_spectrum.retrieved.cache_home", lambda: tmp_path)
    folder = make_toy(None, "clips", "small", 0)
    root = str(folder / "emvidcap")
    streams = {stream: str(toy_stream(folder, stream)) for stream in WIDTHS}
    database = {
        "type": "EmVidCap",
        "split": "train",
        "part": part,
        "root": root,
        "streams": {"image": streams["image"]},
    }
    encoder = {
        "type": "spectrum.RetrievedCaptions",
        "query": "image",
        "bridge": {"steps": 5, "folds": 2},
        "text": {"type": "spectrum.HashedWords", "dim": 16},
        "database": database,
    }
    changes = {
        "encoders.retrieved": encoder,
        "head.streams": {**WIDTHS, "retrieved": 16},
        "head.width": 32,
        "head.heads": 4,
        "head.feed": 64,
        "head.n_retrieved": 5,
        "tokenizer.min_count": 1,
        **{f"data.{split}.streams": streams for split in ("train", "val", "test")},
        **{f"data.{split}.root": root for split in ("train", "val", "test")},
    }
    made = load_recipe(f"spectrum/{name}", [f"{key}={value!r}" for key, value in changes.items()])
    data, val, held = (made.data[split].changed(unit="clip").build() for split in ("train", "val", "test"))
    assert (len(data) + len(val), len(held)) == (train, test)
    tokenizer = build_tokenizer(made, data)
    assert "guilt" in tokenizer  # a word of the lexicon that no caption says
    captioner = build_captioner(made, tokenizer, made.losses).train()
    assert len(captioner.head.attributes.emotional) == 179  # type: ignore[union-attr]
    losses = captioner(first(data, tokenizer), ["tokens", "attributes"])
    sum((total / weight for total, weight in losses.values()), torch.zeros(())).backward()
    assert all(bool(p.grad is not None and p.grad.isfinite().all()) for p in captioner.parameters())
    said = captioner.eval().predict(first(held, tokenizer), panels=True)
    assert len(said) == 4
    assert any(
        panel.title.startswith("Dominant theme")
        for panel in said[0].extras["panels"]
        if hasattr(panel, "title")
    )


def first(data: object, tokenizer: object) -> Batch:
    return collate(tokenizer, [data[index] for index in range(4)])  # type: ignore[index]
