"""Datasets by the name one types."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from vidcap_core.errors import DataError, PluginError
from vidcap_core.zoo.registry import DATASETS

if TYPE_CHECKING:
    from vidcap_core.datasets.annotated import Dataset


def known_datasets() -> dict[str, type[Dataset]]:
    """Every dataset that is installed, by its short name; what cannot be imported is left out."""
    from vidcap_core.datasets.annotated import Dataset

    datasets: dict[str, type[Dataset]] = {}
    for entry in DATASETS:
        try:
            made_by = DATASETS.load(entry.full_name)
        except PluginError:
            continue
        if isinstance(made_by, type) and issubclass(made_by, Dataset):
            datasets.setdefault(made_by.name, made_by)
    return datasets


def find_dataset(name: str) -> type[Dataset]:
    """A dataset by its short name or by its type, whatever the case."""
    known = known_datasets()
    for short, made_by in known.items():
        if name.lower() in (short, made_by.__name__.lower()):
            return made_by
    close = difflib.get_close_matches(name.lower(), known, n=1)
    meant = f"; did you mean '{close[0]}'?" if close else f"; there are: {', '.join(known)}"
    raise DataError(f"no dataset is named '{name}'{meant}", hint="vidcap data where")
