"""Rules that clean a text, by name: training and scoring say the same name and get the same words."""

from __future__ import annotations

import string
from collections.abc import Callable

from vidcap_core.errors import ConfigError

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def none(text: str) -> str:
    """The text with single spaces."""
    return " ".join(text.split())


def lower(text: str) -> str:
    """Lower case."""
    return none(text.lower())


def lower_no_punctuation(text: str) -> str:
    """Lower case without ASCII punctuation: `It's a dog.` becomes `its a dog`."""
    return none(text.lower().translate(_NO_PUNCTUATION))


def words(text: str) -> str:
    """Lower case without words that are nothing but punctuation; apostrophes inside words stay."""
    return " ".join(word.lower() for word in text.split() if word not in string.punctuation)


def ptb(text: str) -> str:
    """As the scorers see it: Penn Treebank tokens, lower case, without their list of punctuation."""
    from vidcap_metrics.ptb import tokenize

    return tokenize([text])[0]


RULES: dict[str, Callable[[str], str]] = {
    "none": none,
    "lower": lower,
    "lower_no_punctuation": lower_no_punctuation,
    "words": words,
    "ptb": ptb,
}


def rule(name: str) -> Callable[[str], str]:
    """The rule of a name."""
    if name not in RULES:
        raise ConfigError(f"no rule to normalise text is named '{name}'", hint=f"one of: {', '.join(RULES)}")
    return RULES[name]
