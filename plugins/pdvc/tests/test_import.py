"""`vidcap import pdvc`: the authors' files become bundles, and what is none of them is refused in a line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.cli.main import main
from vidcap_core.saved.load import load_captioner


@pytest.mark.parametrize("name", ["standard", "light"])
def test_a_checkpoint_becomes_a_bundle(golden: Any, tmp_path: Path, name: str) -> None:
    files, out = golden.write(tmp_path, name), tmp_path / "bundle"
    given = [f"--file={key}={files[key]}" for key in ("words", "options")]
    assert main(["import", "pdvc", str(files["checkpoint"]), *given, "-o", str(out)]) == 0
    captioner: Any = load_captioner(str(out))
    assert captioner.head.text_weight == {"standard": 1.0, "light": 0.3}[name]
    assert captioner.head.frames == 24
    assert captioner.settings.max_length == 8
    [first, *_] = captioner.predict(golden.batch("both"))
    assert first.events


def test_sizes_that_no_shape_says_are_as_published(golden: Any, tmp_path: Path) -> None:
    from vidcap_pdvc.importers import pdvc

    made = pdvc.convert(golden.checkpoint("light"), {"words": golden.write(tmp_path, "light")["words"]})
    head = made.config["head"]
    assert (head["heads"], head["points"], head["frames"], head["max_words"]) == (4, 4, 100, 28)


def test_published_layouts_are_known_whole(golden: Any) -> None:
    """Every name and shape that the authors publish is one of the head that an import would build of it."""
    from vidcap_pdvc.importers import WHOLE, Checkpoint

    from vidcap_core.api import build_component

    configs = json.loads((golden.folder / "published_layout.json").read_text())["configs"]
    for name, layout in configs.items():
        tensors = dict(layout.get("tensors") or configs[layout["same_keys_as"]]["tensors"])
        tensors |= layout.get("shapes_that_differ", {})
        weights = {key: torch.empty(value["shape"], device="meta") for key, value in tensors.items()}
        given = Checkpoint.of("PDVC", {"model": weights}, WHOLE, {})
        words = Words(given.shape("caption_head.0.embed.weight")[0])
        with torch.device("meta"):
            head = build_component("heads", given.head(), tokenizer=words)
        theirs = {key: tuple(value.shape) for key, value in given.named().items()}
        assert theirs == {key: tuple(value.shape) for key, value in head.state_dict().items()}, name


class Words:
    """A tokenizer of so many words, of which only their number is asked."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count


def test_what_is_no_checkpoint_of_it_is_refused(
    golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, out = golden.write(tmp_path, "standard"), tmp_path / "bundle"
    given = [f"--file={key}={files[key]}" for key in ("words", "options")]

    def of(content: Any, *others: str) -> str:
        path = tmp_path / "given.pth"
        torch.save(content, path)
        assert main(["import", "pdvc", str(path), *(others or given), "-o", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    whole = golden.checkpoint("standard")
    weights = whole["model"]
    text = of({"model": dict(list(weights.items())[:80])})
    assert "lacks" in text
    assert "it has 80 tensors" in text
    most = {key: value for key, value in weights.items() if "encoder.layers.1.norm2" not in key}
    assert "missing network.encoder.1.feed.norm.weight" in of({"model": most})
    text = of({"state_dict": {"conv1.weight": torch.zeros(8, 3, 7, 7)}})
    assert "no whole checkpoint of PDVC" in text
    assert "conv1.weight (8, 3, 7, 7)" in text
    assert "extra.weight (2, 5)" in of({"model": {**weights, "extra.weight": torch.zeros(2, 5)}})
    narrow = {**weights, "caption_head.1.logit.weight": weights["caption_head.1.logit.weight"][:, :40]}
    assert "captioner.classify.weight: (26, 40) there, (26, 64) here" in of({"model": narrow})
    assert "could run code (it names fractions.Fraction)" in of({**whole, "seen": Fraction(1, 2)})
    assert "needs the words" in of(whole, f"--file=options={files['options']}")
    (tmp_path / "few.txt").write_text("a man")
    text = of(whole, f"--file=words={tmp_path / 'few.txt'}")
    assert "has 2 words, and the checkpoint knows 25" in text
    (tmp_path / "info.json").write_text('{"nheads": 3}')
    text = of(whole, given[0], f"--file=options={tmp_path / 'info.json'}")
    assert "has 64 rows, and 3 heads, 4 levels and 4 points make 48" in text
    cut = tmp_path / "cut.pth"
    cut.write_bytes(files["checkpoint"].read_bytes()[:5000])
    assert main(["import", "pdvc", str(cut), *given, "-o", str(out)]) == 2
    assert "cut.pth is damaged: its end is missing" in capsys.readouterr().err
