"""Small parts for authors' tests: real files, batches as training makes them, captioners, runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidcap_core import testing
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.losses.token import TokenLoss
from vidcap_core.saved.load import load_run
from vidcap_core.testing import (
    TEXTS,
    TinyClips,
    collate,
    tiny_batch,
    tiny_captioner,
    tiny_parts,
    tiny_run,
    tiny_streams,
    tiny_vocabulary,
    write_video,
)
from vidcap_core.video import read_frames
from vidcap_core.video.probe import probe


def test_the_page_for_authors_names_all_of_them() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert [name for name in testing.__all__ if f"`{name}" not in page] == []


@pytest.mark.parametrize("sound", [True, False])
def test_a_video_is_a_real_file_with_pictures_that_move_and_a_tone(tmp_path: Path, sound: bool) -> None:
    path = write_video(tmp_path / "new" / "clip.mp4", seconds=1.5, fps=8, sound=sound)
    info = probe(path)
    assert (info.width, info.height, info.has_audio) == (96, 64, sound)
    assert info.duration == pytest.approx(1.5, abs=0.1)
    frames = read_frames(path, {"kind": "fps", "rate": 8}).values
    assert frames.shape == (12, 64, 96, 3)
    red = frames[..., 0].astype(int) - frames[..., 2]
    middles = [np.argwhere(picture > 100)[:, 1].mean() for picture in red]
    assert middles == sorted(middles)
    assert middles[0] < 25
    assert middles[-1] > 70


def test_streams_have_ragged_masks() -> None:
    streams = tiny_streams({"image": 10, "motion": 4}, clips=4, length=7, shorter=3)
    assert {name: tuple(s.values.shape) for name, s in streams.items()} == {
        "image": (4, 7, 10),
        "motion": (4, 7, 4),
    }
    assert streams["image"].mask.sum(1).tolist() == [7, 4, 1, 7]
    again = tiny_streams({"image": 10, "motion": 4}, clips=4, length=7, shorter=3)
    assert torch.equal(streams["motion"].values, again["motion"].values)


def test_a_batch_has_the_tokens_that_training_would_make_of_its_texts() -> None:
    vocabulary, clips = tiny_vocabulary(), TinyClips(unit="caption")
    trained = collate(vocabulary, [clips.get(index, np.random.default_rng(index)) for index in range(3)])
    assert trained.texts is not None
    made = tiny_batch(trained.streams, vocabulary, trained.texts)
    assert made.tokens is not None
    assert torch.equal(made.tokens, trained.tokens)
    assert torch.equal(made.token_mask, trained.token_mask)
    assert [clip.duration for clip in made.clips] == [10.0] * 3


def test_a_batch_without_a_tokenizer_has_no_captions() -> None:
    batch = tiny_batch(tiny_streams({"image": 2}, clips=3), targets={"label": [1, 2, 3]})
    assert (len(batch), batch.texts, batch.tokens) == (3, None, None)
    assert batch.targets == {"label": [1, 2, 3]}


def test_a_captioner_learns_a_batch_and_says_it() -> None:
    torch.manual_seed(0)
    vocabulary = tiny_vocabulary()
    batch = tiny_batch(tiny_streams({"image": 10}, clips=4), vocabulary)
    head = MeanPoolGRU(streams={"image": 10}, tokenizer=vocabulary, width=32, dropout=0.0)
    captioner = tiny_captioner(head, vocabulary, {"words": TokenLoss()}, mode="beam", beam=2, max_length=9)
    optimizer = torch.optim.Adam(captioner.parameters(), lr=0.02)
    for _ in range(80):
        total, weight = captioner(batch, ["words"])["words"]
        optimizer.zero_grad()
        (total / weight).backward()
        optimizer.step()
    assert [prediction.text for prediction in captioner.eval().predict(batch)] == list(TEXTS[:4])


def test_kinds_of_view_have_settings_of_their_own() -> None:
    head = MeanPoolGRU(streams={"image": 10}, tokenizer=tiny_vocabulary(), width=8)
    captioner = tiny_captioner(head, tiny_vocabulary(), kinds={"count": {"max_length": 3}}, max_length=5)
    assert (captioner.settings.max_length, captioner.kinds["count"].max_length) == (5, 3)


def test_parts_of_a_config_are_the_same_each_time() -> None:
    first, second = tiny_parts(), tiny_parts()
    assert len(first.tokenizer) > 4
    assert first.recipe.losses.keys() == first.captioner.losses.keys() == {"tokens"}
    assert not first.captioner.training
    states = first.captioner.state_dict(), second.captioner.state_dict()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    given = tiny_vocabulary()
    assert tiny_parts(given).captioner.tokenizer is given


def test_a_run_is_finished_and_can_be_loaded(tmp_path: Path) -> None:
    folder = tiny_run(tmp_path / "run", phases={"caption": {"steps": 1, "losses": ["tokens"]}})
    assert (folder / "scores-val.json").is_file()
    assert load_run(folder).head.streams == {"image": 16}
