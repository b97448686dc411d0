"""`vidcap import wsdvc_mask`: what is no checkpoint of the public code is refused in a line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vidcap_core.cli.main import main


def test_one_of_two_tied_weights_will_do(golden: Any, tmp_path: Path) -> None:
    """accelerate's save_model writes one name, and it may be either."""
    from vidcap_wsdvc_mask.importers import TIED, wsdvc_mask

    weights = load_file(golden.folder / "weights.safetensors")
    files = golden.files(tmp_path)
    whole = wsdvc_mask.convert(weights, files).weights
    for name in TIED:
        less = wsdvc_mask.convert(
            {key: value for key, value in weights.items() if key != name}, files
        ).weights
        assert less.keys() == whole.keys()
        assert all(torch.equal(less[key], whole[key]) for key in whole)


def test_what_is_no_checkpoint_of_it_is_refused(
    golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, out = load_file(golden.folder / "weights.safetensors"), tmp_path / "bundle"
    files = golden.files(tmp_path)
    given = {name: f"--file={name}={path}" for name, path in files.items()}

    def of(content: Any, **others: str) -> str:
        plain = all(isinstance(value, torch.Tensor) for value in content.values())
        path = tmp_path / ("given.safetensors" if plain else "given.pth")
        (save_file if plain else torch.save)(content, path)
        assert main(["import", "wsdvc_mask", str(path), *{**given, **others}.values(), "-o", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    text = of(dict(list(weights.items())[:30]))
    assert "lacks" in text
    assert "localizer.tpe" in text
    most = {
        key: value for key, value in weights.items() if "localizer.mask_decoder.layers.0.norm2" not in key
    }
    assert "missing localiser.decoder.layers.0.norm2.weight" in of(most)
    assert "conv1.weight (8, 3, 7, 7)" in of({"conv1.weight": torch.zeros(8, 3, 7, 7)})
    assert "extra.weight (2, 5)" in of({**weights, "extra.weight": torch.zeros(2, 5)})
    narrow = {**weights, "localizer.norm.weight": torch.zeros(7)}
    assert "localiser.decoder.norm.weight: (7,) there, (32,) here" in of(narrow)
    other = {**weights, "captioner.gpt2_model.lm_head.weight": torch.zeros(334, 32)}
    assert "differ" in of(other)
    assert "could run code (it names fractions.Fraction)" in of({**weights, "seen": Fraction(1, 2)})
    text = of(weights, options="--file=options=" + written(tmp_path, {"n_head": 4, "heads": 5}))
    assert "32 wide, which heads=5 does not divide" in text
    assert "n_heads" in of(weights, options="--file=options=" + written(tmp_path, {"n_heads": 4}))
    assert "cannot be loaded" in of(weights, tokenizer=f"--file=tokenizer={tmp_path}")
    fewer = {
        **weights,
        **dict.fromkeys(("captioner.gpt2_model.transformer.wte.weight",), torch.zeros(300, 32)),
    }
    del fewer["captioner.gpt2_model.lm_head.weight"]
    assert "has 300 words, and the tokenizer with <PAD>, <FULL> and <MASK> has 334" in of(fewer)


def written(folder: Path, options: dict[str, int]) -> str:
    """A file of options."""
    path = folder / "other.json"
    path.write_text(json.dumps(options))
    return str(path)
