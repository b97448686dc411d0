"""Small CARE and NACF captioners with random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from vidcap_care.vocabulary import CAREVocabulary

TEXTS = ("a man is cooking food in the kitchen", "a dog is running on the grass", "a man plays a red guitar")
SMALL = {"width": 16, "heads": 2, "feed": 24, "max_length": 12}


@pytest.fixture(scope="session")
def vocabulary() -> CAREVocabulary:
    made = CAREVocabulary(concepts=8)
    made.fit(TEXTS)
    return made


@pytest.fixture
def make_care(vocabulary: CAREVocabulary) -> Callable[..., Any]:
    """`make_care(guidance="none")`: a small CARE head on a stream of width 10."""
    from vidcap_care.care_head import CAREHead

    def make(**changes: Any) -> CAREHead:
        torch.manual_seed(0)
        given = {"streams": {"image": 10}, "concepts": 8, "top": 3, **SMALL, **changes}
        return CAREHead(tokenizer=vocabulary, **given).eval()

    return make


@pytest.fixture
def make_nacf(vocabulary: CAREVocabulary) -> Callable[..., Any]:
    """`make_nacf(paradigm="easy_first")`: a small NACF head on a stream of width 10."""
    from vidcap_care.nacf_head import NACFHead

    def make(**changes: Any) -> NACFHead:
        torch.manual_seed(0)
        return NACFHead(tokenizer=vocabulary, **{"streams": {"image": 10}, **SMALL, **changes}).eval()

    return make
