"""Heads of a folder, and a small language model in one, for what runs and bundles hold of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from vidcap_core.contracts.head import Output, caption_tokens
from vidcap_core.contracts.missing import Missing
from vidcap_core.contracts.types import Batch, Named, Stream, View
from vidcap_core.heads.causal_lm import CausalLMHead
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.heads.streams import mean_rows
from vidcap_core.testing import tiny
from vidcap_core.zoo import plugins

COMPONENTS = ("Filed", "Adapted", "Partly", "Drifting")


@contextmanager
def installed() -> Iterator[None]:
    """As if a plugin offered the heads of this file: a run and a bundle name nothing else."""
    plugins.discover.cache_clear()
    heads = plugins.discover()["core"].components["heads"]
    heads.update({name: f"saved_parts:{name}" for name in COMPONENTS})
    yield
    plugins.discover.cache_clear()


class Filed(MeanPoolGRU):
    """A head that needs a file of bytes, an array and plain data of a folder."""

    def __init__(
        self, *, folder: str, tokenizer: Any, files: Mapping[str, Any] | None = None, **keys: Any
    ) -> None:
        super().__init__(tokenizer=tokenizer, **keys)
        path = Path(folder)
        self.files = dict(files or {}) or {
            "words.model": (path / "words.model").read_bytes(),
            "empty": b"",
            "mean": np.load(path / "mean.npy"),
            "size": json.loads((path / "size.json").read_text()),
        }

    @classmethod
    def missing(cls, folder: str, **_: Any) -> Iterator[Missing]:
        """Its folder."""
        if not Path(folder).is_dir():
            yield Missing("a folder of files", folder, "--set {at}.folder=FOLDER")

    def assets(self) -> dict[str, Any]:
        """The files."""
        return self.files

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Filed:
        """Of the files, without the folder."""
        return cls(files=assets, **arguments)

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """A video that the array moves."""
        memory, state = super().start(view)
        return memory + float(self.files["mean"].sum()), state


class LowRank(nn.Module):
    """y = W x + B A x, of which A and B train."""

    def __init__(self, inner: nn.Module, given: int, made: int, rank: int = 2) -> None:
        super().__init__()
        self.inner = inner
        self.down, self.up = nn.Linear(given, rank, bias=False), nn.Linear(rank, made, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """As wide as what it wraps."""
        return self.inner(x) + self.up(self.down(x))  # type: ignore[no-any-return]


class Adapted(CausalLMHead):
    """A language model with adapters; the mean of a stream is its prefix."""

    def __init__(self, *, streams: dict[str, int], lm: str | dict[str, Any]) -> None:
        super().__init__(lm)
        [(self.stream, given)] = streams.items()
        self.enter = nn.Linear(given, self.width)
        for block in self.lm.transformer.h:
            block.attn.c_attn = LowRank(block.attn.c_attn, self.width, 3 * self.width)

    def prefix(self, view: View) -> Stream:
        """One position a clip."""
        values = self.enter(mean_rows(view.streams[self.stream])[:, None])
        return Stream(values, torch.ones(values.shape[:2], dtype=torch.bool))

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Words after the prefix."""
        self.refuse_others(want, {"tokens"})
        ids, mask = caption_tokens(batch)
        view = View(streams=streams, clips=tuple(range(len(batch))), spans=(None,) * len(batch))
        logits = self.teach(self.prefix(view), ids[:, :-1], mask[:, :-1])
        return Output(tokens=Named(logits, ids[:, 1:], mask[:, 1:]))


class Partly(MeanPoolGRU):
    """A trained part with statistics, and one that is drawn at random and never trains."""

    def __init__(self, *, tokenizer: Any, **keys: Any) -> None:
        super().__init__(tokenizer=tokenizer, **keys)
        width = self.project.out_features
        self.project = nn.Sequential(self.project, nn.BatchNorm1d(width))
        self.drawn = nn.Linear(width, width)
        self.steady = nn.BatchNorm1d(64)

    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """Through both."""
        memory, state = super().start(view)
        return memory + self.drawn(memory), state


class Drifting(MeanPoolGRU):
    """A part that no optimiser trains, and that follows another one."""

    def __init__(self, *, tokenizer: Any, **keys: Any) -> None:
        super().__init__(tokenizer=tokenizer, **keys)
        width = self.project.out_features
        self.follower = nn.Linear(width, width)
        nn.init.ones_(self.follower.weight)
        nn.init.zeros_(self.follower.bias)

    @torch.no_grad()
    def start(self, view: View) -> tuple[Tensor, Tensor]:
        """A step towards it."""
        if self.training:
            self.follower.bias.data.lerp_(self.project.bias.data, 0.1)
        with torch.enable_grad():
            return super().start(view)


def model_folder(folder: Path, seed: int = 0, width: int = 64, dropout: float = 0.1) -> str:
    """A small GPT-2 with the words of the tiny clips, as `save_pretrained` writes it."""
    words = sorted({word for text in tiny.TinyClips(clips=30).captions() for word in text.split()})
    fillers = [f"w{index}" for index in range(30)]
    vocabulary = {word: index for index, word in enumerate(["<end>", "<unk>", *words, *fillers])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>", unk_token="<unk>")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(vocabulary),
        n_embd=width,
        n_layer=2,
        n_head=4,
        n_positions=32,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.3,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)
