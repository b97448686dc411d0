"""`Head.write`: a head that goes no word by word trains, captions and is scored; what it cannot do is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.engine import runs
from vidcap_core.errors import ConfigError
from vidcap_core.testing import tiny


def config(tmp_path: Path, **changes: Any) -> Any:
    """MaskPredict on tiny clips."""
    made = tiny.config(
        tokenizer={"type": "Vocabulary", "specials": ["<MASK>"]},
        head={"type": "masked_writer:MaskPredict", "streams": {"image": 16}},
        phases={"caption": {"epochs": 200, "losses": ["tokens"]}},
        optimizer={"type": "Adam", "lr": 0.002},
        evaluate={"metrics": ["cider-d"], "best": None, "every": 0},
        **changes,
    )
    path = tmp_path / "masked.py"
    path.write_text("\n".join(f"{key} = {value!r}" for key, value in made.items()))
    return load_config(str(path))


def test_a_head_without_a_step_trains_and_writes_by_itself(tmp_path: Path) -> None:
    made = config(tmp_path)
    runs.train(made, work_dir=tmp_path / "run", device="cpu", quiet=True)
    predictions = runs.predict(made, work_dir=tmp_path / "run", split="val", device="cpu", quiet=True)
    references = validate(made).data["val"].build().references()
    right = sum(p.text in references[p.clip.id] for p in predictions)
    assert right >= 6, [p.text for p in predictions]  # of 8 clips that it trained on
    assert all(len(p.extras["words"][0]["log_probs"]) == len(p.text.split()) for p in predictions)


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"mode": "beam", "beam": 3}, "generate.mode='beam'"),
        ({"mode": "sample"}, "generate.mode='sample'"),
        ({"no_repeat_ngram": 2}, "generate.no_repeat_ngram=2"),
        ({"min_length": 2}, "generate.min_length=2"),
        ({"mode": "sample", "n_best": 3}, "generate.mode='sample'"),
        ({"kinds": {"event": {"mode": "beam"}}}, "generate.kinds.event"),
    ],
)
def test_what_such_a_head_cannot_do_is_refused_before_the_run(
    settings: dict[str, Any], refused: str, tmp_path: Path
) -> None:
    made = config(tmp_path, generate={"max_length": 8, **settings})
    with pytest.raises(ConfigError) as caught:
        validate(made)
    assert refused in str(caught.value)
    assert "MaskPredict" in str(caught.value)
    assert "max_length" in str(caught.value)


def test_settings_of_modes_that_are_not_used_are_no_trouble(tmp_path: Path) -> None:
    """A base config says how wide beams are; a head that does not beam need not undo that."""
    made = config(tmp_path, generate={"max_length": 8, "beam": 3, "length": "avg", "top_k": 5, "seed": 2})
    assert validate(made).decoding.settings.beam == 3


def test_every_setting_that_nobody_lists_is_refused() -> None:
    """No field of the settings slips through: each, changed, is either heeded or refused."""
    plain, never = GenerateSettings(), frozenset[str]()
    changed = {
        "min_length": 3, "max_length": 7, "no_repeat_ngram": 2, "banned": ("<SEP>",), "unknown": True,
    }  # fmt: skip
    for key, value in changed.items():
        settings = replace(plain, **{key: value})
        with pytest.raises(ConfigError, match=rf"generate\.{key}="):
            settings.refuse_beyond(never, "Some")
        settings.refuse_beyond(frozenset({key}), "Some")
        settings.refuse_beyond(None, "Some")
    three = GenerateSettings(mode="beam", beam=3, n_best=3)
    three.refuse_beyond(frozenset({"beam", "n_best"}), "Some")
    with pytest.raises(ConfigError, match=r"generate\.n_best=3"):
        three.refuse_beyond(frozenset({"beam"}), "Some")


def test_a_greedy_writer_may_have_several_texts(tmp_path: Path) -> None:
    """Only the search needs beams or chance for them; one that lists "n_best" has a way of its own."""
    GenerateSettings(n_best=3).refuse_beyond(frozenset({"n_best"}), "Some")
    with pytest.raises(ConfigError, match=r"n_best=3, but mode greedy keeps 1 a clip"):
        GenerateSettings(n_best=3).refuse_beyond(None, "Some")
    with pytest.raises(ConfigError, match=r"n_best=3, but mode beam keeps 2 a clip"):
        GenerateSettings(mode="beam", beam=2, n_best=3)
    made = config(tmp_path, generate={"max_length": 8, "n_best": 3})
    with pytest.raises(ConfigError, match=r"generate\.n_best=3: MaskPredict"):
        validate(made)


def test_a_mode_that_is_there_is_the_hint() -> None:
    with pytest.raises(ConfigError, match=r"try: generate\.mode='greedy' or generate\.mode='beam'"):
        GenerateSettings(mode="sample").refuse_beyond(frozenset({"beam"}), "Some")


def test_a_loss_that_has_texts_drawn_is_refused_for_a_head_that_cannot(tmp_path: Path) -> None:
    made = config(tmp_path)
    made.data["losses"] = {"reward": {"type": "SelfCritical"}}
    made.data["phases"] = {"reward": {"steps": 2, "losses": ["reward"]}}
    with pytest.raises(
        ConfigError, match=r"losses\.reward: SelfCritical has texts written in mode sample, which Mask"
    ):
        runs.train(made, work_dir=tmp_path / "run", device="cpu", quiet=True)
