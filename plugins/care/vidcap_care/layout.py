"""Names of weights: from what the authors' checkpoints call them to what they are called here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

STREAMS = {"a": "audio", "m": "motion", "i": "image", "o": "object", "t": "text", "r": "retrieved"}
"""Letters of the authors' option `modality`, and the names of streams here."""
_BLOCKS = {
    "intra_attention": ("words", 0),
    "inter_attention": ("video", 1),
    "attr_attention": ("concepts", 3),
}
_NACF_BLOCKS = {"attention": "words", "attend_to_enc_output": "video"}
_EMBEDDINGS = {
    "word_embeddings": "word",
    "position_embeddings": "position",
    "LayerNorm": "norm",
}


def renamed(weights: Mapping[str, Tensor], order: Sequence[str]) -> dict[str, Tensor]:
    """The weights under names of `Network` and of the length predictor; unknown ones stay as they are.

    order: streams in the authors' order, by which batch norms are numbered in NACF's own repository.
    """
    gated = {match[1] for key in weights if (match := re.match(r"encoder\.Encoder_(\w)\.1\.w1\.", key))}
    return {_name(key, order, gated): value for key, value in weights.items()}


def _name(key: str, order: Sequence[str], gated: set[str]) -> str:
    head = key.partition(".")[0]
    if key.startswith("encoder.Encoder_"):
        return _encoder(key, gated)
    if match := re.match(r"joint_representation_learner\.bn(\d+)\.(\w+)$", key):
        return (
            f"network.encoders.{order[int(match[1])]}.norm.{match[2]}" if int(match[1]) < len(order) else key
        )
    if match := re.match(r"(?:cls_head\.)?tgt_word_prj\.(\w+)$", key):
        return f"network.classify.{match[1]}"
    if match := re.match(
        r"(?:predictor\.nets|auxiliary_task_predictor\.layers)\.\d+\.net\.(\d)\.(\w+)$", key
    ):
        return f"length.{match[1]}.{match[2]}"
    if head == "predictor":
        return _concepts(key)
    return _decoder(re.sub(r"^decoder\.(bert\.)?", "", key)) if head == "decoder" else key


def _encoder(key: str, gated: set[str]) -> str:
    letter, part, rest = key.removeprefix("encoder.Encoder_").split(".", 2)
    name = f"network.encoders.{STREAMS.get(letter.lower(), letter)}"
    if part == "0":
        return f"{name}.linear.{rest}"
    if letter not in gated:
        return f"{name}.norm.{rest}"
    kind, _, leaf = rest.rpartition(".")
    return f"{name}.{ {'w1': 'change', 'w2': 'gate', 'bn': 'norm'}.get(kind, kind) }.{leaf}"


def _concepts(key: str) -> str:
    rest = key.split(".", 3)[-1]
    for theirs, ours in (
        ("prj.", "predict."),
        ("attr_embs.word_embeddings.", "embed."),
        ("attr_embs.position_embeddings.", "rank."),
        ("attr_embs.LayerNorm.", "norm."),
        ("semantic2hidden.", "add_to_words."),
    ):
        if rest.startswith(theirs):
            return f"network.concepts.{ours}{rest.removeprefix(theirs)}"
    return key


def _decoder(rest: str) -> str:
    if match := re.match(r"embedding\.(\w+)\.(\w+)$", rest):
        if match[1] == "category_embeddings":
            return f"network.categories.{match[2]}"
        return f"network.words.{_EMBEDDINGS.get(match[1], match[1])}.{match[2]}"
    match = re.match(r"layers?\.(\d+)\.(.+)$", rest)
    if match is None:
        return f"decoder.{rest}"
    layer, part = f"network.layers.{match[1]}", match[2]
    return f"{layer}.{_sublayer(part)}"


def _sublayer(part: str) -> str:
    block, _, rest = part.partition(".")
    if block in _BLOCKS:
        name, number = _BLOCKS[block]
        if rest.startswith("LayerNorm."):
            return f"after.{number}.norm.{rest.removeprefix('LayerNorm.')}"
        rest = rest.replace("SDPA.hybrid_bias", "bias").replace("SDPA.", "")
        return f"{name}.{re.sub('^dense', 'out', rest)}"
    if block in _NACF_BLOCKS:
        return f"{_NACF_BLOCKS[block]}.{rest.replace('self.', '').replace('output.dense', 'out')}"
    feeds = {
        "ffn.LayerNorm": "after.2.norm",
        "ffn.dense1": "feed_in",
        "ffn.dense2": "feed_out",
        "intermediate.dense": "feed_in",
        "output.dense": "feed_out",
    }
    name, _, leaf = part.rpartition(".")
    return f"{feeds.get(name, name)}.{leaf}"
