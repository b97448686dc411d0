"""Retrieval for all clips of a config: the index, the stream as a feature store, and recall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from vidcap_core.api import (
    ConfigError,
    FeatureWriter,
    Recipe,
    Stream,
    UserError,
    build_component,
    load_recipe,
)
from vidcap_spectrum.embed import embed_texts
from vidcap_spectrum.retrieved import RetrievedCaptions, pooled_queries, write_index
from vidcap_spectrum.search import own_captions, recall

RANKS = (1, 5, 10)


def retrieve(name: str, stream: str, changes: Sequence[str], out: Path) -> Iterator[str]:
    """Lines for people, while the work goes on."""
    recipe = load_recipe(name, changes)
    if stream not in recipe.encoders:
        raise ConfigError(f"{name}: has no encoders.{stream}", hint="--stream NAME")
    component = recipe.encoders[stream]
    encoder = component.build()
    if not isinstance(encoder, RetrievedCaptions):
        raise ConfigError(f"{name}: encoders.{stream} is no RetrievedCaptions")
    index, store = out / "index", out / stream
    if index.exists():
        raise UserError(f"{index} exists already", hint="-o another folder")
    train = _plain(recipe, "train", stream)
    encoder.eval()
    if "database" not in component.arguments:
        encoder.fit(train)
    write_index(index, encoder.assets())
    yield f"index: {len(encoder.assets()['rows'])} captions of {len(train.clips)} clips -> {index}"
    text = build_component("encoders", component.arguments["text"]).eval()
    with FeatureWriter(store, encoder.recipe(), "float32") as writer:
        for split in recipe.data:
            data = train if split == "train" else _plain(recipe, split, stream)
            yield from _recalls(encoder, text, data, split)
            yield _write(encoder.train(split == "train"), data, split, writer)
    yield f"stream '{stream}' -> {store}"


def _plain(recipe: Recipe, split: str, stream: str) -> Any:
    """A split as clips with all rows of their streams; without the stream that is made here."""
    streams = recipe.data[split].arguments.get("streams") or {}
    given = (
        {key: value for key, value in streams.items() if key != stream}
        if isinstance(streams, dict)
        else [key for key in streams if key != stream]
    )
    return recipe.scored_data(split).changed(streams=given, sample=None, transforms=None).build()


def _write(encoder: RetrievedCaptions, data: Any, split: str, writer: FeatureWriter) -> str:
    made = without = 0
    for clip, pooled in pooled_queries(data, encoder.query).items():
        if clip in writer.done:
            continue
        rows = encoder.derive(
            {encoder.query: Stream(pooled[None], torch.ones(1, dtype=torch.bool))}, clip
        ).values
        if len(rows):
            writer.add(clip, rows.numpy())
            made += 1
        else:
            without += 1
    return f"{split}: {made} clips" + (f", {without} found no caption" if without else "")


def _recalls(encoder: RetrievedCaptions, text: Any, data: Any, split: str) -> Iterator[str]:
    """R@k of a split among its own captions; of training clips fold by fold, through maps that did not see them."""
    known, references = pooled_queries(data, encoder.query), data.references()
    folds: dict[int, list[str]] = {}
    for clip in known:
        if references.get(clip):
            folds.setdefault(encoder.fold_of(clip), []).append(clip)
    for fold, clips in sorted(folds.items()):
        texts, own = own_captions({clip: references[clip] for clip in clips})
        queries = encoder.vectors(torch.stack([known[clip] for clip in clips]), clips)
        recalls = recall(queries, embed_texts(text, texts), own, RANKS)
        where = split if fold < 0 else f"{split}, fold {fold} (out of fold)"
        scores = "  ".join(f"R@{k} {value:.3f}" for k, value in recalls.items())
        yield f"{where}: {scores}  ({len(clips)} clips, {len(texts)} captions)"
