"""All that is wrong with a config is told at once, each with what said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidcap_core.cli import main
from vidcap_core.config.validate import load_recipe
from vidcap_core.errors import ConfigError, Mistakes

WRONG = {
    "data.val.type=Toyy": "no dataset is named 'Toyy'; did you mean 'Toy'?",
    "losses.other.x=1": "--set losses.other.x: losses.other: must be dict(type=..., ...)",
    "head.widht=3": "SmallTransformer has no argument 'widht'; did you mean 'width'?",
    "extract.image.type=ToyGird": "no encoder is named 'ToyGird'",
    "runtime.amp=bf61": "wants 'off', 'bf16' or 'fp16' for 'amp', not 'bf61'; did you mean 'bf16'?",
    "schedule.type=cosin": "did you mean 'cosine'?",
    "optimizer.type=Adm": "no optimiser is named 'Adm'; did you mean 'Adam'?",
    "phases.caption.epoch=2": "Phase has no argument 'epoch'; did you mean 'epochs'?",
    "generate.mode=beem": "did you mean 'beam'?",
    "evaluate.metrics=['bleuu']": "no metric is named 'bleuu'; did you mean 'bleu'?",
    "sead=1": "a config has no section 'sead'; did you mean 'seed'?",
}


def test_every_mistake_is_in_one_error() -> None:
    with pytest.raises(Mistakes) as refused:
        load_recipe("core/toy", list(WRONG))
    said = str(refused.value)
    assert said.startswith(f"core/toy: {len(WRONG)} mistakes:")
    for change, reason in WRONG.items():
        assert reason in said, change
        assert f"--set {change.partition('=')[0]}" in said, change
    assert "Literal" not in said


@pytest.mark.parametrize("change", WRONG)
def test_one_mistake_is_told_as_it_is(change: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_recipe("core/toy", [change])
    assert not isinstance(refused.value, Mistakes)
    assert WRONG[change] in str(refused.value)


def test_each_names_the_file_that_said_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, own = tmp_path / "base.py", tmp_path / "own.py"
    base.write_text('_base_ = ["core/toy"]\nhead = dict(widht=3)\n')
    own.write_text('_base_ = ["base.py"]\nruntime = dict(batsh=3)\n')
    assert main.main(["config", "check", str(own)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any("base.py: head.widht" in line for line in lines)
    assert any("own.py: runtime.batsh" in line for line in lines)
