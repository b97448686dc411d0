"""Checks of a command that a plugin adds to `vidcap`."""

from __future__ import annotations

import subprocess
import sys

from vidcap_core.testing.check import Checks, expect

HEAVY = ("torch", "mmengine", "transformers", "cv2")


def helps(name: str) -> None:
    """`vidcap NAME --help` prints a usage and exits with 0."""
    done = _run("-m", "vidcap_core.cli.main", name, "--help")
    last = (done.stderr.strip().splitlines() or [""])[-1]
    expect(
        done.returncode == 0,
        f"vidcap {name} --help typed",
        f"that it exits with 0; it exits with {done.returncode}: {last}",
    )
    expect(
        "usage" in done.stdout and name in done.stdout,
        f"vidcap {name} --help typed",
        "that it prints its usage",
    )


def starts_light(name: str) -> None:
    """Its parser is made without torch: what is heavy is imported when the command runs."""
    code = (
        f"import sys; from vidcap_core.cli.main import build_parser; build_parser({name!r}); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = _run("-c", code)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    expect(done.returncode == 0, f"the parser of vidcap {name} made", f"that it works; {last}")
    expect(
        done.stdout.strip() == "[]",
        f"the parser of vidcap {name} made",
        f"that nothing heavy is imported; {done.stdout.strip()} are",
    )


def runs(name: str) -> None:
    """It sets `func`, which takes the arguments and gives the exit code."""
    code = (
        "import argparse, importlib; from vidcap_core.zoo.plugins import discover; "
        f"module = next(p.commands[{name!r}] for p in discover().values() if {name!r} in p.commands); "
        "parser = argparse.ArgumentParser(); sub = parser.add_subparsers(); "
        f"importlib.import_module(module).add_parser(sub); print(callable(sub.choices[{name!r}].get_default('func')))"
    )
    done = _run("-c", code)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    expect(
        done.returncode == 0,
        f"`add_parser` of vidcap {name} called",
        f"that it adds a parser named '{name}'; {last}",
    )
    expect(
        done.stdout.strip() == "True",
        f"`add_parser` of vidcap {name} called",
        "that it sets `func`, which runs the command",
    )


CHECKS: Checks = {"--help": helps, "light parser": starts_light, "func": runs}


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
