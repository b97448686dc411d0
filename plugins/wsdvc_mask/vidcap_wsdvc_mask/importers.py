"""The authors' checkpoints: what their shapes say of the head, and their weights under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import (
    HFTokenizer,
    Imported,
    Importer,
    Published,
    UserError,
    read_options,
    refuse_lacking,
    refuse_unknown,
)
from vidcap_wsdvc_mask.prompts import FULL, MASK

PAD = "<PAD>"
KNOWN = {"n_head": 12, "heads": 12, "max_captions": 12, "tau": 2.0}
"""What no shape says, as published."""
LM = "captioner.gpt2_model."
TIED = (f"{LM}lm_head.weight", f"{LM}transformer.wte.weight")
"""One tensor under two names, of which files of `save_model` hold one."""
WHOLE = (
    f"{LM}transformer.wpe.weight",
    f"{LM}transformer.h.0.attn.c_attn.weight",
    f"{LM}transformer.ln_f.weight",
    "captioner.video_encoder.vpe",
    "captioner.video_encoder.encoder.layers.0.linear1.weight",
    "captioner.video_encoder.proj.1.weight",
    "localizer.tpe",
    "localizer.pe",
    "localizer.mask_decoder.layers.0.linear1.weight",
    "localizer.norm.weight",
    "localizer.center_fc.weight",
    "localizer.width_fc.weight",
)
"""Names that every checkpoint of ILCACM has."""
_NAMES = (
    (re.escape(LM), "lm."),
    (r"captioner\.video_encoder\.vpe$", "encoder.positions"),
    (r"captioner\.video_encoder\.encoder\.layers\.", "encoder.layers.layers."),
    (r"captioner\.video_encoder\.proj\.", "encoder.out."),
    (r"localizer\.tpe$", "localiser.queries"),
    (r"localizer\.pe$", "localiser.positions"),
    (r"localizer\.mask_decoder\.layers\.", "localiser.decoder.layers."),
    (r"localizer\.norm\.", "localiser.decoder.norm."),
    (r"localizer\.center_fc\.", "localiser.centre."),
    (r"localizer\.width_fc\.", "localiser.width."),
)


def _convert(content: Mapping[str, Any], files: Mapping[str, Path]) -> Imported:
    """Language model, temporal encoder and mask generator."""
    given = _whole(content, {**KNOWN, **(_options(files["options"]) if "options" in files else {})})
    tokenizer = HFTokenizer(str(files["tokenizer"]), specials=[PAD, FULL, MASK])
    head = _head(given, tokenizer)
    config = {
        "method": "wsdvc_mask",
        "tokenizer": {"type": "HFTokenizer", "name": "distilgpt2", "specials": [PAD, FULL, MASK]},
        "head": head,
        "generate": {
            "mode": "beam",
            "beam": 4,
            "length": "hf",
            "no_repeat_ngram": 4,
            "max_length": 32,
            "min_length": 4,
            "kinds": {"count": {"max_length": 128, "min_length": 8}},
        },
    }
    return Imported(config, tokenizer.state(), _renamed(given.weights))


def _whole(content: Mapping[str, Any], options: Mapping[str, Any]) -> Published:
    """The checkpoint, if it is of this method and all there; of two tied weights, one will do."""
    given = Published.of("ILCACM", content, WHOLE, {})
    tied = [given.weights[name] for name in TIED if name in given.weights]
    refuse_lacking("ILCACM", given.weights, [] if tied else [TIED[1]])
    if len(tied) == 2 and not torch.equal(*tied):
        raise UserError(f"the checkpoint is of another architecture: {' and '.join(TIED)} differ")
    return Published({**given.weights, **dict.fromkeys(TIED, tied[0])}, options)


def _head(given: Published, tokenizer: HFTokenizer) -> dict[str, Any]:
    """Arguments of the head; those that are not named are as the public code behaves."""
    weights, options = given.weights, given.options
    words, width = given.shape(TIED[1])
    if words != len(tokenizer):
        raise UserError(
            f"{TIED[1]} has {words} words, and the tokenizer with {PAD}, {FULL} and {MASK} has {len(tokenizer)}",
            hint="--file tokenizer=FOLDER with the vocab.json and merges.txt of the language model",
        )
    frames, size = given.shape("localizer.pe")
    for name in ("n_head", "heads"):
        if width % int(options[name]):
            raise UserError(
                f"{TIED[1]} is {width} wide, which {name}={options[name]} does not divide",
                hint=f'--file options=FILE.json with {{"{name}": ...}} of the run that it is of',
            )
    lm = {
        "model_type": "gpt2",
        "vocab_size": words,
        "n_embd": width,
        "n_layer": given.layers(f"{LM}transformer.h"),
        "n_head": int(options["n_head"]),
        "n_positions": len(weights[f"{LM}transformer.wpe.weight"]),
        "bos_token_id": tokenizer.eos_id,
        "eos_token_id": tokenizer.eos_id,
    }
    return {
        "type": "wsdvc_mask.MaskHead",
        "streams": {"image": size},
        "lm": lm,
        "frames": frames,
        "layers": given.layers("captioner.video_encoder.encoder.layers"),
        "heads": int(options["heads"]),
        "feed": len(weights["captioner.video_encoder.encoder.layers.0.linear1.weight"]),
        "half": True,
        "locate_layers": given.layers("localizer.mask_decoder.layers"),
        "locate_feed": len(weights["localizer.mask_decoder.layers.0.linear1.weight"]),
        "queries": len(weights["localizer.tpe"]),
        "max_events": int(options["max_captions"]),
        "tau": float(options["tau"]),
        "count_weights": "final",  # those of the first stage are no part of a checkpoint
    }


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights under our names; one that nobody knows is refused."""
    ours: dict[str, Tensor] = {}
    unknown: dict[str, Tensor] = {}
    for key, value in weights.items():
        name = next(
            (own + key[match.end() :] for theirs, own in _NAMES if (match := re.match(theirs, key))), None
        )
        if name is None:
            unknown[key] = value
        else:
            ours[name] = value
    refuse_unknown(unknown)
    return ours


def _options(path: Path) -> dict[str, Any]:
    content = read_options(path, f"JSON with {', '.join(KNOWN)}")
    wrong = [
        key
        for key, value in content.items()
        if key not in KNOWN or not isinstance(value, (int, float)) or value <= 0
    ]
    if wrong:
        raise UserError(
            f"{path} holds no options of ILCACM: {', '.join(wrong)}",
            hint=f"JSON with numbers above 0 for some of {', '.join(KNOWN)}",
        )
    return dict(content)


wsdvc_mask = Importer(
    _convert,
    needs={
        "tokenizer": "the folder of its language model's tokenizer (vocab.json and merges.txt of distilgpt2)"
    },
    takes={"options": f"JSON with what shapes do not say, where it is not as published: {KNOWN}"},
)
