"""What derived encoders learnt from the training clips, as files that a run and a bundle hold alike.

`assets-NAME.safetensors` has the arrays of the encoder NAME, `assets-NAME.json` the rest: data, and nothing that runs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.contracts.encoder import DerivedEncoder
from vidcap_core.errors import CheckpointError
from vidcap_core.files.atomic import remove_parts, whole_folder, write_json
from vidcap_core.files.hashing import hash_file
from vidcap_core.saved.foreign import read_dict
from vidcap_core.saved.weights import read_tensors, write_tensors

HASHES = "files.json"
"""In a run's folder of assets: the SHA-256 of each of its files. A bundle's index has them among those of the rest."""
COPY = "a copy of it"


def derived(captioner: Captioner) -> dict[str, DerivedEncoder]:
    """The encoders that learnt something, by name."""
    return {name: e for name, e in captioner.encoders.items() if isinstance(e, DerivedEncoder)}


def write(captioner: Captioner, folder: Path) -> None:
    """Two files for each derived encoder."""
    for name, encoder in derived(captioner).items():
        assets = encoder.assets()
        arrays = {key: torch.as_tensor(value) for key, value in assets.items() if hasattr(value, "shape")}
        write_tensors(arrays, folder / f"assets-{name}.safetensors")
        write_json(folder / f"assets-{name}.json", {k: v for k, v in assets.items() if k not in arrays})


def read(captioner: Captioner, folder: Path, known: Collection[str]) -> None:
    """Give each derived encoder what it learnt; `known`: files whose hashes were right."""
    for name, encoder in derived(captioner).items():
        arrays, plain = f"assets-{name}.safetensors", f"assets-{name}.json"
        if not {arrays, plain} <= set(known):
            raise CheckpointError(
                f"{folder} does not hold what the encoder '{name}' learnt: {plain} is missing",
                hint="a whole copy of the run, or vidcap export RUN -o DIR once more",
            )
        values = {key: value.numpy() for key, value in read_tensors(folder / arrays).items()}
        encoder.load_assets({**values, **read_dict(folder / plain, COPY)})


def store(captioner: Captioner, folder: Path) -> None:
    """Keep with a run what was learnt: the whole folder or nothing, and never over what is there."""
    if folder.exists() or not derived(captioner):
        return
    remove_parts(folder.parent, folder.name)  # of a run that was killed
    with whole_folder(folder) as part:
        part.mkdir()
        write(captioner, part)
        write_json(part / HASHES, {path.name: hash_file(path) for path in sorted(part.iterdir())})


def restore(captioner: Captioner, folder: Path) -> None:
    """Take from a run what was learnt then: learning it anew could give something else."""
    if not (names := derived(captioner)):
        return
    if not folder.is_dir():
        what = ", ".join(f"'{name}'" for name in names)
        raise CheckpointError(
            f"{folder.parent} does not hold what its encoders learnt from the training clips ({what}): "
            "an older vidcap made this run",
            hint="the vidcap-run command that made it, with --force-resume: it learns that from the data as they are "
            "now, and stores it",
        )
    hashes = read_dict(folder / HASHES, COPY)
    for name, wanted in hashes.items():
        if Path(name).name != name or not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks the file {name}", hint="a whole copy of the run")
        if hash_file(folder / name) != wanted:
            raise CheckpointError(
                f"{folder / name} is damaged: its sha256 is not the one that was written", hint=COPY
            )
    read(captioner, folder, hashes)
