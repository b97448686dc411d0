"""In-batch negatives over two real processes equal one process with both batches."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
import torch

from vidcap_core.contracts.head import Output
from vidcap_core.contracts.types import Batch, Clip, Named
from vidcap_core.losses.contrastive import InfoNCE

WORKER = textwrap.dedent(
    """
    import os, sys, torch, torch.distributed as dist
    from vidcap_core.contracts.head import Output
    from vidcap_core.losses.contrastive import InfoNCE
    from vidcap_core.contracts.types import Batch, Clip, Named

    rank, folder, share = int(sys.argv[1]), sys.argv[2], [int(n) for n in sys.argv[3].split(",")]
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    data = torch.load(f"{folder}/data.pt", weights_only=True)
    rows = slice(0, share[0]) if rank == 0 else slice(share[0], share[0] + share[1])
    weight = data["weight"].clone().requires_grad_()
    batch = Batch(clips=tuple(Clip(name) for name in data["clips"][rows]))
    total, count = InfoNCE()(
        Output(video=Named(data["video"][rows] @ weight), text=Named(data["text"][rows] @ weight)), batch
    )
    total.backward()
    torch.save({"total": total.detach(), "count": count, "grad": weight.grad}, f"{folder}/{rank}.pt")
    dist.barrier()  # gloo aborts a process whose peer has gone
    dist.destroy_process_group()
    os._exit(0)  # as vidcap-run ends: gloo's threads now and then abort a process that ends in the usual way
    """
)


@pytest.mark.parametrize("share", [(3, 3), (4, 2)])
def test_two_processes_are_one(tmp_path, share):
    torch.manual_seed(0)
    data = {
        "video": torch.randn(6, 5),
        "text": torch.randn(6, 5),
        "weight": torch.randn(5, 4),
        "clips": ["a", "b", "c", "a", "d", "b"],  # captions of one clip on both sides
    }
    torch.save(data, tmp_path / "data.pt")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    given = [str(tmp_path), ",".join(map(str, share))]
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(rank), *given], env=environment)
        for rank in (0, 1)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    parts = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]

    weight = data["weight"].clone().requires_grad_()
    output = Output(video=Named(data["video"] @ weight), text=Named(data["text"] @ weight))
    total, count = InfoNCE()(output, Batch(clips=tuple(Clip(name) for name in data["clips"])))
    total.backward()
    assert sum(part["total"] for part in parts).item() == pytest.approx(total.item(), rel=1e-5)
    assert sum(part["count"] for part in parts) == count == 6
    assert torch.allclose(sum(part["grad"] for part in parts), weight.grad, atol=1e-5)
