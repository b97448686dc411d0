"""Weights into a model, or a list of what does not fit."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from vidcap_core.errors import CheckpointError


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Put weights into a model, or list the keys that do not fit."""
    own = model.state_dict()
    wrong = [f"missing {key}" for key in own if key not in weights]
    wrong += [f"unknown {key}" for key in weights if key not in own]
    wrong += [
        f"{key}: {tuple(weights[key].shape)} there, {tuple(own[key].shape)} here"
        for key in own
        if key in weights and weights[key].shape != own[key].shape
    ]
    if wrong:
        more = f"\n  and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        lines = "\n  ".join(wrong[:8])
        raise CheckpointError(f"{source} holds weights of another architecture:\n  {lines}{more}")
    model.load_state_dict(weights)
