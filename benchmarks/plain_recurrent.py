"""S2VT, SA-LSTM and SGN written the usual way, with the weights of ours."""

from __future__ import annotations

from collections.abc import Callable

import torch
from contests import ROWS, Contest, alone, five_thousand, mean_loss, with_streams, words
from torch import Tensor, nn
from vidcap_classics.s2vt import S2VT
from vidcap_classics.sa_lstm import SALSTM
from vidcap_classics.sgn import SGN

from vidcap_core.api import Batch, Head, Stream, View


def s2vt(size: int) -> Contest:
    """Two LSTMs of width 500 over 28 rows; the other form is nn.LSTM over rows and words at once."""
    tokenizer = five_thousand()
    head = S2VT(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)
    batch = with_streams(words(tokenizer, size), {"image": 512}, ROWS)
    cells = []
    for cell in (head.lower, head.upper):
        made = nn.LSTM(cell.input_size, cell.hidden_size, batch_first=True)
        made.load_state_dict(cell.state_dict())
        cells.append(made)

    def run(tokens: Tensor, values: Tensor) -> Tensor:
        rows, steps = head.project["image"](values), tokens.shape[1]
        low, _ = cells[0](nn.functional.pad(rows, (0, 0, 0, steps)))
        said = nn.functional.pad(head.embed(tokens), (0, 0, rows.shape[1], 0))
        high, _ = cells[1](torch.cat([said, low], -1))
        logits: Tensor = head.classify(high[:, -steps:])
        return logits

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        return mean_loss(run(given.tokens[:, :-1], given.streams["image"].values), given)

    def following(prefix: Tensor, values: Tensor) -> Tensor:
        return run(prefix, values.expand(len(prefix), -1, -1))[:, -1]

    return Contest(head, batch, loss, lambda given, row: alone(given, row)["image"].values, following)


def sa_lstm(size: int) -> Contest:
    """An LSTM of width 512 that attends to 28 rows; the other form is the same loop, a text after the other."""
    tokenizer = five_thousand()
    head = SALSTM(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)

    def run(tokens: Tensor, view: View) -> Tensor:
        memory, state = head.start(view)
        logits = []
        for position in range(tokens.shape[1]):
            each, state = head.step(tokens[:, position], memory, state)
            logits.append(each)
        return torch.stack(logits, 1)

    return _in_a_loop(head, with_streams(words(tokenizer, size), {"image": 512}, ROWS), run)


def sgn(size: int) -> Contest:
    """Width 512, 28 rows; the other form does all of a word before the next one, and a text after the other."""
    tokenizer = five_thousand()
    head = SGN(streams={"image": 512}, tokenizer=tokenizer, dropout=0.0)
    cell = nn.LSTMCell(512, 512)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in head.phrase.state_dict().items()})

    def run(tokens: Tensor, view: View) -> Tensor:
        (rows, keys, real), (phrase, memory, hidden, hidden_memory, *_) = head.start(view)
        phrases: list[Tensor] = []
        groups: list[Tensor] = []
        logits = []
        for position in range(tokens.shape[1]):
            word = head.embed(tokens[:, position])
            phrase, memory = cell(word, (phrase, memory))
            scores = (head.query(phrase)[:, None] @ keys.transpose(1, 2))[:, 0] / 512**0.5
            weights = scores.masked_fill(~real, -torch.inf).softmax(-1)
            gathered = (weights[:, None] @ rows)[:, 0]
            phrases.append(phrase)
            groups.append(torch.tanh(head.group(torch.cat([phrase, gathered], -1))))
            seen, side = torch.stack(groups, 1), nn.functional.normalize(torch.stack(phrases, 1), dim=-1)
            own = ~((side @ side.transpose(1, 2)) > head.same).triu(1).any(-1)
            context = head.attend(hidden, seen, head.attend.key(seen), own)
            hidden, hidden_memory = head.cell(torch.cat([word, context], -1), (hidden, hidden_memory))
            logits.append(head.classify(torch.cat([hidden, context], -1)))
        return torch.stack(logits, 1)

    return _in_a_loop(head, with_streams(words(tokenizer, size), {"image": 512}, ROWS), run)


def _in_a_loop(head: Head, batch: Batch, run: Callable[[Tensor, View], Tensor]) -> Contest:
    """`run` gives the logits of all words of a view with a row a text."""

    def view_of(streams: dict[str, Stream]) -> View:
        count = len(streams["image"].mask)
        return View(streams, tuple(range(count)), (None,) * count)

    def loss(given: Batch) -> Tensor:
        assert given.tokens is not None
        return mean_loss(run(given.tokens[:, :-1], view_of(dict(given.streams))), given)

    def following(prefix: Tensor, view: View) -> Tensor:
        wide = {
            name: Stream(stream.values.expand(len(prefix), -1, -1), stream.mask.expand(len(prefix), -1))
            for name, stream in view.streams.items()
        }
        return run(prefix, view_of(wide))[:, -1]

    return Contest(head, batch, loss, lambda given, row: view_of(alone(given, row)), following)
