"""What `vidcap-score` makes of files without being told, and what may be told."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap_metrics import Scorer, UserError
from vidcap_metrics.cider import CiderD
from vidcap_metrics.cli import main, score
from vidcap_metrics.cli.choices import PARAGRAPH
from vidcap_metrics.dense import Dense
from vidcap_metrics.emotion import emotion_scorer
from vidcap_metrics.event import Event
from vidcap_metrics.soda import SodaC

Command = Callable[..., dict[str, Any]]
TIMES = [[0, 5], [5, 9]]
REFERENCES = {
    "a": {"duration": 9, "timestamps": TIMES, "sentences": ["A happy man runs.", "A dog sits."]},
    "b": {"duration": 9, "timestamps": TIMES, "sentences": ["Two women talk.", "They walk away."]},
}
RESULTS = {
    "a": [{"sentence": "a happy man runs", "timestamp": [0, 4]}, {"sentence": "a cat", "timestamp": [5, 9]}],
    "b": [{"sentence": "two women walk away", "timestamp": [1, 9]}],
}
RUN = [
    {"id": clip, "text": "", "span": [0, 9], "events": [
        {"start": event["timestamp"][0], "end": event["timestamp"][1], "text": event["sentence"]} for event in events
    ]}
    for clip, events in RESULTS.items()
]  # fmt: skip
TRACKS = {
    clip: [[{"start": t[0], "end": t[1], "text": s} for t, s in zip(TIMES, entry["sentences"], strict=True)]]
    for clip, entry in REFERENCES.items()
}
CAPTIONS = {"a": ["A happy man runs.", "He runs."], "b": ["Two women talk.", "Women."], "c": ["A dog."]}
SAID = {"a": "a happy man", "b": "two sad women", "c": "a dog"}


def events(data: dict[str, Any]) -> dict[str, list[Event]]:
    return {
        clip: [Event(*map(float, t), s) for t, s in zip(entry["timestamps"], entry["sentences"], strict=True)]
        for clip, entry in data.items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    contents: dict[str, object] = {
        "refs": REFERENCES,
        "results": {"version": "1", "results": RESULTS},
        "captions": CAPTIONS,
        "said": SAID,
        "run/predictions-val": RUN,
        "run/references-val": TRACKS,
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def command(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Scores as JSON, typed in the folder."""
    monkeypatch.chdir(folder)

    def typed(*words: str) -> dict[str, Any]:
        parser = argparse.ArgumentParser()
        score.add_arguments(parser)
        capsys.readouterr()
        assert score.run(parser.parse_args([*words, "--json"])) == 0
        out: dict[str, Any] = json.loads(capsys.readouterr().out)
        return out

    return typed


def test_files_of_events_take_the_metrics_of_events(command: Command) -> None:
    data = command("results.json", "refs.json")
    assert {"dense-METEOR", "dense-CIDEr-D", "loc-F1", "SODA_c"} <= data["values"].keys()
    assert command("results.json", "refs.json", "--metrics", "dense,soda_c")["values"] == data["values"]


def test_files_of_captions_take_those_of_captions(command: Command) -> None:
    values = command("said.json", "captions.json")["values"]
    assert {"BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D"} <= values.keys()
    assert "SODA_c" not in values


def test_the_folder_of_a_run_is_scored_against_its_references(command: Command) -> None:
    whole = command("results.json", "refs.json")["values"]
    run = command("run")["values"]
    assert run["SODA_c"] == whole["SODA_c"] > 0
    assert command("run/predictions-val.json")["values"] == run
    assert command("run", "refs.json")["values"] == pytest.approx(whole)


def test_a_folder_with_several_splits_asks_which(command: Command, folder: Path) -> None:
    (folder / "run" / "predictions-test.json").write_text(json.dumps(RUN))
    with pytest.raises(UserError, match="holds predictions of test, val"):
        command("run")
    (folder / "empty").mkdir()
    with pytest.raises(UserError, match=r"no predictions-SPLIT\.json and no captions\.jsonl"):
        command("empty", "refs.json")


def test_references_are_asked_for_where_none_lie_beside(command: Command) -> None:
    with pytest.raises(UserError, match=r"no references of said\.json") as caught:
        command("said.json")
    assert caught.value.hint == "vidcap score said.json REFERENCES"


def lines(folder: Path, entries: list[dict[str, Any]]) -> None:
    (folder / "job").mkdir(exist_ok=True)
    (folder / "job" / "captions.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_lines_of_captioned_files(command: Command, folder: Path) -> None:
    """One file was captioned twice: the last line counts."""
    entries = [
        {"file": f"/v/{clip}.mp4", "modified": 1, "id": clip, "text": text, "events": []}
        for clip, text in {"a": "wrong", **SAID}.items()
    ]
    again = {"file": "/v/a.mp4", "modified": 2, "id": "a", "text": SAID["a"], "events": []}
    lines(folder, [*entries, again])
    words = ("captions.json", "--metrics", "bleu,rouge")
    assert command("job", *words)["values"] == command("said.json", *words)["values"]
    lines(folder, [*entries, again | {"file": "/other/a.mp4"}])
    with pytest.raises(UserError, match="'a' has more than one prediction"):
        command("job", *words)


def test_lines_with_events(command: Command, folder: Path) -> None:
    lines(folder, [entry | {"file": f"/v/{entry['id']}.mp4", "modified": 1} for entry in RUN])
    whole = command("results.json", "refs.json")
    assert command("job", "refs.json")["values"] == whole["values"]
    assert command("job/captions.jsonl", "refs.json")["signatures"] == whole["signatures"]


def test_options_of_dense_metrics_reach_them(command: Command) -> None:
    words = ("--tious", "0.5", "--detail", "--segments", "4", "--annotators", "merged")
    values = command("results.json", "refs.json", *words)["values"]
    predictions = {
        clip: [Event(*map(float, event["timestamp"]), event["sentence"]) for event in found]
        for clip, found in RESULTS.items()
    }
    dense = Dense(tious=(0.5,), detail=True, segments=4).scorer(events(REFERENCES), {"a": 9.0, "b": 9.0})
    soda = SodaC(annotators="merged").scorer(events(REFERENCES))
    assert values == pytest.approx(dense.score(predictions).values | soda.score(predictions).values)
    assert "loc-F1@0.5" in values
    assert "loc-F1:segments-4" in values


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("said.json", "captions.json", "--annotators", "multi"), "--annotators is for none of bleu"),
        (
            ("said.json", "captions.json", "--metrics", "bleu", "--corpus", "captions.json"),
            "--corpus is for none",
        ),
        (
            ("said.json", "captions.json", "--metrics", "bleu", "--train", "captions.json"),
            "--train is for none",
        ),
        (("results.json", "refs.json", "--tokenizer", "char"), "--tokenizer char is for metrics of captions"),
        (
            ("results.json", "refs.json", "--metrics", "dense", "--paragraphs"),
            "--paragraphs is for metrics of",
        ),
        (
            ("results.json", "refs.json", "--metrics", "dense", "--protocol", "epan"),
            "--protocol epan is for metrics of captions",
        ),
        (("results.json", "refs.json", "--protocol", "ptb"), "--protocol is for none of dense, soda_c"),
        (("results.json", "refs.json", "--metrics", "soda_c", "--garbage", "2018"), "--garbage is for none"),
        (
            ("said.json", "captions.json", "--metrics", "bleu", "--meteor", "java"),
            "--meteor is for none of bleu",
        ),
        (("said.json", "captions.json", "--tokenizer", "zh"), "no tokenizer is named 'zh'"),
        (("said.json", "captions.json", "--metrics", "bleu", "--protocol", "epan"), "for emotion alone"),
        (("said.json", "captions.json", "--metrics", ""), "--metrics names no metric"),
        (("said.json", "captions.json", "--metrics", " , "), "--metrics names no metric"),
        (("said.json", "captions.json", "--metrics", "CIDEr"), "what papers call CIDEr is cider-d"),
        (("said.json", "captions.json", "--metrics", "BLEU-4"), "did you mean 'bleu'"),
        (("results.json", "refs.json", "--metrics", "rouge"), "has events with times"),
    ],
)
def test_what_does_not_go_together_is_said(command: Command, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        command(*words)


@pytest.mark.parametrize(
    ("metric", "change", "message"),
    [
        ("dense", "garbage=2017", "2018 or 2021 is wanted"),
        ("dense", "garbage=[]", "2018 or 2021 is wanted"),
        ("dense", "tious=high", r"a list \[...\] is wanted"),
        ("dense", "tious=['a']", r"a list \[...\] is wanted"),
        ("dense", "tious=[]", "between 0 and 1"),
        ("localisation", "tious=[0.5, 2]", "between 0 and 1"),
        ("localisation", "segments=many", "a whole number or None is wanted"),
        ("localisation", "segments=0", "at least 1 segment"),
        ("localisation", "detail=1", "True or False is wanted"),
        ("soda_c", "meteor=ruby", "python or java"),
        ("soda_c", "meteor={}", "python or java"),
        ("paragraph", "protocol=mine", "published or ptb is wanted"),
    ],
)
def test_values_of_another_kind(command: Command, metric: str, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        command("results.json", "refs.json", "--metrics", metric, "--set", f"{metric}.{change}")


def test_values_that_fit(command: Command) -> None:
    words = ("results.json", "refs.json", "--metrics", "dense")
    typed = command(
        *words, "--set", "dense.tious=[0.5, 1]", "--set", "dense.detail=True", "--set", "dense.garbage=2018"
    )
    assert "loc-F1@1" in typed["values"]
    assert typed["signatures"]["dense-METEOR"].startswith("dense-2018@")


def test_names_in_any_case_and_twice(command: Command) -> None:
    values = command("said.json", "captions.json", "--metrics", "ROUGE, rouge,Cider-D")["values"]
    assert list(values) == ["ROUGE-L", "CIDEr-D"]


def test_tokenizer_by_name(command: Command) -> None:
    data = command("said.json", "captions.json", "--metrics", "rouge", "--tokenizer", "none", "--human")
    expected = Scorer(CAPTIONS, ["rouge"], tokenizer="none").score(SAID)
    assert data["values"] == expected.values
    assert data["signatures"] == expected.signatures
    assert data["human"]["clips"] == 2


def test_a_corpus_is_tokenised_like_the_references(command: Command) -> None:
    words = ("said.json", "captions.json", "--metrics", "cider-d")
    plain = {clip: [line.lower().rstrip(".") for line in captions] for clip, captions in CAPTIONS.items()}
    expected = Scorer(plain, [CiderD(corpus=plain)]).score(SAID)
    assert command(*words, "--corpus", "captions.json")["values"] == pytest.approx(expected.values)
    assert "|corpus:" in command(*words, "--corpus", "captions.json")["signatures"]["CIDEr-D"]


def test_paragraphs(command: Command) -> None:
    words = ("--paragraphs", "--metrics", "rouge,bleu")
    data = command("results.json", "refs.json", *words)
    told = {clip: " ".join(event["sentence"] for event in found) for clip, found in RESULTS.items()}
    texts = {clip: [" ".join(entry["sentences"])] for clip, entry in REFERENCES.items()}
    expected = Scorer(texts, ["rouge", "bleu"]).score(told)
    assert data["values"] == expected.values
    assert data["signatures"] == expected.signatures
    assert command("run", *words)["values"] == expected.values
    assert "METEOR" in command("results.json", "refs.json", "--paragraphs")["values"]


def test_protocol_of_emotion(command: Command) -> None:
    data = command("said.json", "captions.json", "--metrics", "emotion", "--protocol", "epan")
    assert data["values"] == emotion_scorer(CAPTIONS, "epan").score(SAID).values
    assert "|tok:epan-15|" in data["signatures"]["BFS"]


def test_protocol_of_paragraphs(command: Command) -> None:
    words = ("results.json", "refs.json", "--metrics", "paragraph")
    default, published, ptb = (
        command(*words, *more) for more in ((), *(("--protocol", p) for p in PARAGRAPH))
    )
    assert default == published
    assert "paragraph-published|v:1|tok:letters" in published["signatures"]["para-METEOR"]
    assert "paragraph-ptb|v:1|tok:ptb-3.4.1" in ptb["signatures"]["para-METEOR"]
    assert ptb["values"] == command(*words, "--set", "paragraph.protocol=ptb")["values"]


def test_without_the_tables_of_meteor_it_is_left_out_and_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main.main(["said.json", "captions.json"]) == 0
    out = capsys.readouterr()
    assert "METEOR" not in out.out
    assert "CIDEr-D" in out.out
    assert "pip install 'vidcap-metrics[meteor]'" in out.err


def test_errors_are_a_line_and_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([str(folder / "said.json"), str(folder / "none.json")]) == 2
    assert "error: no such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main.main(["a", "b", "--tious", "high"])
    assert "no numbers between 0 and 1" in capsys.readouterr().err
