"""Every formula on tiny random networks, against the papers' formulas written out here once more."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from transformers import AutoTokenizer, BertModel
from vidcap_neural_metrics.bert_score import BertScore
from vidcap_neural_metrics.clip_score import ClipScore, PacScore
from vidcap_neural_metrics.em_score import EmScore
from vidcap_neural_metrics.prompt import digits
from vidcap_neural_metrics.sentence_similarity import SentenceSimilarity

from vidcap_core.api import DataError, FeatureWriter, Scorer, UserError, build_component, encode_clip

Array = np.ndarray


def scored(metric: object, tiny: SimpleNamespace, captions: SimpleNamespace) -> Any:
    return Scorer(captions.references, [metric], clips=tiny.films).score(captions.predictions)  # type: ignore


def unit(rows: Array) -> Array:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def frames(tiny: SimpleNamespace, clip: str) -> Array:
    encoder = build_component("encoders", tiny.pictures).eval()
    return unit(encode_clip(encoder, tiny.films[clip]).astype(np.float64))


def text(tiny: SimpleNamespace, line: str) -> Array:
    ids = open_clip.get_tokenizer("tiny-pair")([line])
    with torch.no_grad():
        return unit(tiny.clip.encode_text(ids)[0].double().numpy())


@pytest.mark.parametrize(
    ("kind", "name", "weight"), [(ClipScore, "CLIPScore", 2.5), (PacScore, "PAC-S", 2.0)]
)
def test_clipscore_and_pac_s(
    tiny: SimpleNamespace, captions: SimpleNamespace, kind: type[ClipScore], name: str, weight: float
) -> None:
    scores = scored(kind(tiny.words, tiny.pictures), tiny, captions)
    free, both = [], []
    for clip, said in captions.predictions.items():
        row = text(tiny, f"A photo depicts {said}")
        value = np.mean([weight * max(float(frame @ row), 0) for frame in frames(tiny, clip)])
        likest = max(
            0, *(float(text(tiny, f"A photo depicts {line}") @ row) for line in captions.references[clip])
        )
        free.append(value)
        both.append(2 / (1 / value + 1 / likest) if value > 0 and likest > 0 else 0)
        assert scores.clips[name][clip] == pytest.approx(value, abs=1e-5)
        assert scores.clips[f"Ref{name}"][clip] == pytest.approx(both[-1], abs=1e-5)
    assert max(free) > 0
    assert scores.values[name] == pytest.approx(np.mean(free), abs=1e-5)
    assert scores.values[f"Ref{name}"] == pytest.approx(np.mean(both), abs=1e-5)


def test_a_negative_cosine_scores_0(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    """Frames turned away from every text: CLIPScore is 0, and so is the harmonic mean."""
    rows = {clip: -text(tiny, f"A photo depicts {said}")[None] for clip, said in captions.predictions.items()}
    store = tiny.root / "turned"
    with FeatureWriter(store, {"encoder": "turned"}, "float32") as writer:
        for clip, row in rows.items():
            writer.add(clip, row)
    scores = Scorer(captions.references, [ClipScore(tiny.words, features=str(store))]).score(
        captions.predictions
    )
    assert scores.values == {"CLIPScore": 0, "RefCLIPScore": 0}


def test_stored_features_give_the_same(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    encoder = build_component("encoders", tiny.pictures).eval()
    store = tiny.root / "stored"
    with FeatureWriter(store, encoder.recipe(), "float32") as writer:
        for clip, film in tiny.films.items():
            writer.add(clip, encode_clip(encoder, film))
    metric = ClipScore(tiny.words, features=str(store))
    assert metric.name == ClipScore(tiny.words, tiny.pictures).name
    stored = Scorer(captions.references, [metric]).score(captions.predictions)
    assert stored.values == pytest.approx(scored(ClipScore(tiny.words, tiny.pictures), tiny, captions).values)


def words(tiny: SimpleNamespace, line: str) -> tuple[list[int], Array]:
    """Ids and rows from start to end mark: the text network, layer by layer."""
    network = tiny.clip
    ids = open_clip.get_tokenizer("tiny-pair")([line])
    length = ids[0].tolist().index(49407) + 1
    with torch.no_grad():
        x = network.token_embedding(ids) + network.positional_embedding
        for block in network.transformer.resblocks:
            x = block(x, attn_mask=network.attn_mask)
        x = network.ln_final(x) @ network.text_projection
    return ids[0, :length].tolist(), unit(x[0, :length].double().numpy())


def idf_table(tiny: SimpleNamespace, lines: list[str]) -> dict[int, float]:
    """log((N + 1) / (df + 1)) of every token in rows of 16 ids, padding among them; the end mark: their mean."""
    rows = [set(open_clip.get_tokenizer("tiny-pair")([line])[0].tolist()) for line in lines]
    table = {t: math.log((len(rows) + 1) / (sum(t in r for r in rows) + 1)) for t in set().union(*rows)}
    table[49407] = sum(table.values()) / len(table)
    return table


def prf(x: Array, weights: list[float], y: Array, others: list[float]) -> tuple[float, float, float]:
    p = sum(w * max(float(a @ b) for b in y) for w, a in zip(weights, x, strict=True)) / sum(weights)
    r = sum(w * max(float(a @ b) for a in x) for w, b in zip(others, y, strict=True)) / sum(others)
    return p, r, 2 * p * r / (p + r)


@pytest.mark.parametrize("weighted", ["references", "predictions", "none"])
def test_emscore(tiny: SimpleNamespace, captions: SimpleNamespace, weighted: str) -> None:
    scores = scored(EmScore(tiny.words, tiny.pictures, idf=weighted), tiny, captions)  # type: ignore[arg-type]
    lines = [line for each in captions.references.values() for line in each]
    table = idf_table(tiny, lines if weighted == "references" else list(captions.predictions.values()))
    unseen = math.log((len(lines) if weighted == "references" else 3) + 1)

    def weigh(ids: list[int]) -> list[float]:
        return [1.0] * len(ids) if weighted == "none" else [table.get(token, unseen) for token in ids]

    totals: dict[str, list[float]] = {}
    for clip, said in captions.predictions.items():
        ids, rows = words(tiny, said)
        seen = frames(tiny, clip)
        coarse = float(unit(seen.mean(0)) @ text(tiny, said))
        fine = prf(rows, weigh(ids), seen, [1.0] * len(seen))
        against = []
        for line in captions.references[clip]:
            other_ids, other = words(tiny, line)
            numbers = prf(rows, weigh(ids), other, weigh(other_ids))
            against.append((float(text(tiny, line) @ text(tiny, said)), *numbers))
        top = [max(column) for column in zip(*against, strict=True)]
        expected = {
            "EMScore(X,V)": (coarse + fine[2]) / 2,
            "EMScore(X,V):coarse": coarse,
            "EMScore(X,V):fine-P": fine[0],
            "EMScore(X,V):fine-R": fine[1],
            "EMScore(X,V):fine-F": fine[2],
            "EMScore(X,X*)": (top[0] + top[3]) / 2,
            "EMScore(X,X*):coarse": top[0],
            "EMScore(X,X*):fine-P": top[1],
            "EMScore(X,X*):fine-R": top[2],
            "EMScore(X,X*):fine-F": top[3],
            "EMScore(X,V,X*)": ((coarse + fine[2]) / 2 + (top[0] + top[3]) / 2) / 2,
        }
        for name, value in expected.items():
            assert scores.clips[name][clip] == pytest.approx(value, abs=2e-5), name
            totals.setdefault(name, []).append(value)
    assert scores.values == pytest.approx({n: np.mean(v) for n, v in totals.items()}, abs=2e-5)


def test_emscore_without_words_of_its_own(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    """A text encoder without rows for words: the coarse numbers alone, or an error that says so."""
    store = tiny.root / "sixteen"
    with FeatureWriter(store, {"encoder": "made up"}, "float32") as writer:
        for index, clip in enumerate(captions.references):
            writer.add(clip, np.random.default_rng(index).normal(size=(4, 16)))
    with pytest.raises(UserError, match="none for each word"):
        Scorer(captions.references, [EmScore(tiny.bert, features=str(store))])
    metric = EmScore(tiny.bert, features=str(store), fine=False)
    values = Scorer(captions.references, [metric]).score(captions.predictions).values
    assert list(values) == [
        "EMScore(X,V)", "EMScore(X,V):coarse", "EMScore(X,X*)", "EMScore(X,X*):coarse", "EMScore(X,V,X*)"
    ]  # fmt: skip
    assert values["EMScore(X,V)"] == values["EMScore(X,V):coarse"]


def bert(tiny: SimpleNamespace, line: str, layer: int) -> tuple[list[int], Array]:
    tokenizer = AutoTokenizer.from_pretrained(tiny.root / "bert")
    network = BertModel.from_pretrained(tiny.root / "bert").eval()
    inputs = tokenizer(line, return_tensors="pt")
    with torch.no_grad():
        states = network(**inputs, output_hidden_states=True).hidden_states[layer][0]
    return inputs["input_ids"][0].tolist(), unit(states.double().numpy())


@pytest.mark.parametrize(("layer", "idf"), [(None, False), (1, False), (2, True)])
def test_bertscore(tiny: SimpleNamespace, captions: SimpleNamespace, layer: int | None, idf: bool) -> None:
    scores = scored(BertScore(tiny.bert, layer, idf), tiny, captions)
    at = 3 if layer is None else layer
    lines = [line for each in captions.references.values() for line in each]
    rows = [set(bert(tiny, line, at)[0]) for line in lines]

    def weigh(ids: list[int]) -> list[float]:
        if not idf:
            return [0.0 if i in (2, 3) else 1.0 for i in ids]  # [CLS], [SEP]
        return [math.log((len(rows) + 1) / (sum(i in r for r in rows) + 1)) for i in ids]

    for clip, said in captions.predictions.items():
        ids, x = bert(tiny, said, at)
        results = []
        for line in captions.references[clip]:
            other_ids, y = bert(tiny, line, at)
            results.append(prf(x, weigh(ids), y, weigh(other_ids)))
        for name, values in zip("PRF", zip(*results, strict=True), strict=True):
            assert scores.clips[f"BERTScore-{name}"][clip] == pytest.approx(max(values), abs=2e-5)


def test_a_caption_equal_to_its_reference_has_bertscore_1(
    tiny: SimpleNamespace, captions: SimpleNamespace
) -> None:
    said = {clip: lines[-1] for clip, lines in captions.references.items()}
    values = Scorer(captions.references, [BertScore(tiny.bert)]).score(said).values
    assert values == pytest.approx({"BERTScore-P": 1, "BERTScore-R": 1, "BERTScore-F": 1}, abs=1e-5)


def test_sentence_similarity(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    scores = scored(SentenceSimilarity({**tiny.bert, "pooling": "mean"}), tiny, captions)
    for clip, said in captions.predictions.items():
        row = unit(_mean(tiny, said))
        cosines = [float(unit(_mean(tiny, line)) @ row) for line in captions.references[clip]]
        assert scores.clips["Similarity"][clip] == pytest.approx(max(cosines), abs=1e-5)
        assert scores.clips["Similarity-mean"][clip] == pytest.approx(np.mean(cosines), abs=1e-5)


def _mean(tiny: SimpleNamespace, line: str) -> Array:
    inputs = AutoTokenizer.from_pretrained(tiny.root / "bert")(line, return_tensors="pt")
    network = BertModel.from_pretrained(tiny.root / "bert").eval()
    with torch.no_grad():
        return network(**inputs).last_hidden_state[0].double().numpy().mean(0)


def test_signatures_name_model_weights_and_settings(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    def settings(words: dict[str, Any], pictures: dict[str, Any], **changes: Any) -> dict[str, str]:
        return ClipScore(words, pictures, **changes).settings

    first = settings(tiny.words, tiny.pictures)
    assert first["model"].startswith("tiny-pair@")
    assert settings(tiny.words, tiny.pictures, prefix="") == {**first, "prefix": digits("")}
    more_frames = settings(tiny.words, {**tiny.pictures, "frames": 5})
    assert more_frames["encoders"] != first["encoders"]
    assert more_frames == {**first, "encoders": more_frames["encoders"]}
    random = {"pretrained": False, "seed": 1}
    others = settings({**tiny.words, **random}, {**tiny.pictures, **random})
    assert others["model"].startswith("tiny-pair@")
    assert others["model"] != first["model"]
    signature = scored(ClipScore(tiny.words, tiny.pictures), tiny, captions).scores[0].signature
    assert signature.captions
    assert str(signature) == (
        f"clipscore|v:1|tok:none|refs:1-3|missing:error|clips:3/3|model:{first['model']}"
        f"|encoders:{first['encoders']}|prefix:{first['prefix']}|hash:{signature.captions}"
    )
    assert EmScore(tiny.words, tiny.pictures, idf="none").settings["idf"] == "none"
    assert BertScore(tiny.bert, layer=2).settings["layer"] == "2"


def test_texts_reach_the_network_as_they_are_written(
    tiny: SimpleNamespace, captions: SimpleNamespace
) -> None:
    """Full stops count for CLIP; a tokenized text has none."""
    said = {clip: f"{text}!" for clip, text in captions.predictions.items()}
    plain = scored(ClipScore(tiny.words, tiny.pictures), tiny, captions).values
    marked = (
        Scorer(captions.references, [ClipScore(tiny.words, tiny.pictures)], clips=tiny.films)
        .score(said)
        .values
    )
    assert plain != marked


def test_videos_on_the_command_line(
    tiny: SimpleNamespace, captions: SimpleNamespace, vidcap: Callable[..., SimpleNamespace]
) -> None:
    for name in ("references", "predictions"):
        (tiny.root / f"{name}.json").write_text(json.dumps(getattr(captions, name)))
    files = [str(tiny.root / "predictions.json"), str(tiny.root / "references.json")]
    whole = f"local-dir:{tiny.root / 'whole'}"
    sides = {
        "words": {"type": "OpenClipText", "model": whole},
        "pictures": {"type": "OpenClipImage", "model": whole, "frames": 3},
    }
    words = [part for side, spec in sides.items() for part in ("--set", f"clipscore.{side}={spec}")]
    words = ["score", *files, "--metrics", "clipscore,rouge", *words]
    told = vidcap(*words, "--videos", str(tiny.folder), "--json")
    expected = scored(ClipScore(tiny.words, tiny.pictures), tiny, captions).values["CLIPScore"]
    assert json.loads(told.out)["values"]["CLIPScore"] == pytest.approx(expected, abs=1e-5)
    without = vidcap(*words)
    assert without.code == 2
    assert "--videos FOLDER" in without.err


def test_what_does_not_fit(tiny: SimpleNamespace, captions: SimpleNamespace) -> None:
    for spec in ({"type": 1}, {}, 5):
        with pytest.raises(UserError, match="names no encoder"):
            BertScore(spec)  # type: ignore[arg-type]
    for wrong in ({}, {"model": 5}, {**tiny.bert, "strange": 1}):
        with pytest.raises(UserError, match="HFText cannot be built of"):
            BertScore({"type": "HFText", **wrong})
    with pytest.raises(UserError, match="one of the two"):
        ClipScore(tiny.words)
    with pytest.raises(UserError, match="do not lie in one space"):
        ClipScore(tiny.bert, tiny.pictures)
    with pytest.raises(UserError, match="reads frames, the metric needs one that reads text"):
        BertScore(tiny.pictures)
    with pytest.raises(UserError, match="0 to 3"):
        BertScore(tiny.bert, layer=4)
    with pytest.raises(UserError, match="no row for each token"):
        BertScore(tiny.words)
    with pytest.raises(DataError, match="3 of 3 clips have none"):
        Scorer(captions.references, [ClipScore(tiny.words, tiny.pictures)])
    store = tiny.root / "other"
    with FeatureWriter(store, {}, "float32") as writer:
        writer.add("x", np.ones((1, 24)))
    with pytest.raises(DataError, match="no clip 'a'"):
        Scorer(captions.references, [ClipScore(tiny.words, features=str(store))])
