"""What a run is made of: recipe, data, tokenizer, captioner, folder; shared by the loop and by evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from torch import Tensor

from vidcap_core.captioner.build import build_captioner, build_tokenizer
from vidcap_core.config.parse import refuse_stream
from vidcap_core.config.recipe import Phase, Recipe
from vidcap_core.contracts.dataset import Dataset, is_stream
from vidcap_core.contracts.encoder import DerivedEncoder
from vidcap_core.contracts.loss import Loss
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.datasets.annotated import Dataset as AnnotatedDataset
from vidcap_core.engine.caption_metric import CaptionMetric
from vidcap_core.engine.tracking import Tracker
from vidcap_core.errors import UserError
from vidcap_core.saved import assets, base
from vidcap_core.saved.provenance import provenance
from vidcap_core.saved.run import RunFolder, short_name
from vidcap_core.saved.words import digest
from vidcap_core.zoo.component import Component


class Training:
    """The parts of one run, built once. learnt: its derived encoders take what they learnt from the folder.

    head_assets: what the head is built of where the weights of a checkpoint follow.
    """

    tracker: Tracker  # given by the runner, which owns the visualizer

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        device: str = "cpu",
        tokenizer: Tokenizer | None = None,
        learnt: bool = False,
        head_assets: Mapping[str, Any] | None = None,
    ) -> None:
        self.recipe, self.folder, self.device = recipe, folder, device
        self.runtime, self.evaluate = recipe.runtime, recipe.scoring.settings
        self.resumed: dict[str, Any] | None = None  # the checkpoint to go on from, until it is restored
        self.base: dict[str, dict[str, Any]] = {}  # what its checkpoints leave out
        self.doing = "building the captioner"  # for people, where memory ends
        self._compared = False
        self.scales = {name: term.scale for name, term in recipe.losses.items()}
        self._datasets: dict[str, Dataset] = {}
        self._metrics: dict[str, CaptionMetric] = {}
        self.tokenizer = tokenizer or build_tokenizer(recipe, self._dataset("train", recipe.data["train"]))
        self.captioner = build_captioner(recipe, self.tokenizer, recipe.losses, head_assets)
        for loss in self.captioner.losses.values():
            self._fit(cast(Loss, loss), Loss)
        if learnt:
            assets.restore(self.captioner, folder.assets)
        else:
            for encoder in assets.derived(self.captioner).values():
                self._fit(encoder, DerivedEncoder)

    def dataset(self, phase: Phase) -> Dataset:
        """The training data of a phase."""
        return self._dataset("train", phase.data)

    def clips(self, phase: Phase) -> Dataset:
        """The training data of a phase, each clip once."""
        return self._dataset("train", phase.data.changed(unit="clip"))

    def evaluation_dataset(self, split: str) -> Dataset:
        """A split as clips, to caption each once."""
        return self._dataset(split, self.recipe.scored_data(split))

    def metric(self, split: str) -> CaptionMetric:
        """The scores of a split; its references are prepared once a run."""
        if split not in self._metrics:
            self._metrics[split] = CaptionMetric(self.evaluation_dataset(split), self.recipe.scoring.metrics)
        return self._metrics[split]

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Config, seed, machine, versions, data hash, commit."""
        train = self._dataset("train", self.recipe.data["train"])
        made = provenance(self.recipe.seed, train.fingerprint(), self.device)
        return {"config": short_name(self.recipe.config), **made}

    def header(self) -> dict[str, Any]:
        """What every checkpoint says of itself."""
        return {
            "config": self.recipe.config.to_json(),
            "provenance": self.provenance,
            "tokenizer": digest(self.tokenizer.state()),
        }

    def stored(self, weights: Mapping[str, Tensor]) -> dict[str, Any]:
        """What a file holds of all weights."""
        content: dict[str, Any] = {"weights": base.without(weights, self.base)}
        return {**content, "base": self.base} if self.base else content

    def compare_base(self, weights: Mapping[str, Tensor], again: bool = False) -> None:
        """Refuse to leave out what is no longer what it was: a part may change its weights by itself."""
        if (self._compared and not again) or not weights:  # other processes have none of a sharded model
            return
        self._compared = True
        if changed := base.differing(weights, self.base):
            raise UserError(
                f"runtime.save='trained' would lose weights of {changed} that changed, though no optimiser trains them",
                hint="--set runtime.save='all'",
            )

    def _fit(self, part: Loss | DerivedEncoder, base: type[Loss | DerivedEncoder]) -> None:
        """Let a part learn from the training set what it needs before a run."""
        train = self._dataset("train", self.recipe.data["train"])
        if is_stream(train) and type(part).fit is not base.fit:
            raise self.recipe.config.error(
                ("data", "train"),
                f"is a stream of samples, and {type(part).__name__} learns from all clips before a run",
                hint="a data set that lists its clips",
            )
        part.fit(train)

    def _dataset(self, split: str, component: Component) -> Dataset:
        key = f"{split} {sorted(component.arguments.items())}"
        if key not in self._datasets:
            dataset = component.build()
            refuse_stream(self.recipe.config, ("data", split), component.type, dataset)
            if not len(dataset):  # a phase over nothing would be over at once, and the weights untrained
                why = (
                    dataset.selection.why_empty()
                    if isinstance(dataset, AnnotatedDataset)
                    else "it has no clips"
                )
                raise self.recipe.config.error(("data", split), why)
            self._datasets[key] = dataset
        return self._datasets[key]
