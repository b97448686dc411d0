"""Captions of other clips, retrieved for a clip by what it looks like: a stream made of another one."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vidcap_core.api import (
    DataError,
    DerivedEncoder,
    Stream,
    UserError,
    build_component,
    cache_home,
    component_of,
    make_once,
    problems,
    rows_by_clip,
)
from vidcap_spectrum.bridge import Bridge, BridgeSettings, fold_clips, learn
from vidcap_spectrum.embed import embed_texts
from vidcap_spectrum.search import Database, owners

PLAIN, ARRAYS = "index.json", "index.safetensors"


class RetrievedCaptions(DerivedEncoder):
    """v = mean of the query stream;  the N training captions t of greatest cos(v, t), without the clip's own.

    A row of the stream is the text encoder's vector of one caption, as it is; the best comes first. Each caption
    is there once, whoever said it.

    text: the text encoder of the captions, as dict(type=...).
    query: the stream that is compared with captions; it must come from the same image-text model, or through `bridge`.
    top: captions a clip.
    bridge: settings of a learnt map from the query stream into the text encoder's space, as dict(steps=...); {} for the
        defaults; None: there is one space for both.
    database: the data set whose captions are retrieved, as dict(type=..., split="train"), for when nobody calls `fit`.
    index: a folder that `vidcap retrieve` wrote.
    """

    def __init__(
        self,
        *,
        text: dict[str, Any],
        query: str = "image",
        top: int = 20,
        bridge: dict[str, Any] | None = None,
        database: dict[str, Any] | None = None,
        index: str | None = None,
    ) -> None:
        super().__init__()
        for _, problem in problems(bridge or {}, BridgeSettings, "bridge"):
            raise UserError(f"RetrievedCaptions: {problem}")
        self.text, self.query, self.top, self.index = dict(text), query, top, index
        self.settings = None if bridge is None else BridgeSettings(**bridge)
        self.database_spec = None if database is None else dict(database)
        self.sampling = {}
        self.sources = (query,)
        self.dim = 0
        self._database: Database | None = None
        self._bridge: Bridge | None = None
        self._fold: dict[str, int] = {}
        self._recipe: dict[str, Any] = {}
        self._looked = False

    # ---- the contract

    @classmethod
    def remarks(cls, text: dict[str, Any], **_: Any) -> Iterator[str]:
        """Those of the text encoder."""
        yield from component_of("encoders", text).remarks()

    def fit(self, dataset: Any) -> None:
        """Embed the captions of a training set, and learn the bridge where there is one; or read the given index."""
        if self.index is not None:
            self._ready()
            self._compare(query_recipe(dataset, self.query))
            return
        key = json.dumps([self.describe(), dataset.fingerprint()], sort_keys=True)
        folder = cache_home() / "spectrum" / hashlib.sha256(key.encode()).hexdigest()[:16]
        make_once(folder, lambda part: write_index(part, self._learn(dataset)))
        self.load_assets(read_index(folder))

    def derive(self, streams: Mapping[str, Stream], clip_id: str) -> Stream:
        """The retrieved captions [top, dim]; none where the query stream is missing."""
        database = self._ready()
        given = streams.get(self.query)
        if given is None or not bool(given.mask.any()):
            return Stream(torch.zeros(0, self.dim), torch.zeros(0, dtype=torch.bool))
        number = database.number(clip_id)
        if number >= 0 and not self.training:
            warnings.warn(
                "clips that are captioned lie in the retrieval database themselves (their own captions are left out): "
                "their scores are no scores of held-out clips",
                stacklevel=2,
            )
        vector = self.vectors(given.values[given.mask].float().mean(0)[None], [clip_id])
        _, nearest = database.nearest(vector, torch.tensor([number]), self.top)
        rows = database.rows[nearest[0][nearest[0] >= 0]]
        return Stream(rows, torch.ones(len(rows), dtype=torch.bool))

    def assets(self) -> dict[str, Any]:
        """Vectors of the captions (not their words), who said them, the bridge."""
        database = self._ready()
        assets: dict[str, Any] = {
            "rows": database.rows,
            "owner": database.owner,
            "clips": list(database.clips),
        }
        assets |= {"fold": [self._fold.get(clip, -1) for clip in database.clips], "recipe": self._recipe}
        return assets if self._bridge is None else {**assets, **self._bridge.arrays()}

    def load_assets(self, assets: Mapping[str, Any]) -> None:
        """Take over an index, if it was made with the same encoders."""
        self._looked = True
        if "recipe" not in assets:
            raise self._nothing_to_retrieve()
        mine, theirs = self.describe(), {key: assets["recipe"].get(key) for key in self.describe()}
        wrong = [key for key in mine if json.loads(json.dumps(mine[key])) != theirs[key]]
        if wrong:
            raise UserError(
                f"this retrieval index was made with another recipe: {wrong[0]} is {theirs[wrong[0]]} there, "
                f"{mine[wrong[0]]} here",
                hint="vidcap retrieve CONFIG -o ANOTHER_FOLDER",
            )
        clips = tuple(assets["clips"])
        rows, owner = torch.as_tensor(assets["rows"]).float(), torch.as_tensor(assets["owner"])
        self._database, self._recipe, self.dim = (
            Database(rows, owner, clips),
            dict(assets["recipe"]),
            rows.shape[1],
        )
        self._fold = {clip: fold for clip, fold in zip(clips, assets["fold"], strict=True) if fold >= 0}
        self._bridge = Bridge.of(assets) if "bridge_weight" in assets else None

    def describe(self) -> dict[str, Any]:
        """What an index must agree with."""
        return {
            "text": self.text,
            "query": self.query,
            "bridge": vars(self.settings) if self.settings else None,
        }

    def recipe(self) -> dict[str, Any]:
        """Everything that decides what comes out, with the hash of the text encoder's weights."""
        kind = {"encoder": type(self).__name__, "reads": self.reads, "dim": self.dim, "top": self.top}
        return {**kind, **self.describe(), "index": self._recipe}

    # ---- its parts

    def vectors(self, pooled: Tensor, clips: list[str]) -> Tensor:
        """Pooled query streams [Q, D] in the space of the captions; training clips through maps without their fold."""
        wanted = self._bridge.mean.shape[1] if self._bridge is not None else self.dim
        if pooled.shape[1] != wanted:
            raise UserError(
                f"the stream '{self.query}' has width {pooled.shape[1]}, the retrieval index was made for {wanted}",
                hint="a query stream from the text encoder's own model, or bridge={}"
                if self._bridge is None
                else "the stream the index was made with",
            )
        if self._bridge is None:
            return pooled
        return torch.stack(
            [self._bridge(row, self._fold.get(clip, -1)) for row, clip in zip(pooled, clips, strict=True)]
        )

    def _compare(self, mine: dict[str, Any] | None) -> None:
        """Refuse a query stream that another encoder made, where both recipes are known."""
        theirs = self._recipe.get("query_encoder")
        if mine is None or theirs is None or mine == theirs:
            return
        key = next(key for key in {**theirs, **mine} if mine.get(key) != theirs.get(key))
        raise UserError(
            f"this retrieval index was made with another recipe: the stream '{self.query}' of its clips has "
            f"{key} {theirs.get(key)}, here it has {mine.get(key)}",
            hint="vidcap retrieve CONFIG -o ANOTHER_FOLDER",
        )

    def fold_of(self, clip: str) -> int:
        """The fold of a training clip; -1 of any other."""
        return self._fold.get(clip, -1)

    def _ready(self) -> Database:
        """The database: given, read from the index, or learnt from the data set of the config."""
        if not self._looked:
            self._looked = True
            if self.index is not None:
                self.load_assets(read_index(Path(self.index).expanduser()))
            elif self.database_spec is not None:
                self.fit(build_component("datasets", {**self.database_spec, "unit": "clip"}))
        if self._database is None:
            raise self._nothing_to_retrieve()
        return self._database

    def _nothing_to_retrieve(self) -> UserError:
        return UserError(
            "RetrievedCaptions has nothing to retrieve from",
            hint="encoders.NAME.database=dict(type=..., split='train'), or index= a folder of `vidcap retrieve`",
        )

    def _learn(self, dataset: Any) -> dict[str, Any]:
        captions = {clip: texts for clip, texts in dataset.references().items() if texts}
        if not captions:
            raise DataError(
                "the retrieval database would be empty: the training clips have no captions",
                hint="a training split with captions as `database`",
            )
        encoder = build_component("encoders", self.text).eval()
        texts, owner = owners(captions)
        rows = embed_texts(encoder, texts)
        clips = list(captions)
        assets: dict[str, Any] = {"rows": rows, "owner": owner, "clips": clips, "fold": [-1] * len(clips)}
        assets["recipe"] = {
            **self.describe(),
            "text_encoder": encoder.recipe(),
            "query_encoder": query_recipe(dataset, self.query),
            "data": dataset.fingerprint(),
        }
        if self.settings is None:
            return assets
        known = pooled_queries(dataset, self.query)
        there = [clip for clip in clips if clip in known]
        if not there:
            raise DataError(
                f"no training clip has the stream '{self.query}', so no bridge can be learnt from it"
            )
        numbers = {text: number for number, text in enumerate(texts)}
        own = [[numbers[text] for text in captions[clip]] for clip in there]
        groups = dataset.groups("source") if hasattr(dataset, "groups") else {}
        fold = dict(
            zip(there, fold_clips(there, groups, self.settings.folds, self.settings.seed), strict=True)
        )
        bridge = learn(
            torch.stack([known[clip] for clip in there]), rows, own, list(fold.values()), self.settings
        )
        return {**assets, "fold": [fold.get(clip, -1) for clip in clips], **bridge.arrays()}


def query_recipe(dataset: Any, query: str) -> dict[str, Any] | None:
    """How the query stream of a data set was made, where its store says it."""
    recipe = getattr(getattr(dataset, "stores", {}).get(query), "recipe", None)
    return None if recipe is None else json.loads(json.dumps(recipe))


def pooled_queries(dataset: Any, query: str) -> dict[str, Tensor]:
    """The mean over all rows of a stream, by clip."""
    return {
        clip: torch.from_numpy(rows.astype("float32").mean(0)) for clip, rows in rows_by_clip(dataset, query)
    }


def write_index(folder: Path, assets: Mapping[str, Any]) -> None:
    """Arrays as safetensors, the rest as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {key: value.contiguous() for key, value in assets.items() if isinstance(value, Tensor)}
    save_file(arrays, str(folder / ARRAYS))
    plain = {key: value for key, value in assets.items() if key not in arrays}
    (folder / PLAIN).write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")


def read_index(folder: Path) -> dict[str, Any]:
    """What `write_index` wrote."""
    try:
        plain = json.loads((folder / PLAIN).read_text(encoding="utf-8"))
        return {**load_file(str(folder / ARRAYS)), **plain}
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder}: is no retrieval index: {error}", hint="vidcap retrieve CONFIG -o FOLDER"
        ) from error
