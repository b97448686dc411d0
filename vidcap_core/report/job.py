"""The page of a caption job: files in, captions and a picture of why out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidcap_core.report import page, store
from vidcap_core.report.clips import view
from vidcap_core.types import Prediction


def write_job_report(
    predictions: Sequence[Prediction],
    out: Path,
    about: Mapping[str, Any] | None = None,
    failed: Mapping[str, str] | None = None,
    frames: int | None = None,
) -> Path:
    """One HTML file over predictions; `about` says which model made them, `failed` why files were skipped."""
    names = Counter(p.clip.id for p in predictions)
    clips = [
        view(
            # two files of one name are told apart by where they lie
            {
                **store.prediction_data(p),
                "id": p.clip.id if names[p.clip.id] == 1 else p.clip.path or p.clip.id,
            },
            panels=store.panels_data([p]).get(p.clip.id, ()),
        )
        for p in predictions
    ]
    facts = page.facts_of({"clips": f"{len(clips):,}", **(about or {})})
    skipped = "\n".join(f"{name}: {reason}" for name, reason in (failed or {}).items())
    shown = page.Page(
        title="Captions",
        summary=f"Caption job: {len(clips):,} clips" + (f", {len(failed):,} files skipped" if failed else ""),
        facts=facts,
        clips=clips,
        details=[("Skipped files", skipped)] if skipped else [],
    )
    return page.write(shown, out, frames)
