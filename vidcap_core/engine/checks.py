"""Before a run: find now what would else fail hours later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.prompt import check_prompt
from vidcap_core.config.recipe import Phase, Recipe
from vidcap_core.contracts.dataset import Dataset
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.types import Clip, Event, Prediction
from vidcap_core.engine import feature_cache, frame_checks, mm, optimizers
from vidcap_core.engine.caption_metric import CaptionMetric
from vidcap_core.engine.training import Training
from vidcap_core.errors import ConfigError, UserError


class MadeUp:
    """Two clips with captions, by which metrics tell the names of their scores."""

    clips = (Clip("first", duration=1.0), Clip("second", duration=1.0))

    def references(self) -> dict[str, list[str]]:
        """Captions by clip."""
        return {"first": ["a man runs", "someone runs"], "second": ["a dog sleeps", "the dog sleeps"]}

    def durations(self) -> dict[str, float]:
        """Seconds by clip."""
        return {clip.id: 1.0 for clip in self.clips}


def check(training: Training) -> None:
    """The head's needs, each phase's parts and data, what encoders see, the score that picks the best weights."""
    captioner, phases = training.captioner, training.recipe.phases
    captioner.head.check(dict(captioner.encoders.items()), captioner.settings, captioner.tokenizer)
    for settings in (captioner.settings, *captioner.kinds.values()):
        check_prompt(captioner.head, captioner.tokenizer, settings.prompt)
    for name, loss in captioner.losses.items():
        _check_writes(captioner.head, name, cast(Loss, loss))
    optimizers.check(captioner, phases)  # the parts that train first: what is next takes seconds
    _check_scoring(training)
    for phase in phases:
        training.dataset(phase)
        feature_cache.check(training, phase)
    for name, encoder in captioner.encoders.items():
        if encoder.reads == "frames":
            frame_checks.check(training.recipe, ("encoders", name), cast(Encoder, encoder))
    if "frames" in captioner.head.reads:
        frame_checks.check(training.recipe, ("head",), captioner.head)


def notes(captioner: Captioner, phase: Phase) -> Iterator[str]:
    """What a phase does otherwise than one may think."""
    gathering = [name for name in phase.losses if getattr(captioner.losses[name], "gathers", False)]
    if gathering and phase.accumulate > 1:
        yield f"{gathering[0]} has no negatives in the other accumulated batches"


def _check_writes(head: Head, name: str, loss: Loss) -> None:
    """Refuse a loss that has texts written as the head cannot."""
    lacking = sorted(loss.writes - head.decodes - {"greedy"}) if head.decodes is not None else []
    if lacking:
        raise ConfigError(
            f"losses.{name}: {type(loss).__name__} has texts written in mode {', '.join(lacking)}, which "
            f"{type(head).__name__} cannot",
            hint="another loss, or a head whose `decodes` has that mode",
        )


def check_names(recipe: Recipe) -> None:
    """Refuse, before any data are read, to pick the best weights by a score that there is not."""
    settings, metrics, data = recipe.scoring.settings, recipe.scoring.metrics, MadeUp()
    if settings.best is None or any(getattr(metric.target, "reads_events", False) for metric in metrics):
        return  # scores of events are named after what the data hold
    said = [Prediction(c, (Event(*c.span, data.references()[c.id][0]),)) for c in data.clips]
    try:
        values = CaptionMetric(cast(Dataset, data), metrics).score(said).values
    except UserError:  # a metric that wants data of a kind: it is asked again with them
        return
    _refuse_unnamed(recipe, str(settings.best), values)


def _check_scoring(training: Training) -> None:
    """The metrics can be had, and one of them picks the best weights: on the process that scores, for all of them."""
    refusal: UserError | None = None
    if mm.is_main():  # references of a large split take minutes and memory
        try:
            training.metric(training.evaluate.split).prepare()
            best = training.evaluate.best
            if best is not None and training.evaluate.every and any(p.best for p in training.recipe.phases):
                _check_best(training, best)
        except UserError as error:
            refusal = error
    refusal = mm.from_main(refusal)  # the others would wait for the first one for ever
    if refusal is not None:
        raise refusal


def _check_best(training: Training, best: str) -> None:
    """Score the references themselves, to see which scores there are."""
    split = training.evaluate.split
    dataset = training.evaluation_dataset(split)
    references = dataset.references()
    texts = {clip.id: (references.get(clip.id) or ["nothing"])[0] for clip in dataset.clips}
    trial = [Prediction(c, (Event(c.span[0], c.span[1], texts[c.id]),)) for c in dataset.clips]
    _refuse_unnamed(training.recipe, best, training.metric(split).score(trial).values)


def _refuse_unnamed(recipe: Recipe, best: str, values: Iterable[str]) -> None:
    names = list(values)
    if best.lower() not in {name.lower() for name in names}:
        raise recipe.config.error(
            ("evaluate", "best"), f"no score is named '{best}'; there are {', '.join(names)}"
        )
