"""What is typed in another order, or misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidcap_core.cli import main, run
from vidcap_core.errors import UserError


@pytest.mark.parametrize(
    "words",
    [
        "core/toy --set seed=1 test --split val",
        "--set seed=1 --split val core/toy test",
        "core/toy test --split val --set seed=1",
        "--split val core/toy --set seed=1 test",
    ],
)
def test_arguments_of_a_run_come_in_any_order(words: str) -> None:
    args = run.build_parser().parse(words.split())
    assert (args.config, args.task, args.split, args.changes) == ("core/toy", "test", "val", ["seed=1"])


def test_amp_alone_does_not_take_the_config_for_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--amp", "nothere.py"]) == 2
    assert "nothere.py: there is no such config" in capsys.readouterr().err


def test_vidcap_run_is_the_same_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["run", "nothere.py", "--seed", "1", "test"]) == 2
    assert "nothere.py: there is no such config" in capsys.readouterr().err


def test_arguments_of_a_command_and_of_an_inner_one_come_in_any_order() -> None:
    args = main.build_parser("caption")[0].parse(["caption", "a.mp4", "--beam", "3", "b.mp4"])
    assert args.paths == ["a.mp4", "b.mp4"]
    args = main.build_parser("config")[0].parse(["config", "check", "a/b", "--set", "x=1", "c/d"])
    assert (args.action, args.names, args.changes) == ("check", ["a/b", "c/d"], ["x=1"])


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("list modles", "did you mean 'models'?"),
        ("config chek core/toy", "did you mean 'check'?"),
        ("caption --modle x y.mp4", "there is no option '--modle'; did you mean '--model'?"),
        ("caption y.mp4 --format htm", "did you mean 'html'?"),
        ("export a b -o c", "'b' is one argument too many"),
        ("export a", "the following arguments are required: -o/--out"),
    ],
)
def test_what_was_meant_is_said(typed: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(typed.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert answer in said
    assert "--help" in said


def test_a_file_that_starts_like_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-h.mp4").touch()
    assert main.main(["caption", "-h.mp4"]) == 2
    assert "try: ./-h.mp4" in capsys.readouterr().err
    parser = main.build_parser("caption")[0]
    assert parser.parse(["caption", "--beam", "2", "--", "-h.mp4"]).paths == ["-h.mp4"]
    assert parser.parse(["caption", "./-h.mp4"]).paths == ["./-h.mp4"]


def test_a_parser_never_prints_a_usage_instead_of_an_error() -> None:
    with pytest.raises(UserError, match="no option '--sett'"):
        run.build_parser().parse(["core/toy", "--sett", "a=1"])
