"""How a captioner was loaded, as plain data: another process, on another machine, makes it again of this."""

from __future__ import annotations

from dataclasses import dataclass

from vidcap_core.contracts.generate_settings import GenerateSettings


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """What `load` was told, and how texts are found where that is not as the model's config says.

    name: a run or bundle folder, plugin/name, or hf:OWNER/NAME.
    device: None where each machine chooses its own.
    """

    name: str
    device: str | None = None
    copy: str | None = None
    without: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    decoding: GenerateSettings | None = None
