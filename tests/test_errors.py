"""What to type next is said once, at the end, wherever an error is put into another one."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from vidcap_core.config.files import Config, load_config
from vidcap_core.config.validate import validate
from vidcap_core.errors import CheckpointError, ConfigError, DataError, UserError, VideoError
from vidcap_core.saved import checkpoint
from vidcap_core.serve.worker_process import _problem
from vidcap_core.testing import tiny


def test_a_hint_stays_beside_the_message() -> None:
    error = DataError("a.json: is cut off", hint="get the file again")
    assert (error.message, error.hint) == ("a.json: is cut off", "get the file again")
    assert str(error) == "a.json: is cut off\n  try: get the file again"
    assert error.line == "a.json: is cut off; try: get the file again"
    assert DataError("two\n  lines").line == "two lines"


def test_wrapping_keeps_the_hint_at_the_end() -> None:
    wrapped = DataError("is cut off", hint="get it again").wrap("a.mp4", VideoError)
    assert type(wrapped) is VideoError
    assert str(wrapped) == "a.mp4: is cut off\n  try: get it again"
    assert wrapped.wrap("x.py: data", ConfigError).hint == "get it again"
    assert UserError("no").wrap("here", UserError).hint is None


def test_an_error_of_another_process_is_the_same() -> None:
    error = VideoError("a.mp4: is cut off", hint="get it again")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint, str(again)) == (
        VideoError,
        error.message,
        error.hint,
        str(error),
    )


def test_a_config_that_names_no_component_keeps_the_hint() -> None:
    made = Config("x.py", tiny.config(head={"type": "MeanPoolGRUU"}))
    with pytest.raises(ConfigError, match=r"head\.type: no head is named") as raised:
        validate(made)
    assert raised.value.hint == "vidcap list heads"
    assert "try:" not in raised.value.message


def test_a_base_of_a_plugin_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "run.py"
    path.write_text("_base_ = ['nobody/toy']", encoding="utf-8")
    with pytest.raises(ConfigError, match="_base_ 'nobody/toy': no plugin is named 'nobody'") as raised:
        load_config(path)
    assert raised.value.hint == "vidcap plugins"
    assert "try:" not in raised.value.message


def test_the_server_says_message_and_hint_apart() -> None:
    error = VideoError("/tmp/x/1: is cut off", hint="--every 60")
    told = _problem(error.wrap("/tmp/x/1", VideoError), "/tmp/x/1", "a.mp4")
    assert told == {"what": "a.mp4: a.mp4: is cut off", "hint": "--every 60"}


def test_a_damaged_best_checkpoint_has_one_hint(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError) as raised:
        checkpoint.best_weights(tmp_path)
    assert str(raised.value).count("try:") == 1
