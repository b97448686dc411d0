"""Checks of a head in the captioner of its toy config: step, masks, batches, search, weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.hypotheses import Hyp
from vidcap_core.contracts.types import Batch, Event, Named, Prediction, View
from vidcap_core.errors import UserError
from vidcap_core.testing.check import Broken, Checks, Skipped, expect
from vidcap_core.testing.parts import (
    PADDING,
    Parts,
    distance,
    must_say,
    only,
    padded,
    quiet,
    talkative,
    token_logits,
)

TOLERANCE = 1e-4
"""How far log-probabilities, scores and losses may move; sound heads move less than 1e-5."""
BEAMS, LONGEST = 4, 10
STREAMS, INPUTS = "the streams", "the frames and sound"
PREPARED = "what `prepare` makes of raw inputs has no mask that we know; 'batch = single' looks at clips beside others"


def step_is_forward(parts: Parts) -> None:
    """The words' log-probabilities of `forward` are those of `step`, word after word."""
    if not parts.gives_tokens:
        raise Skipped("the head gives no output 'tokens'")
    if type(parts.captioner.head).step is Head.step:
        raise Skipped("the head has no `step`: it writes by itself")
    if type(parts.captioner.head).forward is Head.forward:
        raise Skipped("the head has no `forward` of its own")
    captioner, batch = parts.fresh().eval(), parts.batch()
    want = frozenset({"tokens"})
    fast = quiet(captioner.head, captioner.streams(batch), batch, want)["tokens"]
    if type(captioner.head).plan is not Head.plan and len(fast.value) != len(batch):
        raise Skipped(
            f"the head plans its own views, and rows of `tokens` are not clips: {len(fast.value)} for {len(batch)}"
        )
    try:
        slow = quiet(Head.forward, captioner.head, captioner.streams(batch), batch, want)["tokens"]
    except UserError as error:
        raise Skipped(f"it refuses `start` and `step` over whole clips: {error.line}") from None
    far = distance(fast, slow)
    expect(
        far < TOLERANCE,
        "`forward` for all words at once, then `start` and `step` word by word",
        f"log-probabilities of the same words; they differ by up to {far:.2g}",
    )


def masks(parts: Parts) -> None:
    """Rows that the mask leaves out change nothing: of streams, of frames and sound, of what encoders give."""
    captioner, batch = talkative(parts.fresh()).eval(), parts.batch()
    before = outcome(parts, captioner, batch)
    fixed = captioner.head.lengths.startswith("fixed:")
    looked, refused = 0, ""
    for what, longer in _longer(captioner, batch):
        changed = (
            f"{PADDING} masked rows of garbage behind {what}, and garbage in those that were masked before"
        )
        try:
            moved = before.differs(outcome(parts, captioner, longer))
        except UserError as error:
            if not fixed and what != INPUTS:  # an encoder may want so many frames and no other number
                raise
            looked, refused = looked + fixed, f"it takes no other length: {error.line}"
            continue
        except Exception as error:
            if not fixed or what == INPUTS:
                raise
            rows = int(captioner.head.lengths.partition(":")[2]) + PADDING
            words = f"{type(error).__name__}: {' '.join(str(error).split())}"
            message = f"that it refuses; it takes no other length but fails with {words}; raise a UserError"
            raise Broken(f"a stream of {rows} rows", message) from None
        looked += 1
        if fixed and what == STREAMS:
            moved = f"{captioner.head.lengths}: that another length is refused; it was taken"
        if moved:
            raise Broken(changed, moved)
    if not looked:
        raise Skipped(
            refused or (PREPARED if batch.prepared else "the captioner reads no streams, frames or sound")
        )


def batch_is_single(parts: Parts) -> None:
    """A clip gets the same words, scores, times and log-probabilities in a batch as alone."""
    captioner, batch = talkative(parts.fresh()).eval(), parts.batch(3)
    changed = "each clip alone, not in a batch"
    together = quiet(captioner.predict, batch)
    alone = [quiet(captioner.predict, only(batch, index))[0] for index in range(len(batch))]
    if moved := texts_differ(together, alone):
        raise Broken(changed, moved)
    if not parts.gives_tokens:
        return
    words = quiet(token_logits, captioner, batch)
    for index in range(len(batch) if len(words.value) == len(batch) else 0):
        row = slice(index, index + 1)
        of_batch = Named(words.value[row], mask=None if words.mask is None else words.mask[row])
        far = distance(of_batch, quiet(token_logits, captioner, only(batch, index)))
        expect(far < TOLERANCE, changed, f"log-probabilities; those of clip {index} move by up to {far:.2g}")


def beams_rescored(parts: Parts) -> None:
    """Each text of a beam search, forced through `start` and `step` one row a clip, scores as in the search."""
    if type(parts.captioner.head).write is not Head.write:
        raise Skipped("the head writes by itself")
    captioner, batch = parts.fresh().eval(), parts.batch()
    longest = min(captioner.settings.max_length, LONGEST)
    settings = replace(
        captioner.settings, mode="beam", beam=BEAMS, n_best=BEAMS, n=None, max_length=longest, min_length=0
    )
    far = quiet(lambda: max(_rescored(captioner, batch, settings), default=None))
    if far is None:
        raise Skipped("there was no text to score again")
    expect(
        far < TOLERANCE,
        f"each text of a search with {BEAMS} beams scored again, one row a clip",
        f"log-probabilities of its words; they differ by up to {far:.2g} (state that beams do not reorder?)",
    )


def weights(parts: Parts) -> None:
    """A captioner built again, with the saved weights, says the same."""
    captioner, batch = talkative(parts.fresh()).eval(), parts.batch(2)
    torch.manual_seed(1)
    other = talkative(parts.built()).eval()
    other.load_state_dict(captioner.state_dict())
    before = outcome(parts, captioner, batch)
    if moved := before.differs(outcome(parts, other, batch)):
        raise Broken("the weights loaded into a captioner that is built again", moved)
    expect(
        not must_say(captioner) or any(text for events in before.texts for _, _, text, _ in events),
        "nothing",
        f"it says something of a clip when `min_length` is {captioner.settings.min_length}; it says nothing",
    )


def forgets(parts: Parts) -> None:
    """A clip gets the same words whatever was captioned before it: nothing is kept from call to call."""
    captioner, other, batch = talkative(parts.fresh()).eval(), talkative(parts.fresh()).eval(), parts.batch(2)
    clips = [only(batch, index) for index in range(len(batch))]
    first, second = (quiet(captioner.predict, clip) for clip in clips)
    if moved := texts_differ(first, quiet(captioner.predict, clips[0], seed=1)):
        raise Broken("another clip captioned, then the first one again", moved)
    if moved := texts_differ(quiet(other.predict, clips[1], seed=1), second):
        raise Broken("a clip captioned after another one, not as the first one", moved)


CHECKS: Checks = {
    "step = forward": step_is_forward,
    "masks": masks,
    "batch = single": batch_is_single,
    "beams rescored": beams_rescored,
    "weights": weights,
    "nothing kept": forgets,
}


@dataclass(frozen=True)
class Outcome:
    """All that can be compared of a captioner and a batch."""

    words: Named | None
    losses: dict[str, tuple[float, float]]
    predictions: list[Prediction]

    @property
    def texts(self) -> list[list[tuple[float, float, str, float | None]]]:
        """Events of each clip."""
        return [[(e.start, e.end, e.text, e.score) for e in p.events] for p in self.predictions]

    def differs(self, other: Outcome) -> str:
        """What moved between two outcomes; "" for nothing."""
        if self.words is not None and other.words is not None:
            far = distance(self.words, other.words)
            if not far < TOLERANCE:
                return f"log-probabilities; they move by up to {far:.2g}"
        for name, values in self.losses.items():
            if not all(_near(a, b) for a, b in zip(values, other.losses[name], strict=True)):
                return (
                    f"(sum, weight) of the loss '{name}'; {_pair(values)} became {_pair(other.losses[name])}"
                )
        return texts_differ(self.predictions, other.predictions)


def outcome(parts: Parts, captioner: Captioner, batch: Batch) -> Outcome:
    """Log-probabilities, losses and texts of a batch."""
    used = dict.fromkeys(name for phase in parts.recipe.phases for name in phase.losses)
    names = [name for name in used if captioner.losses[name].reads]  # others have texts written, by chance
    losses = quiet(captioner, batch, names) if names else {}
    return Outcome(
        quiet(token_logits, captioner, batch) if parts.gives_tokens else None,
        {name: (float(total), float(weight)) for name, (total, weight) in losses.items()},
        quiet(captioner.predict, batch),
    )


def texts_differ(first: list[Prediction], second: list[Prediction]) -> str:
    """What moved in words, scores or times; "" for nothing."""
    for prediction, other in zip(first, second, strict=True):
        clip, events, others = prediction.clip.id, prediction.events, other.events
        if [e.text for e in events] != [e.text for e in others]:
            return f"what is said of {clip}; '{prediction.text}' became '{other.text}'"
        for event, again in zip(events, others, strict=True):
            if not _near(event.score, again.score):
                return f"the score of '{event.text}' of {clip}; {event.score} became {again.score}"
            if not (_near(event.start, again.start) and _near(event.end, again.end)):
                return f"the times of '{event.text}' of {clip}; {_span(event)} became {_span(again)}"
    return ""


def _longer(captioner: Captioner, batch: Batch) -> Iterator[tuple[str, Batch]]:
    """The same batch with garbage in masked rows: of streams, of encoders' inputs, of what encoders give."""
    if batch.streams:
        yield STREAMS, replace(batch, streams={n: padded(s) for n, s in batch.streams.items()})
    if batch.inputs:
        yield INPUTS, replace(batch, inputs={n: padded(s) for n, s in batch.inputs.items()})
    streams, made = captioner.streams(batch), {}
    for name in captioner.encoders:
        try:
            made[name] = quiet(streams.__getitem__, name)
        except UserError:
            continue  # nothing that is read needs it
    if made:
        given = {n: padded(s) for n, s in made.items()}
        yield f"what the encoders {', '.join(made)} gave", replace(batch, streams={**batch.streams, **given})


def _rescored(captioner: Captioner, batch: Batch, settings: GenerateSettings) -> Iterator[float]:
    """How far the log-probabilities of each text of a beam search lie from those of the text alone."""
    streams = captioner.streams(batch)
    for view in captioner.head.plan(streams, batch, lambda view: captioner.write(view, batch)):
        rows = captioner.write(view, batch, settings)
        for rank in range(max(map(len, rows), default=0)):
            texts = [row[min(rank, len(row) - 1)] for row in rows]
            for text, logs in zip(texts, _forced(captioner, view, texts), strict=True):
                given = [*text.log_probs, *([] if text.end is None else [text.end])]
                yield max((abs(a - b) for a, b in zip(given, logs, strict=True)), default=0.0)


def _forced(captioner: Captioner, view: View, texts: list[Hyp]) -> list[list[float]]:
    """Log-probabilities of given texts, and of their ends, by one row a clip."""
    eos = captioner.tokenizer.eos_id
    rows = [[*text.tokens, *([] if text.end is None else [eos])] for text in texts]
    memory, state = captioner.head.start(view)
    first = torch.full((len(rows),), captioner.tokenizer.bos_id)
    tokens = first if view.prompt is None else view.prompt[:, -1]
    logs: list[list[float]] = [[] for _ in rows]
    for position in range(max(map(len, rows))):
        logits, state = captioner.head.step(tokens, memory, state)
        scores = logits.float().log_softmax(-1)
        tokens = torch.tensor([row[position] if position < len(row) else eos for row in rows])
        for index, row in enumerate(rows):
            if position < len(row):
                logs[index].append(float(scores[index, tokens[index]]))
    return logs


def _near(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _span(event: Event) -> str:
    return f"{event.start:g} to {event.end:g}"


def _pair(values: tuple[float, float]) -> str:
    return f"({values[0]:.5g}, {values[1]:.5g})"
