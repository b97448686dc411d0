"""A bundle: a captioner in one folder, as data and tensors only, ready to caption."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config import preflight
from vidcap_core.config.files import Config, config_from_json
from vidcap_core.contracts.encoder import fingerprint
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.files.hashing import hash_file
from vidcap_core.files.json_text import read_object
from vidcap_core.saved import assets, base, foreign
from vidcap_core.saved.model_card import model_card
from vidcap_core.saved.weights import write_tensors
from vidcap_metrics.files.atomic import remove_parts, whole_folder, write_json, write_text

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
        return config_from_json(json.dumps(self.index["config"]), str(self.path / INDEX))

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
    left_out: base.Base | None = None,
    distribution: str = "",
) -> Path:
    """Write a bundle whole or not at all; an existing folder is never overwritten.

    left_out: what it does not hold; distribution: the plugin that it needs.
    """
    left_out = left_out or {}
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} exists already", hint="-o another folder")
    foreign.captioning_part(run_config)  # what could not be loaded again is not written
    remove_parts(folder.parent, folder.name)  # of an export that was killed
    try:
        with whole_folder(folder) as part:
            part.mkdir(parents=True)
            write_tensors(base.without(captioner.state_dict(), left_out), part / WEIGHTS)
            for name, weights in (copies or {}).items():
                own = base.without(weights, left_out)
                write_tensors(own, part / f"keep-{name}.safetensors", beside=part / WEIGHTS)
            (part / TOKENIZER).write_text(
                json.dumps(captioner.tokenizer.state(), ensure_ascii=False), encoding="utf-8"
            )
            assets.write(captioner, part, head="head" not in left_out)
            if card is not None:
                shutil.copyfile(card, part / "card.yaml")
            files = {path.name: hash_file(path) for path in sorted(part.iterdir())}
            index = {
                "format": FORMAT,
                "config": run_config.data,
                "provenance": dict(provenance),
                "files": files,
                "extract": _hashes(run_config),
                **({"base": left_out} if left_out else {}),
            }
            write_json(part / INDEX, index)
            write_text(part / foreign.UNREAD, model_card(run_config, provenance, card, distribution))
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def unwritable(folder: Path, error: OSError) -> UserError:
    """That a folder could not be written, and why."""
    return UserError(
        f"{folder} could not be written: {error.strerror}", hint="-o DIR with room and permission"
    )


def is_bundle(folder: Path) -> bool:
    """Whether a folder is meant as a bundle, whatever else lies in it; some systems tell no `BUNDLE.JSON` apart."""
    return folder.is_dir() and any(path.name.lower() == INDEX for path in folder.iterdir())


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle's index, and check that its files are there, with these hashes, and nothing else."""
    index = read_index(folder)
    foreign.check_files(folder, [INDEX, *index["files"]])
    for name, wanted in index["files"].items():
        if hash_file(folder / name) != wanted:
            raise CheckpointError(f"{folder / name} is not the file that was exported: its sha256 differs")
    return Bundle(folder, index)


def read_index(folder: Path) -> dict[str, Any]:
    """A bundle's index, before anything else of it is read or even downloaded."""
    path = folder / INDEX
    if not path.is_file():  # a pipe of that name would be waited for
        raise UserError(
            f"{folder} is no bundle: it has no {INDEX}", hint="vidcap export RUN -o DIR makes one"
        )
    try:
        index = read_object(path)
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error
    if index.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder} has another bundle format than {FORMAT}, the one that this vidcap-core reads"
        )
    if not isinstance(index.get("files"), dict) or not isinstance(index.get("config"), dict):
        raise CheckpointError(f"{path} is damaged: it lists no files, or no config")
    for name in (WEIGHTS, TOKENIZER):
        if name not in index["files"]:
            raise CheckpointError(f"{path} has no hash for {name}")
    foreign.check_names([INDEX, *index["files"]], str(path))
    foreign.captioning_part(Bundle(folder, index).config)
    return index


def _hashes(of: Config) -> dict[str, str]:
    """Stream -> hash of the weights of the encoder that makes it from a file: they stay where they came from."""
    with foreign.building(of) as recipe:
        preflight.check_stored(recipe, head=False)
        return {
            stream: fingerprint(encoder.build())
            for stream, encoder in recipe.extract.items()
            if stream not in recipe.encoders
        }
