"""What an author freezes when a head is built, as for LoRA, stays frozen, unless a config names it by itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.tokenizers.vocabulary import Vocabulary


class Adapted(MeanPoolGRU):
    """The core's GRU, frozen, and two small matrices that train."""

    def __init__(self, tokenizer: Vocabulary) -> None:
        super().__init__(streams={"image": 4}, tokenizer=tokenizer, width=8)
        self.requires_grad_(False)
        self.lora_a, self.lora_b = nn.Parameter(torch.randn(2, 8)), nn.Parameter(torch.zeros(8, 2))


@pytest.fixture
def captioner() -> Captioner:
    words = Vocabulary()
    words.fit(["a man runs"])
    return Captioner(Adapted(words), words)


ADAPTERS = {"head.lora_a", "head.lora_b"}


@pytest.mark.parametrize("train", [None, ["head"], ["*lora_*"]])
def test_inside_a_larger_part_it_stays_frozen(train: list[str] | None, captioner: Captioner) -> None:
    for _ in range(2):  # also in the phase after the first
        assert captioner.choose_training(train) == ADAPTERS
        assert {name for name, p in captioner.named_parameters() if p.requires_grad} == ADAPTERS


def test_named_by_itself_it_trains(captioner: Captioner) -> None:
    chosen = captioner.choose_training(["head.gru", "*lora_*"])
    assert chosen == ADAPTERS | {
        name for name, _ in captioner.named_parameters() if name.startswith("head.gru")
    }
    assert captioner.choose_training(["head.gru", "head"], ["*lora_*"]) == chosen - ADAPTERS
