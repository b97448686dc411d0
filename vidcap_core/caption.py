"""Caption files: a captioner with what it needs to read a raw video, and no dataset around."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidcap_core import build, bundle, registry
from vidcap_core.captioner import Captioner
from vidcap_core.config import from_json
from vidcap_core.errors import UserError, VideoError
from vidcap_core.padding import pad_streams
from vidcap_core.types import Batch, Clip, Prediction
from vidcap_core.video import probe, read_audio, read_frames


class FileCaptioner:
    """What `vidcap_core.load` gives: call it with a path, several paths, or frames as an array.

    >>> captioner = vidcap_core.load("my-bundle")     # doctest: +SKIP
    >>> captioner("clip.mp4").text                    # doctest: +SKIP
    """

    def __init__(self, captioner: Captioner, name: str) -> None:
        self.captioner = captioner
        self.name = name
        readable = [n for n, e in captioner.encoders.items() if e.reads in ("frames", "audio")]
        if not readable:
            raise UserError(
                f"'{name}' was trained on cached streams, and its config does not say how to make them from a file",
                hint="add `extract = dict(STREAM=dict(type=ENCODER, ...))` to the config and export again",
            )

    def __call__(self, video: str | Path | np.ndarray | Sequence[str | Path | np.ndarray]) -> Any:
        """A Prediction for one video (a path, or frames uint8 [T, H, W, 3]); a list of them for a list."""
        if isinstance(video, (str, Path, np.ndarray)):
            return self.captioner.predict(self.batch([video]))[0]
        return [self.captioner.predict(self.batch([one]))[0] for one in video]

    def each(self, paths: Iterable[str | Path]) -> Iterator[tuple[Path, Prediction | VideoError]]:
        """Predictions one by one; a file that cannot be read gives its error instead."""
        for path in paths:
            try:
                yield Path(path), self(path)
            except VideoError as error:
                yield Path(path), error

    def batch(self, videos: Sequence[str | Path | np.ndarray]) -> Batch:
        """The inputs of every encoder, read from the files as each encoder wants them."""
        rows = [self._read(index, video) for index, video in enumerate(videos)]
        clips = tuple(clip for clip, _ in rows)
        inputs = pad_streams([read for _, read in rows])
        return Batch(clips=clips, inputs=inputs).to(self.captioner.device)

    def _read(self, index: int, video: str | Path | np.ndarray) -> tuple[Clip, dict[str, np.ndarray]]:
        encoders: dict[str, Any] = dict(self.captioner.encoders.items())
        if isinstance(video, np.ndarray):
            if video.ndim != 4 or video.shape[-1] != 3 or video.dtype != np.uint8:
                raise UserError(f"frames must be uint8 [T, H, W, 3], not {video.dtype} {list(video.shape)}")
            frames = {name: video for name, encoder in encoders.items() if encoder.reads == "frames"}
            return Clip(f"frames-{index}", duration=float(len(video))), frames
        info = probe(video)
        inputs: dict[str, np.ndarray] = {}
        for name, encoder in encoders.items():
            if encoder.reads == "frames":
                inputs[name] = read_frames(video, encoder.sampling, short_side=encoder.short_side).values
            elif encoder.reads == "audio" and info.has_audio:
                inputs[name] = read_audio(video)
        return Clip(Path(video).stem, str(video), duration=info.duration), inputs


def load(name: str | Path, device: str | None = None, copy: str | None = None) -> FileCaptioner:
    """A captioner from a bundle folder, a run folder, or `plugin/name`."""
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    folder = Path(name)
    if (folder / "config.json").is_file() and (folder / "checkpoints").is_dir():
        return FileCaptioner(from_run(folder).to(place).eval(), str(name))
    return FileCaptioner(bundle.load(bundle.find(str(name)), copy, place), str(name))


def from_run(folder: Path, extractors: bool = True) -> Captioner:
    """The captioner of a run with its best weights, by default with the encoders that read raw files."""
    from vidcap_core.engine.api import best_weights
    from vidcap_core.engine.folder import RunFolder
    from vidcap_core.weights import put_weights

    run = RunFolder(folder)
    config = from_json(run.config.read_text(encoding="utf-8"), str(run.config))
    spec = config.get("tokenizer") or {"type": "Vocabulary"}
    state = json.loads(run.tokenizer.read_text(encoding="utf-8"))
    captioner = build.captioner(
        config, registry.TOKENIZERS.load(spec["type"]).from_state(state), losses=False
    )
    weights, source = best_weights(run)
    put_weights(captioner, {k: v for k, v in weights.items() if not k.startswith("losses.")}, source)
    if extractors:
        build.add_extractors(captioner, config)
    return captioner
