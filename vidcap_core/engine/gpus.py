"""Graphics cards as they are commonly quoted: memory, arithmetic and bandwidth."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidcap_core.errors import UserError
from vidcap_core.zoo.arguments import meant


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card. half: tera-FLOP/s of bf16 (of fp16 where it has no bf16) with float32 sums; single: of float32."""

    name: str
    memory: int  # GB of 1e9 bytes, as sold
    half: float
    single: float
    bandwidth: float  # GB/s
    bf16: bool = True

    def flops(self, amp: str, tf32: bool = False) -> float:
        """FLOP/s at most, in a precision of `runtime.amp`; TF32 has half of what bf16 has."""
        if amp == "off":
            return (max(self.single, self.half / 2) if tf32 and self.bf16 else self.single) * 1e12
        return self.half * 1e12


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("b200", 180, 2250.0, 75.0, 7700.0),
        Gpu("h200", 141, 989.4, 67.0, 4800.0),
        Gpu("h100", 80, 989.4, 67.0, 3350.0),
        Gpu("h100-pcie", 80, 756.0, 51.0, 2000.0),
        Gpu("a100", 80, 312.0, 19.5, 2039.0),
        Gpu("a100-40", 40, 312.0, 19.5, 1555.0),
        Gpu("l40s", 48, 362.0, 91.6, 864.0),
        Gpu("l4", 24, 121.0, 30.3, 300.0),
        Gpu("a10", 24, 125.0, 31.2, 600.0),
        Gpu("5090", 32, 209.5, 104.8, 1792.0),
        Gpu("4090", 24, 165.2, 82.6, 1008.0),
        Gpu("3090", 24, 71.0, 35.6, 936.0),
        Gpu("v100", 32, 125.0, 15.7, 900.0, bf16=False),
        Gpu("t4", 16, 65.0, 8.1, 320.0, bf16=False),
    )
}

OTHERS = re.compile(r"laptop|max-q|nvl|gb200|gh200")
"""In the names of cards that share a number with one above, and are not it."""


def gpu(name: str) -> Gpu:
    """The card of this name; an unknown one is answered with the list."""
    known = GPUS.get(name.lower())
    if known is None:
        raise UserError(f"--gpu {name}: no such card is known{meant(name, GPUS)}", hint=", ".join(GPUS))
    return known


def recognised(device_name: str) -> Gpu | None:
    """The card that a driver's name means, as `NVIDIA H100 80GB HBM3` does; None where it is none of these."""
    words = device_name.lower()
    if OTHERS.search(words):
        return None
    found = next((name for name in GPUS if re.search(rf"\b{name.partition('-')[0]}\b", words)), None)
    if found is None:
        return None
    variants = {"h100": ("pcie", "h100-pcie"), "a100": ("40gb", "a100-40")}
    mark, variant = variants.get(found, ("", ""))
    return GPUS[variant if mark and mark in words else found]
