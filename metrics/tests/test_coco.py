"""pycocoevalcap's interface: its programs and ours on the same inputs give the same."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu as TheirBleu
from pycocoevalcap.cider.cider import Cider as TheirCider
from pycocoevalcap.eval import COCOEvalCap as TheirEval
from pycocoevalcap.meteor.meteor import Meteor as TheirMeteor
from pycocoevalcap.rouge.rouge import Rouge as TheirRouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer as TheirTokenizer

from vidcap_metrics import coco
from vidcap_metrics.errors import DataError

WORDS = [
    "A",
    "man",
    "woman's",
    "dog",
    "(who)",
    "runs,",
    "plays",
    "the",
    "guitar;",
    "it's",
    "3.5",
    "feet",
    "don't",
    "sit-down",
    "on",
    "a",
    "ball.",
    "Two",
    "people",
]
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="pycocoevalcap needs Java here")
Captions = dict[int, list[dict[str, str]]]


class Loaded:
    """What pycocotools' COCO has of a file."""

    def __init__(self, captions: Captions) -> None:
        self.imgToAnns = captions

    def getImgIds(self) -> list[int]:
        return list(self.imgToAnns)


def captions(seed: int, images: int = 40) -> tuple[Captions, Captions]:
    """Raw references and results of images whose ids are numbers, in no order."""
    chance = random.Random(seed)

    def caption() -> dict[str, str]:
        return {"caption": " ".join(chance.choices(WORDS, k=chance.randint(1, 12)))}

    ids = chance.sample(range(1000), images)
    gts = {image: [caption() for _ in range(chance.randint(1, 5))] for image in ids}
    res = {image: [chance.choice([caption(), gts[image][0]])] for image in reversed(ids)}
    return gts, res


def tokens(seed: int) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    gts, res = captions(seed)
    return coco.PTBTokenizer().tokenize(gts), coco.PTBTokenizer().tokenize(res)


def quiet(call: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return call()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("ours", "theirs"), [(coco.Cider, TheirCider), (coco.Rouge, TheirRouge), (coco.Bleu, TheirBleu)]
)
def test_same_numbers_in_the_same_order_and_types(ours: Any, theirs: Any, seed: int) -> None:
    gts, res = tokens(seed)
    value, values = ours().compute_score(gts, res)
    expected, expected_values = quiet(lambda: theirs().compute_score(gts, res))
    assert type(value) is type(expected)
    assert type(values) is type(expected_values)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(values, expected_values, rtol=0, atol=1e-12)
    assert ours().method() == theirs().method()


def test_bleu_of_fewer_orders() -> None:
    gts, res = tokens(4)
    value, values = coco.Bleu(2).compute_score(gts, res, verbose=0)
    expected, expected_values = quiet(lambda: TheirBleu(2).compute_score(gts, res))
    np.testing.assert_allclose(value, expected, atol=1e-12)
    np.testing.assert_allclose(values, expected_values, atol=1e-12)


def test_untokenised_captions_are_scored_as_they_are() -> None:
    gts, res = captions(5)
    raw_gts = {image: [one["caption"] for one in lines] for image, lines in gts.items()}
    raw_res = {image: [one["caption"] for one in lines] for image, lines in res.items()}
    for ours, theirs in ((coco.Cider(), TheirCider()), (coco.Rouge(), TheirRouge())):
        assert ours.compute_score(raw_gts, raw_res)[0] == pytest.approx(
            theirs.compute_score(raw_gts, raw_res)[0], abs=1e-12
        )


def test_cider_of_one_image_is_zero_as_theirs() -> None:
    gts, res = {7: ["a man runs"]}, {7: ["a man runs"]}
    assert coco.Cider().compute_score(gts, res)[0] == TheirCider().compute_score(gts, res)[0] == 0


@needs_java
def test_tokenizer() -> None:
    gts, _ = captions(6)
    gts[7] = [{"caption": "two\nlines (here)"}, {"caption": ""}]
    gts[8] = []
    assert coco.PTBTokenizer().tokenize(gts) == TheirTokenizer().tokenize(gts)


@needs_java
def test_meteor() -> None:
    gts, res = tokens(7)
    value, values = coco.Meteor().compute_score(gts, res)
    expected, expected_values = TheirMeteor().compute_score(gts, res)
    assert value == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(values, expected_values, rtol=0, atol=1e-12)


@needs_java
def test_evaluation_of_loaded_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycocoevalcap.eval.Spice", TheirCider)  # SPICE wants models that no package has
    gts, res = captions(8)
    ours, theirs = coco.COCOEvalCap(Loaded(gts), Loaded(res)), TheirEval(Loaded(gts), Loaded(res))
    ours.evaluate()
    quiet(theirs.evaluate)
    assert ours.eval.keys() == theirs.eval.keys() - {"SPICE"}
    for name, value in ours.eval.items():
        assert value == pytest.approx(theirs.eval[name], abs=1e-12)
    assert [image["image_id"] for image in ours.evalImgs] == [image["image_id"] for image in theirs.evalImgs]
    assert ours.imgToEval[next(iter(gts))]["CIDEr"] == pytest.approx(
        theirs.imgToEval[next(iter(gts))]["CIDEr"]
    )


def test_some_images_only() -> None:
    gts, res = captions(9)
    evaluation = coco.COCOEvalCap(Loaded(gts), Loaded(res))
    evaluation.params["image_id"] = list(gts)[:10]
    evaluation.evaluate()
    assert list(evaluation.imgToEval) == list(gts)[:10]


def test_what_java_gave(tmp_path: Path) -> None:
    """Tokens and METEOR of pycocoevalcap, frozen: this runs where there is no Java."""
    golden = json.loads((Path(__file__).parent / "goldens" / "coco.json").read_text("utf-8"))
    gts, res = captions(golden["seed"])
    tokenizer = coco.PTBTokenizer()
    assert tokenizer.tokenize(gts) == {int(image): lines for image, lines in golden["gts"].items()}
    value, values = coco.Meteor().compute_score(tokenizer.tokenize(gts), tokenizer.tokenize(res))
    assert value == pytest.approx(golden["METEOR"], abs=1e-12)
    np.testing.assert_allclose(values, golden["METEOR of images"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("gts", "res", "message"),
    [
        ({1: ["a"], 2: ["b"]}, {1: ["a"]}, "2 is in only one of them"),
        ({1: ["a"]}, {1: ["a", "b"]}, "not a list of one caption"),
        ({1: ["a"]}, {1: "a"}, "not a list of one caption"),
        ({1: []}, {1: ["a"]}, "not a list of captions"),
        ({1: "a man"}, {1: ["a"]}, "not a list of captions"),
    ],
)
def test_what_cannot_be_scored_is_said(gts: Any, res: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        coco.Cider().compute_score(gts, res)


def test_settings_that_are_not_offered_are_refused() -> None:
    with pytest.raises(DataError, match="only n=4"):
        coco.Cider(n=3)
    with pytest.raises(DataError, match="up to 4"):
        coco.Bleu(5)
