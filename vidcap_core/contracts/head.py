"""The head contract: streams in, words (and times) out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from vidcap_core.contracts.collate import side_by_side
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.hypotheses import Rows
from vidcap_core.contracts.panels import Panel
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Batch, Event, Named, RawClip, Stream, View
from vidcap_core.contracts.write_settings import WriteSettings
from vidcap_core.contracts.writer import Writer
from vidcap_core.errors import UserError

HEAD = "<head>"
"""Under which `Batch.prepared` holds what the head prepared; no encoder can be named so."""

Decode = Callable[[View], Rows]
"""Writes a view: per row its texts, best first."""


class Output(Mapping[str, Named]):
    """What a forward pass gave: named outputs, each with its own targets."""

    def __init__(self, **named: Named) -> None:
        self._named = named
        self._writer: Writer | None = None

    def __getitem__(self, name: str) -> Named:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    @property
    def logits(self) -> Tensor:
        """The word logits [R, L, V]: what `step` returns, for all positions at once."""
        return self["tokens"].value

    @property
    def writer(self) -> Writer:
        """Writes texts for the batch's clips, and scores them; the captioner puts it there for the losses."""
        if self._writer is None:
            raise UserError("this output has no writer; only a captioner's forward pass gives one to losses")
        return self._writer

    @writer.setter
    def writer(self, writer: Writer) -> None:
        self._writer = writer


class Head(nn.Module):
    """Streams to words. A plain captioner writes only `start` and `step`; one that goes no word by word, `write`.

    Rows: a view of B rows is decoded with R = B * K rows (K beams); row r belongs to view row r // K.
    Between two calls a head remembers nothing: what `plan` found goes into its views.

    lengths: how it treats the length of a stream: "masked", or "fixed:N".
    comes_trained: it is pretrained as a whole, and its config may have no phases.
    decodes: of a head that writes by itself: the modes ("greedy", "beam", "sample") and the settings of `generate`
        that it heeds. Others are refused before a run. None: all, as greedy, beam search and sampling do.
    takes_prompt: `start` consumes `view.prompt`, and `generate.prompt` may be its text.
    reads: raw inputs that `prepare` wants: "frames", "audio", "path".
    sampling, short_side, crop: of the frames that it reads, as encoders have them.
    normalisation: what it makes of texts before anybody sees them, in a word for the signatures of scores: numbers with
        and without it do not mean the same. "": nothing.
    silent: its arguments that change no text, as how long it waits: a caption job goes on with others.
    """

    lengths: ClassVar[str] = "masked"
    comes_trained: ClassVar[bool] = False
    decodes: ClassVar[frozenset[str] | None] = None
    takes_prompt: ClassVar[bool] = False
    silent: ClassVar[frozenset[str]] = frozenset()
    reads: frozenset[str] = frozenset()
    sampling: Mapping[str, Any] = MappingProxyType({"kind": "uniform", "count": 8})
    short_side: int | None = None
    crop: Literal["center"] | None = None
    normalisation: str = ""

    def prepare(self, raw: RawClip) -> Mapping[str, Any]:
        """What the head wants of one clip's raw inputs, as plain data, arrays and tensors on the CPU.

        Called where files are read, in data workers and read-ahead threads. Views hold, as `inputs`, what `collate`
        made of a batch.
        """
        raise NotImplementedError

    def collate(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """What `prepare` gave of several clips, side by side."""
        return side_by_side(rows)

    def write(self, view: View, settings: WriteSettings) -> Rows:
        """The texts of every row of a view, best first. The default searches, word by word, with `start` and `step`."""
        return settings.search(self, view, settings)

    def start(self, view: View) -> tuple[Any, Any]:
        """Memory and first state of a view, once for all words.

        `memory` is read-only, has one row a view row, and is never copied per beam. `state` is a pytree of
        tensors, batch first, which decoding repeats and reorders. All of `view.prompt` but its last token
        is consumed here; the last token (BOS when there is no prompt) is the first one that `step` gets.
        """
        raise NotImplementedError

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any]:
        """One word: tokens [R] to logits [R, V] and the next state."""
        raise NotImplementedError

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """Named outputs for training. The default is teacher forcing through `start` and `step`."""
        self.refuse_others(want, {"tokens"})
        tokens, mask = caption_tokens(batch)
        memory, state = self.start(whole_clips(streams, batch))
        logits = []
        for position in range(tokens.shape[1] - 1):
            scores, state = self.step(tokens[:, position], memory, state)
            logits.append(scores)
        return Output(tokens=Named(torch.stack(logits, 1), tokens[:, 1:], mask[:, 1:]))

    def refuse_others(self, want: Set[str], known: Set[str]) -> None:
        """Complain of wanted outputs that this head does not know."""
        extra = sorted(set(want) - set(known))
        if extra:
            raise UserError(
                f"a loss reads {', '.join(extra)}, which {type(self).__name__} does not give; "
                f"it gives {', '.join(sorted(known))}"
            )

    def check(
        self, encoders: Mapping[str, nn.Module], settings: GenerateSettings, tokenizer: Tokenizer
    ) -> None:
        """Refuse, before a run, what could only fail in its midst."""

    def assets(self) -> dict[str, Any]:
        """What builds this head where the files it was made of are gone: arrays, bytes, plain JSON data; no weights."""
        return {}

    @classmethod
    def load_assets(cls, assets: Mapping[str, Any], **arguments: Any) -> Head:
        """The head that gave these assets, with its config's arguments; its weights follow. Tensors come as arrays."""
        return cls(**arguments)

    def write_model(self, folder: Path) -> None:
        """Write the model, as it was trained, in the form of the library that it came from. The default: none."""
        raise UserError(
            f"{type(self).__name__} is no model of another library, in whose form it could be written",
            hint="without --merged: a bundle",
        )

    def notes(self) -> Sequence[str]:
        """What a reader of scores should know of how texts were made, each in a line; it stands beside the scores."""
        return ()

    def plan(self, streams: Mapping[str, Stream], batch: Batch, decode: Decode) -> list[View]:
        """What to caption, in views; none, and views without rows, will do. The default: each clip as a whole."""
        return [whole_clips(streams, batch)]

    def rank(self, view: View, rows: Rows) -> Sequence[float | None]:
        """The score of each row's event, now that its texts are known; None drops the event.

        The default: what `plan` said in `view.scores`, or else the score of the row's best text.
        """
        return view.scores or [texts[0].score for texts in rows]

    def explain(
        self,
        views: Sequence[View],
        streams: Mapping[str, Stream],
        batch: Batch,
        events: Sequence[Sequence[Event]],
    ) -> list[list[Panel]]:
        """What can be shown of the finished texts: panels by clip. `views` are those of `plan`."""
        return [[] for _ in batch.clips]


def whole_clips(streams: Mapping[str, Stream], batch: Batch) -> View:
    """The view that takes each clip of a batch as a whole."""
    return View(
        streams=streams,
        clips=tuple(range(len(batch))),
        spans=(None,) * len(batch),
        inputs=batch.prepared.get(HEAD, {}),
    )


def caption_tokens(batch: Batch) -> tuple[Tensor, Tensor]:
    """Tokens [R, L] and their mask, of a batch that must have captions."""
    if batch.tokens is None or batch.token_mask is None:
        raise UserError("a forward pass for words needs captions, and this batch has none")
    return batch.tokens, batch.token_mask
