"""Language models are called as old and new versions of transformers want it, and the suite notices what is old."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from packaging.version import Version

from vidcap_core.heads.language_model import language_model
from vidcap_core.heads.prefix_cache import cache_in, cache_of, given_cache

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 1, "vocab_size": 9}


class OldModel(torch.nn.Module):
    """A model with the name of the argument that it had before transformers 5.24."""

    def forward(self, input_ids, past_key_values=None):
        """Nothing but the signature is looked at."""


def test_the_cache_goes_in_by_the_name_that_the_model_has() -> None:
    cache = cache_of((), ())
    assert given_cache(OldModel(), cache) == {"past_key_values": cache}
    out = language_model(SMALL)(input_ids=torch.tensor([[1, 2]]), use_cache=True)
    if Version(transformers.__version__) >= Version("5.24"):
        assert given_cache(language_model(SMALL), cache) == {"cache": cache}
    assert cache_in(out).get_seq_length() == 2


def test_the_cache_comes_out_by_either_name() -> None:
    assert cache_in(SimpleNamespace(past_key_values=1)) == 1
    assert cache_in(SimpleNamespace(cache=2)) == 2
    assert cache_in(SimpleNamespace(logits=0)) is None


@pytest.mark.parametrize(
    "line",
    [
        "logging.getLogger('transformers.utils').warning('`a` are deprecated. Use `b` instead.')",
        "warnings.warn_explicit('`a` is deprecated and will be removed in version 9 for `f`.', FutureWarning, "
        "'module.py', 1, 'torch.nn.modules.module')",
        "warnings.warn_explicit('old', DeprecationWarning, 'x.py', 1, 'vidcap_core.heads.gru')",
    ],
)
def test_a_deprecated_call_fails_a_test(line: str, tmp_path: Path) -> None:
    """In a test session of its own, with the suite's settings."""
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(f"import logging, warnings\n\ndef test_it():\n    {line}\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            ROOT / "pyproject.toml",
            f"--rootdir={tmp_path}",
            tmp_path,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout
    assert "deprecated" in done.stdout or "DeprecationWarning" in done.stdout


def test_the_usual_loggers_level_lets_warnings_through() -> None:
    assert logging.getLogger("transformers").isEnabledFor(logging.WARNING)
