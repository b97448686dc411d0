"""The alignment of a caption and a reference: matches of which no two share a word.

The best covers most, then has fewest chunks. A match of kind k and n words covers ⌊wₖ · n⌋ of them on either
side, so a lone stem, synonym or paraphrase covers nothing and is taken where it costs no chunk. Of equals the one
with more of the caption's words is taken, then the one with more matches between different places: the rule that
agreed most often with the Java program, whose own rule for equals is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

WEIGHTS = (1.0, 0.6, 0.8, 0.6)
"""of exact, stem, synonym and paraphrase matches"""
BEAM = 40
Match = tuple[int, int, int, int, int]
"""start and length in the reference, start and length in the caption, kind"""
State = tuple[int, int, int, int, int, int, int, int, int, "Path | None"]
Path = tuple["Path | None", Match]
COVER = tuple(tuple(int(weight * words) for words in range(8)) for weight in WEIGHTS)


def align(matches: Sequence[Match], reference_length: int) -> tuple[list[Match], int]:
    """The best alignment, in the reference's order, and its number of chunks."""
    if not matches:
        return [], 0
    fixed = _alone(matches)
    at: list[list[Match]] = [[] for _ in range(reference_length)]
    for match in matches:
        at[match[0]].append(match)
    beam: list[State] = [(0, 0, 0, 0, 0, -1, -1, 0, 0, None)]
    for place, options in enumerate(at):
        if options:
            options.sort(key=_kind)
            keep = len(options) > 1 or options[0] not in fixed
            beam = _step(beam, place, options, keep)
    best = beam[0]
    return _matches(best[9]), best[1]


def _kind(match: Match) -> int:
    return match[4]


def _step(beam: list[State], place: int, options: list[Match], keep: bool) -> list[State]:
    """Every state with every match that starts here, or with none."""
    out: list[State] = []
    bit = 1 << place
    for state in beam:
        cover, chunks, words, moved, _, reference_end, caption_end, used, used_caption, path = state
        if not used & bit:
            for match in options:
                start, length, caption, caption_length, kind = match
                stretch = ((1 << length) - 1) << start
                caption_stretch = ((1 << caption_length) - 1) << caption
                if used & stretch or used_caption & caption_stretch:
                    continue
                out.append((
                    cover - COVER[kind][length] - COVER[kind][caption_length],
                    chunks + (start != reference_end or caption != caption_end),
                    words - caption_length, moved - (start != caption), len(out), start + length,
                    caption + caption_length, used | stretch, used_caption | caption_stretch, (path, match),
                ))  # fmt: skip
        if keep or used & bit:
            out.append((cover, chunks, words, moved, len(out), *state[5:]))
    out.sort()
    return out[:BEAM]


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
