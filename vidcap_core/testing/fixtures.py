"""Small parts for the tests of a plugin: streams, a vocabulary, a batch, a captioner, a finished run.

Plain functions, without pytest: a plugin's `conftest.py` makes fixtures of those it wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.config.recipe import Recipe
from vidcap_core.config.validate import validate
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Clip, Sample, Stream
from vidcap_core.engine import runs
from vidcap_core.engine.data import Collate
from vidcap_core.heads.layers import padded_ids
from vidcap_core.testing.tiny import config
from vidcap_core.tokenizers.vocabulary import Vocabulary

TEXTS = (
    "a man runs",
    "the woman sings a song",
    "a dog sleeps",
    "two cats eat",
    "the child jumps over a dog",
    "a bird sings",
    "the man eats a song",
    "a cat runs to the woman",
    "two dogs jump",
    "a child sleeps",
)


def tiny_vocabulary(texts: Iterable[str] = TEXTS, **arguments: Any) -> Vocabulary:
    """Whole words of some captions; arguments as a config says them."""
    made = Vocabulary(**arguments)
    made.fit(texts)
    return made


def tiny_streams(
    widths: Mapping[str, int], clips: int = 4, length: int = 7, shorter: int = 1, seed: int = 0
) -> dict[str, Stream]:
    """Random streams with ragged masks: clip r has length - shorter * (r mod 3) real rows, one at least."""
    random = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([max(1, length - shorter * (row % 3)) for row in range(clips)])
    mask = torch.arange(length) < lengths[:, None]
    return {
        name: Stream(torch.randn(clips, length, width, generator=random), mask)
        for name, width in widths.items()
    }


def tiny_batch(
    streams: Mapping[str, Stream] | None = None,
    tokenizer: Tokenizer | None = None,
    texts: Sequence[str] | None = None,
    *,
    clips: int | None = None,
    duration: float | None = 10.0,
    targets: Mapping[str, Any] | None = None,
) -> Batch:
    """Clips side by side, with captions where a tokenizer is given: those of `TEXTS`, or these."""
    rows = [len(stream.mask) for stream in (streams or {}).values()]
    count = clips or len(texts or ()) or (rows[0] if rows else 4)
    if tokenizer is not None and texts is None:
        texts = [TEXTS[row % len(TEXTS)] for row in range(count)]
    tokens, mask = _tokens(tokenizer, texts) if tokenizer is not None and texts is not None else (None, None)
    return Batch(
        clips=tuple(Clip(f"clip{row}", duration=duration) for row in range(count)),
        streams=dict(streams or {}),
        texts=None if texts is None else tuple(texts),
        tokens=tokens,
        token_mask=mask,
        targets=dict(targets or {}),
    )


def collate(tokenizer: Tokenizer, samples: Sequence[Sample], max_words: int | None = None) -> Batch:
    """Samples to a batch, as training does it."""
    return Collate(tokenizer, max_words)(samples)


def tiny_captioner(
    head: Head,
    tokenizer: Tokenizer,
    losses: Mapping[str, nn.Module] | None = None,
    *,
    encoders: Mapping[str, nn.Module] | None = None,
    kinds: Mapping[str, Mapping[str, Any]] | None = None,
    **generate: Any,
) -> Captioner:
    """A captioner around a head; `generate` and `kinds` are settings as a config says them."""
    other = {kind: GenerateSettings(**settings) for kind, settings in (kinds or {}).items()}
    return Captioner(head, tokenizer, encoders, losses, GenerateSettings(**generate), other)


@dataclass(frozen=True, slots=True)
class TinyParts:
    """What a config is made into."""

    recipe: Recipe
    dataset: Dataset
    tokenizer: Tokenizer
    captioner: Captioner


def tiny_parts(tokenizer: Tokenizer | None = None, **changes: Any) -> TinyParts:
    """Data, tokenizer and captioner of `tiny_config(**changes)`, in eval mode, always with the same random weights."""
    recipe = validate(Config("tiny", config(**changes)))
    torch.manual_seed(0)
    dataset = recipe.data["train"].build()
    tokenizer = tokenizer or build_tokenizer(recipe, dataset)
    captioner = build_captioner(recipe, tokenizer, recipe.losses).eval()
    return TinyParts(recipe, dataset, tokenizer, captioner)


def tiny_run(folder: str | Path, **changes: Any) -> Path:
    """The folder of a finished run of `tiny_config(**changes)`: seconds on a CPU."""
    return runs.train(Config("tiny", config(**changes)), work_dir=folder, device="cpu", quiet=True).path


def _tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Ids [R, L] with BOS and EOS, and their mask."""
    rows = [[tokenizer.bos_id, *tokenizer.encode(text), tokenizer.eos_id] for text in texts]
    return padded_ids(rows, tokenizer.pad_id)
