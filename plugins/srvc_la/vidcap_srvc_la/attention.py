"""Latent attention: one step of looking at a context with the previous hidden state."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from vidcap_srvc_la.sparse import NORMS

Norm = Literal["softmax", "sparsemax", "entmax15"]
Value = Literal["context", "latent"]


class LatentAttention(nn.Module):
    """u_i = tanh(W_r R_i + W_h h + b), alpha = norm(w.u), z = sum_i alpha_i R_i (or alpha_i u_i)."""

    def __init__(self, context: int, query: int, width: int, norm: Norm, value: Value) -> None:
        super().__init__()
        self.keys = nn.Linear(context, width, bias=False)
        self.query = nn.Linear(query, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.norm, self.value = NORMS[norm], value
        self.size = context if value == "context" else width

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """query [B, K, H], keys [B, M, a], values [B, M, d_R], mask [B, M]: z [B, K, .] and alpha [B, K, M]."""
        latent = (keys[:, None] + self.query(query)[:, :, None]).tanh_()  # [B, K, M, a]
        weights = self.norm(self.score(latent).squeeze(-1), mask[:, None].expand(-1, query.shape[1], -1))
        seen = weights @ values if self.value == "context" else (weights[:, :, None] @ latent).squeeze(2)
        return seen, weights


class MeanContext(nn.Module):
    """The same without looking: z is the mean over the real slots, whatever the query."""

    def __init__(self, context: int) -> None:
        super().__init__()
        self.size = context

    def keys(self, values: Tensor) -> Tensor:
        """Nothing to compare a query with: one number a slot, so that the shapes are those of attention."""
        return values[..., :1]

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The mean [B, K, d_R] and its weights [B, K, M]."""
        weights = (mask / mask.sum(-1, keepdim=True)).to(values.dtype)[:, None]
        weights = weights.expand(-1, query.shape[1], -1)
        return weights @ values, weights


def attention(
    use: bool, context: int, query: int, width: int, norm: Norm, value: Value
) -> LatentAttention | MeanContext:
    """Latent attention, or the mean in its place."""
    return LatentAttention(context, query, width, norm, value) if use else MeanContext(context)
