"""`vidcap import` on a checkpoint made by hand in the layout of CARE's repository: no numbers from elsewhere needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_care.layout import renamed

from vidcap_core.api import GenerateSettings, View
from vidcap_core.cli.main import main
from vidcap_core.decoding.generate import generate
from vidcap_core.saved.load import load_captioner

WIDTH, WORDS, LONGEST, FEED = 8, 12, 7, 16


def published(layers: int = 1) -> dict[str, Tensor]:
    """Weights of the plain Transformer over images, under the authors' names."""
    torch.manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.Encoder_I.0.weight": (WIDTH, 10),
        "encoder.Encoder_I.0.bias": (WIDTH,),
        "decoder.embedding.word_embeddings.weight": (WORDS, WIDTH),
        "decoder.embedding.position_embeddings.weight": (LONGEST, WIDTH),
        "cls_head.tgt_word_prj.weight": (WORDS, WIDTH),
    }
    norms = ["encoder.Encoder_I.1", "decoder.embedding.LayerNorm"]
    for layer in range(layers):
        for block in ("intra", "inter"):
            at = f"decoder.layers.{layer}.{block}_attention"
            norms.append(f"{at}.LayerNorm")
            for part in ("SDPA.query", "SDPA.key", "SDPA.value", "dense"):
                shapes |= {f"{at}.{part}.weight": (WIDTH, WIDTH), f"{at}.{part}.bias": (WIDTH,)}
        at = f"decoder.layers.{layer}.ffn"
        norms.append(f"{at}.LayerNorm")
        shapes |= {f"{at}.dense1.weight": (FEED, WIDTH), f"{at}.dense1.bias": (FEED,)}
        shapes |= {f"{at}.dense2.weight": (WIDTH, FEED), f"{at}.dense2.bias": (WIDTH,)}
    for name in norms:
        shapes |= {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}
    return {f"captioner.{name}": torch.randn(shape) / 3 for name, shape in shapes.items()}


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("man\ndog\na\nis\nruns\neats")
    return path


def test_a_checkpoint_becomes_a_bundle_with_the_same_texts(
    tmp_path: Path, words: Path, view: Callable[..., View]
) -> None:
    content = {
        "state_dict": published(2),
        "hyper_parameters": {"opt": {"modality": "i", "num_attention_heads": 2}},
    }
    torch.save(content, tmp_path / "best.ckpt")
    out = tmp_path / "bundle"
    assert (
        main(["import", "care", str(tmp_path / "best.ckpt"), "--file", f"words={words}", "-o", str(out)]) == 0
    )
    captioner = load_captioner(str(out))
    head: Any = captioner.head
    plain = {key.removeprefix("captioner."): value for key, value in published(2).items()}
    assert torch.equal(
        head.network.layers[1].words.query.weight,
        renamed(plain, ["image"])["network.layers.1.words.query.weight"],
    )
    rows = generate(head, view(3), GenerateSettings(max_length=6), bos=2, eos=3)
    assert len(rows) == 2
    assert (out / "README.md").is_file()


def test_the_default_folder_is_named_after_method_and_file(
    tmp_path: Path, words: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    content = {"state_dict": published(), "hyper_parameters": {"opt": {"num_attention_heads": 2}}}
    torch.save(content, tmp_path / "best.ckpt")
    command = ["import", "care", "best.ckpt", "--file", f"words={words}"]
    assert main(command) == 0
    assert (tmp_path / "care-best" / "bundle.json").is_file()
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err


def test_what_can_be_imported_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import"]) == 0
    out = capsys.readouterr().out
    assert "care  (plugin care)" in out
    assert "takes --file teacher=FILE" in out


def test_a_checkpoint_with_the_wrong_shapes_says_which(
    tmp_path: Path, words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = published()
    weights["captioner.decoder.layers.0.ffn.dense2.weight"] = torch.zeros(WIDTH, 5)
    content = {"state_dict": weights, "hyper_parameters": {"opt": {"num_attention_heads": 2}}}
    torch.save(content, tmp_path / "best.ckpt")
    out = tmp_path / "bundle"
    command = ["import", "care", str(tmp_path / "best.ckpt"), "--file", f"words={words}", "-o", str(out)]
    assert main(command) == 2
    assert "feed_out.weight: (8, 5) there, (8, 16) here" in capsys.readouterr().err
    assert not out.exists()
