"""What a machine may lack or do to a run, each answered in a line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from vidcap_core import train
from vidcap_core.config.files import Config
from vidcap_core.config.recipe import Optimizer
from vidcap_core.config.schema import Runtime
from vidcap_core.config.validate import validate
from vidcap_core.engine import (
    compiling,
    launch,
    mm,
    optimizers,
    out_of_memory,
    registries,
    runner,
    shared_folder,
    update,
)
from vidcap_core.engine.training import Training
from vidcap_core.errors import UserError
from vidcap_core.saved.run import RunFolder
from vidcap_core.testing import tiny

GPU = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.15 GiB of which 312.00 MiB is "
    "free. Including non-PyTorch memory, this process has 78.8 GiB memory in use."
)


def test_a_gpus_memory_that_ran_out_is_a_line() -> None:
    error = out_of_memory.refusal(
        torch.OutOfMemoryError(GPU), "step 7 of phase low", Runtime(), [64], saved=True
    )
    assert error.message == (
        "out of memory while step 7 of phase low: 2.50 GiB were asked for, 312.00 MiB are free; "
        "--resume goes on from the last checkpoint"
    )
    for mend in ("runtime.batch=32", "runtime.accumulate=2", "runtime.checkpointing=True", "--amp bf16"):
        assert mend in str(error.hint)
    least = Runtime(batch=1, amp="bf16", checkpointing=True)
    assert "fsdp" in str(out_of_memory.refusal(torch.OutOfMemoryError(GPU), "x", least, [1], False).hint)


def test_memory_that_ends_in_a_step_leaves_a_run_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config("test", tiny.config(runtime={"batch": 4, "save_every": 1, "log_every": 1}))
    count, real = [0], update.update

    def hungry(*arguments: Any) -> Any:
        count[0] += 1
        if count[0] == 3:
            torch.empty(2**46)  # the allocator's own refusal
        return real(*arguments)

    monkeypatch.setattr("vidcap_core.engine.phase_loop.update", hungry)
    with pytest.raises(
        UserError, match=r"out of memory while step 3 of phase .*GiB were asked for.*--resume"
    ):
        train(config, work_dir=tmp_path / "run", device="cpu", quiet=True)
    monkeypatch.undo()
    assert (
        train(config, work_dir=tmp_path / "run", resume=True, device="cpu", quiet=True)
        .scores("val")
        .is_file()
    )


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(UserError, match="needs a C\\+\\+ compiler, and there is none of g\\+\\+") as error:
        compiling.check_compiler("cpu")
    assert "runtime.compile='off'" in str(error.value.hint)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="triton"):
        compiling.check_compiler("cuda:0")


def test_nothing_to_checkpoint() -> None:
    recipe = validate(Config("test", tiny.config()))
    captioner = Training(recipe, RunFolder(Path(os.devnull))).captioner
    with pytest.raises(UserError, match="no part of this captioner can"):
        compiling.checkpoint_parts(captioner)


def test_a_card_without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = validate(Config("test", tiny.config()))
    captioner = Training(recipe, RunFolder(Path(os.devnull))).captioner
    monkeypatch.setattr(type(captioner), "device", torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    monkeypatch.setattr(registries.inspect, "signature", lambda _: SimpleNamespace(parameters={}))
    with pytest.raises(UserError, match="this GPU has no bf16") as error:
        optimizers.build(captioner, recipe.phases, 0, "bf16")
    assert "fp16" in str(error.value.hint)


def test_steps_that_fp16_skips_are_counted() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    wrapper = optimizers.Fp16Wrapper.__new__(optimizers.Fp16Wrapper)
    wrapper.loss_scaler, wrapper._scale = torch.amp.GradScaler("cpu", init_scale=1024.0), None
    optimizer = torch.optim.SGD([weight], lr=1.0)
    wrapper.loss_scaler.scale(weight.sum()).backward()
    assert optimizers.skipped(wrapper) is None  # the first reading
    for _ in range(3):
        weight.grad = torch.full((2,), float("inf"))
        wrapper.loss_scaler.step(optimizer)
        wrapper.loss_scaler.update()
    assert torch.equal(weight, torch.ones(2))
    assert "at least 3 steps changed no weights" in str(optimizers.skipped(wrapper))
    assert optimizers.skipped(wrapper) is None


def test_one_kernel_where_the_optimiser_has_one() -> None:
    parameters = [{"params": [torch.nn.Parameter(torch.ones(2))]}]

    def fused(kind: str, **arguments: Any) -> object:
        return registries.build_optimizer(parameters, Optimizer(kind, arguments), fused=True).defaults.get(
            "fused"
        )

    assert fused("AdamW", lr=0.1) is True
    assert fused("Adamax", lr=0.1) is None
    assert fused("AdamW", lr=0.1, foreach=True) is None


def test_a_folder_that_is_not_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mm, "world_size", lambda: 2)
    shared_folder.check(tmp_path, patience=0.0)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(mm, "is_main", lambda: False)
    monkeypatch.setattr(mm, "from_main", lambda _: ".shared-of-another-machine")
    began = time.monotonic()
    with pytest.raises(UserError, match=r"is not shared: .* does not see what the first process wrote"):
        shared_folder.check(tmp_path, patience=0.5)
    assert time.monotonic() - began < 5


def test_processes_that_cannot_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise torch.distributed.DistBackendError("NCCL error: unhandled system error\nmore")

    monkeypatch.setattr(torch.distributed, "init_process_group", refuse)
    for key, value in {"RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "n1", "MASTER_PORT": "29"}.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(
        UserError, match=r"process 3 of 8 cannot start nccl .*n1:29.*unhandled system error"
    ) as error:
        launch._meet("nccl")
    assert "NCCL_DEBUG" in str(error.value.hint)


def test_a_process_that_dies_ends_the_others_in_time(tmp_path: Path) -> None:
    data = tiny.config(phases={"caption": {"steps": 100_000, "losses": ["tokens"]}}, runtime={"batch": 4})
    config = tmp_path / "c.py"
    config.write_text("\n".join(f"{key} = {value!r}" for key, value in data.items()))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    started = []
    for rank in ("0", "1"):
        said = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "localhost",
            "MASTER_PORT": port,
        }
        command = [
            sys.executable,
            "-m",
            "vidcap_core.cli.run",
            str(config),
            "--work-dir",
            str(tmp_path / "run"),
        ]
        started.append(
            subprocess.Popen(
                [*command, "--device", "cpu"],
                env={**os.environ, "OMP_NUM_THREADS": "1", **said},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    log, until = tmp_path / "run" / "log.txt", time.monotonic() + 240
    while time.monotonic() < until and not (log.is_file() and "step " in log.read_text()):
        time.sleep(0.3)
    os.kill(started[1].pid, signal.SIGKILL)
    _, errors = started[0].communicate(timeout=120)
    started[1].communicate()
    assert started[0].returncode == 2, errors[-2000:]
    assert "another process of the run ended or does not answer" in errors
    assert "Traceback" not in errors


def test_a_gpu_need_not_be_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch, "set_float32_matmul_precision", lambda _: None)
    assert runner.arithmetic(Runtime(), "cpu")
    assert not runner.arithmetic(Runtime(), "cuda:0")
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    assert runner.arithmetic(Runtime(deterministic=True), "cuda:0")
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"]  # else the first product of matrices would fail
