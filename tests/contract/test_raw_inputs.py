"""Raw inputs: heads and encoders prepare them where files are read, in threads and data workers, not in `start`."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from films import make, slope
from raw_parts import Filmed, OwnGenerate, Patches
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GPT2Config,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTImageProcessor,
)

import vidcap_core
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning.clip_streams import Reader
from vidcap_core.contracts.head import HEAD
from vidcap_core.contracts.types import Clip
from vidcap_core.engine.data import Collate, Order, training_loader
from vidcap_core.errors import ConfigError, DataError, UserError
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.tokenizers.vocabulary import Vocabulary
from vidcap_core.video.decoder import read_frames

WORDS = ["[PAD]", "[BOS]", "[EOS]", "[UNK]", *(f"w{i}" for i in range(40))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny image-to-text model with processor and tokenizer, in a folder, as a hub would give it."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(4)
    vision = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=32,
        patch_size=16,
    )
    words = GPT2Config(
        n_embd=32,
        n_layer=2,
        n_head=2,
        vocab_size=len(WORDS),
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.3,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(vision, words)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 1, 0, 2
    whole = VisionEncoderDecoderModel(config)
    whole.generation_config.update(decoder_start_token_id=1, pad_token_id=0, eos_token_id=2, bos_token_id=1)
    with torch.no_grad():
        whole.encoder.embeddings.patch_embeddings.projection.weight.mul_(20)  # it minds what it sees
    whole.save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    inner = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "bos_token": "[BOS]", "eos_token": "[EOS]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=inner, **special).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Real files, wider than high."""
    folder = tmp_path_factory.mktemp("films")

    def picture(number: int, index: int) -> np.ndarray:
        return np.resize(np.roll(slope(5 * index), 17 * number, 0), (48, 96, 3)) // (1 + number)

    return [
        make(folder / f"{n}.mp4", 20 + n, lambda i, n=n: picture(n, i), size=(96, 48))  # type: ignore[misc]
        for n in range(3)
    ]


def config(folder: Path, model: Path, **generate: Any) -> str:
    """A config that comes trained: no phases, no data."""
    path = folder / "vlm.py"
    settings = {"max_length": 8, "min_length": 3, **generate}
    path.write_text(
        "data = dict(train=dict(type='vidcap_core.testing.tiny:TinyClips'))\n"
        f"head = dict(type='raw_parts:OwnGenerate', model={str(model)!r})\n"
        f"tokenizer = dict(type='HFTokenizer', name={str(model)!r})\n"
        f"losses = {{}}\nphases = {{}}\nevaluate = dict(split='train')\ngenerate = {settings!r}\n"
    )
    return str(path)


@pytest.mark.parametrize(
    ("generate", "beams", "n_best"), [({}, 1, 1), ({"mode": "beam", "beam": 3, "n_best": 2}, 3, 2)]
)
def test_a_whole_model_writes_what_its_own_generate_writes(
    generate: dict[str, Any], beams: int, n_best: int, model: Path, films: list[Path], tmp_path: Path
) -> None:
    captioner = vidcap_core.load(config(tmp_path, model, **generate), device="cpu")
    shown = captioner([str(film) for film in films])
    whole = VisionEncoderDecoderModel.from_pretrained(model).eval()
    processor = ViTImageProcessor.from_pretrained(model)
    for film, prediction in zip(films, shown, strict=True):
        frames = read_frames(str(film), {"kind": "uniform", "count": 1})
        pixels = processor(images=list(frames.values), return_tensors="pt")["pixel_values"]
        ids = whole.generate(
            pixel_values=pixels, num_beams=beams, num_return_sequences=n_best, max_new_tokens=8, min_new_tokens=3,
            do_sample=False,
        )  # fmt: skip
        texts = [" ".join(WORDS[token] for token in row if token > 2) for row in ids.tolist()]
        assert prediction.text == texts[0]
        assert prediction.extras.get("n_best", [[]])[0] == texts[1:]
    assert len({prediction.text for prediction in shown}) > 1  # it looks at the pictures


def test_the_processor_runs_in_the_threads_that_read(model: Path, films: list[Path], tmp_path: Path) -> None:
    captioner = vidcap_core.load(config(tmp_path, model), device="cpu")
    threads: list[int] = []
    collate = captioner.captioner.head.collate

    def watched(rows: Any) -> Any:
        threads.extend(row["where"][1] for row in rows)
        return collate(rows)

    captioner.captioner.head.collate = watched  # type: ignore[method-assign]
    list(captioner.each(films, workers=2, batch=2))
    assert len(threads) == 3
    assert threading.get_ident() not in threads


def test_what_it_cannot_do_is_refused_before_anything_is_read(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"generate\.mode='sample': OwnGenerate"):
        vidcap_core.load(config(tmp_path, model, mode="sample"), device="cpu")
    captioner = vidcap_core.load(config(tmp_path, model), device="cpu")
    with pytest.raises(UserError, match=r"generate\.mode='sample': OwnGenerate"):
        captioner.with_decoding(sample=True)


def test_frames_with_their_times_from_files_spans_and_arrays(model: Path, films: list[Path]) -> None:
    head = OwnGenerate(str(model), None)  # type: ignore[arg-type]
    reader = Reader({}, head=head)
    [whole] = reader.read(films[0])
    assert whole.prepared is not None
    assert whole.prepared["when"] == pytest.approx(whole.clip.span[1] / 2, abs=0.05)
    first, second, *_ = reader.read(films[0], every=0.5)
    assert first.prepared is not None
    assert second.prepared is not None
    assert (first.prepared["when"], second.prepared["when"]) == (0.25, 0.75)
    array = reader.of_array(np.zeros((6, 8, 8, 3), np.uint8), Clip("x"))
    assert array.prepared is not None
    assert array.prepared["when"] == 0.5


@pytest.mark.parametrize("workers", [0, 1])
def test_encoders_and_heads_prepare_in_the_data_workers(workers: int, model: Path) -> None:
    head, encoder, words = OwnGenerate(str(model), None), Patches(), Vocabulary()  # type: ignore[arg-type]
    dataset = Filmed()
    words.fit(dataset.captions())
    captioner = Captioner(head, words, {"patches": encoder})
    loader = training_loader(dataset, Order(16, 4, (0,)), words, workers, prepare=captioner.prepare)  # type: ignore[arg-type]
    batch = next(iter(loader))
    pids = {*batch.prepared["patches"]["pids"], *(pid for pid, _ in batch.prepared[HEAD]["where"])}
    assert (pids == {os.getpid()}) == (workers == 0)
    assert len(pids) == 1
    assert batch.prepared[HEAD]["pixels"].shape == (4, 3, 32, 32)
    assert batch.inputs == {}  # nobody reads them as they are
    stream = captioner.streams(batch)["patches"]
    assert stream.values.shape == (4, 4, 12)
    assert stream.times is not None
    assert stream.times[0].tolist() == pytest.approx([1, 1 + 8 / 3, 1 + 16 / 3, 9])


def test_a_prepared_encoder_gives_the_same_stream_from_a_data_set_and_alone() -> None:
    encoder, words, dataset = Patches().eval(), Vocabulary(), Filmed()
    words.fit(dataset.captions())
    head = MeanPoolGRU(streams={"patches": 12}, tokenizer=words, width=8)
    captioner = Captioner(head, words, {"patches": encoder}).eval()
    batch = Collate(words, prepare=captioner.prepare)(
        [dataset.get(i, np.random.default_rng(0)) for i in (0, 4)]
    )
    stream = captioner.streams(batch)["patches"]
    reader = Reader({"patches": encoder})
    sample = dataset.get(4, np.random.default_rng(0))
    alone = reader.of_array(sample.inputs["frames"], Clip("clip2")).streams["patches"]
    assert torch.allclose(stream.values[1], alone.values)
    assert [p.text for p in captioner.predict(batch)] == [p.text for p in captioner.predict(batch)]


def test_a_clip_without_frames_is_named(model: Path) -> None:
    head, words = OwnGenerate(str(model), None), Vocabulary()  # type: ignore[arg-type]
    dataset = Filmed()
    words.fit(dataset.captions())
    sample = replace(dataset.get(0, np.random.default_rng(0)), inputs={})
    with pytest.raises(
        UserError, match=r"OwnGenerate reads frames, which 'clip0' lacks\n  try: data\.\*\.frames"
    ):
        Collate(words, prepare=Captioner(head, words).prepare)([sample])


def test_targets_that_some_samples_lack_are_named() -> None:
    dataset, words = Filmed(), Vocabulary()
    words.fit(dataset.captions())
    first, second = (dataset.get(index, np.random.default_rng(0)) for index in (0, 2))
    with pytest.raises(DataError, match="'clip1' has no target 'mood', which others of its batch have"):
        Collate(words)([first.with_targets(mood=1), second])
    batch = Collate(words)(
        [first.with_targets(mood=1, rows=np.ones(3)), second.with_targets(mood=None, rows=np.ones(2))]
    )
    assert batch.targets["mood"] == [1, None]
    assert [len(rows) for rows in batch.targets["rows"]] == [3, 2]


def test_rows_without_their_times_are_named() -> None:
    dataset, words = Filmed(), Vocabulary()
    words.fit(dataset.captions())
    sample = dataset.get(2, np.random.default_rng(0))
    fewer = replace(sample, inputs={"frames": sample.inputs["frames"][:3]})
    with pytest.raises(DataError, match="'clip1' has 3 rows of 'frames', and times of 4"):
        Collate(words)([fewer])
