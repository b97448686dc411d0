"""The alignment of a caption and a reference: matches of which no two share a word.

The best covers most, then has fewest chunks, then least distance. The rest was found from the Java program's answers:

* A match that is not exact covers half of its words on either side, rounded down. A lone stem, synonym or paraphrase
  covers nothing, so it is taken where it costs no chunk.
* Distance is not that of the matches taken but of those passed over: at each place of the reference, of the matches
  that could be taken there, those listed before the one that is, and all of them when none is.
* A chunk counts when it has ended. This decides which of equal states stands first, and so which is kept.
* A match that shares no word with any other is taken in every state.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

BEAM = 40
Match = tuple[int, int, int, int, int]
"""start and length in the reference, start and length in the caption, kind"""
State = tuple[int, int, int, int, "Path | None"]
"""cost, where the open chunk would go on in the caption (−1: none is open), used words of both, matches"""
Path = tuple["Path | None", Match]
CHUNK = 1 << 28
WORD = 1 << 44
"""cost of a chunk and worth of a covered word, where a place of distance costs 1"""
COST = itemgetter(0)


def align(matches: Sequence[Match], reference_length: int) -> tuple[list[Match], int]:
    """The best alignment, in the reference's order, and its number of chunks; of equals, by the order of `matches`."""
    if not matches:
        return [], 0
    fixed = _alone(matches)
    if len(fixed) == len(matches):
        taken = sorted(matches)
        return taken, _chunks(taken)
    at: list[list[Match]] = [[] for _ in range(reference_length)]
    for match in matches:
        at[match[0]].append(match)
    beam: list[State] = [(0, -1, 0, 0, None)]
    for position, options in enumerate(at):
        if options:
            options.sort(key=_kind)
            beam = _step(beam, position, options, may_skip=options[0] not in fixed)
        else:
            beam = _pass(beam, position)
        if len(beam) > 1:
            beam.sort(key=COST)  # of equal cost, the first made stays the first
            del beam[BEAM:]
    taken = _matches(min(beam, key=_final)[4])
    return taken, _chunks(taken)


def _kind(match: Match) -> int:
    return match[4]


def _final(state: State) -> int:
    return state[0] + CHUNK * (state[1] >= 0)


def _step(beam: list[State], position: int, options: list[Match], may_skip: bool) -> list[State]:
    """Every state with every match that starts here, then with none."""
    out: list[State] = []
    bit = 1 << position
    prepared = []
    for match in options:
        start, length, caption, caption_length, kind = match
        covered = length // 2 + caption_length // 2 if kind else length + caption_length
        prepared.append(
            (
                match,
                ((1 << length) - 1) << start,
                ((1 << caption_length) - 1) << caption,
                covered * WORD,
                caption,
                caption + caption_length,
                abs(start - caption),
            )
        )
    for state in beam:
        cost, end, used, used_caption, path = state
        if used & bit:
            out.append(state)
            continue
        passed = cost
        for match, stretch, caption_stretch, worth, caption, after, distance in prepared:
            if used & stretch or used_caption & caption_stretch:
                continue
            ended = CHUNK if end >= 0 and end != caption else 0
            out.append(
                (passed + ended - worth, after, used | stretch, used_caption | caption_stretch, (path, match))
            )
            passed += distance
        if may_skip:
            out.append((passed + CHUNK if end >= 0 else passed, -1, used, used_caption, path))
    return out


def _pass(beam: list[State], position: int) -> list[State]:
    """Every state, its chunk ended unless a match covers this position."""
    bit = 1 << position
    return [state if state[1] < 0 or state[2] & bit else (state[0] + CHUNK, -1, *state[2:]) for state in beam]


def _alone(matches: Sequence[Match]) -> set[Match]:
    """Matches that share no word with any other: they are always taken."""
    once = more = once_caption = more_caption = 0
    for start, length, caption, caption_length, _ in matches:
        stretch = ((1 << length) - 1) << start
        more |= once & stretch
        once |= stretch
        stretch = ((1 << caption_length) - 1) << caption
        more_caption |= once_caption & stretch
        once_caption |= stretch
    return {
        match
        for match in matches
        if not more & ((1 << match[1]) - 1) << match[0]
        and not more_caption & ((1 << match[3]) - 1) << match[2]
    }


def _matches(path: Path | None) -> list[Match]:
    out = []
    while path is not None:
        path, match = path
        out.append(match)
    return out[::-1]


def _chunks(taken: Sequence[Match]) -> int:
    """Runs of matches that follow one another on both sides."""
    chunks, ends = 0, (-1, -1)
    for start, length, caption, caption_length, _ in taken:
        chunks += (start, caption) != ends
        ends = start + length, caption + caption_length
    return chunks
