"""A run's captioner as a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.errors import UserError
from vidcap_core.saved import base, bundle, checkpoint
from vidcap_core.saved.load import read_run
from vidcap_core.saved.run import RunFolder
from vidcap_core.zoo import plugins
from vidcap_metrics.files.atomic import check_writable, whole_folder


def export(run: Path, out: Path, whole: bool = False, changes: Sequence[str] = ()) -> Path:
    """Best weights, named copies, config, tokenizer, assets and card of a run, as a bundle.

    whole: with the base that the run leaves out, so that the bundle needs it no more; changes: where that base lies.
    """
    if bundle.is_bundle(run):
        raise UserError(f"{run} is a bundle already", hint="vidcap export runs/NAME -o DIR")
    folder = RunFolder(run)
    if not folder.config.is_file():
        raise UserError(f"{run} holds no run", hint="vidcap export runs/NAME -o DIR")
    try:
        check_writable(out)
    except OSError as error:
        raise bundle.unwritable(out, error) from error
    captioner, config, left_out = read_run(run, extractors=False, changes=changes)
    copies = {
        path.stem.removeprefix("keep-"): _copy(path, captioner)
        for path in sorted(folder.checkpoints.glob("keep-*.pt"))
    }
    method = config.get("method")
    plugin = plugins.get(method) if method else None
    card = plugin.card if plugin else None
    distribution = plugin.distribution if plugin and plugin.name != "core" else ""
    provenance = folder.read(folder.meta)
    scored = {
        split: folder.read(path) for split in ("val", "test") if (path := folder.scores(split)).is_file()
    }
    scores = {split: read["values"] for split, read in scored.items()}
    clips = {split: read["clips"] for split, read in scored.items() if "clips" in read}
    provenance = {**provenance, "scores": scores, "clips": clips}
    left_out = {} if whole else left_out
    return bundle.save(out, captioner, config, provenance, copies, card, left_out, distribution)


def export_model(run: Path, out: Path, changes: Sequence[str] = ()) -> Path:
    """The model of a run's head in the form of the library that it came from, what was trained folded in."""
    folder = RunFolder(run)
    if bundle.is_bundle(run) or not folder.config.is_file():
        raise UserError(f"{run} holds no run", hint="vidcap export runs/NAME -o DIR --merged")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} exists already", hint="-o another folder")
    captioner = read_run(run, extractors=False, changes=changes).captioner
    try:
        with whole_folder(out) as part:
            part.mkdir(parents=True)
            captioner.head.write_model(part)
    except OSError as error:
        raise bundle.unwritable(out, error) from error
    return out


def _copy(path: Path, captioner: Captioner) -> dict[str, Any]:
    """A named copy, whole, without the weights of the losses, which only training has."""
    content = checkpoint.load(path)
    left_out = base.for_captions(base.read(content.get("base"), str(path)))
    own = captioner.state_dict()
    base.check(own, left_out, str(path))
    weights: dict[str, Any] = base.within(own, content["weights"], left_out)
    return {name: value for name, value in weights.items() if not name.startswith("losses.")}
