"""All distributions: built from a copy of the tree, installed elsewhere, used from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [path.parent for path in ROOT.glob("plugins/*/pyproject.toml")]
PROJECTS = [ROOT, ROOT / "metrics", *PLUGINS]
LEFT_OUT = (".git", ".venv*", "runs", "build", "dist", "*.egg-info", "__pycache__", ".*_cache")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `scripts/release.py --dry-run` builds and checks."""
    copy = tmp_path_factory.mktemp("release") / "vidcap"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    command = [sys.executable, "scripts/release.py", "--dry-run", "--no-isolation"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "would publish with" in done.stdout
    return copy / "dist"


@pytest.fixture(scope="module")
def site(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels, installed into a folder of their own."""
    folder = tmp_path_factory.mktemp("site")
    wheels = sorted(map(str, dist.glob("*.whl")))
    assert len(wheels) == len(PROJECTS)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--target", str(folder), *wheels], check=True)
    return folder


def run(site: Path, module: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_gives_a_wheel_and_a_source_archive(dist: Path) -> None:
    assert len(list(dist.glob("*.whl"))) == len(PROJECTS)
    assert len(list(dist.glob("*.tar.gz"))) == len(PROJECTS)


def test_cards_and_configs_are_read_from_the_wheels(site: Path) -> None:
    plugins = json.loads(run(site, "vidcap_core.cli.main", "plugins", "--json"))
    assert {plugin["name"] for plugin in plugins} == {"core", *(plugin.name for plugin in PLUGINS)}
    for plugin in plugins:
        assert plugin["reason"] is None
        assert Path(plugin["card"]).is_relative_to(site)
    listed = json.loads(run(site, "vidcap_core.cli.main", "list", "configs", "--json"))
    in_tree = {f"core/{path.stem}" for path in (ROOT / "vidcap_core/config/bases").glob("*.py")}
    in_tree |= {f"{p.parent.parent.name}/{p.stem}" for p in ROOT.glob("plugins/*/configs/*.py")}
    assert {row["name"] for row in listed} == {
        name for name in in_tree if not name.split("/")[1].startswith("_")
    }


def test_the_skeleton_of_a_plugin_travels_too(site: Path, tmp_path: Path) -> None:
    run(site, "vidcap_core.cli.main", "new", "pooled", "--into", str(tmp_path / "new"))
    assert (tmp_path / "new" / "vidcap_pooled" / "head.py").is_file()


def test_a_changed_version_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "vidcap"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    project = copy / "plugins" / "mffcl" / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "', 'version = "9.'))
    command = [sys.executable, "scripts/release.py", "--dry-run", "--no-isolation"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    assert "error: mffcl/pyproject.toml does not state version" in done.stderr
    assert not (copy / "dist").exists()
