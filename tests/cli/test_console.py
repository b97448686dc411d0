"""Tables, records and progress in a pipe, and how commands end."""

from __future__ import annotations

import pytest

from vidcap_core.cli import console
from vidcap_core.cli.outcome import guarded
from vidcap_core.errors import UserError


def test_a_table_in_a_pipe_is_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name", "n"], [("a", 1), ("long name", None)], title="things")
    assert capsys.readouterr().out == "things\nname       n\na          1\nlong name\n"


def test_no_rows_are_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    console.show([], as_json=False, title="models", empty="none installed")
    assert capsys.readouterr().out == "models: none installed\n"


def test_progress_in_a_pipe_is_two_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(console.track([1, 2, 3], "reading")) == [1, 2, 3]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "reading: 3 ..."
    assert err.splitlines()[1].startswith("reading: 3 done in")


def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("x.py: no", hint="vidcap doctor"), 2, "error: x.py: no\n  try: vidcap doctor\n"),
        (KeyboardInterrupt(), 130, "interrupted; go on with: vidcap-run x --resume\n"),
        (
            ValueError("odd"),
            1,
            "internal error: ValueError: odd\n"
            f"  in {__name__.partition('.')[0]}, test_console.py:{_raise.__code__.co_firstlineno + 1}\n"
            "  try: the same command with --debug\n",
        ),
    ],
)
def test_how_a_command_ends(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert guarded(lambda: _raise(error), False, "go on with: vidcap-run x --resume") == code
    assert capsys.readouterr().err == said


def test_debug_lets_the_traceback_through() -> None:
    with pytest.raises(UserError):
        guarded(lambda: _raise(UserError("no")), debug=True)
