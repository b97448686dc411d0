"""What a frozen vision tower makes of frames, kept in memory: from the second epoch on it need not look again."""

from __future__ import annotations

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vidcap_core.api import ConfigError
from vidcap_vlm.side_by_side import Inputs

KEY = "seen"
"""Under which a prepared clip says what its frames are: the same key, the same features."""
MODALITIES = ("image", "video")
ROWS = ("pooler_output", "deepstack_features")
"""What a language model reads of a tower's output; the rest is for people."""
ARGUMENT = "mm_encoder_outputs"
"""Of a model's `forward`: outputs of its tower by modality."""
Outputs = dict[str, Any]


class Seen:
    """Features by the bytes of what they were made of; the longest unused go where there are more than `mib`."""

    def __init__(self, model: Any, mib: int) -> None:
        self.model = model
        self.encoders = {
            modality: encoder
            for modality in MODALITIES
            if (encoder := getattr(model.base_model, f"get_{modality}_features", None)) is not None
        }
        if not self.encoders or not _takes(model):
            raise ConfigError(
                f"head.vision_cache: a {type(model).__name__} takes no features that were made before",
                hint="head.vision_cache=0",
            )
        self.reads = {
            modality: [name for name in inspect.signature(encoder).parameters if name != "kwargs"]
            for modality, encoder in self.encoders.items()
        }
        self.most, self.held = mib * 2**20, 0
        self.kept: OrderedDict[str, Outputs] = OrderedDict()
        decoder = {id(weight) for weight in model.get_decoder().parameters()}
        decoder |= {
            id(weight) for part in (model.get_output_embeddings(),) if part for weight in part.parameters()
        }
        self.weights = [weight for weight in model.parameters() if id(weight) not in decoder]

    def key(self, row: Inputs) -> str:
        """Of a clip, where it is read."""
        digest = hashlib.blake2b(digest_size=16)
        for name in sorted({name for names in self.reads.values() for name in names} & row.keys()):
            digest.update(f"{name} {row[name].dtype} {tuple(row[name].shape)}\n".encode())
            digest.update(row[name].contiguous().view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def of(self, rows: Sequence[Mapping[str, Any]], device: torch.device, kind: torch.dtype) -> Outputs:
        """The features of clips side by side, as an argument; none where the tower trains and looks each time."""
        if any(weight.requires_grad for weight in self.weights):
            self.kept.clear()
            self.held = 0
            return {}
        outputs = []
        for row in rows:
            if row[KEY] not in self.kept:
                self._keep(row[KEY], self._look(row, device, kind))
            self.kept.move_to_end(row[KEY])
            outputs.append(self.kept[row[KEY]])
        return {ARGUMENT: _joined(outputs, device)}

    def _look(self, row: Mapping[str, Any], device: torch.device, kind: torch.dtype) -> Outputs:
        made, training = {}, self.model.training
        self.model.eval()
        with torch.no_grad():
            for modality, encoder in self.encoders.items():
                given = {
                    name: row[name].to(device, kind if row[name].is_floating_point() else None)
                    for name in self.reads[modality]
                    if name in row
                }
                if any(name.startswith("pixel_values") for name in given):
                    output = encoder(**given, return_dict=True)
                    rows = {name: _on_cpu(output[name]) for name in ROWS if output.get(name) is not None}
                    made[modality] = type(output)(**rows)
        self.model.train(training)
        return made

    def _keep(self, key: str, outputs: Outputs) -> None:
        self.kept[key] = outputs
        self.held += _bytes(outputs)
        while self.held > self.most and len(self.kept) > 1:
            self.held -= _bytes(self.kept.popitem(last=False)[1])


def _takes(model: Any) -> bool:
    """Whether the model's forward goes without pixels where it is given features."""
    parameters = inspect.signature(model.forward).parameters
    pixels = [p for name, p in parameters.items() if name.startswith("pixel_values")]
    return ARGUMENT in parameters and all(p.default is not p.empty for p in pixels)


def without_pixels(inputs: Inputs) -> dict[str, Tensor]:
    """Inputs of a model that is given features in place of frames."""
    return {name: value for name, value in inputs.items() if not name.startswith("pixel_")}


def _joined(outputs: Sequence[Outputs], device: torch.device) -> Outputs:
    """Of single clips, one after the other: lists of clips go on, tensors too, layers stay apart."""
    made: Outputs = {}
    for modality in dict.fromkeys(name for each in outputs for name in each):
        of_clips = [each[modality] for each in outputs if modality in each]
        first = of_clips[0]
        made[modality] = type(first)(
            **{name: _after(name, [each[name] for each in of_clips], device) for name in first}
        )
    return made


def _after(name: str, parts: Sequence[Any], device: torch.device) -> Any:
    if isinstance(parts[0], Tensor):
        return torch.cat([part.to(device, non_blocking=True) for part in parts])
    if name == "deepstack_features":
        return [_after("", layer, device) for layer in zip(*parts, strict=True)]
    return [each.to(device, non_blocking=True) for part in parts for each in part]


def _on_cpu(value: Any) -> Any:
    return value.cpu() if isinstance(value, Tensor) else [_on_cpu(each) for each in value]


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    parts = value.values() if isinstance(value, Mapping) else value
    return sum(_bytes(part) for part in parts)
