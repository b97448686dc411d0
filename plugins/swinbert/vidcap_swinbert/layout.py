"""Names of weights: from what the authors' checkpoints call them to what they are called here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

UNUSED = "unused."
"""In every checkpoint, and never read for captions: the pooler, and logits of image features."""
_DROPPED = ("trans_encoder.cls_img_feat.", "trans_encoder.bert.pooler.")
_WORDS = {
    "embeddings.word_embeddings.weight": "words.word.weight",
    "embeddings.position_embeddings.weight": "words.position.weight",
    "embeddings.LayerNorm.weight": "words.norm.weight",
    "embeddings.LayerNorm.bias": "words.norm.bias",
    "img_embedding.weight": "embed.weight",
    "img_embedding.bias": "embed.bias",
}
_PREDICTIONS = {
    "bias": "decoder.bias",
    "decoder.weight": "decoder.weight",
    "transform.dense.weight": "dense.weight",
    "transform.dense.bias": "dense.bias",
    "transform.LayerNorm.weight": "norm.weight",
    "transform.LayerNorm.bias": "norm.bias",
}
_BLOCKS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "out_norm",
    "intermediate.dense": "feed_in",
    "output.dense": "feed_out",
    "output.LayerNorm": "feed_norm",
}


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as `network.*` of the head and `video.*` of the encoder; unknown ones keep their names."""
    ours = {}
    for key, value in weights.items():
        name = _name(key)
        if name == "network.mask.weight":
            side = round(value.numel() ** 0.5)
            value = value.view(side, side)
        if name == "network.words.kind" and value.dim() == 2:
            value = value[0]  # text is of the first type, and video of none
        ours[name] = value
    return ours


def _name(key: str) -> str:
    if key == "learn_vid_att.weight":
        return "network.mask.weight"
    if key.startswith("swin.backbone."):
        return _swin(key.removeprefix("swin.backbone."))
    if key.startswith("fc."):
        return f"network.project.{key.removeprefix('fc.')}"
    if key.startswith(_DROPPED):
        return UNUSED + key
    rest = key.removeprefix("trans_encoder.bert.")
    if rest == "embeddings.token_type_embeddings.weight":
        return "network.words.kind"
    if rest in _WORDS:
        return f"network.{_WORDS[rest]}"
    if match := re.match(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$", rest):
        return f"network.layers.{match[1]}.{_BLOCKS[match[2]]}.{match[3]}" if match[2] in _BLOCKS else key
    logits = key.removeprefix("trans_encoder.cls.predictions.")
    return f"network.logits.{_PREDICTIONS[logits]}" if logits in _PREDICTIONS else key


def _swin(rest: str) -> str:
    """torchvision counts stages and the halvings between them together."""
    if match := re.match(r"layers\.(\d+)\.blocks\.(\d+)\.(.+)$", rest):
        part = match[3].replace("mlp.fc1.", "mlp.0.").replace("mlp.fc2.", "mlp.3.")
        return f"video.features.{2 * int(match[1])}.{match[2]}.{part}"
    if match := re.match(r"layers\.(\d+)\.downsample\.(.+)$", rest):
        return f"video.features.{2 * int(match[1]) + 1}.{match[2]}"
    return f"video.{rest}"
