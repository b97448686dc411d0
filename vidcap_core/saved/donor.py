"""Weights of another run, of a bundle, or of a checkpoint file, and the words that they know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from vidcap_core.errors import UserError
from vidcap_core.saved import checkpoint
from vidcap_core.saved.bundle import TOKENIZER, WEIGHTS, is_bundle, open_bundle
from vidcap_core.saved.foreign import check_links, read_dict
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.weights import read_tensors

AGAIN = "start from another run"


@dataclass(frozen=True, slots=True)
class Donor:
    """What a run may start from. words: where the tokenizer is a list of words."""

    source: str
    weights: Mapping[str, Tensor]
    tokenizer: Mapping[str, Any] | None

    @property
    def words(self) -> Sequence[str] | None:
        """The words, where the tokenizer is a list of them."""
        words = (self.tokenizer or {}).get("words")
        return words if isinstance(words, list) else None


def read_donor(path: str | Path) -> Donor:
    """Of a run folder (its best weights), a bundle, or one checkpoint file of a run."""
    where = Path(path).expanduser()
    if is_bundle(where):
        bundle = open_bundle(where)
        return Donor(
            str(where), read_tensors(bundle.path / WEIGHTS), read_dict(bundle.path / TOKENIZER, hint=AGAIN)
        )
    if (where / "config.json").is_file() and (where / "checkpoints").is_dir():
        check_links(where)
        best = checkpoint.best_weights(where / "checkpoints")
        return Donor(best.source, best.weights, _words_of_run(where))
    if where.is_file():
        content = checkpoint.load(where)
        if not isinstance(content.get("weights"), dict):
            raise UserError(f"{where} holds no weights", hint="a step-*.pt, keep-*.pt or best.pt of a run")
        return Donor(str(where), content["weights"], _words_of_run(where.parent.parent))
    raise UserError(
        f"start_from.run: {where} is neither a run folder, a bundle, nor a checkpoint file",
        hint="--set start_from.run='runs/NAME'",
    )


def _words_of_run(folder: Path) -> Mapping[str, Any] | None:
    file = RunFolder(folder).tokenizer
    return read_dict(file, hint=AGAIN) if file.is_file() else None
