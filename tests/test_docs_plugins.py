"""docs/plugins.md: it shows what `vidcap new` writes, which installs, trains and keeps its promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.errors import UserError
from vidcap_core.testing import scaffold

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"<!-- file: (\S+) -->\n`\1`\n\n```\w+\n(.*?)```", re.DOTALL)


def documented() -> dict[str, str]:
    """The files that the page shows."""
    return dict(BLOCK.findall((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")))


def test_the_page_shows_what_vidcap_new_writes() -> None:
    shown, written = documented(), scaffold.files("pooled")
    assert set(written) - set(shown) == {"README.md", "vidcap_pooled/py.typed"}
    for path, text in shown.items():
        assert text == written[path], path


def test_the_skeleton_is_laid_out_as_our_own_plugins() -> None:
    """Configs and card beside the package, which alone holds code; `benchmarks/` comes with the first benchmark."""
    for plugin in (path.parent for path in ROOT.glob("plugins/*/pyproject.toml")):
        ours = {
            path.replace("pooled", plugin.name) for path in scaffold.files("pooled") if "/head" not in path
        }
        assert [path for path in sorted(ours) if not (plugin / path).is_file()] == []


def test_the_head_is_under_fifty_lines() -> None:
    assert len(documented()["vidcap_pooled/head.py"].splitlines()) < 50


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documented plugin, written to an empty folder and installed from there."""
    folder = tmp_path_factory.mktemp("tutorial")
    for path, text in documented().items():
        (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "source" / path).write_text(text, encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "--target", folder / "site", folder / "source"], check=True)
    return folder


def run(site: Path, *command: str) -> str:
    path = filter(None, [str(site / "site"), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_found_and_its_config_is_valid(site: Path) -> None:
    assert "1 head, 1 config" in run(site, "vidcap_core.cli.main", "plugins")
    assert "pooled/toy: fine" in run(site, "vidcap_core.cli.main", "config", "check", "pooled/toy")
    by_path = run(site, "vidcap_core.cli.main", "config", "check", "source/configs/toy.py")
    assert by_path == "source/configs/toy.py: fine\n"
    assert "streams are averaged over time" in run(site, "vidcap_core.cli.main", "info", "pooled")


def test_it_trains(site: Path) -> None:
    small = [word for split in ("train", "val", "test") for word in ("--set", f"data.{split}.size=small")]
    short = ["--set", "phases.caption.epochs=1", "--work-dir", "run"]
    run(site, "vidcap_core.cli.run", "pooled/toy", *small, *short)
    assert json.loads((site / "run" / "scores-val.json").read_text())["clips"] == "12 of 12"


def test_it_keeps_its_promises(site: Path) -> None:
    assert "1 passed" in run(site, "pytest", "-q", str(site / "source" / "tests"))


@pytest.mark.parametrize("name", ["Pooled", "1st", "a b", "core", "", "../x"])
def test_a_name_that_cannot_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        scaffold.write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(UserError, match="is there already, and not empty"):
        scaffold.write("pooled", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
