"""The page of a run: what it is, how it went, how well it captions, clip by clip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.captioner.missing_streams import absent_streams
from vidcap_core.errors import UserError
from vidcap_core.report import curves, page
from vidcap_core.report.clips import ClipView, view
from vidcap_core.saved import predictions as saved_predictions
from vidcap_core.saved.foreign import check_links
from vidcap_core.saved.run import other_settings
from vidcap_core.saved.shape import EVENT, PREDICTION, SCORES
from vidcap_metrics.counted import counted

CONFIG: dict[str, Any] = {
    "evaluate?": {"best?": (str, None)},
    "head?": ({"streams?": (dict, None)}, None),
    "losses?": ({"*": {}}, None),
}
SHOWN = {
    **{f"{key}?": shape for key, shape in SCORES.items()},
    "changes?": {},
    "notes?": [str],
    "clips?": (str, int, None),
}
"""What the files of a run hold, as far as a page shows it."""
PREFERRED = ("cider-d", "cider", "meteor", "rouge-l", "bleu-4")
"""Which score tells good clips from bad ones, where the config names none: the first that there is."""


def write_run_report(folder: Path, split: str = "val", frames: int | None = None) -> Path:
    """`report-SPLIT.html` in a run folder, and its curves as PNG and CSV in `report-SPLIT/`."""
    check_links(folder)
    path = folder / f"report-{split}.html"
    shown, plots = read_run(folder, split)
    exports = (
        [f"report-{split}/{name}" for name in curves.export(plots, folder / f"report-{split}")]
        if plots
        else []
    )
    return page.write(page.Page(**shown, charts=plots, exports=exports), path, frames)


def splits(folder: Path) -> list[str]:
    """The splits that a run has captioned."""
    return sorted(path.stem.removeprefix("predictions-") for path in folder.glob("predictions-*.json"))


def read_run(folder: Path, split: str) -> tuple[dict[str, Any], list[curves.Chart]]:
    """What a page says of a run, and its curves."""
    config = saved_predictions.read(folder / "config.json", shape=CONFIG)
    if config is None:
        raise UserError(f"{folder} holds no run (no config.json)", hint="vidcap report runs/NAME")
    predictions = saved_predictions.read(folder / f"predictions-{split}.json", shape=[PREDICTION])
    if predictions is None:
        available = splits(folder)
        made = f"; it has those of {', '.join(available)}" if available else ""
        hint = f"--split {available[0]}" if available else f"vidcap-run CONFIG test --work-dir {folder}"
        raise UserError(f"{folder} has no predictions of the split '{split}'{made}", hint=hint)
    meta = saved_predictions.read(folder / "meta.json", {}, {})
    scores = saved_predictions.read(folder / f"scores-{split}.json", {}, SHOWN)
    values: Mapping[str, float | None] = scores.get("values", {})
    per_clip: Mapping[str, Mapping[str, float]] = scores.get("per_clip", {})
    best = (config.get("evaluate") or {}).get("best")
    metric = main_metric(per_clip, best)
    references = saved_predictions.read(folder / f"references-{split}.json", {}, {"*": ([str], [[EVENT]])})
    panels = saved_predictions.read(folder / f"panels-{split}.json", {}, {"*": [{"kind": str}]})
    clips = [_clip(p, references, per_clip, panels) for p in predictions]
    name = folder.resolve().name
    facts = {
        "run": name,
        "split": split,
        "clips": scores.get("clips") or f"{len(clips)}",
        "head": _type(config.get("head")),
        "seed": meta.get("seed"),
    }
    made_by = {
        "training data (hash)": meta.get("data"),
        "commit": meta.get("commit"),
        "machine": meta.get("machine"),
        "versions": meta.get("versions"),
        "plugins": meta.get("plugins"),
    }
    notes = [] if references else [f"No references-{split}.json in this folder: references are not shown."]
    read = (config.get("head") or {}).get("streams") or {}
    notes += absent_streams(read, [p.get("streams", ()) for p in predictions])
    other = other_settings(scores.get("changes", {}))
    notes = list(dict.fromkeys([*([other] if other else []), *notes, *scores.get("notes", ())]))
    shown = {
        "title": str(meta.get("config") or name),
        "summary": f"Run report: {counted(len(clips), 'clip')} of the split {split}",
        "facts": page.facts_of(facts),
        "made_by": page.facts_of(made_by),
        "best": best,
        "scores": [
            (name, value, scores.get("signatures", {}).get(name, ""))
            for name, value in values.items()
            if value is not None
        ],
        "clips": clips,
        "metric": metric,
        "details": [("Config as resolved", json.dumps(config, indent=2, ensure_ascii=False))],
        "notes": notes,
    }
    losses = config.get("losses") or {}
    watched = {name for name, spec in losses.items() if spec.get("scale") == 0}
    return shown, curves.read_charts(folder / "scalars.jsonl", watched)


def main_metric(per_clip: Mapping[str, Any], best: str | None) -> str | None:
    """The per-clip score by which clips are called best and worst."""
    names = {name.lower(): name for name in per_clip}
    wanted = [best.lower()] if best else []
    return next((names[name] for name in (*wanted, *PREFERRED) if name in names), next(iter(per_clip), None))


def _clip(
    prediction: Mapping[str, Any],
    references: Mapping[str, Any],
    per_clip: Mapping[str, Mapping[str, float]],
    panels: Mapping[str, Any],
) -> ClipView:
    clip = prediction["id"]
    scores = {name: values[clip] for name, values in per_clip.items() if values.get(clip) is not None}
    return view(prediction, references.get(clip, ()), scores, panels.get(clip, ()))


def _type(spec: object) -> str | None:
    return str(spec["type"]) if isinstance(spec, Mapping) and "type" in spec else None
