"""What broken third-party plugins do to the rest: nothing. Each is a wheel that pip installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location(
    "vidcap_test_packages", Path(__file__).with_name("packages.py")
)
assert _spec is not None
assert _spec.loader is not None
packages = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = packages
_spec.loader.exec_module(packages)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path in which all of them are installed."""
    return packages.install(tmp_path_factory.mktemp("third_party"))


def on_path(site: Path) -> str:
    """The folder, before whatever finds the code under test."""
    return os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])


def run(site: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own that sees the installed packages."""
    environment = {**os.environ, "PYTHONPATH": on_path(site), **variables}
    module = {"vidcap": "vidcap_core.cli.main", "vidcap-run": "vidcap_core.cli.run"}[command[0]]
    return subprocess.run(
        [sys.executable, "-m", module, *command[1:]],
        env=environment,
        capture_output=True,
        text=True,
        cwd=site,
        timeout=120,
    )


@pytest.fixture(scope="module")
def listed(site: Path) -> dict[str, dict[str, object]]:
    """`vidcap plugins --json`, by distribution."""
    done = run(site, "vidcap", "plugins", "--json")
    assert done.returncode == 0, done.stderr
    return {row["distribution"]: row for row in json.loads(done.stdout)}


REASONS = {
    "raises": "RuntimeError: the licence file is missing (__init__.py:1)",
    "leaves": "SystemExit: no GPU here",
    "misspelt": "'vidcap_componets' is no hook; did you mean 'vidcap_components'?",
    "newer": "is written for plugin API 3; this vidcap-core speaks API 2",
    "hollow": "there is no module 'vidcap_test_hollow.head'",
    "nameless": "vidcap_test_nameless.head has no 'LostHead'",
    "claim_a": "vidcap-test-claim-a and vidcap-test-claim-b both provide a plugin named 'claimed'",
    "claim_b": "vidcap-test-claim-a and vidcap-test-claim-b both provide a plugin named 'claimed'",
    "usurper": "vidcap-core and vidcap-test-usurper both provide a plugin named 'core'",
}


def named(listed: dict[str, dict[str, object]], name: str) -> dict[str, object]:
    """A row by the package's name, however the installer spelt the distribution."""
    return next(
        row for key, row in listed.items() if key.replace("_", "-") == f"vidcap-test-{name}".replace("_", "-")
    )


@pytest.mark.parametrize("name", REASONS)
def test_a_broken_plugin_is_listed_with_its_version_and_reason(
    listed: dict[str, dict[str, object]], name: str
) -> None:
    row = named(listed, name)
    assert row["version"] == "1.2.3"
    assert REASONS[name].replace("_", "-") in str(row["reason"]).replace("_", "-")
    assert row["components"] == {}


@pytest.mark.parametrize("name", ["good", "one", "two", "late"])
def test_the_others_work(listed: dict[str, dict[str, object]], name: str) -> None:
    row = named(listed, name)
    assert row["reason"] is None
    assert row["components"] != {}


def test_the_core_is_unharmed(listed: dict[str, dict[str, object]]) -> None:
    assert listed["vidcap-core"]["reason"] is None
    assert listed["vidcap-core"]["components"] != {}


def test_the_table_says_it_too(site: Path) -> None:
    done = run(site, "vidcap", "plugins")
    assert done.returncode == 0
    assert "BROKEN: RuntimeError: the licence file is missing" in done.stdout
    assert "1 head, 1 config, 3 commands" in done.stdout


@pytest.mark.parametrize("name", ["raises", "leaves", "misspelt", "newer", "hollow"])
def test_a_config_of_a_broken_plugin_fails_with_the_reason_and_what_to_type(site: Path, name: str) -> None:
    done = run(site, "vidcap-run", f"{name}/toy")
    assert done.returncode == 2
    assert REASONS[name] in done.stderr
    assert "pip install --upgrade vidcap" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("newer.NewHead", "is written for plugin API 3"),
        ("hollow.HollowHead", "there is no module 'vidcap_test_hollow.head'"),
        ("late.LateHead", "No module named 'no_such_library'"),
        ("Twin", "type='one.Twin' or 'two.Twin'"),
        ("GoodHaed", "did you mean 'GoodHead'?"),
        ("claimed.A", "both provide a plugin named 'claimed'"),
    ],
)
def test_a_config_that_needs_a_head_that_cannot_be_had_says_why(site: Path, head: str, said: str) -> None:
    done = run(site, "vidcap-run", "good/toy", "--set", f"head.type={head}")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (site / "runs").exists()


def test_a_name_that_two_plugins_offer_works_in_full(site: Path) -> None:
    code = (
        "from vidcap_core.zoo.registry import HEADS;"
        "print(*[HEADS.load(name).__module__ for name in ('one.Twin', 'two.Twin')])"
    )
    environment = {**os.environ, "PYTHONPATH": on_path(site)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["vidcap_test_one.head", "vidcap_test_two.head"], done.stderr


def test_the_good_one_can_be_used(site: Path) -> None:
    assert run(site, "vidcap", "greet", "you").stdout == "good day, you\n"
    assert "greet" in run(site, "vidcap", "--help").stdout
    assert "A good plugin" in run(site, "vidcap", "info", "good/toy").stdout
    assert "A toy run of the good head." in run(site, "vidcap", "list", "configs").stdout
    shown = run(site, "vidcap", "config", "show", "good/toy", "--set", "head.width=3")
    assert "head = {'type': 'GoodHead', 'width': 3}" in shown.stdout


def test_a_command_of_a_plugin_that_cannot_be_imported_says_so(site: Path) -> None:
    done = run(site, "vidcap", "lost")
    assert done.returncode == 2
    assert "the command 'lost' (vidcap_test_good.lost) cannot be imported" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_cannot_replace_a_command_of_ours(site: Path) -> None:
    assert "heads" in run(site, "vidcap", "list", "heads").stdout


def test_a_plugin_can_be_left_out(site: Path) -> None:
    done = run(site, "vidcap", "plugins", "--json", VIDCAP_DISABLE_PLUGINS="raises, claimed,core")
    rows = json.loads(done.stdout)
    assert not [row for row in rows if row["name"] in ("raises", "claimed")]
    assert [row["distribution"] for row in rows if row["name"] == "core"] == ["vidcap-core"]
    done = run(site, "vidcap-run", "good/toy", VIDCAP_DISABLE_PLUGINS="good")
    assert done.returncode == 2
    assert "plugin 'good' is left out by VIDCAP_DISABLE_PLUGINS" in done.stderr


def test_discovery_imports_nothing_heavy(site: Path) -> None:
    code = (
        "import sys; from vidcap_core.zoo.plugins import discover; found = discover(); assert len(found) > 10;"
        "print([m for m in ('torch', 'mmengine', 'cv2', 'numpy') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": on_path(site)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
