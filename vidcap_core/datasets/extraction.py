"""What a command line asks of the features: which encoder, which clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from vidcap_core.config.files import Config, load_config, set_key
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.contracts.types import Clip
from vidcap_core.datasets.annotated import Dataset
from vidcap_core.datasets.catalogue import find_dataset
from vidcap_core.datasets.locations import refuse
from vidcap_core.errors import ConfigError, DataError
from vidcap_core.video.frame_request import FrameOptions
from vidcap_core.video.frames import Frames
from vidcap_core.video.suffixes import NO_FILM, films
from vidcap_core.zoo.arguments import meant, problems
from vidcap_core.zoo.registry import DATASETS, ENCODERS
from vidcap_metrics.counted import counted

INPUTS = frozenset({"streams", "optional", "frames", "audio", "sample", "transforms"})
"""What a run's config asks of a sample: streams are what is to be made here, and may not be there yet."""


def load_encoder(spec: str, changes: Iterable[str] = (), stream: str | None = None) -> Encoder:
    """An encoder by name, or from a config: its `encoder`, or a stream of its `extract` or `encoders`."""
    if spec.endswith(".py") or "/" in spec:
        encoder_spec = _from_config(load_config(spec, changes), stream)
    else:
        config = Config(spec, {"type": spec})
        for change in changes:
            set_key(config, change)
        encoder_spec = config.data
    name = str(encoder_spec.get("type"))
    arguments = {key: value for key, value in encoder_spec.items() if key != "type"}
    for where, problem in problems(arguments, ENCODERS.load(name), name):
        raise ConfigError(f"{spec}: {'.'.join(('encoder', *where))}: {problem}")
    encoder = ENCODERS.component(encoder_spec).build()
    if not isinstance(encoder, Encoder):
        raise ConfigError(f"{spec}: '{name}' is no encoder", hint="vidcap list encoders")
    return encoder.eval()


def _from_config(config: Config, stream: str | None) -> dict[str, Any]:
    if stream is None and isinstance(config.get("encoder"), dict):
        return dict(config["encoder"])
    encoders: dict[str, Any] = {**config.get("encoders", {}), **config.get("extract", {})}
    if stream in encoders:
        return dict(encoders[stream])
    if stream is None and len(encoders) == 1:
        return dict(next(iter(encoders.values())))
    choices = f"it has {', '.join(sorted(encoders))}" if encoders else "it has none"
    raise ConfigError(
        f"{config.name}: which encoder? {choices}",
        hint="--stream NAME, or encoder = dict(type=...) in the config",
    )


def clips_in(folder: str | Path) -> list[Clip]:
    """Every video below a folder, or every picture where it holds no video; the id is the path without its suffix."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder")
    files = films([file for file in sorted(root.rglob("*")) if file.is_file()])
    if not files:
        raise DataError(f"{root}: {NO_FILM}")
    clips: dict[str, Clip] = {}
    for file in files:
        clip = file.relative_to(root).with_suffix("").as_posix()
        if clip in clips:
            raise DataError(
                f"{clips[clip].path} and {file} have the same id '{clip}'", hint="rename one of them"
            )
        clips[clip] = Clip(clip, str(file))
    return list(clips.values())


class Source(NamedTuple):
    """Clips to encode, how many have neither video nor frames, and what reads frames that are packed, by id."""

    clips: list[Clip]
    absent: int = 0
    packed: Mapping[str, Callable[[], Frames]] = MappingProxyType({})


def clips_of(
    dataset: str,
    splits: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
    encoder: Encoder | None = None,
) -> Source:
    """The clips of a dataset by name, or of the `data` of a run's config.

    splits: without any, all that there are. changes: further arguments of the dataset. encoder: what will look at
    frames, where the dataset brings them as pictures in a zip.
    """
    by_id: dict[str, Clip] = {}
    packed: dict[str, Callable[[], Frames]] = {}
    for split, spec in _splits(dataset, splits).items():
        options = {key: value for key, value in spec.items() if key not in {*INPUTS, "type"}}
        arguments = {**options, **(changes or {}), "unit": "clip"}
        made_by = DATASETS.load(spec["type"])
        refuse(made_by, arguments, f"{dataset}: {split}")
        made = made_by(**arguments)
        by_id.update({clip.id: clip for clip in made.clips})
        if encoder is not None and encoder.reads == "frames" and isinstance(made, Dataset):
            options = {**encoder.sampling, "short_side": encoder.short_side, "crop": encoder.crop}
            packed.update(made.packed_frames(FrameOptions(**options)))
    packed = {clip: read for clip, read in packed.items() if by_id[clip].path is None}
    clips = [clip for clip in by_id.values() if clip.path is not None or clip.id in packed]
    if not clips:
        raise DataError(
            f"{dataset}: none of its {counted(len(by_id), 'clip')} has a video",
            hint="put the videos into the dataset's folder, or below it; or --videos DIR",
        )
    return Source(clips, len(by_id) - len(clips), packed)


def _splits(dataset: str, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Split -> its dataset, as a config writes it."""
    if dataset.endswith(".py") or "/" in dataset:
        specs = {split: dict(spec) for split, spec in load_config(dataset).get("data", {}).items()}
        if not specs:
            raise ConfigError(f"{dataset}: has no `data`", hint="data = dict(train=dict(type=...))")
    else:
        made_by = find_dataset(dataset)
        path = f"{made_by.__module__}:{made_by.__qualname__}"
        specs = {split: {"type": path, "split": split} for split in made_by.splits}
    for split in wanted:
        if split not in specs:
            raise ConfigError(f"{dataset}: there is no split '{split}'{meant(split, specs)}")
    return {split: spec for split, spec in specs.items() if split in (wanted or specs)}
