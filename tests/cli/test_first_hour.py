"""`vidcap demo`, `vidcap completion`, and what start.py says at its end."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import start
from vidcap_core.cli import demo, main
from vidcap_core.cli.completion import SHELLS, commands

CONFIG = "from vidcap_core.testing import tiny\nglobals().update(tiny.config())\n"


def test_a_demo_names_the_folder_that_it_made_and_three_things_that_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.py").write_text(CONFIG)
    (tmp_path / "runs" / "tiny-1").mkdir(parents=True)  # an earlier one
    assert main.main(["demo", "--config", "tiny.py", "--device", "cpu"]) == 0
    said = capfd.readouterr().out
    assert "the run: runs/tiny-2" in said
    assert (tmp_path / "runs" / "tiny-2" / "report-val.html").is_file()
    assert str(tmp_path / "runs" / "tiny-2" / "report-val.html") in said
    typed = [line.partition("#")[0].split() for line in said.partition("try next:\n")[2].splitlines()]
    assert len(typed) == 3
    for words in typed:
        words = words[words.index("vidcap_core.cli.main") + 1 :] if "-m" in words else words[1:]
        main.build_parser(words[0])[0].parse(words)


def test_the_command_that_is_named_is_there() -> None:
    done = subprocess.run([*demo.command().split(), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("vidcap ")


def test_start_says_how_to_use_what_it_installed(capsys: pytest.CaptureFixture[str]) -> None:
    start.how_to_use(Path(sys.executable))
    said = capsys.readouterr().out
    assert str(Path(sys.executable).with_name("vidcap")) in said


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_can_read_its_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert "core/toy" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (["vidcap", "cap"], {"caption"}),
        (["vidcap", "run", "core/to"], {"core/toy"}),
        (["vidcap-run", "core/to"], {"core/toy"}),
        (["vidcap", "caption", "x.mp4", "--bea"], {"--beam"}),
        (["vidcap", "config", "che"], {"check"}),
        (["vidcap", "list", "model"], {"models"}),
    ],
)
def test_bash_completes(typed: list[str], wanted: set[str]) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    words = " ".join(typed)
    script = SHELLS["bash"](commands())
    script += f"\nCOMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _vidcap; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == wanted
