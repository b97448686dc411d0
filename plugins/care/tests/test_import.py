"""`vidcap import`: the authors' files become bundles, and what is none of them is refused in a line."""

from __future__ import annotations

import argparse
import json
import pickle
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from vidcap_core.api import GenerateSettings
from vidcap_core.cli.main import main
from vidcap_core.decoding.generate import generate
from vidcap_core.saved.load import load_captioner


def test_a_bundle_of_care_writes_the_authors_texts(golden: Any, tmp_path: Path) -> None:
    words = golden.write_words(tmp_path)
    file = golden.write(tmp_path, "care", "care")
    out = tmp_path / "bundle"
    assert main(["import", "care", str(file), "--file", f"words={words}", "-o", str(out)]) == 0
    captioner = load_captioner(str(out))
    index = json.loads((out / "bundle.json").read_text())
    assert index["provenance"]["imported"]["file"] == file.name
    settings = GenerateSettings(**index["config"]["generate"])
    assert settings.beam == 5
    rows = generate(captioner.head, golden.view("care", "amir"), settings, bos=2, eos=3)
    texts = [[captioner.tokenizer.decode(row[0].tokens)] for row in rows]
    assert texts == golden.results["care.beam5_alpha1.0_topk1"]


@pytest.mark.parametrize("repository", ["care", "nacf"])
def test_both_layouts_of_nacf_become_bundles(golden: Any, tmp_path: Path, repository: str) -> None:
    words = golden.write_words(tmp_path)
    file, teacher = (golden.write(tmp_path, repository, model) for model in ("nacf", "arb"))
    out = tmp_path / "bundle"
    given = ["--file", f"words={words}", "--file", f"teacher={teacher}"]
    assert main(["import", "nacf", str(file), *given, "-o", str(out)]) == 0
    head: Any = load_captioner(str(out)).head
    assert head.network.layout == repository
    assert head.teacher is not None


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["import", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_what_is_no_checkpoint_of_the_method_is_refused(
    golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"words={golden.write_words(tmp_path)}"
    out = tmp_path / "bundle"

    def of(method: str, content: Any) -> str:
        path = tmp_path / "given.pt"
        torch.save(content, path)
        said = refusal(capsys, method, path, "--file", words, "-o", out)
        assert not out.exists()
        return said

    whole = golden.checkpoint("care", "care")
    weights = whole["state_dict"]
    half = dict(list(weights.items())[: len(weights) // 2])
    text = of("care", {**whole, "state_dict": half})
    assert "lacks encoder.Encoder_A.0.weight, encoder.Encoder_M.0.weight" in text
    most = {key: value for key, value in weights.items() if "layers.1.ffn.dense1" not in key}
    assert "missing network.layers.1.feed_in.weight" in of("care", {**whole, "state_dict": most})
    other = {"conv1.weight": torch.zeros(8, 3, 7, 7)}
    text = of("care", {"state_dict": other})
    assert "no whole checkpoint of CARE" in text
    assert "conv1.weight (8, 3, 7, 7)" in text
    more = {**weights, "captioner.extra.weight": torch.zeros(2, 5)}
    assert "extra.weight (2, 5)" in of("care", {**whole, "state_dict": more})
    key = "captioner.decoder.layers.0.ffn.dense2.weight"
    narrow = {**weights, key: weights[key][:, :40]}
    text = of("care", {**whole, "state_dict": narrow})
    assert "network.layers.0.feed_out.weight: (32, 40) there, (32, 48) here" in text
    assert "vidcap import nacf" in of("care", golden.checkpoint("care", "nacf"))
    assert "vidcap import care" in of("nacf", golden.checkpoint("care", "arb"))
    assert "could run code (it names fractions.Fraction)" in of("care", {**whole, "seen": Fraction(1, 2)})
    assert "holds a list" in of("care", [1, 2])


def test_options_in_a_namespace_are_plain_data(golden: Any, tmp_path: Path) -> None:
    content = golden.checkpoint("nacf", "nacf")
    path = tmp_path / "best.pth.tar"
    torch.save({**content, "settings": argparse.Namespace(**content["settings"])}, path)
    words = golden.write_words(tmp_path)
    out = tmp_path / "bundle"
    assert main(["import", "nacf", str(path), "--file", f"words={words}", "-o", str(out)]) == 0


def test_files_beside_a_checkpoint_are_asked_for_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "best.ckpt", tmp_path / "bundle"
    file.write_bytes(b"no checkpoint")
    assert "--file words=FILE" in refusal(capsys, "care", file, "-o", out)
    words = tmp_path / "words.txt"
    words.write_text("a")
    assert "is refused" in refusal(capsys, "care", file, "--file", f"words={words}", "-o", out)
    assert "takes no such file" in refusal(capsys, "care", file, "--file", f"word={words}", "-o", out)
    assert "there is no" in refusal(capsys, "care", file, "--file", "words=none.txt", "-o", out)
    assert "not of the form NAME=FILE" in refusal(capsys, "care", file, "--file", "words", "-o", out)
    assert "did you mean 'care'" in refusal(capsys, "cared", file, "-o", out)
    assert "no such checkpoint" in refusal(
        capsys, "care", tmp_path / "none.ckpt", "--file", f"words={words}", "-o", out
    )


def test_words_come_in_three_forms(golden: Any, tmp_path: Path) -> None:
    from vidcap_care.word_lists import read_words

    words = list(golden.words)
    table = dict(enumerate(words))
    (tmp_path / "list.json").write_text(json.dumps(words))
    (tmp_path / "table.json").write_text(json.dumps(table))
    (tmp_path / "plain.txt").write_text("\n".join(words[6:]))
    (tmp_path / "corpus.pkl").write_bytes(pickle.dumps({"captions": {}, "info": {"itow": table}}))
    for name in ("list.json", "table.json", "plain.txt", "corpus.pkl"):
        assert read_words(tmp_path / name, len(words)) == words


def test_lists_that_are_none_are_refused(tmp_path: Path) -> None:
    from vidcap_care.word_lists import read_words

    from vidcap_core.api import UserError

    (tmp_path / "code.pkl").write_bytes(pickle.dumps({"itow": Counter("ab")}))
    with pytest.raises(UserError, match=r"could run code .it names collections.Counter"):
        read_words(tmp_path / "code.pkl", 10)
    (tmp_path / "other.pkl").write_bytes(pickle.dumps({"captions": {}}))
    with pytest.raises(UserError, match="no table 'itow'"):
        read_words(tmp_path / "other.pkl", 10)
    (tmp_path / "short.txt").write_text("a\nb")
    with pytest.raises(UserError, match="has 2 words, and the checkpoint knows 10"):
        read_words(tmp_path / "short.txt", 10)
    (tmp_path / "gap.json").write_text(json.dumps({"6": "a", "9": "b"}))
    with pytest.raises(UserError, match="no word for the id 7"):
        read_words(tmp_path / "gap.json", 10)
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps({"itow": {1: "a"}})[:12])
    with pytest.raises(UserError, match=r"damaged|refused"):
        read_words(tmp_path / "cut.pkl", 10)
