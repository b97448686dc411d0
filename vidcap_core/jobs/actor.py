"""A process of a cluster that holds a captioner, and captions what others decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vidcap_core.captioning.clip_streams import Encoded
from vidcap_core.captioning.decode import Decoded, safely
from vidcap_core.captioning.file_captioner import made_again
from vidcap_core.captioning.flow import side_by_side
from vidcap_core.captioning.model_recipe import ModelRecipe
from vidcap_core.errors import VideoError
from vidcap_core.files.local import local
from vidcap_core.files.remote import Source
from vidcap_core.jobs.rows import Row, error_row, rows_of


class Actor:
    """The last stages of the pipeline: encode, and write the text."""

    def __init__(self, recipe: ModelRecipe) -> None:
        self._captioner = made_again(recipe)

    def caption(self, clips: Sequence[tuple[Source, Decoded | str]]) -> list[Row]:
        """A row for each clip, in their order; what could not be decoded comes as its reason."""
        encoded: list[Encoded | VideoError] = [self._encoded(source, clip) for source, clip in clips]
        good = [clip for clip in encoded if isinstance(clip, Encoded)]
        said = side_by_side(self._captioner.captioner, good)
        rows = []
        for (source, _), clip in zip(clips, encoded, strict=True):
            result = clip if isinstance(clip, VideoError) else next(said)
            if isinstance(result, VideoError):
                rows.append(error_row(source, result.line))
            else:
                rows += rows_of(source, [result])
        return rows

    def _encoded(self, source: Source, clip: Decoded | str) -> Encoded | VideoError:
        if isinstance(clip, str):
            return VideoError(clip)
        reader = self._captioner.reader
        try:
            if reader.head is None or "path" not in reader.head.reads:
                [encoded] = safely(source, (reader.encode(each) for each in (clip,)))
            else:
                with local(source) as file:
                    [encoded] = safely(source, (reader.encode(each) for each in (replace(clip, file=file),)))
        except VideoError as error:
            return error
        return encoded
