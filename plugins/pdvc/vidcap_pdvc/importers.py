"""The authors' checkpoints: what their shapes and options say of the head, and their weights under our names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from vidcap_core.api import Imported, Importer, Published, UserError, read_options, refuse_unknown
from vidcap_pdvc.layout import renamed
from vidcap_pdvc.word_lists import FORMS, read_words

POINTS = 4
"""Places that a query looks at, where neither options nor a captioner's shapes say it."""
FRAMES, FRAMES_OF_MANY, MANY = 100, 200, 100
"""Rows of a clip, where no options say it: of published models, those for YouCook2 have a hundred queries."""
ALPHA = {"looking": 1.0, "light": 0.3}
"""Weight of texts in an event's score, where no options say it."""
WHOLE = (
    "base_encoder.input_proj.0.0.weight",
    "base_encoder.pos_embed.duration_embed_layer.weight",
    "transformer.level_embed",
    "transformer.encoder.layers.0.self_attn.sampling_offsets.weight",
    "transformer.decoder.layers.0.cross_attn.sampling_offsets.weight",
    "transformer.reference_points.weight",
    "query_embed.weight",
    "class_head.0.weight",
    "count_head.0.weight",
    "bbox_head.0.layers.0.weight",
    "transformer.decoder.bbox_head.0.layers.0.weight",
    "caption_head.0.embed.weight",
    "caption_head.0.logit.weight",
    "caption_head.0.core.rnn.weight_ih_l0",
    "caption_head.0.core.rnn.weight_hh_l0",
)
"""Names that every checkpoint of PDVC has."""


class Checkpoint(Published):
    """PDVC's, or PDVC_light's."""

    def head(self) -> dict[str, Any]:
        """The head's arguments, from shapes; what shapes do not say, from options or as published."""
        width, given, _ = self.shape("base_encoder.input_proj.0.0.weight", 3)
        levels, queries = self.layers("base_encoder.input_proj"), self.shape("query_embed.weight")[0]
        _, word_width = self.shape("caption_head.0.embed.weight")
        offsets = self.weights.get("caption_head.0.core.deformable_att.sampling_offsets.weight")
        captioner = "light" if offsets is None else "looking"
        points = self.option("dec_n_points", POINTS if offsets is None else len(offsets) // levels)
        looks = self.shape("transformer.decoder.layers.0.cross_attn.sampling_offsets.weight")[0]
        heads = self.option("nheads", looks // max(1, levels * points))
        if heads * levels * points != looks:
            raise UserError(
                f"transformer.decoder.layers.0.cross_attn.sampling_offsets.weight has {looks} rows, and {heads} heads, "
                f"{levels} levels and {points} points make {heads * levels * points}",
                hint="--file options=info.json, with nheads and dec_n_points of the run that it is of",
            )
        attend = self.weights.get("caption_head.0.core.ctx2att.weight")
        return {
            "type": "pdvc.PDVCHead",
            "streams": {"image": given},
            "frames": self.option("frame_embedding_num", FRAMES_OF_MANY if queries >= MANY else FRAMES),
            "width": width,
            "heads": heads,
            "feed": self.shape("transformer.encoder.layers.0.linear1.weight")[0],
            "encoder_layers": self.layers("transformer.encoder.layers"),
            "decoder_layers": self.layers("transformer.decoder.layers"),
            "levels": levels,
            "points": points,
            "queries": queries,
            "most_events": self.shape("count_head.0.weight")[0] - 1,
            "captioner": captioner,
            "word_width": word_width,
            "hidden": self.shape("caption_head.0.logit.weight")[1],
            **({} if attend is None else {"attend": len(attend)}),
            "max_words": self.option("max_caption_len", 30) - 2,
            "text_weight": float(self.options.get("ec_alpha", ALPHA[captioner])),
        }

    def named(self) -> dict[str, Tensor]:
        """The weights under our names; one that nobody knows is refused."""
        ours = renamed(self.weights, self.layers("caption_head") - 1)  # texts are the last layer's
        refuse_unknown(
            {key: value for key, value in ours.items() if not key.startswith(("network.", "captioner."))}
        )
        return ours


def _pdvc(content: Mapping[str, Any], files: Mapping[str, Path]) -> Imported:
    """PDVC, or PDVC_light."""
    options = read_options(files["options"], "the authors' info.json") if "options" in files else {}
    given = Checkpoint.of("PDVC", content, WHOLE, options)
    head = given.head()
    words = read_words(files["words"], given.shape("caption_head.0.embed.weight")[0])
    config = {
        "method": "pdvc",
        "tokenizer": {"type": "pdvc.PDVCVocabulary"},
        "head": head,
        "generate": {"mode": "greedy", "max_length": head["max_words"] + 2, "unknown": True},
    }
    return Imported(config, {"words": words, "min_count": 1}, given.named())


pdvc = Importer(
    _pdvc,
    needs={"words": f"the words that its ids stand for ({FORMS})"},
    takes={"options": "the authors' info.json: heads, points, rows of a clip, alpha; else as published"},
)
