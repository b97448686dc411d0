"""Checkpoints as their authors publish them: read without running anything, and turned into bundles."""

from __future__ import annotations

import argparse
import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from vidcap_core.captioner.build import build_captioner, stored_tokenizer
from vidcap_core.config.files import Config
from vidcap_core.contracts.importer import Importer
from vidcap_core.errors import CheckpointError, PluginError, UserError
from vidcap_core.files.hashing import hash_file
from vidcap_core.saved import bundle, checkpoint, foreign, limits
from vidcap_core.saved.weights import put_weights, read_tensors
from vidcap_core.zoo import plugins
from vidcap_metrics.files.atomic import check_writable


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a published checkpoint holds, as plain data and tensors; `.safetensors`, or a file that torch wrote."""
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such checkpoint")
    limits.check_size(path)
    if path.suffix == ".safetensors":
        return dict(read_tensors(path))
    with torch.serialization.safe_globals([argparse.Namespace]):  # options are often kept in one: data alone
        content = checkpoint.read_plain(path, "cpu")
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, not a table of weights")
    return dict(content)


def importers() -> dict[str, str]:
    """Every importer by name, and the plugin that offers it."""
    return {name: plugin.name for plugin in plugins.discover().values() for name in plugin.importers}


def find(name: str) -> tuple[plugins.Plugin, Importer]:
    """The importer of a name, and the plugin that offers it."""
    owners = importers()
    if name not in owners:
        close = difflib.get_close_matches(name, owners, n=1)
        meant = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(owners)) or 'none'}"
        raise PluginError(f"no installed plugin imports '{name}'; {meant}", hint="vidcap plugins")
    plugin = plugins.get(owners[name])
    module, _, attribute = plugin.importers[name].partition(":")
    importer = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(importer, Importer):
        raise PluginError(f"plugin '{plugin.name}': {plugin.importers[name]} is no Importer")
    return plugin, importer


def import_checkpoint(name: str, path: Path, files: Mapping[str, Path], out: Path) -> Path:
    """A bundle of a published checkpoint."""
    plugin, importer = find(name)
    _check_files(name, importer, files)
    try:
        check_writable(out)
    except OSError as error:
        raise bundle.unwritable(out, error) from error
    made = importer.convert(read_checkpoint(path), files)
    config = Config(str(path), dict(made.config))
    with limits.bounded(str(path)), foreign.building(config) as recipe:
        captioner = build_captioner(recipe, stored_tokenizer(recipe, dict(made.tokenizer)))
        put_weights(captioner.head, made.weights, str(path))
        for name, weights in made.encoders.items():
            put_weights(captioner.encoders[name], weights, str(path))
    origin = {"importer": f"{plugin.name} {plugin.version}", "file": path.name, "sha256": hash_file(path)}
    distribution = plugin.distribution if plugin.name != "core" else ""
    return bundle.save(
        out, captioner.eval(), config, {"imported": origin}, card=plugin.card, distribution=distribution
    )


def _check_files(name: str, importer: Importer, files: Mapping[str, Path]) -> None:
    known = {**importer.needs, **importer.takes}
    for key, path in files.items():
        if key not in known:
            listed = "; ".join(f"{each}: {what}" for each, what in known.items()) or "none"
            raise UserError(f"--file {key}: the importer '{name}' takes no such file; it takes {listed}")
        if not path.exists():
            raise UserError(f"--file {key}: there is no {path}")
    for key, what in importer.needs.items():
        if key not in files:
            raise UserError(f"the importer '{name}' needs {what}", hint=f"--file {key}=FILE")
