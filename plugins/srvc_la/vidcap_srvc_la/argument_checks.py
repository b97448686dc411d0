"""Values of the switches that make no sense, alone or together."""

from __future__ import annotations

from vidcap_core.api import ConfigError, at_least


def check_sizes(**sizes: int) -> None:
    """Every size is at least 1."""
    at_least(1, **{f"head.{name}": size for name, size in sizes.items()})


def check_dropout(**shares: float) -> None:
    """Something must be left of what dropout takes away."""
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise ConfigError(f"head.{name} is at least 0 and below 1, not {share}", hint=f"head.{name}=0.1")


def check_heads(width: int, heads: int) -> None:
    """Heads share the width out, and positions come in pairs of sine and cosine."""
    if width % heads or width % 2:
        raise ConfigError(
            f"head.d_model={width} must be even and a multiple of head.enc_heads={heads}",
            hint=f"head.d_model={-(-width // (2 * heads)) * 2 * heads}",
        )


def check_branches(branches: int, query: str, fusion: str, share: float) -> None:
    """How many branches there are, and what both of them are needed for."""
    if branches == 1 and query == "joint":
        raise ConfigError(
            "head.la_query='joint' asks with both branches' states", hint="head.branches='both'"
        )
    if branches == 1 and fusion == "concat_hidden":
        raise ConfigError("head.fusion='concat_hidden' needs both branches", hint="head.branches='both'")
    if not 0 <= share <= 1:
        raise ConfigError(
            f"head.fusion_lambda lies between 0 and 1, not {share}", hint="head.fusion_lambda=0.5"
        )


def check_padding(concat: str, pad_type: str, positions: bool) -> None:
    """Padding that is zeros, always or at evaluation, needs positions."""
    if concat != "none" and pad_type != "learned" and not positions:
        why = {
            "zeros": "zeros, which says nothing and makes its encoder's gradients many times too large",
            "noise": "zeros at evaluation, which training never showed it",
        }[pad_type]
        raise ConfigError(
            f"head.pos_enc=False with head.pad_type='{pad_type}': without positions all padding is {why}",
            hint="head.pos_enc=True, or head.pad_type='learned'",
        )
