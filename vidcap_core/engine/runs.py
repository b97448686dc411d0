"""Train, test and predict: the Python face of `vidcap-run`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vidcap_core.captioner.build import stored_tokenizer
from vidcap_core.captioner.panels import panel_warnings
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.recipe import Recipe
from vidcap_core.config.validate import validate
from vidcap_core.contracts.tokenizer import Tokenizer
from vidcap_core.contracts.types import Prediction
from vidcap_core.engine import (
    checks,
    compiling,
    hooks,
    launch,
    mm,
    out_of_memory,
    sharding,
    shared_folder,
    state,
    trial,
)
from vidcap_core.engine.evaluate import Evaluation, caption, score
from vidcap_core.engine.runner import CaptionRunner
from vidcap_core.engine.start import start
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError, in_a_line
from vidcap_core.report.run_page import write_run_report
from vidcap_core.saved import assets, base, checkpoint, words
from vidcap_core.saved import predictions as saved_predictions
from vidcap_core.saved.foreign import check_links
from vidcap_core.saved.load import head_assets
from vidcap_core.saved.run import (
    RunFolder,
    changes,
    check_folder,
    clear,
    default_path,
    locked,
    make_folder,
    other_settings,
    refuse_unwritable,
)
from vidcap_metrics.files.atomic import write_json

AGAIN = "the same command again"


def train(
    config: str | Path | Config | Recipe,
    *,
    work_dir: str | Path | None = None,
    resume: bool = False,
    force_resume: bool = False,
    device: str | None = None,
    quiet: bool = False,
) -> RunFolder:
    """Run all phases of a config, then score the best weights; returns the run folder."""
    recipe = _recipe(config)
    hooks.check(recipe)
    with launch.processes(device) as own_device:
        folder = RunFolder(Path(work_dir) if work_dir else default_path(recipe.config))
        resume = resume or force_resume
        seen = checkpoint.numbered(folder.checkpoints)
        newest, notes = checkpoint.latest(folder.checkpoints) if resume else (None, [])
        left_out = {} if newest is None else base.read(newest.get("base"), "the newest checkpoint")
        settable = base.keys(left_out)
        check_folder(folder, recipe.config, resume, force_resume, settable)
        if mm.is_main():
            refuse_unwritable(folder.path)
        begun = folder.config.is_file()
        mm.set_random_seed(recipe.seed)
        checks.check_names(recipe)
        tokenizer = _stored_tokenizer(folder, recipe, (newest or {}).get("tokenizer")) if resume else None
        learnt = resume and _learnt(folder, force_resume)
        # without a checkpoint the head must come with its own weights
        given = None if newest is None else head_assets(folder, left_out)
        training = Training(recipe, folder, own_device, tokenizer, learnt, given)
        training.resumed = newest
        begins = newest is None
        del newest  # it is large, and held until it is restored
        checks.check(training)
        started = list(start(training.captioner, recipe.start).lines()) if recipe.start and begins else []
        if training.resumed is None:
            trial.check(training)
        mm.wait_for_all()  # every process has looked at the folder before one writes into it
        with ExitStack() as held:
            refusal: UserError | None = None
            if mm.is_main():  # only now: a run whose data are missing leaves nothing behind
                try:
                    held.enter_context(locked(folder))
                    _write(training, resume, force_resume, begun, settable)
                    if checkpoint.numbered(folder.checkpoints) != seen:
                        raise UserError(f"another process went on with {folder.path} meanwhile", hint=AGAIN)
                except UserError as error:
                    refusal = error
            refusal = mm.from_main(refusal)  # the others would wait for the first one for ever
            if refusal is not None:
                raise refusal
            shared_folder.check(folder.path)
            try:
                over = _run(training, resume, [*notes, *started], quiet) if recipe.phases else True
            except (RuntimeError, MemoryError) as error:
                if out_of_memory.is_out_of_memory(error):
                    raise _too_big(training, error) from error
                raise
            if over:
                _finish(training, quiet)
    return folder


def test(
    config: str | Path | Config | Recipe,
    *,
    work_dir: str | Path | None = None,
    split: str = "test",
    device: str | None = None,
    quiet: bool = False,
) -> Evaluation | None:
    """Score the best weights of a run on a split; writes predictions, scores and the report."""
    with launch.processes(device) as own_device:
        training = _trained(_recipe(config), work_dir, own_device, split)
        return _score(training, split, quiet)


def predict(
    config: str | Path | Config | Recipe,
    *,
    work_dir: str | Path | None = None,
    split: str = "test",
    device: str | None = None,
    quiet: bool = False,
) -> list[Prediction]:
    """Caption a split with the best weights of a run, without scoring it."""
    with launch.processes(device) as own_device:
        training = _trained(_recipe(config), work_dir, own_device, split)
        predictions = caption(training.captioner, training, training.evaluation_dataset(split))
        if mm.is_main():
            write_json(
                training.folder.predictions(split),
                [saved_predictions.prediction_data(p) for p in predictions],
            )
            if not quiet and (other := other_settings(changes(training.folder, training.recipe.config))):
                print(f"note: {other}")
        return predictions


def _write(training: Training, resume: bool, force: bool, begun: bool, settable: Collection[str]) -> None:
    """Begin a run in its folder, which is locked: what was seen of it before may have changed since."""
    folder, config = training.folder, training.recipe.config
    check_folder(folder, config, resume, force, settable)
    if folder.config.is_file() != begun:
        raise UserError(f"another process began a run in {folder.path} meanwhile", hint=AGAIN)
    if begun and not resume:
        clear(folder)
    make_folder(folder, config, force, meta=training.provenance, tokenizer=training.tokenizer.state())
    assets.store(training.captioner, folder.assets)


def _run(training: Training, resume: bool, notes: Sequence[str], quiet: bool) -> bool:
    """All phases, or what is left of them; False where the time was over before them."""
    runtime = training.runtime
    compiling.prepare(training.captioner, runtime.compile, runtime.checkpointing, training.device)
    runner = CaptionRunner(training, mm.is_distributed(), quiet, hooks.build(training.recipe))
    try:
        for note in notes:
            training.tracker.say(note)
        if resume:
            _restore(runner, training)
        trained = training.runtime.save == "trained"
        training.base = mm.from_main(_base(training) if trained and mm.is_main() else {})
        for at, part in training.base.items():
            training.tracker.say(f"not stored, as it does not train: {base.described(at, part)}")
        runner.train()
    finally:
        training.tracker.close()
    return not runner.loop.out_of_time


def _finish(training: Training, quiet: bool) -> None:
    if training.recipe.phases:
        best = checkpoint.best_weights(training.folder.checkpoints)
        sharding.set_weights(training.captioner, best.weights, best.base, best.source, training.base)
        training.tracker.say(f"training is done; scoring {best.source}")
    _score(training, training.evaluate.split, quiet)


def _score(training: Training, split: str, quiet: bool) -> Evaluation | None:
    """Predictions, then scores, then the page: what fails does not cost what came before."""
    dataset, folder = training.evaluation_dataset(split), training.folder
    predictions = caption(training.captioner, training, dataset, training.evaluate.panels)
    if not mm.is_main():
        return None
    write_json(folder.predictions(split), [saved_predictions.prediction_data(p) for p in predictions])
    changed = changes(folder, training.recipe.config)
    result = replace(score(training.captioner, training, split, predictions), changes=changed)
    write_json(folder.scores(split), result.to_json(split))
    for line in panel_warnings(predictions):
        print(f"warning: {line}", file=sys.stderr)
    report = _report(training, split, predictions)
    if not quiet:
        print(f"{split}  {result.line(folder.scores(split).name, training.evaluate.best)}")
        other = other_settings(changed)
        for note in ([other] if other else []) + list(result.notes):
            print(f"  note: {note}")
        if report is not None:
            print(f"report: {report}")
    return result


def _report(training: Training, split: str, predictions: list[Prediction]) -> Path | None:
    """The page over a scored split; None, and a warning, where it fails."""
    folder = training.folder
    try:
        saved_predictions.write(folder.path, split, predictions, training.evaluation_dataset(split))
        return write_run_report(folder.path, split)
    except Exception as error:  # whatever a page trips over, the run is over and must count
        scored = f"{folder.predictions(split)} and {folder.scores(split).name} are written"
        again = f"vidcap report {folder.path} --split {split}"
        print(f"warning: no report: {in_a_line(error)}; {scored}; try: {again}", file=sys.stderr)
        return None


def _recipe(config: str | Path | Config | Recipe) -> Recipe:
    """The recipe of a config, which may be given by name."""
    if isinstance(config, Recipe):
        return config
    return validate(load_config(config) if isinstance(config, (str, Path)) else config)


def _trained(recipe: Recipe, work_dir: str | Path | None, device: str, split: str) -> Training:
    if split not in recipe.data:
        raise UserError(f"data has no '{split}'; it has {', '.join(recipe.data)}", hint="--split NAME")
    folder = RunFolder(Path(work_dir) if work_dir else default_path(recipe.config))
    check_links(folder.path)
    if not folder.config.is_file():
        raise UserError(
            f"{folder.path} holds no run", hint=f"vidcap-run {recipe.name} train --work-dir {folder.path}"
        )
    mm.set_random_seed(recipe.seed)
    best = checkpoint.best_weights(folder.checkpoints) if recipe.phases else None
    given = head_assets(folder, best.base) if best is not None else None
    tokenizer = _stored_tokenizer(folder, recipe, best.tokenizer if best is not None else None)
    training = Training(recipe, folder, device, tokenizer, True, given)
    if best is not None:
        base.put(training.captioner, best.weights, best.base, best.source)
    training.captioner.to(device)
    return training


def _base(training: Training) -> dict[str, dict[str, Any]]:
    """What the checkpoints of a run leave out: as the one it goes on from did, unless another part trains now."""
    changing = base.changed_by(training.captioner, training.recipe.phases)
    if training.base and not any(changing & set(part["tensors"]) for part in training.base.values()):
        return base.renewed(training.base, training.recipe)
    before = state.random_state()
    torch.manual_seed(training.recipe.seed + 1)  # what is drawn must not come out the same by chance
    try:
        return base.base_of(training.captioner, training.recipe)
    finally:
        state.set_random_state(before)


def _restore(runner: CaptionRunner, training: Training) -> None:
    content, training.resumed = training.resumed, None
    if content is None:
        training.tracker.say("no checkpoint yet: starting from the beginning")
        training.tracker.start()
        return
    runner.loop.restore(content)
    training.tracker.say(f"going on after step {content['progress']['step']}")


def _stored_tokenizer(folder: RunFolder, recipe: Recipe, known: str | None) -> Tokenizer | None:
    """The tokenizer of a run, which must be the one that its weights were trained with."""
    if not folder.tokenizer.is_file():
        return None
    state = folder.read(folder.tokenizer)
    words.check(state, known, folder.tokenizer)
    return stored_tokenizer(recipe, state)


def _learnt(folder: RunFolder, force: bool) -> bool:
    """Whether derived encoders go on with what they learnt: unless nothing was trained on it yet, or by force."""
    return folder.assets.is_dir() or (not force and bool(checkpoint.numbered(folder.checkpoints)))


def _too_big(training: Training, error: BaseException) -> UserError:
    batches = [phase.batch for phase in training.recipe.phases]
    saved = bool(checkpoint.numbered(training.folder.checkpoints))
    return out_of_memory.refusal(error, training.doing, training.runtime, batches, saved)
