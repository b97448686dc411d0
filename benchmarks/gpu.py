"""What only a GPU can show, in six minutes at most: `python benchmarks/gpu.py` where there is one.

Of each config: losses in float32 against those of the CPU, bf16 and compiled against float32, clips a second and peak
memory of our update against a bare loop over the same captioner, captions written. Then one-process NCCL, and a plain
GPT-2 loop of Hugging Face for scale. It was only ever run on a CPU (`--device cpu --small`), and says so where it was.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.config.files import Config
from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.contracts.types import Batch
from vidcap_core.engine import compiling, optimizers
from vidcap_core.engine.update import read, update
from vidcap_core.testing import tiny
from vidcap_core.testing.measured import write
from vidcap_core.testing.parts import Parts

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("core/toy", "srvc_la/toy", "spectrum/toy", "mffcl/toy", "wsdvc_mask/toy", "care/toy", "classics/toy")
BUDGET = 330.0
"""Seconds after which nothing new is begun."""
STEPS = 10
CLOSE = {"device": 1e-4, "bf16": 5e-2, "compiled": 1e-4}
"""How far losses may lie apart, relative, stated before any run: TF32 is off, and bf16 has 8 bits."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write, print; 1 where something failed or lies too far apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(NAMES))
    parser.add_argument("--device", default="cuda")
    parser.add_argument(
        "--small", action="store_true", help="a tiny config alone, to see that this script works"
    )
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/gpu-NAME.json")
    args = parser.parse_args(argv)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        print(
            "error: there is no GPU here that torch can use; --device cpu --small tries the script",
            file=sys.stderr,
        )
        return 2
    began = time.monotonic()
    torch.set_float32_matmul_precision("highest")
    rows: dict[str, Any] = {}
    for name in ["tiny"] if args.small else args.names:
        if time.monotonic() - began > BUDGET:
            rows[name] = {"left out": "the time was over"}
            continue
        rows[name] = guarded(lambda name=name: measured(name, args.device, args.small))
        print(name, rows[name], flush=True)
    rows["one process of NCCL" if args.device != "cpu" else "one process of gloo"] = guarded(
        lambda: alone(args.device)
    )
    if not args.small and time.monotonic() - began < BUDGET:
        rows["GPT-2 of Hugging Face, bare loop"] = guarded(lambda: plain_gpt2(args.device))
    chip = torch.cuda.get_device_name(args.device) if args.device != "cpu" else "cpu"
    out = args.out or ROOT / "benchmarks" / "results" / f"gpu-{'-'.join(chip.lower().split())}.json"
    seconds = round(time.monotonic() - began, 1)
    write(out, {"hardware": chip, "seconds": seconds, "close": CLOSE, "rows": rows}, args.device)
    print(f"{out}: {seconds} s")
    return int(any("failed" in row or row.get("apart") for row in rows.values()))


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What comes of it, or why nothing did: one failure must not cost the rest of a lent machine."""
    try:
        return work()
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300]}


def measured(name: str, device: str, small: bool) -> dict[str, Any]:
    """One config: losses four ways, speed, memory, captions."""
    recipe = validate(Config("tiny", tiny.config())) if name == "tiny" else load_recipe(name)
    parts = Parts(recipe)
    batch, names = parts.batch(4), recipe.phases[-1].updates[0]
    ways = {
        "cpu": lambda: losses(parts.fresh(), batch, names, "off"),
        "device": lambda: losses(parts.fresh().to(device), batch.to(device), names, "off"),
        "bf16": lambda: losses(parts.fresh().to(device), batch.to(device), names, "bf16"),
        "compiled": lambda: losses(compiled(parts.fresh().to(device), small), batch.to(device), names, "off"),
    }
    found = {way: work() for way, work in ways.items()}
    against = {"device": "cpu", "bf16": "device", "compiled": "device"}
    gaps = {way: gap(found[way], found[other]) for way, other in against.items()}
    captioner = parts.fresh().to(device)
    fast, memory = speed(captioner, batch.to(device), names, device, bare=False)
    bare, bare_memory = speed(parts.fresh().to(device), batch.to(device), names, device, bare=True)
    with torch.no_grad():
        said = [prediction.text for prediction in captioner.eval().predict(batch.to(device))]
    return {
        "losses": found,
        "gaps": gaps,
        "apart": [way for way, value in gaps.items() if not value <= CLOSE[way]],
        "clips_per_s": fast,
        "clips_per_s_bare": bare,
        "peak_mib": memory,
        "peak_mib_bare": bare_memory,
        "captions": len(said),
    }


def losses(captioner: Captioner, batch: Batch, names: Sequence[str], amp: Any) -> list[float]:
    """The sum of the losses of two updates without dropout."""
    for module in captioner.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    captioner.eval()
    phase = _optimised(captioner, amp)
    scales = dict.fromkeys(names, 1.0)
    return [
        sum(row.values())
        for row in read([update(captioner, phase, [batch], names, scales) for _ in range(2)])
    ]


def compiled(captioner: Captioner, small: bool) -> Captioner:
    """With its parts compiled; small: without a compiler."""
    compiling.compile_parts(captioner, "default", backend="aot_eager" if small else "inductor")
    return captioner


def gap(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest relative difference."""
    return max(abs(a - b) / max(1e-6, abs(b)) for a, b in zip(one, other, strict=True))


def speed(
    captioner: Captioner, batch: Batch, names: Sequence[str], device: str, bare: bool
) -> tuple[float, float | None]:
    """Clips a second and peak MiB of our update, or of a loop that knows nothing of phases, processes and logs."""
    captioner.train()
    wrapper = _optimised(captioner, "off")
    scales = dict.fromkeys(names, 1.0)

    def step() -> None:
        if not bare:
            update(captioner, wrapper, [batch], names, scales)
            return
        parts = captioner(batch, names)
        sum(total / weight.clamp_min(1e-12) for total, weight in parts.values()).backward()
        wrapper.optimizer.step()
        wrapper.optimizer.zero_grad()

    return _timed(step, len(batch), device)


def plain_gpt2(device: str) -> dict[str, Any]:
    """GPT-2 with random weights, 16 texts of 64 words, bf16."""
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config()).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    ids = torch.randint(0, 50_000, (16, 64), device=device)

    def step() -> None:
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    rate, memory = _timed(step, 16, device)
    return {"texts_per_s": rate, "words_per_s": rate * 64, "peak_mib": memory}


def alone(device: str) -> dict[str, Any]:
    """A process group of one, which sums something."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
    torch.distributed.init_process_group("gloo" if device == "cpu" else "nccl", rank=0, world_size=1)
    try:
        value = torch.ones(3, device=device)
        torch.distributed.all_reduce(value)
        return {"sum": value.tolist()}
    finally:
        torch.distributed.destroy_process_group()


def _optimised(captioner: Captioner, amp: Any) -> Any:
    for parameter in captioner.parameters():
        parameter.requires_grad_(True)
    recipe = validate(Config("tiny", tiny.config(optimizer={"type": "SGD", "lr": 0.01})))
    [phase] = recipe.phases
    return optimizers.build(captioner, [phase], 0, amp)


def _timed(step: Callable[[], None], clips: int, device: str) -> tuple[float, float | None]:
    """Clips a second over a few steps after two, and the peak of memory where there is a GPU."""
    gpu = device.startswith("cuda")
    for _ in range(2):
        step()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    if gpu:
        torch.cuda.synchronize()
    rate = STEPS * clips / (time.perf_counter() - began)
    return rate, torch.cuda.max_memory_allocated() / 2**20 if gpu else None


if __name__ == "__main__":
    sys.exit(main())
