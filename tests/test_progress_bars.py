"""transformers draws bars over weights that it loads; where a component is built there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import saved_parts
from huggingface_hub.utils.tqdm import tqdm
from transformers import AutoModelForCausalLM

from vidcap_core.zoo.component import Component


def test_a_component_is_built_without_bars(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = saved_parts.model_folder(tmp_path / "model")
    capfd.readouterr()
    hub: list[bool] = []

    def loaded(name: str) -> object:
        hub.append(bool(tqdm(disable=False, total=1).disable))
        return AutoModelForCausalLM.from_pretrained(name)

    Component("Model", loaded, {"name": folder}).build()
    assert "Loading weights" not in capfd.readouterr().err
    assert hub == [False]  # a download still shows that it moves
    loaded(folder)
    assert "Loading weights" in capfd.readouterr().err  # what a program of one's own does is not touched
