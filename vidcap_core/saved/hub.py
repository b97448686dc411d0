"""Bundles to and from a model hub, through huggingface_hub."""

from __future__ import annotations

import shutil
from pathlib import Path

from vidcap_core.errors import CheckpointError, UserError, in_a_line
from vidcap_core.pretrained.locate import hub_answers
from vidcap_core.saved import bundle
from vidcap_metrics.files.atomic import whole_folder
from vidcap_metrics.files.cache import cache_home, make_once

PREFIX = "hf:"
"""Before OWNER/NAME it says that a name is the hub's, whatever folders there are here."""


def push(folder: Path, hub_id: str, private: bool = False) -> str:
    """Upload a bundle, whose hashes are checked first; returns its address."""
    from huggingface_hub import HfApi

    hub_id = _checked(hub_id)
    bundle.open_bundle(folder)
    _refuse_unreachable(f"'{hub_id}' could not be pushed")
    api = HfApi()
    with _Reasons(f"'{hub_id}' could not be pushed"):
        api.create_repo(hub_id, private=private, exist_ok=True)
        api.upload_folder(repo_id=hub_id, folder_path=str(folder), commit_message="vidcap bundle")
    return f"{api.endpoint}/{hub_id}"


def pull(hub_id: str, out: Path) -> Path:
    """Download a bundle, check it, and only then put it in place, whole; nothing is overwritten."""
    hub_id = _checked(hub_id)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists already", hint="-o another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(out) as part:
            _download(hub_id, part)
    except OSError as error:
        raise UserError(
            f"{out} could not be written: {error.strerror}", hint="-o DIR with room and permission"
        ) from error
    return out


def cached(hub_id: str) -> Path:
    """The bundle of a hub id in the user's cache, pulled at first use."""
    hub_id = _checked(hub_id)
    folder = _folder(hub_id)
    if folder.is_dir() and not (folder / bundle.INDEX).is_file():  # nothing that could be used
        shutil.rmtree(folder)
    return make_once(folder, lambda part: _download(hub_id, part))


def holds_bundle(hub_id: str) -> bool:
    """Whether a hub id is that of a bundle: in the user's cache, or on the hub where that answers."""
    hub_id = _checked(hub_id)
    if (_folder(hub_id) / bundle.INDEX).is_file():
        return True
    if not hub_answers():
        return False
    from huggingface_hub import HfApi

    with _Reasons(f"'{hub_id}' could not be looked up"):
        return HfApi().file_exists(hub_id, bundle.INDEX)


def _folder(hub_id: str) -> Path:
    return cache_home() / "bundles" / hub_id.replace("/", "--")


def _download(hub_id: str, part: Path) -> None:
    """The index of a bundle, and where that is sound the files that it lists; nothing else of the model is taken."""
    from huggingface_hub import HfApi, hf_hub_download

    _refuse_unreachable(f"'{hub_id}' could not be pulled")
    with _Reasons(f"'{hub_id}' could not be pulled"):
        model = HfApi().model_info(hub_id)  # all files are of this one state, whatever is pushed meanwhile
    there = {file.rfilename for file in model.siblings or ()}

    def take(*names: str) -> None:
        for absent in [name for name in names if name not in there]:
            raise UserError(
                f"'{hub_id}' is no bundle: it has no {absent}", hint="what `vidcap push` has uploaded"
            )
        with _Reasons(f"'{hub_id}' could not be pulled"):
            for name in names:
                hf_hub_download(hub_id, name, revision=model.sha, local_dir=part)

    take(bundle.INDEX)
    try:
        take(*bundle.read_index(part)["files"])
        shutil.rmtree(part / ".cache", ignore_errors=True)  # the client's notes
        bundle.open_bundle(part)
    except CheckpointError as error:  # the folder that it names is gone when this is read
        message = error.message.replace(str(part), hub_id).replace(part.name, hub_id)
        raise CheckpointError(message, hint=error.hint) from error


BY_HAND = "check the network, or copy the bundle's folder by hand"


class _Reasons:
    """The hub's many errors as one line with what to do."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from huggingface_hub.errors import (
            HfHubHTTPError,
            LocalEntryNotFoundError,
            LocalTokenNotFoundError,
            RepositoryNotFoundError,
        )

        if error is None:
            return
        if isinstance(error, RepositoryNotFoundError):
            raise UserError(
                f"{self.what}: the hub has no such model, or it is private", hint="hf auth login"
            ) from error
        if isinstance(error, LocalTokenNotFoundError) or getattr(
            getattr(error, "response", None), "status_code", 0
        ) in (401, 403):
            raise UserError(
                f"{self.what}: the hub wants to know who you are", hint="hf auth login"
            ) from error
        unreachable = isinstance(error, (LocalEntryNotFoundError, OSError)) and not isinstance(
            error, HfHubHTTPError
        )
        if unreachable or any(word in type(error).__name__ for word in ("Connect", "Offline", "Timeout")):
            raise UserError(
                f"{self.what}: the hub cannot be reached from this machine",
                hint=BY_HAND,
            ) from error
        if isinstance(error, HfHubHTTPError):
            raise UserError(f"{self.what}: {str(error).splitlines()[0]}") from error
        if isinstance(error, Exception) and not isinstance(error, UserError):  # an answer of another shape
            raise UserError(
                f"{self.what}: the hub's answer cannot be understood: {in_a_line(error)}",
                hint="HF_ENDPOINT, where it is set, must be a hub; or copy the bundle's folder by hand",
            ) from error


def _refuse_unreachable(what: str) -> None:
    """Refuse within seconds, once: the hub's client tries again and again, and says so each time."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise UserError(f"{what}: HF_HUB_OFFLINE is set", hint="unset HF_HUB_OFFLINE")
    if not hub_answers():
        raise UserError(f"{what}: the hub cannot be reached from this machine", hint=BY_HAND)


def _checked(hub_id: str) -> str:
    """OWNER/NAME, of what may have the prefix."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name := hub_id.removeprefix(PREFIX))
    except HFValidationError as error:
        raise UserError(
            f"'{hub_id}' is no hub id", hint="hf:OWNER/NAME, as in huggingface.co/OWNER/NAME"
        ) from error
    return name
