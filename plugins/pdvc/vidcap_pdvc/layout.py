"""The authors' names of weights, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

UNUSED = re.compile(
    r"transformer\.(pos_trans|decoder\.bbox_head)|"
    r"caption_head\.\d+\.core\.(alpha_net\.bias|deformable_att\.(attention_weights|output_proj))"
)
"""What repeats other weights, places given proposals, or changes nothing that is computed."""
_PARTS = (
    (r"base_encoder\.input_proj\.", "network.pyramid.levels."),
    (r"base_encoder\.pos_embed\.duration_embed_layer\.", "network.pyramid.duration."),
    (r"transformer\.level_embed$", "network.pyramid.level"),
    (r"transformer\.encoder\.layers\.", "network.encoder."),
    (r"transformer\.decoder\.layers\.", "network.decoder."),
    (r"transformer\.reference_points\.", "network.reference."),
    (r"query_embed\.", "network.queries."),
    (r"class_head\.", "network.scores."),
    (r"count_head\.", "network.counts."),
)
_OF_LAYER = {
    "linear1": "feed.inner",
    "linear2": "feed.outer",
    "sampling_offsets": "offsets",
    "attention_weights": "weights",
    "value_proj": "value",
    "output_proj": "out",
}
_OF_ENCODER = {"self_attn": "attention", "norm1": "norm", "norm2": "feed.norm", **_OF_LAYER}
_OF_DECODER = {
    "self_attn": "between",
    "cross_attn": "attention",
    "norm1": "norm",
    "norm2": "between_norm",
    "norm3": "feed.norm",
    **_OF_LAYER,
}
_OF_CAPTIONER = {
    "core.rnn": "lstm",
    "core.deformable_att.sampling_offsets": "offsets",
    "core.deformable_att.value_proj": "value",
    "core.ctx2att": "key",
    "core.h2att": "asks",
    "core.alpha_net": "weigh",
    "logit": "classify",
    "embed": "embed",
}


def renamed(weights: Mapping[str, Tensor], captioner: int) -> dict[str, Tensor]:
    """Weights under our names, with the captioner of one layer; a name that nobody knows stays as it is."""
    ours = {}
    for key, value in weights.items():
        other = re.match(r"caption_head\.(\d+)\.", key)
        if UNUSED.match(key) or (other is not None and int(other[1]) != captioner):
            continue
        ours[_name(key)] = value
    return ours


def _name(key: str) -> str:
    if match := re.match(r"bbox_head\.(\d+)\.layers\.(\d+)\.(\w+)$", key):
        return f"network.spans.{match[1]}.{2 * int(match[2])}.{match[3]}"  # an activation stands between two
    if match := re.match(r"caption_head\.\d+\.(.+)\.(\w+)$", key):
        return f"captioner.{_OF_CAPTIONER[match[1]]}.{match[2]}" if match[1] in _OF_CAPTIONER else key
    for theirs, own in _PARTS:
        if (match := re.match(theirs, key)) is None:
            continue
        rest = key[match.end() :]
        table = {"network.encoder.": _OF_ENCODER, "network.decoder.": _OF_DECODER}.get(own, {})
        return own + ".".join(table.get(part, part) for part in rest.split(".") if part)
    return key
