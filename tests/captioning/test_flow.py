"""Files through a captioner: side by side as one by one, bad ones among good ones."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.captioning.plain_tokenizer import Plain
from vidcap_core.contracts.types import Prediction
from vidcap_core.errors import UserError, VideoError
from vidcap_core.video import read_frames


def said(prediction: Any) -> list[tuple[str, list[str]]]:
    assert isinstance(prediction, Prediction), prediction
    return [(e.text, w["tokens"]) for e, w in zip(prediction.events, prediction.extras["words"], strict=True)]


@pytest.mark.parametrize("changes", [{"beam": 4}, {"sample": True, "n_best": 2}, {}])
@pytest.mark.parametrize(("batch", "workers"), [(3, 2), (16, 1), (1, 4)])
def test_side_by_side_as_one_by_one(
    model: Path, films: list[Path], changes: dict[str, Any], batch: int, workers: int
) -> None:
    captioner = load(model, "cpu").with_decoding(**changes)
    alone = [captioner(path) for path in films]
    together = dict(captioner.each(films, batch=batch, workers=workers))
    assert list(together) == films
    assert len({one.text for one in alone}) > 1, "the films must be told apart for this to mean anything"
    for path, one in zip(films, alone, strict=True):
        other = together[path]
        assert said(other) == said(one)
        assert other.extras.get("n_best") == one.extras.get("n_best")  # type: ignore[union-attr]
        for mine, its in zip(other.extras["words"], one.extras["words"], strict=True):  # type: ignore[union-attr]
            np.testing.assert_allclose(mine["log_probs"], its["log_probs"], atol=1e-4)


@pytest.mark.parametrize("every", [1.0, "shots"])
def test_spans_side_by_side_as_one_by_one(captioner: FileCaptioner, films: list[Path], every: Any) -> None:
    together = dict(captioner.each(films, every=every, batch=5))
    for path in films:
        (_, alone), *rest = captioner.each([path], every=every, batch=1)
        assert not rest
        assert said(together[path]) == said(alone)
        events = together[path].events  # type: ignore[union-attr]
        assert events[0].start == 0
        assert [e.end for e in events[:-1]] == [e.start for e in events[1:]]
        assert events[-1].end == pytest.approx(alone.clip.duration)  # type: ignore[union-attr]


def test_the_first_caption_waits_for_no_other_file(
    captioner: FileCaptioner, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files are not read before the first caption is there; after it, batches grow."""
    captioned, sizes = threading.Event(), []
    read, predict = captioner.reader.read, captioner.captioner.predict

    def held(path: Path, *args: Any) -> Any:
        assert path == films[0] or captioned.wait(30), "the first caption did not come"
        return read(path, *args)

    def counted(batch: Any, *args: Any) -> Any:
        sizes.append(len(batch.clips))
        return predict(batch, *args)

    monkeypatch.setattr(captioner.reader, "read", held)
    monkeypatch.setattr(captioner.captioner, "predict", counted)
    results = []
    for _, result in captioner.each(films, batch=4, workers=1):
        captioned.set()
        results.append(result)
    assert len(results) == len(films)
    assert sizes[:2] == [1, 2]
    assert max(sizes) <= 4
    assert sum(sizes) == len(films)


def test_two_files_of_one_name(captioner: FileCaptioner, films: list[Path], tmp_path: Path) -> None:
    paths = []
    for number in (0, 5):
        paths.append(tmp_path / str(number) / "same.mp4")
        paths[-1].parent.mkdir()
        shutil.copyfile(films[number], paths[-1])
    together = dict(captioner.each(paths))
    assert [said(together[path]) for path in paths] == [said(captioner(films[n])) for n in (0, 5)]


def test_a_bad_file_costs_nobody_else(captioner: FileCaptioner, films: list[Path], tmp_path: Path) -> None:
    bad = [tmp_path / "text.mp4", tmp_path / "empty.mp4", tmp_path / "gone.mp4"]
    bad[0].write_text("no video")
    bad[1].touch()
    order = [bad[0], films[0], bad[1], films[1], bad[2]]
    results = list(captioner.each(order, batch=2))
    assert [path for path, _ in results] == order
    assert [isinstance(result, VideoError) for _, result in results] == [True, False, True, False, True]


def test_a_clip_that_the_method_refuses(
    captioner: FileCaptioner, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = captioner.captioner.predict

    def refuse(batch: Any, *args: Any) -> Any:
        if any(clip.id == films[1].stem for clip in batch.clips):
            raise UserError("nothing to hear in this clip", hint="--without audio")
        return predict(batch, *args)

    monkeypatch.setattr(captioner.captioner, "predict", refuse)
    results = dict(captioner.each(films[:3]))
    refused = results[films[1]]
    assert isinstance(refused, VideoError)
    assert (refused.message, refused.hint) == (f"{films[1]}: nothing to hear in this clip", "--without audio")
    assert all(isinstance(results[films[n]], Prediction) for n in (0, 2))


def test_a_decoder_that_fails_in_a_new_way(
    captioner: FileCaptioner, films: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidcap_core.video import clip_reader

    def odd(path: Path, *rest: Any, **options: Any) -> Any:
        if Path(path) == films[0]:
            raise ZeroDivisionError("rate")
        return read_frames(path, *rest, **options)

    monkeypatch.setattr(clip_reader, "read_frames", odd)
    results = dict(captioner.each(films[:2]))
    package = __name__.partition(".")[0]
    line = odd.__code__.co_firstlineno + 2
    assert (
        str(results[films[0]]) == f"{films[0]}: ZeroDivisionError: rate (in {package}, test_flow.py:{line})"
    )
    assert isinstance(results[films[1]], Prediction)


def test_progress_of_a_long_file(captioner: FileCaptioner, films: list[Path]) -> None:
    shares: list[float] = []
    list(captioner.each(films[-1:], every=1.0, batch=1, moved=lambda path, share: shares.append(share)))
    assert shares == sorted(shares)
    assert len(shares) >= 4
    assert shares[-1] == pytest.approx(1.0)


def test_arrays_and_paths_in_one_list(captioner: FileCaptioner, films: list[Path]) -> None:
    frames = read_frames(films[1], {"kind": "fps", "rate": 8}).values
    first, second, third = captioner([films[0], frames, str(films[2])])
    assert (first.text, third.text) == (captioner(films[0]).text, captioner(films[2]).text)
    assert second.text == captioner(frames).text
    assert captioner([]) == []
    with pytest.raises(VideoError, match="there is no such file"):
        captioner([films[0], "gone.mp4"])


def test_steering_tokens_are_not_said(captioner: FileCaptioner) -> None:
    tokenizer = captioner.captioner.tokenizer
    assert isinstance(tokenizer, Plain)
    dog, sep = (tokenizer.token_id(word) for word in ("dog", "<SEP>"))
    assert tokenizer.decode([tokenizer.bos_id, dog, sep, dog, tokenizer.eos_id]) == "dog dog"
    assert tokenizer.decode([sep]) == ""


def test_steering_tokens_of_pieces_are_not_said() -> None:
    from vidcap_core.tokenizers.subword import SubwordTokenizer

    pieces = SubwordTokenizer(size=300, min_count=1, specials=["<MASK>", "<SEP>"])
    pieces.fit(["a dog runs"])
    ids = [
        pieces.token_id("<MASK>"),
        *pieces.encode("a dog"),
        pieces.token_id("<SEP>"),
        *pieces.encode("runs"),
    ]
    assert Plain(pieces).decode(ids) == "a dog runs"
    assert "<SEP>" in pieces.decode(ids), "or else there would be nothing to leave out"


def test_a_notebook_shows_frames_and_words(captioner: FileCaptioner, films: list[Path]) -> None:
    shown = captioner(films[0])._repr_html_()
    assert shown.count("data:image/jpeg;base64,") == 8
    assert all(f">{word}</span>" in shown for word in captioner(films[0]).text.split())
    assert "% sure" in shown
    spans = captioner(films[5], every=1.0)
    assert spans._repr_html_().count("<small>") == len(spans.events)
    frames = read_frames(films[0], {"kind": "fps", "rate": 8}).values
    assert captioner(frames)._repr_html_().count("data:image/jpeg;base64,") == 6
