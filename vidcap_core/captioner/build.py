"""From a recipe to its parts: tokenizer and captioner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.recipe import CaptionerRecipe, LossTerm
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.errors import CheckpointError, ConfigError


def build_tokenizer(recipe: CaptionerRecipe, train: Dataset | None) -> Tokenizer:
    """The tokenizer, fitted on the training captions where it learns from them."""
    made = recipe.tokenizer.build()
    if hasattr(made, "fit"):
        if train is None:
            raise ConfigError(
                f"{recipe.tokenizer.type} learns its words from training captions, and here are none",
                hint="tokenizer = dict(type=...) that comes with its words, or phases = dict(...) to train",
            )
        made.fit(train.captions())
    return _whole(made, recipe.tokenizer.type)


def _whole(made: object, name: str) -> Tokenizer:
    """A tokenizer that has all that the contract asks for."""
    if isinstance(made, Tokenizer):
        return made
    asked = ["__len__", *(member for member in vars(Tokenizer) if not member.startswith("_"))]
    raise ConfigError(
        f"{name} is no tokenizer: it lacks {', '.join(member for member in asked if not hasattr(made, member))}",
        hint="vidcap_core.api.Tokenizer says what each of them means",
    )


def stored_tokenizer(recipe: CaptionerRecipe, state: dict[str, Any]) -> Tokenizer:
    """The tokenizer that gave this state."""
    try:
        return recipe.tokenizer.target.from_state(state)  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the stored tokenizer is damaged: {type(error).__name__}: {error}") from error


def build_captioner(
    recipe: CaptionerRecipe,
    tokenizer: Tokenizer,
    losses: Mapping[str, LossTerm] | None = None,
    head_assets: Mapping[str, Any] | None = None,
) -> Captioner:
    """Encoders + head + losses; without the losses for a captioner that only captions.

    head_assets: what the head gave, where it is built of that and its weights follow.
    """
    return Captioner(
        _head(recipe, tokenizer, head_assets),
        tokenizer,
        {name: encoder.build() for name, encoder in recipe.encoders.items()},
        {name: term.component.build(tokenizer=tokenizer) for name, term in (losses or {}).items()},
        recipe.decoding.settings,
        recipe.decoding.kinds,
    )


def _head(recipe: CaptionerRecipe, tokenizer: Tokenizer, assets: Mapping[str, Any] | None) -> Head:
    if assets is None:
        return recipe.head.build(tokenizer=tokenizer)  # type: ignore[no-any-return]
    try:
        return recipe.head.build_from(assets, tokenizer=tokenizer)  # type: ignore[no-any-return]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the head's assets are damaged: {type(error).__name__}: {error}") from error


def add_extractors(captioner: Captioner, recipe: CaptionerRecipe) -> None:
    """The encoders that turn a raw file into the streams that training read from a cache."""
    for stream, encoder in recipe.extract.items():
        if stream not in captioner.encoders:
            captioner.encoders[stream] = encoder.build()
