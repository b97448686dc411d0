"""Every config and every row of the grids: valid, and able to learn from a few tiny clips."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from vidcap_srvc_la.head import SRVCLAHead
from vidcap_srvc_la.losses import BranchLoss

from vidcap_core.api import load_recipe
from vidcap_core.captioner.build import build_captioner
from vidcap_core.config import preflight
from vidcap_core.config.files import Config, load_config
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.saved import checkpoint
from vidcap_core.testing import TinyClips, collate, tiny_vocabulary
from vidcap_core.zoo import plugins

FOLDER = Path(plugins.get("srvc_la").configs or "")
GRIDS = {name: load_config(FOLDER / f"{name}.py")["rows"] for name in ("_grid", "_grid_more")}
ROWS = [(row, changes) for rows in GRIDS.values() for row, changes in rows.items()]


def few_steps(loaded: Config, steps: int = 3) -> list[float]:
    """The losses of a few steps of the config's first phase on tiny clips that have its streams."""
    torch.manual_seed(0)
    clips = TinyClips(clips=4, streams=loaded["head"]["streams"], length=8)
    tokenizer = tiny_vocabulary(clips.captions())
    recipe = validate(loaded)
    captioner = build_captioner(recipe, tokenizer, recipe.losses).train()
    batch = collate(tokenizer, [clips.get(index, np.random.default_rng(0)) for index in range(len(clips))])
    optimizer = torch.optim.Adamax(captioner.parameters(), lr=2e-3)
    values = []
    for _ in range(steps):
        losses = captioner(batch, recipe.phases[0].losses)
        parts = [recipe.losses[name].scale * total / weight for name, (total, weight) in losses.items()]
        loss = torch.stack(parts).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    captioner.settings = type(captioner.settings)(mode="beam", beam=3, max_length=5)
    assert len(captioner.eval().predict(batch)) == len(batch)
    return values


@pytest.mark.parametrize("name", plugins.get("srvc_la").config_names())
def test_config(name: str) -> None:
    loaded = load_config(f"srvc_la/{name}")
    values = few_steps(loaded)
    assert values[-1] < values[0]


@pytest.mark.parametrize(("row", "changes"), ROWS, ids=[row for row, _ in ROWS])
def test_row(row: str, changes: dict[str, Any]) -> None:
    small = ["head.d_model=32", "head.rnn_size=32", "head.att_size=32", "head.emb_size=32", "head.enc_ff=32"]
    loaded = load_config("srvc_la/msvd_part", [f"{key}={value!r}" for key, value in changes.items()])
    validate(loaded)
    shrunk = load_config("srvc_la/msvd_part", [*(f"{k}={v!r}" for k, v in changes.items()), *small])
    values = few_steps(shrunk, 6)
    assert all(np.isfinite(values))
    assert values[-1] < values[0]


def said(loaded: Config) -> dict[str, Any]:
    """What the head and the loss are made with, defaults filled in."""
    made: dict[str, Any] = {}
    for part, made_by in (("head", SRVCLAHead), ("words", BranchLoss)):
        defaults = {name: p.default for name, p in inspect.signature(made_by).parameters.items()}
        given = loaded["head"] if part == "head" else loaded["losses"]["words"]
        made |= {f"{part}.{name}": value for name, value in (defaults | given).items()}
    return made


def test_every_row_is_another_model() -> None:
    """Also where a row writes out a default, or the same value in another way."""
    for rows in GRIDS.values():
        made = [
            said(load_config("srvc_la/msvd_part", [f"{k}={v!r}" for k, v in changes.items()]))
            for changes in rows.values()
        ]
        assert not [one for place, one in enumerate(made) if one in made[:place]]
    assert {"A0", "A1", "A2", "A3", "A3l", "A4", "A5", "A6"} == set(GRIDS["_grid"])


@pytest.mark.parametrize("base", ["msvd", "msrvtt"])
def test_a_self_critical_config_starts_as_its_base(base: str) -> None:
    plain, longer = load_config(f"srvc_la/{base}"), load_config(f"srvc_la/{base}_rl")
    assert longer["phases"] == {**plain["phases"], "reward": longer["phases"]["reward"]}
    assert longer["phases"]["caption"]["epochs"] == {"msvd": 30, "msrvtt": 20}[base]
    assert longer["phases"]["reward"]["losses"] == ["reward"]
    assert {name: part for name, part in longer["losses"].items() if name != "reward"} == plain["losses"]
    assert all(longer[key] == plain[key] for key in plain if key not in ("phases", "losses"))


class Words:
    """A tokenizer of the size that msvd_part's captions give."""

    pad_id, bos_id, eos_id = 0, 1, 2

    def __len__(self) -> int:
        return 2261


def test_the_wide_row_is_as_big_as_the_full_model() -> None:
    sizes = {}
    rows = GRIDS["_grid"] | GRIDS["_grid_more"]
    for row in ("A4", "A4w", "A5"):
        recipe = load_recipe("srvc_la/msvd_part", [f"{k}={v!r}" for k, v in rows[row].items()])
        sizes[row] = sum(p.numel() for p in build_captioner(recipe, Words()).parameters())
    assert sizes["A4w"] == pytest.approx(sizes["A5"], rel=0.01)
    assert sizes["A4"] < 0.8 * sizes["A5"]


def test_a_self_critical_step() -> None:
    """The reward of msvd_rl, with its references, moves both branches and what they share."""
    small = {"streams": {"image": 16}, "enc_heads": 2, "enc_ff": 16}
    small |= dict.fromkeys(("d_model", "rnn_size", "att_size", "emb_size"), 16)
    loaded = load_config("srvc_la/msvd_rl")
    loaded.data["head"] |= small
    loaded.data["extract"] = {}
    loaded.data["losses"]["reward"]["samples_per_clip"] = (
        4  # one sample of an untrained head often earns nothing
    )
    torch.manual_seed(0)
    clips = TinyClips(clips=6, unit="clip")
    tokenizer = tiny_vocabulary(clips.captions())
    recipe = validate(loaded)
    captioner = build_captioner(recipe, tokenizer, recipe.losses).train()
    captioner.losses["reward"].fit(clips)  # type: ignore[operator]
    batch = collate(tokenizer, [clips.get(index, np.random.default_rng(0)) for index in range(6)])
    total, weight = captioner(batch, recipe.phases[1].losses)["reward"]
    assert weight > 0
    total.backward()
    still = {n for n, p in captioner.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    assert not still


@pytest.mark.parametrize(
    "name", [name for name in plugins.get("srvc_la").config_names() if name.endswith("_rl")]
)
def test_the_self_critical_stage_through_the_engine(name: str, tmp_path: Path) -> None:
    """Both stages on a few tiny clips, from the config's own file; the second starts from the first one's best."""
    sizes = dict.fromkeys(("d_model", "rnn_size", "att_size", "emb_size", "enc_ff"), 16)
    small: dict[str, Any] = {f"head.{key}": value for key, value in (sizes | {"enc_heads": 2}).items()}
    small |= {"head.streams": {"image": 16}, "tokenizer": {"type": "Vocabulary"}, "runtime.log_every": 1}
    clips = {"type": "vidcap_core.testing:TinyClips", "clips": 6}
    small |= {"extract": {}}
    small |= {f"data.{split}": clips for split in ("train", "val", "test")}
    small |= {
        "phases.caption.epochs": 2,
        "phases.reward.epochs": 2,
        "phases.caption.keep": "first",
        "generate.beam": 2,
    }
    loaded = load_config(f"srvc_la/{name}", [f"{key}={value!r}" for key, value in small.items()])
    folder = runs.train(loaded, work_dir=tmp_path / "run", device="cpu", quiet=True)
    logged = [json.loads(line) for line in (folder.path / "scalars.jsonl").read_text().splitlines()]
    assert all(np.isfinite(value) for line in logged for value in line.values() if isinstance(value, float))
    assert any("loss/reward" in line for line in logged)
    first = checkpoint.load(folder.checkpoints / "keep-first.pt")["weights"]
    last, _ = checkpoint.latest(folder.checkpoints)
    assert last is not None
    assert any(not torch.equal(first[key], last["weights"][key]) for key in first)
    assert set(json.loads(folder.scores("val").read_text())["values"]) >= {"BLEU-4", "CIDEr-D"}


@pytest.mark.parametrize("name", ["msvd", "msrvtt"])
def test_the_papers_clip_is_openais_with_its_activation(name: str) -> None:
    [remark] = preflight.remarks(load_recipe(f"srvc_la/{name}"))
    assert remark == "extract.clip: ViT-B-32: QuickGELU, says open_clip's table of weights (openai)"
