"""The authors' checkpoints: sizes from shapes and options, and weights under our names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidcap_core.api import (
    HFTokenizer,
    Imported,
    Importer,
    Published,
    UserError,
    read_options,
    refuse_unknown,
)
from vidcap_swinbert.layout import UNUSED, renamed

STRIDE = 32
"""Pixels of a token after four stages, a patch of four times three halvings."""
EXPECTED = (
    "swin.backbone.patch_embed.proj.weight",
    "swin.backbone.layers.0.blocks.0.attn.relative_position_index",
    "swin.backbone.norm.weight",
    "fc.weight",
    "trans_encoder.bert.img_embedding.weight",
    "trans_encoder.bert.embeddings.word_embeddings.weight",
    "trans_encoder.bert.embeddings.position_embeddings.weight",
    "trans_encoder.bert.encoder.layer.0.intermediate.dense.weight",
    "trans_encoder.cls.predictions.decoder.weight",
)
"""Without these no size can be told."""


class Checkpoint(Published):
    """A `model.bin`."""

    def swin(self) -> dict[str, Any]:
        """Arguments of the network over frames."""
        width, _, *patch = self.shape("swin.backbone.patch_embed.proj.weight", 5)
        depths: list[int] = []
        heads: list[int] = []
        table = "swin.backbone.layers.{}.blocks.{}.attn.relative_position_bias_table"
        while (name := table.format(len(depths), 0)) in self.weights:
            stage = len(depths)
            heads.append(self.shape(name)[1])
            blocks = 0
            while table.format(stage, blocks) in self.weights:
                blocks += 1
            depths.append(blocks)
        volume = self.shape("swin.backbone.layers.0.blocks.0.attn.relative_position_index")[0]
        rows = self.shape(table.format(0, 0))[0]
        return {
            "type": "swinbert.VideoSwin",
            "width": width,
            "depths": depths,
            "heads": heads,
            "window": _window(volume, rows),
            "patch": patch,
            "drop_path": 0.0,
        }

    def grid(self, patch: int) -> tuple[int, int, int]:
        """Tokens over time, down and across: of the options, or the published ones of 224 pixels."""
        across = self.option("img_res", 224) // STRIDE
        mask = self.weights.get("learn_vid_att.weight")
        if mask is None:
            return self.option("max_num_frames", 32) // patch, across, across
        tokens = round(mask.numel() ** 0.5)
        slots = tokens // max(1, across * across)
        if tokens**2 != mask.numel() or slots < 1 or slots * across * across != tokens:
            raise UserError(
                f"learn_vid_att.weight {tuple(mask.shape)} is no mask of {across} x {across} tokens a moment",
                hint="--file options=args.json, with its img_res",
            )
        return slots, across, across


def _convert(content: Mapping[str, Any], files: Mapping[str, Path]) -> Imported:
    options = read_options(files["options"], "the authors' log/args.json") if "options" in files else {}
    given = Checkpoint.of("SwinBERT", content, EXPECTED, options)
    swin = given.swin()
    grid = given.grid(swin["patch"][0])
    swin |= {"frames": grid[0] * swin["patch"][0], "size": grid[1] * STRIDE}
    between, dim = given.shape("fc.weight")
    words, width = given.shape("trans_encoder.bert.embeddings.word_embeddings.weight")
    learnt = "learn_vid_att.weight" in given.weights
    hard = learnt and bool(given.options.get("sparse_mask_soft2hard", False))
    head: dict[str, Any] = {
        "type": "swinbert.PublishedSwinBERT",
        "streams": {"video": dim},
        "grid": list(grid),
        "mask": "hard" if hard else "soft" if learnt else "full",
        "between": between,
        "width": width,
        "heads": given.option("num_attention_heads", max(1, width // 64)),
        "feed": given.shape("trans_encoder.bert.encoder.layer.0.intermediate.dense.weight")[0],
        "layers": given.layers("trans_encoder.bert.encoder.layer"),
        "max_length": given.shape("trans_encoder.bert.embeddings.position_embeddings.weight")[0],
    }
    ours = renamed(given.weights)
    refuse_unknown(
        {key: value for key, value in ours.items() if not key.startswith(("network.", "video.", UNUSED))}
    )
    tokenizer = _tokenizer(files["words"], words)
    longest = given.option("max_gen_length", 50)
    config = {
        "method": "swinbert",
        "tokenizer": {"type": "HFTokenizer", "name": "bert-base-uncased"},
        "encoders": {"video": swin},
        "head": head,
        "generate": {
            "mode": "beam",
            "beam": given.option("num_beams", 1),
            "length": "hf",
            "early_stopping": "never",
            "max_length": min(longest, head["max_length"]) - 1,
            "unknown": True,
        },
    }
    weights = {key: value for key, value in ours.items() if key.startswith("network.")}
    video = {
        f"network.{key.removeprefix('video.')}": v for key, v in ours.items() if key.startswith("video.")
    }
    return Imported(config, tokenizer, weights, {"video": video})


def _window(volume: int, rows: int) -> tuple[int, int, int]:
    """(t, s, s) with t s^2 positions and (2 t - 1)(2 s - 1)^2 differences of positions."""
    for side in range(1, volume + 1):
        slots, rest = divmod(volume, side * side)
        if not rest and (2 * slots - 1) * (2 * side - 1) ** 2 == rows:
            return slots, side, side
        if side * side > volume:
            break
    raise UserError(f"windows of {volume} tokens with {rows} biases are of another architecture")


def _tokenizer(path: Path, size: int) -> Mapping[str, Any]:
    if path.suffix != ".txt":
        raise UserError(
            f"{path}: words come as BERT's list, a word a line", hint="vocab.txt beside the checkpoint"
        )
    try:
        count = len(path.read_text(encoding="utf-8").split("\n")) - 1
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no words can be read: {error}", hint="vocab.txt") from error
    made = HFTokenizer(str(path))
    if len(made) != size:
        raise UserError(
            f"{path} has {len(made)} words ({count} lines), and the checkpoint knows {size}",
            hint="vocab.txt of the tokenizer that lies beside the checkpoint",
        )
    state: Mapping[str, Any] = made.state()
    return state


swinbert = Importer(
    _convert,
    needs={"words": "vocab.txt, BERT's words, a word a line in the order of ids"},
    takes={"options": "args.json, the authors' options: img_res, max_num_frames, max_gen_length, ..."},
)
