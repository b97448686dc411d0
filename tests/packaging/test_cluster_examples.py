"""docs/examples/cluster: the shell reads the scripts, options exist, manifests have what their definitions ask for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from vidcap_core.cli.main import build_parser

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples" / "cluster"
SCRIPTS, MANIFESTS = sorted(FOLDER.glob("*.sbatch")), sorted(FOLDER.glob("*.yaml"))
POD = {"spec": {"containers": [{"name": str, "image": str, "resources": {"requests": dict, "limits": dict}}]}}
REPLICA = {"replicas": int, "restartPolicy": str, "template": POD}
SHAPES: dict[str, dict[str, Any]] = {
    "RayJob": {
        "apiVersion": "ray.io/v1",
        "metadata": {"name": str},
        "spec": {
            "entrypoint": str,
            "rayClusterSpec": {
                "headGroupSpec": {"rayStartParams": dict, "template": POD},
                "workerGroupSpecs": [
                    {
                        "groupName": str,
                        "replicas": int,
                        "minReplicas": int,
                        "maxReplicas": int,
                        "template": POD,
                    }
                ],
            },
        },
    },
    "PyTorchJob": {
        "apiVersion": "kubeflow.org/v1",
        "metadata": {"name": str},
        "spec": {"nprocPerNode": str, "pytorchReplicaSpecs": {"Master": REPLICA, "Worker": REPLICA}},
    },
}
"""What the definitions of these resources require, as far as the manifests go."""


def check(value: Any, shape: Any, where: str) -> None:
    if isinstance(shape, type):
        assert isinstance(value, shape), where
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            assert key in value, f"{where}.{key}"
            check(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        assert value, where
        for each in value:
            check(each, shape[0], where)
    else:
        assert value == shape, where


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_has_what_its_definition_requires(manifest: Path) -> None:
    data = yaml.safe_load(manifest.read_text("utf-8"))
    check(data, SHAPES[data["kind"]], data["kind"])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_read_by_the_shell(script: Path) -> None:
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert "#SBATCH" in script.read_text("utf-8")


@pytest.mark.parametrize("path", [*SCRIPTS, *MANIFESTS], ids=lambda path: path.stem)
def test_the_options_of_vidcap_exist(path: Path) -> None:
    parser, _ = build_parser("caption")
    known = parser.format_help() + next(
        action.choices["caption"].format_help()
        for action in parser._actions
        if action.dest == "command"  # type: ignore[index, union-attr]
    )
    text = path.read_text("utf-8").replace("\\\n", " ")
    for command in re.findall(r"^[^#\n]*\bvidcap caption\b(.*(?:\n +--.*)*)", text, re.MULTILINE):
        for option in re.findall(r"(?<=\s)--[a-z-]+", command):
            assert option in known, option
