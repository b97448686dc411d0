"""The conformance kit finds what it promises to find: each check is shown a head that breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

import pytest
import torch

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.head import Output
from vidcap_core.contracts.types import Batch, Named, Stream
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.testing import behaviour, kit, tiny
from vidcap_core.testing.check import Check


class Parts(behaviour.Parts):
    """As the kit builds them, but from the tiny clips."""

    def __init__(self) -> None:
        self.recipe = validate(Config("test", tiny.config()))
        torch.manual_seed(0)
        self.dataset = self.recipe.data["train"].build()
        self.tokenizer = build_tokenizer(self.recipe, self.dataset)
        self.captioner = build_captioner(self.recipe, self.tokenizer, self.recipe.losses)

    def with_head(self, kind: type[MeanPoolGRU]) -> Parts:
        self.captioner.head = kind(streams={"image": 16}, tokenizer=self.tokenizer, width=16, dropout=0.1)
        return self


class WrongForward(MeanPoolGRU):
    """Its parallel form is not its step."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        right = super().forward(streams, batch, want)["tokens"]
        return Output(tokens=Named(right.value * 2, right.target, right.mask))


class Maskless(MeanPoolGRU):
    """It averages over padding too."""

    def start(self, view: Any) -> Any:
        stream = view.streams["image"]
        memory = torch.tanh(self.project(stream.values.mean(1)))
        return memory, memory


class Forgetful(MeanPoolGRU):
    """Part of it never learns."""

    def __init__(self, **keys: Any) -> None:
        super().__init__(**keys)
        self.unused = torch.nn.Linear(2, 2)


class Stubborn(MeanPoolGRU):
    """It learns nothing: its words do not depend on its weights."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        right = super().forward(streams, batch, want)["tokens"]
        return Output(tokens=Named(right.value * 0, right.target, right.mask))


BROKEN: list[tuple[Callable[[Any], Check], type[MeanPoolGRU], str]] = [
    (behaviour.step_equals_forward, WrongForward, "differ"),
    (behaviour.masks_respected, Maskless, "masked rows change"),
    (behaviour.batch_equals_single, Maskless, "alone"),
    (behaviour.gradients, Forgetful, "never reaches"),
    (lambda parts: behaviour.overfits(parts, 50), Stubborn, "in 50 steps"),
]


@pytest.mark.parametrize(
    ("check", "head", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_broken_promise_is_found(
    check: Callable[[Any], Check], head: type[MeanPoolGRU], words: str
) -> None:
    found = check(Parts().with_head(head))
    assert found.ok is False
    assert words in found.detail


@pytest.mark.parametrize("check", behaviour.CHECKS, ids=lambda check: check.__name__)
def test_a_sound_head_keeps_every_promise(check: Callable[[Any], Check]) -> None:
    found = check(Parts())
    assert found.ok is True, found.detail


def test_a_sound_head_overfits() -> None:
    assert behaviour.overfits(Parts(), 300).ok is True


def test_a_plugin_without_a_toy_config_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidcap_core.zoo.plugins.Plugin.config_names", lambda self: [])
    found = kit.conform("srvc_la")
    assert found[-1].ok is False
    assert "configs/toy.py" in found[-1].detail
