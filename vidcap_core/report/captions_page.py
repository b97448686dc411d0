"""The page of a caption job: files in, captions and a picture of why out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap_core.contracts.types import Prediction
from vidcap_core.report import page
from vidcap_core.report.clips import ClipView, view
from vidcap_core.saved import predictions as saved_predictions
from vidcap_metrics.counted import counted


def write_job_report(
    predictions: Sequence[Prediction],
    out: Path,
    about: Mapping[str, Any] | None = None,
    failed: Mapping[str, str] | None = None,
    frames: int | None = None,
) -> Path:
    """One HTML file over predictions; `about` says which model made them, `failed` why files were skipped."""
    names = Counter(p.clip.id for p in predictions)
    # two files of one name are told apart by where they lie
    titles = [p.clip.id if names[p.clip.id] == 1 else p.clip.path or p.clip.id for p in predictions]
    clips = [
        clip
        for title, prediction in zip(titles, predictions, strict=True)
        for clip in _views(title, prediction)
    ]
    facts = page.facts_of({"files": f"{len(predictions):,}", **(about or {})})
    skipped = "\n".join(f"{name}: {reason}" for name, reason in (failed or {}).items())
    shown = page.Page(
        title="Captions",
        summary=f"Caption job: {counted(len(predictions), 'file')}"
        + (f", {len(failed):,} skipped" if failed else ""),
        facts=facts,
        clips=clips,
        details=[("Skipped files", skipped)] if skipped else [],
    )
    return page.write(shown, out, frames)


def _views(title: str, prediction: Prediction) -> Iterator[ClipView]:
    """A file as one clip; where each event has attention of its own, then the events one by one."""
    data = {**saved_predictions.prediction_data(prediction), "id": title}
    panels = saved_predictions.panels_data([prediction]).get(prediction.clip.id, [])
    looks: dict[int, list[dict[str, Any]]] = {}
    for panel in panels:
        if len(prediction.events) > 1 and panel.get("event") is not None:
            looks.setdefault(panel["event"], []).append({**panel, "event": None})
    yield view(data, panels=panels if not looks else [p for p in panels if p.get("event") is None])
    for index, event in enumerate(data["events"]):
        if index in looks:
            span = [event["start"], event["end"]]
            name = f"{title}, {span[0]:.1f} – {span[1]:.1f} s"
            event_data = {**data, "id": name, "text": event["text"], "span": span, "events": [event]}
            event_data["n_best"] = data["n_best"][index : index + 1] if "n_best" in data else ()
            yield view(event_data, panels=looks[index])
