"""Rules that clean a text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vidcap_core.errors import ConfigError
from vidcap_core.tokenizers.normalize import RULES, rule

TEXT = "It's a  (big) DOG , runs ."


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("none", "It's a (big) DOG , runs ."),
        ("lower", "it's a (big) dog , runs ."),
        ("lower_no_punctuation", "its a big dog runs"),
        ("words", "it's a (big) dog runs"),
        ("ptb", "it 's a -lrb- big -rrb- dog runs"),
    ],
)
def test_each_rule(name: str, cleaned: str) -> None:
    assert rule(name)(TEXT) == cleaned


@pytest.mark.parametrize("name", [name for name in RULES if name != "ptb"])
def test_cleaning_twice_changes_nothing(name: str) -> None:
    assert rule(name)(rule(name)(TEXT)) == rule(name)(TEXT)


def test_an_unknown_rule_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="lower_no_punctuation"):
        rule("upper")


def test_text_and_datasets_import_no_torch() -> None:
    code = (
        "import sys, vidcap_core.tokenizers.vocabulary, vidcap_core.tokenizers.hf, vidcap_core.tokenizers.subword, "
        "vidcap_core.datasets.toy, vidcap_core.datasets.msvd, vidcap_core.cli.data; "
        "print([m for m in ('torch', 'transformers', 'mmengine') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
