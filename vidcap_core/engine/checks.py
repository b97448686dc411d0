"""Before a run: find now what would else fail hours later."""

from __future__ import annotations

from vidcap_core.contracts.types import Event, Prediction
from vidcap_core.engine import feature_cache, optimizers
from vidcap_core.engine.training import Training


def check(training: Training) -> None:
    """The head's needs, each phase's parts and data, the score that picks the best weights."""
    captioner, phases = training.captioner, training.recipe.phases
    captioner.head.check(dict(captioner.encoders.items()), captioner.settings, captioner.tokenizer)
    training.evaluation_dataset(training.evaluate.split)
    for phase in phases:
        training.dataset(phase)
        optimizers.settings_of(captioner, phase)
        feature_cache.check(training, phase)
    if training.evaluate.best is not None and training.evaluate.every and any(phase.best for phase in phases):
        _check_best(training, training.evaluate.best)


def _check_best(training: Training, best: str) -> None:
    """Score the references themselves, to see which scores there are."""
    split = training.evaluate.split
    dataset = training.evaluation_dataset(split)
    texts = {clip: (captions or ["nothing"])[0] for clip, captions in dataset.references().items()}
    trial = [Prediction(c, (Event(c.span[0], c.span[1], texts[c.id]),)) for c in dataset.clips]
    values = training.metric(split).score(trial).values
    if best.lower() not in {name.lower() for name in values}:
        raise training.recipe.config.error(
            ("evaluate", "best"), f"no score is named '{best}'; there are {', '.join(values)}"
        )
