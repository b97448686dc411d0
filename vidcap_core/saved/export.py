"""A run's captioner as a bundle."""

from __future__ import annotations

from pathlib import Path

from vidcap_core.errors import UserError
from vidcap_core.saved import bundle, checkpoint
from vidcap_core.saved.load import load_run
from vidcap_core.saved.run import RunFolder
from vidcap_core.zoo import plugins


def export(run: Path, out: Path) -> Path:
    """Best weights, named copies, config, tokenizer, assets and card of a run, as a bundle."""
    if bundle.is_bundle(run):
        raise UserError(f"{run} is a bundle already", hint="vidcap export runs/NAME -o DIR")
    folder = RunFolder(run)
    if not folder.config.is_file():
        raise UserError(f"{run} holds no run", hint="vidcap export runs/NAME -o DIR")
    captioner = load_run(run, extractors=False)
    run_config = folder.resolved()
    copies = {
        path.stem.removeprefix("keep-"): _inference(checkpoint.load(path)["weights"])
        for path in sorted(folder.checkpoints.glob("keep-*.pt"))
    }
    method = run_config.get("method")
    card = plugins.get(method).card if method else None
    provenance = folder.read(folder.meta)
    scores = {
        split: folder.read(path)["values"]
        for split in ("val", "test")
        if (path := folder.scores(split)).is_file()
    }
    return bundle.save(out, captioner, run_config, {**provenance, "scores": scores}, copies, card)


def _inference(weights: dict[str, object]) -> dict[str, object]:
    """Weights without those of the losses, which only training has."""
    return {name: value for name, value in weights.items() if not name.startswith("losses.")}
