"""METEOR against the jar in pycocoevalcap, pair by pair and over the corpus: the part `meteor` of parity_java.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from meteor_probes import Pair, jar_alignments

from vidcap_metrics.meteor.engine import MeteorEngine
from vidcap_metrics.meteor_jar import JarMeteor

NEAR = 1e-6
STEPS = (1e-6, 1e-3, 1e-2, 3e-2, 1e-1, 1.0)
KINDS = ("lengths", "same coverage, other alignment", "other")
Row = dict[str, Any]


def jar_stats(text: str) -> tuple[float, ...]:
    """The jar's line of counts."""
    return tuple(map(float, text.split()))


def compare_pairs(name: str, pairs: Sequence[Pair]) -> Row:
    """Every (caption, reference) alone: how many scores differ, by how much, and in which counts."""
    engine, jar = MeteorEngine(), JarMeteor()
    engine.prepare_all(text for pair in pairs for text in pair)
    ours = [engine.stats(caption, [reference]) for caption, reference in pairs]
    theirs = [jar_stats(jar.stats(caption, [reference])) for caption, reference in pairs]
    jar.close()
    gaps = np.abs(
        [engine.segment_score(a) - engine.segment_score(b) for a, b in zip(ours, theirs, strict=True)]
    )
    counts = np.histogram(gaps, (0.0, *STEPS))[0]
    kinds = [_kind(a, b) for a, b, gap in zip(ours, theirs, gaps, strict=True) if gap > NEAR]
    return {
        "part": "meteor",
        "what": f"{name}, pairs",
        "pairs": len(pairs),
        "different": int(np.sum(gaps > NEAR)),
        "other counts": sum(a != b for a, b in zip(ours, theirs, strict=True)),
        "within 1e-6": float(np.mean(gaps <= NEAR)),
        "largest": float(gaps.max()),
        "mean": float(gaps.mean()),
        "distribution": {f"<= {step:g}": int(n) for step, n in zip(STEPS, counts, strict=True)},
        "kinds": {kind: kinds.count(kind) for kind in KINDS},
    }


def compare_clips(name: str, captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> Row:
    """Every clip against all its references, and the corpus score."""
    engine, jar = MeteorEngine(), JarMeteor()
    engine.prepare_all([*captions.values(), *(line for clip in captions for line in references[clip])])
    ours = [engine.stats(text, references[clip]) for clip, text in captions.items()]
    lines = [jar.stats(text, references[clip]) for clip, text in captions.items()]
    theirs = jar.aggregate(lines)
    jar.close()
    gaps = np.abs(
        [
            engine.segment_score(a) - engine.segment_score(jar_stats(b))
            for a, b in zip(ours, lines, strict=True)
        ]
    )
    corpus = engine.aggregate(ours)
    return {
        "part": "meteor",
        "what": f"{name}, clips",
        "clips": len(gaps),
        "references": max(map(len, references.values())),
        "different": int(np.sum(gaps > NEAR)),
        "within 1e-6": float(np.mean(gaps <= NEAR)),
        "largest": float(gaps.max()),
        "corpus here": corpus,
        "corpus java": theirs,
        "corpus gap": abs(corpus - theirs),
    }


def compare_alignments(name: str, pairs: Sequence[Pair]) -> Row:
    """Every (caption, reference) alone: in how many another set of matches is chosen."""
    engine = MeteorEngine()
    engine.prepare_all(text for pair in pairs for text in pair)
    wrong = [
        pair
        for pair, theirs in zip(pairs, jar_alignments(pairs), strict=True)
        if engine.alignment(*pair) != theirs
    ]
    for caption, reference in wrong[:20]:
        print(f"  {caption!r} for {reference!r}")
    return {"part": "meteor", "what": f"{name}, alignments", "pairs": len(pairs), "different": len(wrong)}


def _kind(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if tuple(ours[:4]) != tuple(theirs[:4]):
        return KINDS[0]
    same = ours[20] == theirs[20] and _exact(ours) == _exact(theirs)
    return KINDS[1] if same or _covered(ours) == _covered(theirs) else KINDS[2]


def _exact(stats: Sequence[float]) -> float:
    return sum(stats[4:8])


def _covered(stats: Sequence[float]) -> tuple[float, float]:
    return stats[21], stats[22]
