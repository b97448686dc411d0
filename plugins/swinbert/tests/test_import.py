"""`vidcap import swinbert`: what is no checkpoint of it is refused in a line, with keys and shapes."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from vidcap_swinbert.head import SwinBERTHead
from vidcap_swinbert.importers import swinbert
from vidcap_swinbert.layout import renamed
from vidcap_swinbert.video_swin import VideoSwin

from vidcap_core.api import UserError, build_component
from vidcap_core.cli.main import main
from vidcap_core.saved.load import load_captioner

VOCAB = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "man", "runs", "fast", "##s")
SIZES = {"grid": (1, 1, 1), "between": 12, "width": 16, "heads": 2, "feed": 24, "layers": 1, "max_length": 8}


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    """Random weights under the authors' names, made by hand: four stages, one frame pair of 32 pixels."""
    words = build_component("tokenizers", {"type": "Vocabulary", "specials": ["[MASK]"]})
    words.fit(["a b c d e"])
    torch.manual_seed(0)
    video = VideoSwin(width=8, depths=[1, 1, 1, 1], heads=[1, 1, 2, 2], window=(2, 3, 3), frames=2, size=32)
    head = SwinBERTHead(streams={"video": 64}, tokenizer=words, **SIZES)
    theirs: dict[str, Tensor] = {"trans_encoder.bert.pooler.dense.weight": torch.zeros(16, 16)}
    ours = {f"video.{key.removeprefix('network.')}": value for key, value in video.state_dict().items()}
    ours |= head.state_dict()
    for name, value in ours.items():
        key = _authors(name)
        if name == "network.mask.weight":
            value = value.reshape(-1, 1)
        theirs[key] = torch.stack([value, value]) if name == "network.words.kind" else value.clone()
    back = renamed(theirs)
    assert all(torch.equal(back[name], value) for name, value in ours.items())
    return theirs


def _authors(name: str) -> str:
    """The authors' name of one of ours."""
    if name.startswith("video.features."):
        _, _, number, rest = name.split(".", 3)
        if int(number) % 2:
            return f"swin.backbone.layers.{int(number) // 2}.downsample.{rest}"
        block, rest = rest.split(".", 1)
        rest = rest.replace("mlp.0.", "mlp.fc1.").replace("mlp.3.", "mlp.fc2.")
        return f"swin.backbone.layers.{int(number) // 2}.blocks.{block}.{rest}"
    if name.startswith("video."):
        return f"swin.backbone.{name.removeprefix('video.')}"
    bert, rest = "trans_encoder.bert.", name.removeprefix("network.")
    fixed = {
        "mask.weight": "learn_vid_att.weight",
        "words.word.weight": f"{bert}embeddings.word_embeddings.weight",
        "words.position.weight": f"{bert}embeddings.position_embeddings.weight",
        "words.kind": f"{bert}embeddings.token_type_embeddings.weight",
        "words.norm.weight": f"{bert}embeddings.LayerNorm.weight",
        "words.norm.bias": f"{bert}embeddings.LayerNorm.bias",
        "logits.decoder.bias": "trans_encoder.cls.predictions.bias",
        "logits.decoder.weight": "trans_encoder.cls.predictions.decoder.weight",
    }
    if rest in fixed:
        return fixed[rest]
    part, _, leaf = rest.partition(".")
    if part == "project":
        return f"fc.{leaf}"
    if part == "embed":
        return f"{bert}img_embedding.{leaf}"
    if part == "logits":
        return "trans_encoder.cls.predictions.transform." + leaf.replace("norm", "LayerNorm")
    number, name, leaf = leaf.split(".")
    blocks = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "out": "attention.output.dense",
        "out_norm": "attention.output.LayerNorm",
        "feed_in": "intermediate.dense",
        "feed_out": "output.dense",
        "feed_norm": "output.LayerNorm",
    }
    return f"{bert}encoder.layer.{number}.{blocks[name]}.{leaf}"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Words and options beside a checkpoint, as the command takes them."""
    (tmp_path / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    options = {"img_res": 32, "max_num_frames": 2, "num_attention_heads": 2, "max_gen_length": 6}
    (tmp_path / "args.json").write_text(json.dumps(options))
    return ["--file", f"words={tmp_path / 'vocab.txt'}", "--file", f"options={tmp_path / 'args.json'}"]


def test_a_bundle_captions_a_film_and_a_picture(
    published: dict[str, Tensor], files: list[str], tmp_path: Path
) -> None:
    from PIL import Image

    kept = dict(published)
    torch.save(kept, tmp_path / "model.bin")
    out = tmp_path / "bundle"
    assert main(["import", "swinbert", str(tmp_path / "model.bin"), *files, "-o", str(out)]) == 0
    captioner: Any = load_captioner(str(out))
    assert captioner.encoders["video"].frames == 2
    assert captioner.head.grid == (1, 1, 1)
    Image.new("RGB", (50, 40), "red").save(tmp_path / "one.png")  # a clip of one frame
    assert main(["caption", str(tmp_path / "one.png"), "--model", str(out)]) == 0


def test_what_is_no_checkpoint_of_it_is_refused(
    published: dict[str, Tensor], files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"

    def of(content: Any) -> str:
        torch.save(content, tmp_path / "given.bin")
        assert main(["import", "swinbert", str(tmp_path / "given.bin"), *files, "-o", str(out)]) == 2
        assert not out.exists()
        return capsys.readouterr().err

    half = dict(list(published.items())[: len(published) // 2])
    assert "no whole checkpoint of SwinBERT: it lacks" in of(half)
    assert "conv1.weight (8, 3, 7, 7)" in of({"state_dict": {"conv1.weight": torch.zeros(8, 3, 7, 7)}})
    words = Path(files[1].partition("=")[2])
    words.write_text("\n".join(VOCAB[:9]) + "\n")
    assert "has 9 words (9 lines), and the checkpoint knows 10" in of(published)
    words.write_text("\n".join(VOCAB) + "\n")
    sized = {key: value for key, value in published.items() if "intermediate" not in key}
    assert "intermediate.dense.weight" in of(sized)
    more = {**published, "trans_encoder.extra.weight": torch.zeros(2, 5)}
    assert "trans_encoder.extra.weight (2, 5)" in of(more)
    other = {**published, "learn_vid_att.weight": torch.zeros(7, 1)}
    assert "learn_vid_att.weight (7, 1) is no mask of 1 x 1 tokens" in of(other)
    table = "swin.backbone.layers.0.blocks.0.attn.relative_position_bias_table"
    assert "windows of 18 tokens with 9 biases" in of({**published, table: torch.zeros(9, 1)})
    assert "could run code" in of({**published, "seen": Fraction(1, 2)})


def test_shapes_that_do_not_fit_are_listed(
    published: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    kept = dict(published)
    kept["fc.weight"] = torch.zeros(13, 64)
    torch.save(kept, tmp_path / "model.bin")
    options = _options(tmp_path, {"img_res": 32})
    beside = ["--file", f"words={tmp_path / 'vocab.txt'}", "--file", f"options={options}"]
    given = [str(tmp_path / "model.bin"), *beside, "-o", str(tmp_path / "bundle")]
    assert main(["import", "swinbert", *given]) == 2
    assert "network.embed.weight: (16, 12) there, (16, 13) here" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_a_pickle_that_needs_code_is_refused(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.bin").write_bytes(pickle.dumps({"weights": Fraction(1, 2)}))
    given = [str(tmp_path / "model.bin"), *files, "-o", str(tmp_path / "out")]
    assert main(["import", "swinbert", *given]) == 2
    assert "is refused" in capsys.readouterr().err


def test_files_beside_it_are_checked(published: dict[str, Tensor], tmp_path: Path) -> None:
    words = tmp_path / "words.json"
    words.write_text("[]")
    with pytest.raises(UserError, match="a word a line"):
        swinbert.convert(published, {"words": words, "options": _options(tmp_path, {"img_res": 32})})
    with pytest.raises(UserError, match="holds no table of options"):
        swinbert.convert(published, {"words": words, "options": _options(tmp_path, [])})
    with pytest.raises(UserError, match="img_res='large' is no whole number"):
        swinbert.convert(published, {"words": words, "options": _options(tmp_path, {"img_res": "large"})})


def _options(folder: Path, content: object) -> Path:
    path = folder / "args.json"
    path.write_text(json.dumps(content))
    return path
