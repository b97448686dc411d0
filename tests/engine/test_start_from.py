"""A run that starts from another's weights: what is taken, what is not and why, and that resuming is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.captioner.build import build_captioner
from vidcap_core.config.files import Config
from vidcap_core.config.schema import StartFrom
from vidcap_core.config.validate import validate
from vidcap_core.engine import runs
from vidcap_core.engine.start import match, start
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.saved import checkpoint
from vidcap_core.saved.donor import Donor
from vidcap_core.saved.export import export
from vidcap_core.testing import tiny
from vidcap_core.tokenizers.vocabulary import Vocabulary

WIDTH = {"type": "MeanPoolGRU", "streams": {"image": 16}, "width": 8, "dropout": 0.1}


def config(**changes: Any) -> dict[str, Any]:
    """Two phases of the same kind; the optimiser begins again with each."""
    phase = {"steps": 3, "losses": ["tokens"]}
    base: dict[str, Any] = {
        "head": WIDTH,
        "phases": {"first": {**phase, "keep": "half"}, "second": phase},
        "evaluate": {"every": 0, "metrics": ["cider-d"], "best": None},
        "runtime": {"batch": 4, "save_every": 1, "keep": 9, "log_every": 1},
    }
    return tiny.config(**{**base, **changes})


def train(folder: Path, given: dict[str, Any], **options: Any) -> dict[str, torch.Tensor]:
    runs.train(Config("start", given), work_dir=folder, device="cpu", quiet=True, **options)
    content, _ = checkpoint.latest(folder / "checkpoints")
    assert content is not None
    return content["weights"]


def captioner(words: list[str], width: int = 8) -> Any:
    tokenizer = Vocabulary()
    tokenizer.fit([" ".join(words)])
    recipe = validate(Config("start", config(head={**WIDTH, "width": width})))
    return build_captioner(recipe, tokenizer)


@pytest.fixture(scope="module")
def donor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("donor") / "run"
    train(folder, config())
    return folder


def test_it_starts_with_the_weights_of_a_checkpoint_of_a_run_and_of_a_bundle(
    donor: Path, tmp_path: Path
) -> None:
    half = checkpoint.load(donor / "checkpoints" / "keep-half.pt")["weights"]
    last = checkpoint.best_weights(donor / "checkpoints").weights
    bundle = tmp_path / "bundle"
    export(donor, bundle)
    for source, expected in ((donor / "checkpoints" / "keep-half.pt", half), (donor, last), (bundle, last)):
        made = runs.Training(
            validate(Config("start", config())), runs.RunFolder(tmp_path / "unused"), "cpu"
        ).captioner
        taken = start(made, StartFrom(str(source)))
        assert not taken.left
        own = made.state_dict()
        assert own.keys() == expected.keys()
        assert all(torch.equal(own[name], expected[name]) for name in own)


def test_a_run_started_by_hand_equals_it_to_the_last_bit(donor: Path, tmp_path: Path) -> None:
    one = {"phases": {"second": {"steps": 3, "losses": ["tokens"]}}}
    path = donor / "checkpoints" / "keep-half.pt"
    started = train(tmp_path / "a", config(**one, start_from={"run": str(path)}))

    hook = {"type": "start_by_hand:StartByHand", "path": str(path)}
    by_hand = train(tmp_path / "b", config(**one, hooks=[hook]))
    assert all(torch.equal(by_hand[name], started[name]) for name in started)
    assert _losses(tmp_path / "a") == _losses(tmp_path / "b")
    assert len(_losses(tmp_path / "a")) == 3
    plain = train(tmp_path / "c", config(**one))
    assert any(not torch.equal(plain[name], started[name]) for name in started)


def _losses(folder: Path) -> list[float]:
    lines = map(json.loads, (folder / "scalars.jsonl").read_text().splitlines())
    return [line["loss/tokens"] for line in lines if "loss/tokens" in line]


def test_resuming_goes_on_with_its_own_weights(donor: Path, tmp_path: Path) -> None:
    given = config(start_from={"run": str(donor)})
    whole = train(tmp_path / "whole", given)
    train(tmp_path / "cut", given)
    for step in (4, 5, 6):
        (tmp_path / "cut" / "checkpoints" / f"step-{step:08d}.pt").unlink()
    again = train(tmp_path / "cut", config(start_from={"run": str(tmp_path / "gone")}), resume=True)
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_words_are_matched_by_their_text() -> None:
    there, here = captioner(["cat", "dog", "runs"]), captioner(["a", "dog", "cat"])
    given = Donor("there", there.state_dict(), there.tokenizer.state())
    made = match(here, given, None)
    assert not made.left
    assert made.shared == (6, 7)  # four specials, cat, dog
    for word in ("cat", "dog", "<eos>"):
        old, new = there.tokenizer.words.index(word), here.tokenizer.words.index(word)
        assert torch.equal(made.taken["head.embed.weight"][new], there.head.embed.weight[old])
        assert torch.equal(made.taken["head.classify.bias"][new], there.head.classify.bias[old])
    new = here.tokenizer.words.index("a")
    assert torch.equal(made.taken["head.embed.weight"][new], here.head.embed.weight[new])


def test_another_head_is_refused_by_name_and_shape(donor: Path, tmp_path: Path) -> None:
    wide = config(head={**WIDTH, "width": 12}, start_from={"run": str(donor)})
    with pytest.raises(UserError, match=r"head\.project\.weight: \(8, 16\) there, \(12, 16\) here") as caught:
        train(tmp_path / "run", wide)
    assert "start_from.strict=False" in str(caught.value.hint)
    assert not (tmp_path / "run").exists(), "a refused run leaves nothing behind"


def test_parts_and_what_is_left_out_are_told(donor: Path, tmp_path: Path) -> None:
    made = runs.Training(validate(Config("s", config())), runs.RunFolder(tmp_path), "cpu").captioner
    before = made.head.classify.weight.clone()
    taken = start(made, StartFrom(str(donor), parts=["head.gru"]))
    assert all(name.startswith("head.gru.") for name in taken.taken)
    assert torch.equal(before, made.head.classify.weight)
    with pytest.raises(ConfigError, match=r"'head\.gruu' has no weights"):
        start(made, StartFrom(str(donor), parts=["head.gruu"]))
    loose = captioner(["cat"], width=12)
    with pytest.raises(UserError, match="nothing of"):
        start(loose, StartFrom(str(donor), parts=["head.gru"], strict=False))


@pytest.mark.parametrize("what", ["missing", "text.pt"])
def test_what_is_no_run_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(UserError) as caught:
        train(tmp_path / "run", config(start_from={"run": str(tmp_path / what)}))
    assert str(tmp_path / what) in str(caught.value)
