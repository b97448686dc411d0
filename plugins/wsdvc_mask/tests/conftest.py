"""A small head on made-up clips, tokenizers of every kind that the method may meet, numbers of the authors' code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from vidcap_core.api import Batch, Clip, Stream, Tokenizer, build_component
from vidcap_core.testing import tiny_batch, tiny_captioner, tiny_streams, tiny_vocabulary

OURS = ["<FULL>", "<MASK>", "<SEP>"]
SENTENCES = (
    ("A man runs.", "A dog sleeps.", "The woman sings."),
    ("Two cats eat.", "A child jumps."),
    ("A bird sings.",),
    ("The man eats.", "A dog runs.", "A child sleeps.", "Two birds sing."),
)
LM = {
    "model_type": "gpt2",
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}
SMALL = {
    "streams": {"image": 10},
    "lm": LM,
    "frames": 8,
    "project": True,
    "layers": 1,
    "heads": 2,
    "feed": 16,
    "locate_feed": 16,
    "dropout": 0.0,
}
IMPROVED = {
    "float32": True,
    "min_width": None,
    "blank": True,
    "position_std": 0.02,
    "query_cond": "text",
    "order": "given",
    "place": "frames",
    "prior": "uniform",
    "casing": "keep",
    "no_sentence": None,
    "separator": "sep",
    "count_from": "number",
    "count_weights": "final",
    "length_groups": 2,
    "inside": True,
}


@pytest.fixture(scope="session")
def pieces() -> Tokenizer:
    """Learnt pieces of words; no caption has a number in it, so "12" is cut in two."""
    spec = {"type": "SubwordTokenizer", "size": 400, "min_count": 1, "specials": OURS, "normalize": "none"}
    made = build_component("tokenizers", spec)
    made.fit(text for sentences in SENTENCES for text in sentences)
    return made


@pytest.fixture(scope="session")
def vocabulary() -> Tokenizer:
    """Whole words."""
    texts = [text for sentences in SENTENCES for text in sentences]
    words = ["events:", *map(str, range(1, 17))]
    return tiny_vocabulary(texts, normalize="lower", specials=OURS, forced=words)


@pytest.fixture(scope="session")
def gpt2() -> Any:
    """GPT-2's own BPE; a machine without it skips."""
    given = os.environ.get("VIDCAP_SHARED_DATA")
    data = Path(given) if given else Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = data / "tokenizers" / "gpt2"
    if not folder.is_dir():
        pytest.skip(
            "needs GPT-2's vocabulary: no ../shared/data/tokenizers/gpt2, and VIDCAP_SHARED_DATA is not set"
        )
    spec = {"type": "HFTokenizer", "name": str(folder), "specials": ["<PAD>", *OURS]}
    return build_component("tokenizers", spec)


@pytest.fixture
def make_head(pieces: Tokenizer) -> Callable[..., Any]:
    """`make_head(tau=3.0)`: a small head with random weights; `mended=True`: with all mends."""
    from vidcap_wsdvc_mask.head import MaskHead

    def make(mended: bool = False, **changes: Any) -> MaskHead:
        torch.manual_seed(0)
        return MaskHead(**{**SMALL, "tokenizer": pieces, **(IMPROVED if mended else {}), **changes})

    return make


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """`make_batch(sentences)`: clips of ragged lengths with these sentences, and no time of any."""

    def make(sentences: Sequence[Sequence[str]] = SENTENCES, length: int = 11, **targets: Any) -> Batch:
        streams = tiny_streams({"image": 10}, len(sentences), length, shorter=4, seed=3)
        targets = {"sentences": [tuple(texts) for texts in sentences], **targets}
        return tiny_batch(streams, duration=20.0, targets=targets)

    return make


@pytest.fixture
def make_captioner() -> Callable[..., Any]:
    """`make_captioner(head, words=loss)`: the head with these losses."""

    def make(head: Any, **losses: Any) -> Any:
        kinds = {"count": {"max_length": 24}, "event": {"max_length": 9}}
        return tiny_captioner(head, head.prompts.tokenizer, losses, kinds=kinds).eval()

    return make


@dataclass(frozen=True)
class Golden:
    """What the authors' code gave for small random weights; the numbers lie outside of this repository."""

    folder: Path
    numbers: dict[str, Tensor]
    meta: dict[str, Any]

    def files(self, folder: Path) -> dict[str, Path]:
        """What lies beside the checkpoint."""
        tiny, options = self.meta["tiny"], folder / "options.json"
        given = {"n_head": tiny["n_head"], "heads": tiny["localizer_heads"], "tau": tiny["tau"]}
        options.write_text(json.dumps(given))
        return {"tokenizer": self.folder / "tokenizer", "options": options}

    def batch(self) -> Batch:
        """Both videos, with their sentences."""
        about = self.meta["annotations"]
        clips = tuple(Clip(name, duration=one["duration"]) for name, one in about.items())
        values = self.numbers["in.video_features"]
        stream = Stream(values, torch.ones(values.shape[:2], dtype=torch.bool))
        sentences = [tuple(one["sentences"]) for one in about.values()]
        return Batch(clips, {"image": stream}, targets={"sentences": sentences})


@pytest.fixture(scope="session")
def golden(peers: Path) -> Golden:
    """A test that asks for the numbers is skipped where they are not beside this checkout."""
    folder = peers / "ilcacm"
    meta = json.loads((folder / "meta.json").read_text())
    return Golden(folder, load_file(folder / "io.safetensors"), meta)
