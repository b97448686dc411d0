"""What a run is made of: config, data, tokenizer, captioner, folder; shared by the loop and by evaluation."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from vidcap_core.captioner import build
from vidcap_core.config.files import Config
from vidcap_core.config.schema import Evaluate, Phase, Runtime
from vidcap_core.contracts.types import Event, Prediction
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.engine import feature_cache, optimizers
from vidcap_core.engine.evaluate import CaptionMetric
from vidcap_core.engine.tracking import Tracker
from vidcap_core.losses.self_critical import SelfCritical
from vidcap_core.saved import assets
from vidcap_core.saved.run import RunFolder, provenance


class Training:
    """The parts of one run, built once. learnt: its derived encoders take what they learnt from the folder."""

    tracker: Tracker  # given by the runner, which owns the visualizer

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        device: str = "cpu",
        tokenizer: Any = None,
        learnt: bool = False,
    ) -> None:
        self.config, self.folder = config, folder
        self.seed: int = config.get("seed", 0)
        self.runtime = Runtime(**config.get("runtime", {}))
        self.evaluate = Evaluate(**config.get("evaluate", {}))
        self.scales = {name: float(spec.get("scale", 1.0)) for name, spec in config["losses"].items()}
        self.device = device
        self._datasets: dict[str, Any] = {}
        self._metrics: dict[str, CaptionMetric] = {}
        self.tokenizer = tokenizer or build.tokenizer(config, self._dataset("train", {}))
        self.captioner = build.captioner(config, self.tokenizer)
        for loss in self.captioner.losses.values():
            if isinstance(loss, SelfCritical):
                loss.fit(self._dataset("train", {}))
        if learnt:
            assets.restore(self.captioner, folder.assets)
        else:
            for encoder in assets.derived(self.captioner).values():
                encoder.fit(self._dataset("train", {}))
        self.max_words: int | None = config.get("generate", {}).get("max_length")

    def dataset(self, phase: Phase) -> Any:
        """The training data of a phase."""
        return self.training_dataset(phase.data or {})

    def training_dataset(self, changes: dict[str, Any]) -> Any:
        """The training data with some of its keys changed."""
        return self._dataset("train", changes)

    def evaluation_dataset(self, split: str) -> Any:
        """A split as clips, to caption each once."""
        return self._dataset(split, {"unit": "clip"})

    def metric(self, split: str) -> CaptionMetric:
        """The scores of a split; its references are prepared once a run."""
        if split not in self._metrics:
            self._metrics[split] = CaptionMetric(self.evaluation_dataset(split), self.evaluate.metrics)
        return self._metrics[split]

    def check(self) -> None:
        """Find now what would else fail hours later: the head's needs, a phase's parts, the score of the best."""
        self.captioner.head.check(dict(self.captioner.encoders.items()), self.captioner.settings.max_length)
        phases = [Phase(**spec) for spec in self.config["phases"]]
        self.evaluation_dataset(self.evaluate.split)
        for phase in phases:
            self.dataset(phase)
            optimizers.settings_of(self.captioner, phase)
            feature_cache.check(self, phase)
        best = self.evaluate.best
        if best is None or not self.evaluate.every or not any(phase.best for phase in phases):
            return
        metric, dataset = self.metric(self.evaluate.split), self.evaluation_dataset(self.evaluate.split)
        texts = {clip: (said or ["nothing"])[0] for clip, said in dataset.references().items()}
        trial = [Prediction(c, (Event(c.span[0], c.span[1], texts[c.id]),)) for c in dataset.clips]
        values = metric.compute_metrics(trial)
        if best.lower() not in {name.lower() for name in values}:
            raise self.config.error(
                ("evaluate", "best"), f"no score is named '{best}'; there are {', '.join(values)}"
            )

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Seed, machine, versions, data hash, commit."""
        return provenance(self.seed, self._dataset("train", {}).fingerprint(), self.device)

    def header(self) -> dict[str, Any]:
        """What every checkpoint says of itself."""
        return {"config": self.config.to_json(), "provenance": self.provenance}

    def _dataset(self, split: str, changes: dict[str, Any]) -> Any:
        key = f"{split} {sorted(changes.items())}"
        if key not in self._datasets:
            made = build.dataset(self.config, split, **changes)
            if not len(made):  # a phase over nothing would be over at once, and the weights untrained
                why = made.selection.why_empty() if isinstance(made, Dataset) else "it has no clips"
                raise self.config.error(("data", split), why)
            self._datasets[key] = made
        return self._datasets[key]
