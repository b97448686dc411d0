"""The command line as a user meets it: real processes, what they print, and how they end."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.cli.main import COMMANDS, build_parser
from vidcap_core.zoo import plugins

MODULES = {"vidcap": "vidcap_core.cli.main", "vidcap-run": "vidcap_core.cli.run"}


def run(*command: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", MODULES[command[0]], *command[1:]],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        env={**os.environ, **variables},
    )


LIGHT = [["--help"], ["list"], ["plugins"], ["list", "configs", "--json"], ["info", "core"], ["--version"]]


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from vidcap_core.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = [m for m in ('torch', 'mmengine', 'cv2', 'transformers', 'numpy') if m in sys.modules]\n"
        "sys.stderr.write(repr(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.stdout
    assert done.stderr == "[]"


def test_help_names_every_command_with_what_it_does() -> None:
    shown = " ".join(run("vidcap", "--help").stdout.split())
    for name, summary in COMMANDS.items():
        assert f"{name} {summary}" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run("vidcap", name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: vidcap {name}" in done.stdout
    assert len(done.stdout.split("\n\n")[1].split()) > 4, "no description"


def test_only_the_typed_command_is_imported() -> None:
    code = (
        "import sys; from vidcap_core.cli.main import main; main(['plugins', '--json'])\n"
        "print(*[m for m in sys.modules if 'vidcap_core.cli.' in m], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = {name.rsplit(".", 1)[1] for name in done.stderr.split()}
    assert loaded == {"main", "arguments", "outcome", "console", "plugins"}


def test_no_argument_shows_the_help() -> None:
    assert run("vidcap").stdout.startswith("usage: vidcap")
    assert run("vidcap-run").stdout.startswith("usage: vidcap-run")


def test_parsers_can_be_built_together() -> None:
    parser, names = build_parser(None)
    assert set(COMMANDS) <= set(names)
    assert parser.prog == "vidcap"


def test_a_misspelt_command_is_answered_with_what_was_meant() -> None:
    done = run("vidcap", "plugin")
    assert done.returncode == 2
    assert done.stderr == "error: vidcap has no command 'plugin'; did you mean 'plugins'?\n"


def test_json_is_json_and_tables_are_not_drawn_in_a_pipe() -> None:
    rows = json.loads(run("vidcap", "plugins", "--json").stdout)
    assert {row["name"] for row in rows} == set(plugins.discover())
    kinds = json.loads(run("vidcap", "list", "--json").stdout)
    assert {"encoders", "heads", "configs", "models"} <= set(kinds)
    plain = run("vidcap", "list", "metrics").stdout
    assert "cider-d" in plain
    assert "┃" not in plain


def on_a_terminal(*command: str) -> str:
    """What a command shows a person, and that it ends well."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, *command], stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    shown = b""
    while True:
        try:
            block = os.read(leader, 4096)
        except OSError:  # how Linux says that the other end has gone
            break
        if not block:
            break
        shown += block
    os.close(leader)
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode()


def test_on_a_terminal_the_table_is_drawn() -> None:
    shown = on_a_terminal("-m", MODULES["vidcap"], "list", "heads")
    assert "┃" in shown
    assert "MeanPoolGRU" in shown


def test_on_a_terminal_progress_is_a_bar() -> None:
    shown = on_a_terminal("-c", "from vidcap_core.cli.console import track; list(track(range(5), 'reading'))")
    assert "reading" in shown
    assert "100%" in shown


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m {MODULES['vidcap']} list | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    assert done.stdout == "encoders\n"
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_info_shows_the_card() -> None:
    shown = run("vidcap", "info", "srvc_la").stdout
    assert "re-implemented from the abstract" in shown
    assert json.loads(run("vidcap", "info", "srvc_la/any", "--json").stdout)["name"] == "srvc_la"


def test_doctor_finds_this_machine_fit() -> None:
    done = run("vidcap", "doctor", "--json")
    findings = {row["what"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert findings["torch build"]["state"] == "fine"
    assert "PyAV" in findings["decoder"]["found"]
    assert all(row["fix"] for row in findings.values() if row["state"] in ("broken", "warning"))


WRONG = [
    ("", ["gone.py"], ["gone.py: there is no such config"]),
    ("", ["toy"], ["'toy' is neither a .py file nor of the form plugin/name"]),
    ("", ["nobody/toy"], ["no plugin is named 'nobody'", "try: vidcap plugins"]),
    ("head = dict(", ["bad.py"], ["bad.py:1: syntax error"]),
    ("haed = 1", ["bad.py"], ["bad.py: haed: a config has no section 'haed'; did you mean 'head'?"]),
    ("import no_such", ["bad.py"], ["bad.py:1: ModuleNotFoundError"]),
    ("seed = 'x'", ["bad.py", "--set", "seed"], ["--set seed: not of the form key.path=value"]),
    ("head = 1", ["bad.py"], ["bad.py", "the section 'data'", "is missing"]),
]


@pytest.mark.parametrize(
    ("text", "arguments", "said"), WRONG, ids=[text or " ".join(a) for text, a, _ in WRONG]
)
def test_bad_input_is_one_message_and_exit_code_2(
    tmp_path: Path, text: str, arguments: list[str], said: list[str]
) -> None:
    if text:
        (tmp_path / "bad.py").write_text(text)
    done = run("vidcap-run", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    for part in said:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 8, "one screen, whatever number of mistakes a config has"
    assert not (tmp_path / "runs").exists()
    assert "Traceback" in run("vidcap-run", *arguments, "--debug", cwd=tmp_path).stderr


def test_config_check_says_all_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("haed = 1")
    (tmp_path / "b.py").write_text("x = (")
    done = run("vidcap", "config", "check", str(tmp_path))
    assert done.returncode == 2
    assert "a.py: haed" in done.stderr
    assert "b.py:1: syntax error" in done.stderr


def test_config_check_with_changes(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("_base_ = ['core/toy']")
    done = run("vidcap", "config", "check", "a.py", "b.py", "--set", "runtime.batch=3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run("vidcap", "config", "check", "a.py", "b.py", "--set", "runtime.bach=3", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("runtime.bach") >= 2


def test_config_check_names_the_activation_of_each_clip(tmp_path: Path) -> None:
    text = "_base_ = ['core/toy']\nextract = dict(_delete_=True, image=dict(type='OpenClipImage', {}))"
    (tmp_path / "a.py").write_text(text.format("model='ViT-B-32', pretrained='openai'"))
    (tmp_path / "b.py").write_text(text.format("model='ViT-B-32', pretrained='laion2b_s34b_b79k'"))
    (tmp_path / "c.py").write_text(text.format("model='ViT-B-32', pretrained='weights.safetensors'"))
    (tmp_path / "weights.safetensors").write_bytes(b"any")
    done = run("vidcap", "config", "check", "a.py", "b.py", "c.py", cwd=tmp_path)
    assert done.returncode == 2
    note = [
        "  note: a bundle of this run cannot caption files: no `extract` for 'motion'",
        "    try: extract = dict(motion=dict(type=ENCODER)) in the config (vidcap list encoders)",
    ]
    assert done.stdout.splitlines() == [
        "a.py: fine",
        "  extract.image: ViT-B-32: QuickGELU, says open_clip's table of weights (openai)",
        *note,
        "b.py: fine",
        "  extract.image: ViT-B-32: GELU, says open_clip's table of weights (laion2b_s34b_b79k)",
        *note,
    ]
    assert "c.py: extract.image: weights.safetensors: nothing tells whether" in done.stderr
    assert "try: quick_gelu=True for OpenAI's" in done.stderr


def test_config_check_says_what_this_machine_lacks(tmp_path: Path) -> None:
    lacking = "_base_ = ['core/toy']\ntokenizer = dict(_delete_=True, type='HFTokenizer', name='./gone')"
    (tmp_path / "a.py").write_text(lacking)
    done = run("vidcap", "config", "check", "a.py", cwd=tmp_path)
    assert done.returncode == 0
    first, *notes = done.stdout.splitlines()
    assert first == "a.py: fine"
    assert "  lacks here: tokenizer './gone' (tokenizer): vidcap-run a.py says where to put them" in notes
    done = run("vidcap-run", "a.py", cwd=tmp_path)
    assert "tokenizer './gone'  (tokenizer)" in done.stderr


def test_config_show_resolves_bases_and_changes(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("head = dict(type='A', width=1)")
    (tmp_path / "run.py").write_text("_base_ = ['base.py']\nhead = dict(width=2)")
    shown = run("vidcap", "config", "show", str(tmp_path / "run.py"), "--set", "head.depth=3").stdout
    assert shown == "head = {'type': 'A', 'width': 2, 'depth': 3}\n"


def test_config_show_shows_bases_too() -> None:
    done = run("vidcap", "config", "show", "vidcap://datasets/toy.py", "--set", "data.val.limit=2", "--json")
    assert json.loads(done.stdout)["data"]["val"]["limit"] == 2
    assert "'frames': {'kind': 'uniform'" in run("vidcap", "config", "show", "mffcl/_two").stdout
    done = run("vidcap", "config", "show", "vidcap://datasets/toi.py")
    assert done.returncode == 2
    assert done.stderr == "error: the core has no config 'datasets/toi.py'; did you mean 'datasets/toy.py'?\n"
