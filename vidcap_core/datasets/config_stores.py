"""The feature stores that a run's config reads: where each lies, what makes it, and for which clips."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidcap_core.config import preflight
from vidcap_core.config.recipe import Recipe
from vidcap_core.contracts.encoder import DerivedEncoder, Encoder
from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.extraction import INPUTS
from vidcap_core.datasets.missing import by_name
from vidcap_core.errors import ConfigError, DataError
from vidcap_core.features.index import INDEX
from vidcap_core.features.journal import Begun, begun
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.frames import Frames
from vidcap_core.zoo.arguments import meant
from vidcap_core.zoo.component import Component
from vidcap_core.zoo.registry import DATASETS
from vidcap_metrics.counted import counted


@dataclass(slots=True)
class ConfigStore:
    """One store: the stream that reads it, its folder, what makes it, and the clips that it is for.

    encoder: None where nothing of the config says how. data: the splits that read it, each with all its clips.
    """

    stream: str
    path: Path
    encoder: Component | None
    data: dict[str, Dataset] = field(default_factory=dict)

    @property
    def derived(self) -> bool:
        """Whether it is made of other streams."""
        target = self.encoder.target if self.encoder else None
        return isinstance(target, type) and issubclass(target, DerivedEncoder)

    @property
    def clips(self) -> dict[str, Clip]:
        """Its clips by id, those without a video too."""
        return {clip.id: clip for data in self.data.values() for clip in data.clips}

    @property
    def begun(self) -> Begun | None:
        """What is there of it; None where nothing is."""
        return begun(self.path)

    @property
    def given(self) -> bool:
        """Whether it came from elsewhere, and is read as it is."""
        there = self.begun
        foreign = self.path.is_file() or (self.path.is_dir() and any(self.path.glob("*.npy")))
        return foreign or (there is not None and "imported" in there.recipe)

    def packed_for(self, encoder: Encoder) -> dict[str, Callable[[], Frames]]:
        """What reads the frames of clips that come as pictures in a zip, as the encoder wants to see them."""
        if encoder.reads != "frames":
            return {}
        options = {**encoder.sampling, "short_side": encoder.short_side, "crop": encoder.crop}
        read = [data.packed_frames(FrameOptions(**options)) for data in self.data.values()]
        return {clip: each for frames in read for clip, each in frames.items()}


def stores_of(
    recipe: Recipe, splits: Collection[str] = (), streams: Collection[str] = ()
) -> list[ConfigStore]:
    """The stores that the data of a config read, in the order in which they can be made.

    splits, streams: only these; without any, all of them. What it takes to make them is checked, all at once.
    """
    for split in splits:
        if split not in recipe.data:
            raise ConfigError(f"{recipe.name}: there is no split '{split}'{meant(split, recipe.data)}")
    parts = [
        (split, component)
        for split, whole in recipe.data.items()
        if split in (splits or recipe.data)
        for component in _parts(whole)
    ]
    read = {name for _, part in parts for name in by_name(part.arguments.get("streams"))}
    for name in streams:
        if name not in read:
            known = f": it reads {', '.join(sorted(read))}" if read else ": its data read none"
            raise ConfigError(f"{recipe.name}: no split reads a stream '{name}'{known}", hint="--stream NAME")
    wanted = {name for name in read if not streams or name in streams}
    made_by = {name: recipe.extract.get(name) or recipe.encoders.get(name) for name in wanted}
    here = [(f"data.{split}", without_inputs(part)) for split, part in parts]
    encoders = [(_section(recipe, name), each) for name, each in sorted(made_by.items()) if each is not None]
    preflight.check_extraction(recipe, [*here, *encoders])
    stores: dict[Path, ConfigStore] = {}
    for (split, part), (_, plain) in zip(parts, here, strict=True):
        mine = {
            name: where for name, where in by_name(part.arguments.get("streams")).items() if name in wanted
        }
        data: Dataset = plain.build()
        for name, where in mine.items():
            path = data.store_path(data.folder, where)
            store = stores.setdefault(path, ConfigStore(name, path, made_by[name]))
            if store.encoder != made_by[name]:
                raise ConfigError(
                    f"{recipe.name}: the streams '{store.stream}' and '{name}' read one store, {path}, "
                    "and are made by different encoders",
                    hint=f"data.*.streams with another place for '{name}'",
                )
            store.data[split if split not in store.data else f"{split}, {data.name}"] = data
    return sorted(stores.values(), key=lambda store: store.derived)


def refuse_unmade(recipe: Recipe, stores: Sequence[ConfigStore]) -> None:
    """An error for stores that are not there and that nothing of the config makes, or whose clips have no video."""
    for store in stores:
        if store.given or (store.encoder is None and (store.path / INDEX).is_file()):
            continue
        if store.encoder is None:
            raise ConfigError(
                f"{recipe.name}: nothing says how the stream '{store.stream}' is made, and {store.path} is not there",
                hint=f"extract = dict({store.stream}=dict(type=ENCODER)) in the config, "
                f"or vidcap features import FILE --out {store.path}",
            )
        if not store.derived and all(clip.path is None for clip in store.clips.values()):
            packed = any(data.packed_frames(FrameOptions(count=1)) for data in store.data.values())
            if not packed and not (store.path / INDEX).is_file():
                data = next(iter(store.data.values()))
                raise DataError(
                    f"{recipe.name}: none of the {counted(len(store.clips), 'clip')} of {data.name} has a video "
                    f"in or below {data.folder}",
                    hint=f"ln -s FOLDER {data.folder / 'videos'}; vidcap data check {data.name} --videos FOLDER "
                    "compares names",
                )


def without_inputs(data: Component, streams: Mapping[str, str] | None = None) -> Component:
    """A split as whole clips, with none of the streams and inputs that its config asks for but these."""
    kept = {key: value for key, value in data.arguments.items() if key not in INPUTS}
    given = {"streams": dict(streams)} if streams else {}
    return Component(data.type, data.target, {**kept, **given, "unit": "clip"})


def _parts(data: Component) -> list[Component]:
    """A data set, or those of a mixture."""
    of = data.arguments.get("of")
    if isinstance(of, Mapping) and all(isinstance(spec, Mapping) and "type" in spec for spec in of.values()):
        return [DATASETS.component(dict(spec)) for spec in of.values()]
    return [data]


def _section(recipe: Recipe, name: str) -> str:
    return f"extract.{name}" if name in recipe.extract else f"encoders.{name}"
