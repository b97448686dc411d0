"""Every ablation trains and captions: the configs of MSVD with small parts in place of the pretrained ones."""

from __future__ import annotations

import pytest

from vidcap_core.api import load_recipe
from vidcap_core.config.files import load_config
from vidcap_core.engine import runs
from vidcap_core.saved.load import load_run

NAMES = (
    "msvd",
    "msvd_paper",
    "msvd_prompt10",
    "msvd_prompt30",
    "msvd_no_contrastive",
    "msvd_no_contrastive_prompt30",
    "msvd_ffn",
    "msvd_patches",
    "msvd_joint",
)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "msvd_paper"])
def test_ablations_have_equal_steps_of_equal_batches(name):
    made = load_recipe(f"mffcl/{name}")
    assert (
        sum(phase.steps for phase in made.phases) == 375 + 15240
    )  # 5 x (1,200 clips + 48,774 captions) / 16
    assert {phase.batch for phase in made.phases} == {16}
    assert made.runtime.keep == 1  # of gigabytes


@pytest.mark.parametrize("name", NAMES)
def test_it_trains(name, tmp_path):
    made = load_config(f"mffcl/{name}")
    data = made.data
    frames = {"kind": "uniform", "count": 6, "short_side": 48}
    data["data"] = {
        split: {"type": "Toy", "split": split, "size": "small", "frames": frames, "limit": 2}
        for split in ("train", "val")
    }
    data["tokenizer"] = {"type": "Vocabulary"}
    data["encoders"]["video"] |= {"model": "vidcap_mffcl", "pretrained": False}
    data["head"] |= {
        "streams": {"video": 64},
        "width": 32,
        "heads": 4,
        "feed": 32,
        "layers": 1,
        "lm": {"model_type": "gpt2", "n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 128},
    }
    if "text" in data["encoders"]:
        data["encoders"]["text"] = {"type": "mffcl.SmallText", "dim": 16}
        data["head"] |= {"text": {"text": 16}}
    for phase in data["phases"].values():
        phase |= {"epochs": None, "steps": 1}
    data["runtime"] |= {"batch": 2, "amp": "off"}
    data["generate"]["max_length"] = 5
    data["evaluate"] = {"metrics": ["cider-d"], "best": "CIDEr-D"}
    folder = runs.train(made, work_dir=tmp_path / name, device="cpu", quiet=True)
    assert folder.predictions("val").is_file()
    head = load_run(folder.path).head
    assert head.mapper.reads == ("patches" if "patches" in name else "cls")
    assert hasattr(head.mapper.mix, "queries") == ("ffn" not in name)
    if "ffn" not in name:
        assert len(head.mapper.mix.queries) == (10 if "10" in name else 30 if "30" in name else 50)
    assert bool(head.contrast) == ("no_contrastive" not in name)
