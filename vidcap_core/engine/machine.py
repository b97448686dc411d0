"""What a figure was measured on: what else decides its last digits."""

from __future__ import annotations

import platform

import torch


def machine(device: str | torch.device = "cpu") -> str:
    """Processor or GPU, torch's threads, and torch's version, as runs, result files and cards say them."""
    chip = f"{platform.machine()} CPU"
    if torch.device(device).type == "cuda":
        chip = torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{chip}, {threads} thread{'' if threads == 1 else 's'}, torch {torch.__version__}"
