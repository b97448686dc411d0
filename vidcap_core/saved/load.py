"""A captioner by name: a bundle, a run, a model that a plugin ships, a config that comes trained, a hub id."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from vidcap_core.captioner.build import add_extractors, build_captioner, build_tokenizer, stored_tokenizer
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config import preflight
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.encoder import fingerprint
from vidcap_core.errors import CheckpointError, UserError, in_a_line
from vidcap_core.saved import assets, base, foreign, limits, words
from vidcap_core.saved.bundle import TOKENIZER, WEIGHTS, Bundle, is_bundle, open_bundle
from vidcap_core.saved.checkpoint import best_weights
from vidcap_core.saved.run import RunFolder
from vidcap_core.saved.weights import read_tensors
from vidcap_core.zoo import catalogue, other_models, plugins
from vidcap_core.zoo.fault import fault

KINDS_OF_NAMES = "a folder of a run or a bundle; a name of `vidcap list models`; hf:OWNER/NAME"


def default_model() -> str:
    """The name of the model that is used when none is named, if it is installed."""
    models = catalogue.default_models()
    if len(models) == 1:
        return models[0]
    if models:
        raise UserError(
            f"no model was named, and several plugins bring a default one: {', '.join(models)}",
            hint=f"--model {models[0]}",
        )
    if broken := plugins.broken():  # it may be one of them
        names = ", ".join(plugin.name for plugin in broken)
        raise UserError(
            f"no model was named, and no plugin that works brings a default one; broken: {names}",
            hint="vidcap plugins",
        )
    raise UserError(
        "no model was named, and the default model is not installed",
        hint="pip install vidcap-plugin-default-model, or --model with a run, a bundle or plugin/name",
    )


def load_captioner(name: str, copy: str | None = None, changes: Sequence[str] = ()) -> Captioner:
    """The captioner of a name, on the CPU; `copy` picks a kept copy of a bundle's weights.

    changes: as `--set` has them, of a config that comes trained; of a bundle or a run, where its base lies.
    """
    name, changes = resolved(name, changes)
    folder = Path(name)
    if _without_phases(name) is not None:
        return _as_it_comes(load_config(name, changes))
    if is_bundle(folder):  # also where a run lies in the same folder: what is served is what was checked
        return load_bundle(open_bundle(folder), copy, changes)
    if _is_run(folder):
        return load_run(folder, changes=changes)
    return load_bundle(find_bundle(name), copy, changes)


def resolved(name: str, changes: Sequence[str] = ()) -> tuple[str, Sequence[str]]:
    """The config behind a model of another library, with what is set in it; other names are given back as they are."""
    folder = Path(name)
    if not other_models.could_be(name) or is_bundle(folder) or _is_run(folder):
        return name, changes
    if name.startswith(other_models.HUB) and _is_bundle_of_hub(name):
        return name, changes
    if (found := other_models.config_of(name)) is None:
        other_models.refuse(name)
        return name, changes
    return found.name, (*found.changes, *changes)


def load_bundle(bundle: Bundle, copy: str | None = None, changes: Sequence[str] = ()) -> Captioner:
    """The captioner of a bundle; `copy` picks a kept copy of the weights, `changes` say where its base lies."""
    if copy is not None and copy not in bundle.copies:
        raise UserError(
            f"{bundle.path} keeps no weights named '{copy}'; it has: {', '.join(bundle.copies) or 'none'}"
        )
    with _guarded(bundle.path, "vidcap pull or vidcap export again"):
        return _of_bundle(bundle, copy, changes)


@contextmanager
def _guarded(folder: Path, hint: str) -> Iterator[None]:
    """Bound what is made of a folder that a stranger may have written, and say in a line what cannot be made of it."""
    try:
        with limits.bounded(str(folder)):
            yield
    except UserError:
        raise
    except Exception as error:  # of a component, with arguments, tensors and texts that nobody has checked
        arose = fault(error)
        place = f" (in {arose})" if arose else ""
        raise CheckpointError(
            f"{folder}: no captioner can be made of it: {in_a_line(error)}{place}",
            hint=f"{hint}; with --debug, the whole error",
        ) from error


def _of_bundle(bundle: Bundle, copy: str | None, changes: Sequence[str]) -> Captioner:
    weights = bundle.path / (WEIGHTS if copy is None else f"keep-{copy}.safetensors")
    limits.check_size(weights)
    known = bundle.index.get("extract", {})
    if not isinstance(known, dict):
        raise CheckpointError(f"{bundle.path} is damaged: its index names no encoders under 'extract'")
    left_out = base.read(bundle.index.get("base"), str(bundle.path))
    config = base.moved(bundle.config, changes, left_out, str(bundle.path))
    with foreign.building(config) as recipe:
        state = foreign.read_dict(bundle.path / TOKENIZER, hint="vidcap pull or vidcap export again")
        given = None if "head" in left_out else assets.of_head(bundle.path, bundle.index["files"])
        preflight.check_stored(recipe, head=given is None, settable=base.keys(left_out))
        captioner = build_captioner(recipe, stored_tokenizer(recipe, state), head_assets=given)
        assets.read(captioner, bundle.path, bundle.index["files"])
        base.put(captioner, read_tensors(weights), left_out, str(weights))
        add_extractors(captioner, recipe)
        for stream in recipe.extract:
            if stream in known and fingerprint(captioner.encoders[stream]) != known[stream]:
                raise CheckpointError(
                    f"{bundle.path}: the encoder of the stream '{stream}' has other weights here than it was "
                    "trained on",
                    hint="install the version of them that the card names",
                )
    return captioner.eval()


class StoredRun(NamedTuple):
    """The captioner of a run with its best weights, its config, and the base that those weights leave out."""

    captioner: Captioner
    config: Config
    base: base.Base


def load_run(folder: Path, extractors: bool = True, changes: Sequence[str] = ()) -> Captioner:
    """The captioner of a run with its best weights, by default with the encoders that read raw files."""
    return read_run(folder, extractors, changes).captioner


def read_run(folder: Path, extractors: bool = True, changes: Sequence[str] = ()) -> StoredRun:
    """The same with what it was read from; `changes` say where its base lies."""
    with _guarded(folder, "--resume its training, or train anew elsewhere"):
        return _of_run(folder, extractors, changes)


def _of_run(folder: Path, extractors: bool, changes: Sequence[str]) -> StoredRun:
    run = RunFolder(folder)
    foreign.check_links(folder)
    stored = run.resolved()
    foreign.captioning_part(stored)  # refused before any file of weights is opened
    best = best_weights(run.checkpoints) if stored.get("phases", True) else None
    left_out = base.for_captions(best.base) if best is not None else {}
    config = base.moved(stored, changes, left_out, str(folder))
    with foreign.building(config) as recipe:
        left_out = base.renewed(left_out, recipe)
        state = run.read(run.tokenizer)
        words.check(state, best.tokenizer if best is not None else None, run.tokenizer)
        tokenizer = stored_tokenizer(recipe, state)
        given = head_assets(run, left_out) if best is not None else None
        settable = base.keys(left_out)
        preflight.check_stored(recipe, head=given is None, extractors=extractors, settable=settable)
        captioner = build_captioner(recipe, tokenizer, head_assets=given)
        assets.restore(captioner, run.assets)
        if best is not None:
            own = {key: value for key, value in best.weights.items() if not key.startswith("losses.")}
            base.put(captioner, own, left_out, best.source)
        if extractors:
            add_extractors(captioner, recipe)
    return StoredRun(captioner.eval(), config, left_out)


def head_assets(run: RunFolder, left_out: base.Base) -> dict[str, Any] | None:
    """What a run's head is built of, before weights that leave out this base; None: of what its config names."""
    return None if "head" in left_out else assets.of_head(run.assets, assets.checked(run.assets))


def holds_head(run: RunFolder) -> bool:
    """Whether a run has what its head is built of and weights that follow, unless those leave out the head's base."""
    return (run.assets / f"{assets.HEAD}.json").is_file() and any(run.checkpoints.glob("*.pt"))


def find_bundle(name: str) -> Bundle:
    """The bundle behind a folder, a model that a plugin ships (`vidcap list models`), or a hub id."""
    if Path(name).is_dir():
        return open_bundle(Path(name))
    owner, slash, short = name.partition("/")
    if owner in plugins.discover():
        plugin = plugins.get(owner)
        for model, folder in plugin.bundles().items():
            if name in (model, f"{owner}/{folder.name}"):
                return open_bundle(folder)
        if short in plugin.config_names():
            raise UserError(
                f"no weights are known for '{name}': it is a config that still has to be trained",
                hint=f"vidcap-run {name} && vidcap export runs/{owner}-{short} -o my-model; or vidcap pull ID -o DIR",
            )
        which = f" '{short}'" if slash else ""
        raise UserError(f"plugin '{owner}' ships no bundle{which}", hint="vidcap list models")
    if name.startswith("hf:"):
        return _of_hub(name)
    if slash and not short.startswith(".") and "/" not in short and not _is_local(owner):
        print(
            f"note: there is no folder {name}, so it is the model hf:{name} of the Hugging Face hub",
            file=sys.stderr,
        )
        return _of_hub(name)
    there = sorted(str(path) for path in Path(name).parent.glob("*/") if path.is_dir()) if slash else []
    known = [*there, *(row["name"] for row in catalogue.rows("models"))]
    close = difflib.get_close_matches(name, known, n=1)
    suggestion = f"; did you mean '{close[0]}'?" if close else ""
    raise UserError(f"there is no bundle, run or model '{name}'{suggestion}", hint=KINDS_OF_NAMES)


def _of_hub(name: str) -> Bundle:
    from vidcap_core.saved import hub  # huggingface_hub takes a second to import

    return open_bundle(hub.cached(name))


def _is_bundle_of_hub(name: str) -> bool:
    from vidcap_core.saved import hub

    return hub.holds_bundle(name)


def _is_run(folder: Path) -> bool:
    return (folder / "config.json").is_file() and (folder / "checkpoints").is_dir()


def _is_local(owner: str) -> bool:
    """Whether OWNER of OWNER/NAME is a folder here, or the one where runs lie."""
    return owner in ("runs", "", "~") or owner.startswith(".") or Path(owner).is_dir()


def _without_phases(name: str) -> Config | None:
    """The config of this name, where it is one that needs no training."""
    if Path(name).is_dir() or not ("/" in name or name.endswith(".py")):
        return None
    try:
        config = load_config(name)
    except UserError:  # a bundle's name, or nothing at all: that is told where bundles are looked for
        return None
    return None if config.get("phases", True) else config


def _as_it_comes(config: Config) -> Captioner:
    """The captioner of a config without phases, whose parts are pretrained."""
    recipe = validate(config)
    preflight.check(recipe, splits=())
    captioner = build_captioner(recipe, build_tokenizer(recipe, None))
    add_extractors(captioner, recipe)
    return captioner.eval()
