"""The authors' checkpoints: what their shapes and options say of the head, and their weights under our names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from vidcap_care.layout import STREAMS, renamed
from vidcap_care.vocabulary import SPECIALS
from vidcap_care.word_lists import FORMS, read_words
from vidcap_core.api import (
    Imported,
    Importer,
    UserError,
    read_checkpoint,
    refuse_lacking,
    refuse_unknown,
)

WORDS = f"the words that its ids stand for ({FORMS})"
HEADS = 8
"""Attention heads, where neither options nor shapes say it."""


@dataclass(frozen=True)
class Published:
    """A checkpoint of either repository: weights under the authors' names, and their options."""

    weights: Mapping[str, Tensor]
    options: Mapping[str, Any]

    @classmethod
    def of(cls, content: Mapping[str, Any], method: str) -> Published:
        """Options lie beside the weights, under names of Lightning or of NACF's repository; there may be none."""
        weights = content.get("state_dict", content)
        options = content.get("hyper_parameters", content.get("settings", {}))
        options = options.get("opt", options) if isinstance(options, Mapping) else options
        options = options if isinstance(options, Mapping) else vars(options)
        tensors = {
            key.removeprefix("captioner."): value
            for key, value in (weights.items() if isinstance(weights, Mapping) else ())
            if isinstance(value, Tensor)
        }
        lacking = [
            name for name in _expected(tensors, options) if not any(key.endswith(name) for key in tensors)
        ]
        refuse_lacking(method, tensors, lacking)
        return cls(tensors, options)

    @property
    def letters(self) -> str:
        """Streams that are encoded, in the authors' order."""
        there = {key.split(".")[1][-1].lower() for key in self.weights if key.startswith("encoder.Encoder_")}
        ordered = str(self.options.get("modality", "amiotr"))
        return "".join(letter for letter in ordered if letter in there)

    def shape(self, end: str) -> tuple[int, ...] | None:
        """Of the first tensor whose name ends so."""
        return next((tuple(value.shape) for key, value in self.weights.items() if key.endswith(end)), None)

    def has(self, part: str) -> bool:
        """Whether a name holds this."""
        return any(part in key for key in self.weights)

    def named(self) -> dict[str, Tensor]:
        """The weights under our names; one that nobody knows is refused."""
        ours = renamed(self.weights, [STREAMS[letter] for letter in self.letters])
        refuse_unknown(
            {key: value for key, value in ours.items() if not key.startswith(("network.", "length."))}
        )
        return ours

    def arguments(self) -> dict[str, Any]:
        """What both heads take."""
        if self.options.get("transformer_pre_ln"):
            raise UserError("the checkpoint is of another architecture: its option transformer_pre_ln is set")
        streams = {}
        for letter in self.letters:
            shape = self.shape(f"encoder.Encoder_{letter.upper()}.0.weight")
            streams[STREAMS[letter]] = shape[1] if shape is not None and len(shape) == 2 else 0
        arguments: dict[str, Any] = {"streams": streams}
        if categories := self.shape("category_embeddings.weight"):
            arguments |= {"category": "category", "streams": {**streams, "category": categories[0]}}
        nacf = self.has("attend_to_enc_output")
        longest, width = self._table("position_embeddings.weight")
        feed = self.shape("ffn.dense1.weight") or self.shape("intermediate.dense.weight")
        layers = {key.split("layer", 1)[1].split(".")[1] for key in self.weights if ".layer" in key}
        bias = self.shape("hybrid_bias")
        return {
            **arguments,
            "layout": "nacf" if nacf else "care",
            "width": width,
            "feed": feed[0] if feed else 2048,
            "layers": max(1, len(layers)),
            "max_length": longest,
            "heads": bias[0] if bias else int(self.options.get("num_attention_heads", HEADS)),
        }

    def size(self) -> int:
        """Words of the vocabulary."""
        return self._table("word_embeddings.weight", "decoder.")[0]

    def _table(self, end: str, start: str = "decoder.") -> tuple[int, int]:
        for key, value in self.weights.items():
            if key.startswith(start) and key.endswith(f"embedding.{end}") and value.dim() == 2:
                return value.shape[0], value.shape[1]
        raise UserError(f"the checkpoint's {end} is no table")


def _expected(tensors: Mapping[str, Tensor], options: Mapping[str, Any]) -> list[str]:
    """Ends of names that a whole checkpoint has."""
    names = [
        "embedding.word_embeddings.weight",
        "embedding.position_embeddings.weight",
        "tgt_word_prj.weight",
    ]
    letters = [letter for letter in str(options.get("modality", "")) if letter in STREAMS]
    names += [f"encoder.Encoder_{letter.upper()}.0.weight" for letter in letters]
    if not letters and not any(key.startswith("encoder.Encoder_") for key in tensors):
        names.append("encoder.Encoder_I.0.weight")
    if any(key.endswith("hybrid_bias") for key in tensors):
        names += ["predictor.nets.0.prj.weight", "attr_embs.position_embeddings.weight"]
    return names


def _care(content: Mapping[str, Any], files: Mapping[str, Path]) -> Imported:
    """CARE, CABase, the plain Transformer, or ARB."""
    given = Published.of(content, "CARE")
    if given.has(".net.3.") or given.has("decoder.bert."):
        raise UserError(
            "the checkpoint predicts lengths, so it is one of NACF", hint="vidcap import nacf ..."
        )
    weights = given.named()
    head = {
        "type": "care.CAREHead",
        **given.arguments(),
        "encoder": "gated" if given.has(".1.w1.") else "norm",
        **_guidance(given),
    }
    options = given.options
    generate = {
        "mode": "beam",
        "beam": int(options.get("beam_size", 5)),
        "length": "hf",
        "alpha": float(options.get("beam_alpha", 1.0)),
        "stop": "n_finished",
        "max_length": head["max_length"] - 1,
        "unknown": True,
    }
    return _imported(head, generate, weights, files, given, head.get("concepts", 0))


def _guidance(given: Published) -> dict[str, Any]:
    """Arguments of CARE's concepts, from shapes; which streams they read is in the options where it is not all."""
    seen = _names(given.options.get("modality_for_decoder") or given.letters)
    arguments: dict[str, Any] = {"guidance": "none", "decoder_streams": seen}
    predict = given.shape("predictor.nets.0.prj.weight")
    rank, width = given.shape("attr_embs.position_embeddings.weight"), given.arguments()["width"]
    if predict is not None and rank is not None:
        read = _names(given.options.get("modality_for_predictor") or given.letters)
        if predict[1] != width * len(read):
            raise UserError(
                f"predictor.nets.0.prj.weight {predict} does not read {', '.join(read)} of width {width} each",
                hint="a checkpoint with its options (hyper_parameters)",
            )
        attention = given.has("attr_attention")
        arguments |= {
            "guidance": "attention" if attention else "both",
            "concept_streams": read,
            "concepts": predict[0],
            "top": rank[0],
        }
    if bias := given.shape("hybrid_bias"):
        rows, rest = divmod(bias[1] - arguments.get("top", 0), len(seen))
        if rest or rows < 1:
            raise UserError(
                f"hybrid_bias {bias} does not fit {len(seen)} streams of the same number of rows",
                hint="a checkpoint with its options (hyper_parameters)",
            )
        topk = int(given.options.get("retrieval_topk", 20))
        names = _names(given.letters)
        arguments["rows"] = {name: topk if name == STREAMS["r"] else rows for name in names}
    return arguments


def _nacf(content: Mapping[str, Any], files: Mapping[str, Path]) -> Imported:
    """NACF of either repository, with its teacher where that is given."""
    given = Published.of(content, "NACF")
    if not given.has(".net.3."):
        raise UserError(
            "the checkpoint predicts no lengths, so it is none of NACF", hint="vidcap import care ..."
        )
    weights = given.named()
    options = given.options
    head = {
        "type": "care.NACFHead",
        **given.arguments(),
        "iterations": int(options.get("iterations", 5)),
        "length_beam": int(options.get("length_beam_size", 6)),
        "q": int(options.get("q", 1)),
        "q_iterations": int(options.get("q_iterations", 1)),
        "templates": bool(options.get("use_ct", True)),
        "alpha": float(options.get("beam_alpha", 1.35)),
        "paradigm": {"ef": "easy_first", "l2r": "left_to_right"}.get(
            options.get("paradigm", ""), "mask_predict"
        ),
    }
    if "teacher" in files:
        teacher = Published.of(read_checkpoint(files["teacher"]), "ARB, the teacher")
        weights |= {
            f"teacher.{key.removeprefix('network.')}": value for key, value in teacher.named().items()
        }
        head["teacher"] = True
    generate = {"max_length": head["max_length"], "unknown": True}
    return _imported(head, generate, weights, files, given, 0)


def _imported(
    head: dict[str, Any],
    generate: dict[str, Any],
    weights: Mapping[str, Tensor],
    files: Mapping[str, Path],
    given: Published,
    concepts: int,
) -> Imported:
    words = read_words(files["words"], given.size())
    tokenizer = {"type": "care.CAREVocabulary", "concepts": concepts or len(words) - len(SPECIALS)}
    config = {"method": "care", "tokenizer": tokenizer, "head": head, "generate": generate}
    state = {"words": words, "concepts": tokenizer["concepts"], "min_count": 1}
    return Imported(config, state, weights)


def _names(letters: Sequence[str]) -> list[str]:
    return [STREAMS.get(letter, letter) for letter in letters]


care = Importer(_care, needs={"words": WORDS})
nacf = Importer(
    _nacf, needs={"words": WORDS}, takes={"teacher": "a checkpoint of ARB, which judges its texts"}
)
