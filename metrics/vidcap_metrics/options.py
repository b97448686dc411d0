"""What may be chosen of metrics, and the metrics built with it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_metrics.argument_types import of_types
from vidcap_metrics.emotion import Protocol
from vidcap_metrics.errors import UserError
from vidcap_metrics.formats import load_references
from vidcap_metrics.names import DEFAULT, Load, load_metric
from vidcap_metrics.references import References
from vidcap_metrics.scorer import Missing
from vidcap_metrics.tokenizers import tokenizer

MOST_SAMPLES = 100_000
"""Bootstrap samples: each holds a number for every clip."""


@dataclass(frozen=True)
class Options:
    """What may be chosen on the command line; each metric takes of it what its constructor names."""

    metrics: Sequence[str] = DEFAULT
    missing: Missing = "error"
    corpus: Path | None = None
    training: Path | None = None
    meteor: str | None = None
    """which METEOR; None: each metric's own default"""
    samples: int = 1000
    seed: int = 0
    load: Load = load_metric
    tokenizer: str = "ptb"
    paragraphs: bool = False
    """events as one paragraph a clip, for metrics of captions"""
    protocol: Protocol = "full"
    """how `emotion` reads captions"""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """of single metrics: thresholds and the like"""
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """of single metrics, as `--set` says them: {name: {argument: value}}"""
    clips: Mapping[str, Any] | None = None
    """the videos by clip, for metrics that look at them"""

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= MOST_SAMPLES:
            raise UserError(
                f"--samples {self.samples}: between 1 and {MOST_SAMPLES:,} can be drawn",
                hint="--samples 1000",
            )
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: a whole number of at least 0", hint="--seed 0")


def built(options: Options, names: Sequence[str]) -> list[Any]:
    """The metrics, each with the options that its constructor names."""
    given: Mapping[str, Any] = {
        "missing": options.missing,
        "meteor": options.meteor,
        "backend": options.meteor,
        "corpus": _tokenised(options.corpus, options) if options.corpus else None,
        "training": load_references(options.training) if options.training else None,
        **options.chosen,
    }
    out = []
    for name in names:
        kind = options.load(name)
        wanted = inspect.signature(kind).parameters
        own = options.arguments.get(name, {})
        strange = [key for key in own if key not in wanted]
        if strange:
            keys = f"--set {name}.KEY=VALUE, KEY of: {', '.join(wanted)}"
            raise UserError(
                f"metric '{name}' has no '{strange[0]}'",
                hint=keys if wanted else f"leave it out: {name} takes no argument",
            )
        own = of_types(kind, name, own)
        shared = {key: value for key, value in given.items() if key in wanted and value is not None}
        arguments = {**shared, **own}
        lacking = [each.name for each in wanted.values() if _needed(each) and each.name not in arguments]
        if lacking:
            raise UserError(f"metric '{name}' needs '{lacking[0]}'", hint=f"--set {name}.{lacking[0]}=...")
        out.append(kind(**arguments))
    if options.clips is not None and not any(getattr(metric, "reads_clips", False) for metric in out):
        raise UserError(
            f"--videos is for none of {', '.join(names)}", hint="leave --videos out, or name its metric"
        )
    return out


def refuse_unused(options: Options) -> None:
    """What was typed for a metric that is not asked for would be lost silently."""
    typed = {name: f"--{name}" for name in options.chosen}
    typed |= {"corpus": "--corpus"} if options.corpus else {}
    typed |= {"training": "--train"} if options.training else {}
    wanted = {key for name in options.metrics for key in inspect.signature(options.load(name)).parameters}
    lost = [option for key, option in typed.items() if key not in wanted]
    lost += ["--meteor"] if options.meteor and not wanted & {"meteor", "backend"} else []
    if lost:
        raise UserError(
            f"{lost[0]} is for none of {', '.join(options.metrics)}",
            hint=f"leave {lost[0]} out, or name its metric",
        )


def _tokenised(path: Path, options: Options) -> References:
    return References.tokenised(load_references(path), tokenizer(options.tokenizer).tokenize)


def _needed(parameter: inspect.Parameter) -> bool:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return parameter.kind in named and parameter.default is parameter.empty
