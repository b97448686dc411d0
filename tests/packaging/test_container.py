"""The Dockerfile: linted here; built where a container engine answers and VIDCAP_BUILD_IMAGE=1 asks for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vidcap_core.zoo import published

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "Dockerfile"
KNOWN = {"ARG", "FROM", "RUN", "COPY", "ENV", "WORKDIR", "VOLUME", "USER", "ENTRYPOINT", "CMD"}


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction with its words; lines that go on are joined, comments are left out."""
    lines = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    return [(line.split(None, 1)[0], " ".join(line.split()[1:])) for line in lines]


def lint(text: str) -> list[str]:
    """What is wrong with a Dockerfile."""
    parts = instructions(text)
    names, wrong = [name for name, _ in parts], []
    wrong += [f"unknown instruction {name}" for name in names if name not in KNOWN]
    before = {words.partition("=")[0] for name, words in parts[: names.index("FROM")] if name == "ARG"}
    declared: set[str] = set()
    for name, words in parts:
        declared |= {words.partition("=")[0]} if name == "ARG" else set()
        used = set(re.findall(r"\$\{?(\w+)", words))
        declared = set() if name == "FROM" else declared  # an argument ends where a stage begins
        wrong += [
            f"{name}: {each} is not declared" for each in used - (before if name == "FROM" else declared)
        ]
        if name == "FROM" and (":" not in words or words.endswith(":latest")):
            wrong.append("the base image has no version")
        if "apt-get install" in words and not ("--yes" in words and "/var/lib/apt/lists" in words):
            wrong.append("apt-get asks, or leaves its lists in the image")
        if "pip install" in words and "--no-cache-dir" not in words:
            wrong.append("pip leaves its cache in the image")
        if name == "COPY" and not (ROOT / words.split()[0]).exists():
            wrong.append(f"there is no {words.split()[0]}")
    users = [words for name, words in parts if name == "USER"]
    wrong += [] if users and users[-1] not in ("root", "0") else ["it runs as root"]
    return wrong


def test_the_dockerfile_has_no_fault() -> None:
    assert lint(FILE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("FROM python:${PYTHON}-slim", "FROM python"), "the base image has no version"),
        (("USER vidcap\n", ""), "it runs as root"),
        (("ARG TORCH=cpu\n", ""), "RUN: TORCH is not declared"),
        (("COPY . /src", "COPY gone /src"), "there is no gone"),
        (("pip install --no-cache-dir", "pip install"), "pip leaves its cache in the image"),
        (("WORKDIR", "WORKDIRR"), "unknown instruction WORKDIRR"),
        (("--yes", ""), "apt-get asks, or leaves its lists in the image"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_noticed(change: tuple[str, str], fault: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert change[0] in text
    assert fault in lint(text.replace(*change))


def test_it_installs_the_scorer_the_core_and_every_plugin() -> None:
    [command] = [
        words
        for name, words in instructions(FILE.read_text(encoding="utf-8"))
        if "/src/plugins" in words and name == "RUN"
    ]
    assert {"/src/metrics", '"/src[default,serve]"', "/src/plugins/*/"} <= set(command.split())
    folders = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert folders == set(published.PLUGINS)


def test_the_page_names_the_arguments_that_there_are() -> None:
    page = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
    args = {words for name, words in instructions(FILE.read_text(encoding="utf-8")) if name == "ARG"}
    stated = re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \|", page, re.MULTILINE)
    assert {f"{name}={value}" for name, value in stated} == args
    assert all(f"{used}=" in "\n".join(args) for used in re.findall(r"--build-arg (\w+)=", page))


def test_it_is_built_where_an_engine_answers() -> None:
    engine = next((name for name in ("docker", "podman", "buildah") if shutil.which(name)), None)
    if os.environ.get("VIDCAP_BUILD_IMAGE") != "1":
        pytest.skip("VIDCAP_BUILD_IMAGE=1 builds the image: some GB are downloaded")
    if engine is None or subprocess.run([engine, "info"], capture_output=True).returncode:
        pytest.skip("no container engine answers")
    subprocess.run([engine, "build", "-t", "vidcap-test", str(ROOT)], check=True)
    done = subprocess.run(
        [engine, "run", "--rm", "vidcap-test", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("vidcap ")
