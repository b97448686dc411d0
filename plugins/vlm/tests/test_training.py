"""LoRA through the engine's phases: what trains, exact resumption, small bundles that name their base, merging."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from vidcap_core.api import load_recipe

SHORT = [f"data.{split}.limit=8" for split in ("train", "val", "test")]
SHORT += [
    "phases.caption.epochs=None",
    "phases.caption.steps=4",
    "runtime.batch=4",
    "runtime.save_every=1",
    "runtime.keep=9",
]


@pytest.fixture(scope="module")
def changes(smolvlm: str) -> list[str]:
    return [*SHORT, f"head.model={smolvlm!r}", f"tokenizer.name={smolvlm!r}"]


@pytest.fixture
def train(tmp_path: Path) -> Any:
    """`vidcap-run vlm/NAME`, in this process."""
    core = importlib.import_module("vidcap_core")

    def run(name: str, folder: str, changes: list[str], resume: bool = False) -> Path:
        core.train(
            load_recipe(f"vlm/{name}", changes),
            work_dir=tmp_path / folder,
            resume=resume,
            device="cpu",
            quiet=True,
        )
        return tmp_path / folder

    return run


def last(run: Path) -> dict[str, Any]:
    (newest, *_) = sorted(run.glob("checkpoints/*.pt"), key=lambda path: path.stat().st_mtime, reverse=True)
    return dict(torch.load(newest, map_location="cpu", weights_only=True)["weights"])


def test_adapters_alone_train_and_are_stored(
    train: Any, vidcap: Any, changes: list[str], smolvlm: str
) -> None:
    run = train("toy_lora", "run", changes)
    weights = last(run)
    assert weights
    assert all("lora_" in name for name in weights)
    assert any(weight.abs().sum() > 0 for name, weight in weights.items() if "lora_B" in name)
    assert vidcap("export", run, "-o", run.parent / "bundle").code == 0
    index = json.loads((run.parent / "bundle" / "bundle.json").read_text())
    base = index["base"]["head"]
    assert base["source"]["model"] == smolvlm
    assert len(base["sha256"]) == 64
    size = sum(file.stat().st_size for file in (run.parent / "bundle").iterdir())
    assert size < 0.5 * sum(file.stat().st_size for file in Path(smolvlm).iterdir())


def test_a_run_that_was_stopped_ends_with_the_same_bits(train: Any, changes: list[str]) -> None:
    """A copy of a run without all that came after its second step goes on from there."""
    whole = train("toy_lora", "whole", changes)
    part = whole.parent / "part"
    shutil.copytree(whole, part)
    saved = sorted(part.glob("checkpoints/step-*.pt"))
    assert len(saved) == 4
    for path in [
        *saved[2:],
        *part.glob("checkpoints/best.pt"),
        *part.glob("*scores*"),
        *part.glob("predictions*"),
    ]:
        path.unlink()
    train("toy_lora", "part", changes, resume=True)
    first, again = last(whole), last(part)
    assert first.keys() == again.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_what_was_merged_says_what_was_trained(
    train: Any, vidcap: Any, load: Any, changes: list[str], films: list[Path]
) -> None:
    """`--merged` writes a folder of transformers with the adapters folded in: the same words."""
    run = train("toy_lora", "run", changes)
    folder = run.parent / "merged"
    done = vidcap("export", run, "-o", folder, "--merged")
    assert done.code == 0, done.err
    model = AutoModelForImageTextToText.from_pretrained(folder)
    assert not any("lora" in name for name, _ in model.named_parameters())
    assert AutoProcessor.from_pretrained(folder).chat_template
    how = [
        "head.prompt='What happens?'",
        "head.frames=4",
        "head.short_side=32",
        "head.script=None",
        "head.sentences=None",
    ]
    merged = load(str(folder), changes=[*how, "generate.max_length=24"])
    tuned = load(str(run))
    assert [merged(film).text for film in films] == [tuned(film).text for film in films]
    assert "exists already" in vidcap("export", run, "-o", folder, "--merged").err


PACKED = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": "float32"}


def test_adapters_learn_on_a_quantised_model(
    train: Any, vidcap: Any, load: Any, changes: list[str], films: list[Path]
) -> None:
    """QLoRA: peft's preparation, a run, its bundle, captions of both; only adapters are stored."""
    pytest.importorskip("bitsandbytes", reason="needs the extra 'qlora'")
    quantised = f"head.load={{'quantization_config': {PACKED!r}}}"
    run = train("toy_lora", "run", [*changes, quantised])
    assert all("lora_" in name for name in last(run))
    captioner = load(str(run))
    model = captioner.captioner.head.model
    assert model.is_activation_checkpointing
    kinds = {weight.dtype for name, weight in model.named_parameters() if "q_proj.base_layer" in name}
    assert kinds == {torch.uint8}
    assert vidcap("export", run, "-o", run.parent / "bundle").code == 0
    assert load(str(run.parent / "bundle"))(films[0]).text == captioner(films[0]).text
    assert vidcap("export", run, "-o", run.parent / "whole", "--whole").code == 0
    assert load(str(run.parent / "whole"))(films[0]).text == captioner(films[0]).text


def test_a_package_that_is_not_here_is_named(
    vidcap: Any, smolvlm: str, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.quantizers import quantizer_bnb_4bit

    def absent(self: Any, *_: Any, **__: Any) -> None:
        raise ImportError("Using `bitsandbytes` 4-bit quantization requires bitsandbytes")

    monkeypatch.setattr(quantizer_bnb_4bit.Bnb4BitHfQuantizer, "validate_environment", absent)
    done = vidcap(
        "caption", films[0], "--model", smolvlm, "--set", f"head.load={{'quantization_config': {PACKED!r}}}"
    )
    assert done.code == 2
    assert "wants a package that is not here: Using `bitsandbytes`" in done.err
