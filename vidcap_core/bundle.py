"""A bundle: a captioner in one folder, as data and tensors only, ready to caption."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vidcap_core import build, config, plugins, registry
from vidcap_core.captioner import Captioner
from vidcap_core.config import Config
from vidcap_core.encoders.base import fingerprint
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.weights import put_weights

FORMAT = 1
INDEX = "bundle.json"
WEIGHTS = "weights.safetensors"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A checked bundle folder."""

    path: Path
    index: dict[str, Any]

    @property
    def config(self) -> Config:
        """The config as data; nothing in a bundle is ever executed."""
        return config.from_json(json.dumps(self.index["config"]), f"{self.path.name}/{INDEX}")

    @property
    def copies(self) -> list[str]:
        """Names of the kept copies of the weights."""
        return sorted(
            name[len("keep-") : -len(".safetensors")]
            for name in self.index["files"]
            if name.startswith("keep-")
        )


def save(
    folder: Path,
    captioner: Captioner,
    run_config: Config,
    provenance: Mapping[str, Any],
    copies: Mapping[str, Mapping[str, Any]] | None = None,
    card: Path | None = None,
) -> Path:
    """Write a bundle whole or not at all; an existing folder is never overwritten."""
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} exists already", hint="-o another folder")
    captioning_part(run_config)  # what could not be loaded again is not written
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _write_tensors(captioner.state_dict(), part / WEIGHTS)
        for name, weights in (copies or {}).items():
            _write_tensors(weights, part / f"keep-{name}.safetensors")
        (part / TOKENIZER).write_text(
            json.dumps(captioner.tokenizer.state(), ensure_ascii=False), encoding="utf-8"
        )
        for name, encoder in captioner.encoders.items():
            if getattr(encoder, "reads", "") == "streams":
                _write_assets(encoder.assets(), part, name)  # type: ignore[operator]
        if card is not None:
            shutil.copyfile(card, part / "card.yaml")
        files = {path.name: sha256(path) for path in sorted(part.iterdir())}
        index = {
            "format": FORMAT,
            "config": run_config.data,
            "provenance": dict(provenance),
            "files": files,
            "extract": _hashes(run_config),
        }
        (part / INDEX).write_text(json.dumps(index, indent=1, ensure_ascii=False), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        os.replace(part, folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise UserError(
            f"{folder} could not be written: {error.strerror}", hint="-o DIR with room and permission"
        ) from error
    return folder


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle's index and check every file's hash."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} is no bundle: it has no {INDEX}", hint="vidcap export RUN -o DIR makes one"
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{folder / INDEX} is damaged: {error}") from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder} has another bundle format than {FORMAT}, the one that this vidcap-core reads"
        )
    if not isinstance(index.get("files"), dict) or not isinstance(index.get("config"), dict):
        raise CheckpointError(f"{folder / INDEX} is damaged: it lists no files, or no config")
    for name in (WEIGHTS, TOKENIZER):
        if name not in index["files"]:
            raise CheckpointError(f"{folder / INDEX} has no hash for {name}")
    for name, wanted in index["files"].items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise CheckpointError(f"{folder} lacks the file {name}")
        if sha256(path) != wanted:
            raise CheckpointError(f"{path} is not the file that was exported: its sha256 differs")
    return Bundle(folder, index)


def load(bundle: Bundle, copy: str | None = None, device: str = "cpu") -> Captioner:
    """Build the captioner of a bundle; `copy` picks a kept copy of the weights."""
    data = captioning_part(bundle.config)
    spec = data.get("tokenizer") or {"type": "Vocabulary"}
    state = json.loads((bundle.path / TOKENIZER).read_text(encoding="utf-8"))
    captioner = build.captioner(data, registry.TOKENIZERS.load(spec["type"]).from_state(state), losses=False)
    if copy is not None and copy not in bundle.copies:
        raise UserError(
            f"{bundle.path} keeps no weights named '{copy}'; it has: {', '.join(bundle.copies) or 'none'}"
        )
    name = WEIGHTS if copy is None else f"keep-{copy}.safetensors"
    for encoder_name, encoder in captioner.encoders.items():
        if getattr(encoder, "reads", "") == "streams":
            encoder.load_assets(_read_assets(bundle, encoder_name))  # type: ignore[operator]
    put_weights(captioner, _read_tensors(bundle.path / name), str(bundle.path / name))
    build.add_extractors(captioner, data)
    known = bundle.index.get("extract", {})
    for stream in data.get("extract", {}):
        if stream in known and fingerprint(captioner.encoders[stream]) != known[stream]:
            raise CheckpointError(
                f"{bundle.path}: the encoder of the stream '{stream}' has other weights here than it was trained on",
                hint="install the version of them that the card names",
            )
    return captioner.to(device).eval()


def captioning_part(of: Config) -> Config:
    """What captioning needs of a config, which may come from a stranger: installed components, by name only.

    A dotted path could name anything that is importable (`os:system`), so it is refused.
    """
    kept = {
        key: of[key]
        for key in ("method", "tokenizer", "encoders", "extract", "head", "generate")
        if key in of
    }
    if not isinstance(kept.get("head"), dict):
        raise CheckpointError(f"{of.name} has no head")
    for name in _types(kept):
        owner, dot, _ = str(name).rpartition(".")
        if not isinstance(name, str) or ":" in name or (dot and owner not in plugins.discover()):
            raise CheckpointError(
                f"{of.name} asks for '{name}'; a bundle may only name components of installed plugins",
                hint="declare it in a plugin (docs/plugins.md), and export again",
            )
    return Config(of.name, kept)


def _types(node: Any) -> Iterator[Any]:
    """Every value of a key `type`, however deep."""
    if isinstance(node, dict):
        if "type" in node:
            yield node["type"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _types(item)


def find(name: str) -> Bundle:
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
    if slash and not short.startswith(".") and "/" not in short:
        from vidcap_core import hub  # huggingface_hub takes a second to import

        return open_bundle(hub.cached(name))
    raise UserError(f"there is no bundle, run or model '{name}'", hint="vidcap list models")


def sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _hashes(of: Config) -> dict[str, str]:
    """Stream -> hash of the weights of the encoder that makes it from a file: they stay where they came from."""
    return {
        stream: fingerprint(build.component(registry.ENCODERS, spec))
        for stream, spec in of.get("extract", {}).items()
        if stream not in of.get("encoders", {})
    }


def _write_tensors(weights: Mapping[str, Any], path: Path) -> None:
    # a tensor that two names share is written twice: safetensors refuses shared memory
    save_file({key: value.detach().cpu().contiguous().clone() for key, value in weights.items()}, str(path))


def _read_tensors(path: Path) -> dict[str, Any]:
    try:
        return load_file(str(path))
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _write_assets(assets: Mapping[str, Any], folder: Path, name: str) -> None:
    """An encoder's assets: arrays as safetensors, the rest as JSON."""
    import torch

    arrays = {key: torch.as_tensor(value) for key, value in assets.items() if hasattr(value, "shape")}
    plain = {key: value for key, value in assets.items() if key not in arrays}
    _write_tensors(arrays, folder / f"assets-{name}.safetensors")
    (folder / f"assets-{name}.json").write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")


def _read_assets(bundle: Bundle, name: str) -> dict[str, Any]:
    for file in (f"assets-{name}.safetensors", f"assets-{name}.json"):
        if file not in bundle.index["files"]:
            raise CheckpointError(f"{bundle.path / INDEX} has no hash for {file}")
    arrays = _read_tensors(bundle.path / f"assets-{name}.safetensors")
    plain = json.loads((bundle.path / f"assets-{name}.json").read_text(encoding="utf-8"))
    return {**{key: value.numpy() for key, value in arrays.items()}, **plain}
