"""Caption files: a captioner with what it needs to read a raw video, and no dataset around."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioner.device import choose_device
from vidcap_core.captioner.prompt import check_prompt
from vidcap_core.captioning.captions import Captions
from vidcap_core.captioning.clip_streams import Encoded, Reader
from vidcap_core.captioning.decode import Decoded
from vidcap_core.captioning.flow import FileListener, Flow, cores, predict
from vidcap_core.captioning.model_recipe import ModelRecipe
from vidcap_core.captioning.plain_tokenizer import Plain
from vidcap_core.captioning.sources import left_out
from vidcap_core.captioning.spans import Every
from vidcap_core.contracts.types import Clip
from vidcap_core.encoders.batchnorm_folding import folded
from vidcap_core.errors import UserError, VideoError
from vidcap_core.files.remote import Remote, Source, is_url
from vidcap_core.saved.load import default_model, load_captioner, resolved

Video = str | Path | np.ndarray
Several = list[Any] | tuple[Any, ...]


class FileCaptioner:
    """What `vidcap_core.load` gives: call it with a path, several paths, or frames as an array.

    >>> captioner = vidcap_core.load("my-bundle")     # doctest: +SKIP
    >>> captioner("clip.mp4").text                    # doctest: +SKIP
    """

    def __init__(
        self,
        captioner: Captioner,
        name: str,
        without: Sequence[str] = (),
        changes: Sequence[str] = (),
        recipe: ModelRecipe | None = None,
    ) -> None:
        self.recipe = recipe
        plain = captioner.tokenizer if isinstance(captioner.tokenizer, Plain) else Plain(captioner.tokenizer)
        self.captioner = captioner.variant(tokenizer=plain)
        self.name, self.changes = name, tuple(changes)
        encoders: dict[str, Any] = dict(captioner.encoders.items())
        empty = left_out(captioner, name, without)
        folding = {name: folded(encoder) for name, encoder in encoders.items()}
        self.reader = Reader(folding, empty, captioner.head)
        if not self.reader.reads:
            raise UserError(
                f"'{name}' was trained on cached streams, and its config does not say how to make them from a file",
                hint="add `extract = dict(STREAM=dict(type=ENCODER, ...))` to the config and export again",
            )

    @overload
    def __call__(self, video: Video, *, every: Every = None, panels: bool = False) -> Captions: ...

    @overload
    def __call__(self, video: Several, *, every: Every = None, panels: bool = False) -> list[Captions]: ...

    def __call__(
        self, video: Video | Several, *, every: Every = None, panels: bool = False
    ) -> Captions | list[Captions]:
        """What is said of one video (a path, or frames uint8 [T, H, W, 3]); a list of it for a list.

        every: seconds a span, or "shots": an event for each. panels: also what the method can show of itself.
        A file that cannot be read is a VideoError.
        """
        if isinstance(video, (str, Path, np.ndarray)):
            return self._all([video], every, panels)[0]
        return self._all(video, every, panels)

    def each(
        self,
        paths: Iterable[str | Source],
        *,
        every: Every = None,
        batch: int = 16,
        workers: int | None = None,
        panels: bool = False,
        moved: Callable[[Source, float], None] = lambda source, share: None,
        listener: FileListener | None = None,
    ) -> Iterator[tuple[Source, Captions | VideoError]]:
        """Files in order, as they are captioned; a file that cannot be read gives its error instead.

        Threads (`workers`, or one a processor) read ahead, `batch` clips are captioned side by side; what is said
        does not depend on either. `moved` hears of each file how much of it is done, `listener` what is being written.
        """
        files = [_source(path) for path in paths] if isinstance(paths, Sized) else map(_source, paths)
        if isinstance(files, list):
            workers = max(1, min(len(files), workers or cores()))
        flow = Flow(self.captioner, self.reader, every, batch, workers, panels, listener)
        for path, result in flow.run(files, moved):
            yield path, result if isinstance(result, VideoError) else Captions.of(result)

    def caption_batch(
        self,
        frames: Sequence[np.ndarray | bytes | Decoded],
        clips: Sequence[Clip] | None = None,
        times: Sequence[np.ndarray] | None = None,
    ) -> list[Captions]:
        """What is said of several clips side by side: frames uint8 [T, H, W, 3], or the bytes of a video file each.

        clips: id, path and span of each; without them they are numbered. times: seconds of each frame in its file;
        without them frames lie evenly over their clip's span.
        """
        clips = [Clip(f"frames-{index}") for index in range(len(frames))] if clips is None else clips
        if len(clips) != len(frames) or (times is not None and len(times) != len(frames)):
            many = len(clips) if len(clips) != len(frames) else len(times or ())
            raise UserError(f"{len(frames)} videos, and clips or times of {many}", hint="one for each video")
        encoded = []
        for index, (video, clip) in enumerate(zip(frames, clips, strict=True)):
            if isinstance(video, Decoded):
                encoded.append(self.reader.encode(video))
            elif isinstance(video, bytes):
                encoded.append(self._of_bytes(video, clip))
            else:
                when = None if times is None else times[index]
                encoded.append(self.reader.of_array(video, clip, when))
        return [Captions.of(each) for each in predict(self.captioner, encoded)] if encoded else []

    def _of_bytes(self, video: bytes, clip: Clip) -> Encoded:
        """A video file that lies in memory, as the clip it is."""
        with tempfile.TemporaryDirectory(prefix="vidcap-") as folder:
            file = Path(folder, "video")
            file.write_bytes(video)
            try:
                [decoded] = self.reader.wanted.read(file)
                named = replace(clip, duration=clip.duration or decoded.clip.duration)
                return self.reader.encode(replace(decoded, clip=named))
            except UserError as error:
                error.message = error.message.replace(str(file), clip.path or clip.id)
                raise

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, a captioner is what it was loaded from: weights do not travel."""
        if self.recipe is None:
            raise UserError(
                f"'{self.name}' was made in this process, and another one could not load it",
                hint="vidcap export, then load(BUNDLE)",
            )
        return made_again, (self.recipe,)

    def __copy__(self) -> FileCaptioner:
        """A copy stays in this process, and shares the weights."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def with_decoding(
        self,
        *,
        beam: int | None = None,
        sample: bool = False,
        n_best: int | None = None,
        seed: int | None = None,
        prompt: str | None = None,
        sentences: bool | None = None,
    ) -> FileCaptioner:
        """Another captioner on the same weights that finds texts otherwise: beams, or chance; how many a clip.

        sentences: whether texts get a capital letter and a full stop; None: as the model's config says.
        prompt: what each text goes on from, where the head takes one; the text that comes out is what follows it.
        Kinds of text that a method decodes apart (to count events, say) keep their own way.
        """
        decodes = self.captioner.head.decodes
        changes: dict[str, Any] = {} if seed is None else {"seed": seed}
        if sample:
            changes["mode"] = "sample"
        elif beam is not None or ((n_best or 1) > 1 and (decodes is None or "beam" in decodes)):
            wide = max(self.captioner.settings.beam, n_best or 1) if beam is None else beam
            changes |= {"mode": "beam", "beam": wide}
        if n_best is not None:
            changes["n_best"] = n_best
        if sentences is not None:
            changes["sentence"] = sentences
        if prompt is not None:
            check_prompt(self.captioner.head, self.captioner.tokenizer, prompt)
            changes["prompt"] = prompt
        settings = replace(self.captioner.settings, **changes)
        head = self.captioner.head
        settings.refuse_beyond(head.decodes, type(head).__name__)
        other = copy.copy(self)
        other.captioner = self.captioner.variant(settings=settings)
        other.recipe = None if self.recipe is None else replace(self.recipe, decoding=settings)
        return other

    def _all(self, videos: Several, every: Every, panels: bool) -> list[Captions]:
        """Each video, in order; the first that cannot be read is raised."""
        captions: dict[int, Captions] = {}
        for index, video in enumerate(videos):
            if isinstance(video, np.ndarray):
                clip: Encoded = self.reader.of_array(video, Clip(f"frames-{index}"), None, panels)
                captions[index] = Captions.of(predict(self.captioner, [clip], panels)[0], video)
        indices = [index for index, video in enumerate(videos) if index not in captions]
        paths = [Path(video) for video in videos if not isinstance(video, np.ndarray)]
        for index, (_, result) in zip(indices, self.each(paths, every=every, panels=panels), strict=True):
            if isinstance(result, VideoError):
                raise result
            captions[index] = result
        return [captions[index] for index in range(len(videos))]


def load(
    name: str | Path | None = None,
    device: str | None = None,
    copy: str | None = None,
    without: Sequence[str] = (),
    changes: Sequence[str] = (),
) -> FileCaptioner:
    """A captioner from a bundle folder, a run folder, `plugin/name`, or a hub id; without a name the default one.

    without: streams that it was trained with and shall do without, as for a clip that lacks them.
    A config of a plugin will do where it has no phases: such a captioner comes trained. changes: as `--set` has
    them, of such a config ("head.say=each"); of a bundle or a run that leaves out its base, where that lies
    ("head.lm=FOLDER").
    """
    name = default_model() if name is None else str(name)
    recipe = ModelRecipe(name, device, copy, tuple(without), tuple(changes))
    device = choose_device(device)
    config, changes = resolved(name, changes)
    captioner = load_captioner(config, copy, changes)
    return FileCaptioner(captioner.to(device).eval(), name, without, changes, recipe)


def made_again(recipe: ModelRecipe) -> FileCaptioner:
    """The captioner of a recipe, in any process."""
    made = load(recipe.name, recipe.device, recipe.copy, recipe.without, recipe.changes)
    if recipe.decoding is None:
        return made
    made.captioner = made.captioner.variant(settings=recipe.decoding)
    made.recipe = recipe
    return made


def _source(path: str | Source) -> Source:
    if isinstance(path, str):
        return Remote(path) if is_url(path) else Path(path)
    return path
