"""Texts as sentences: a capital letter and a full stop, as an option of captioning."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidcap_core.captioner.events import as_sentence
from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.cli.main import main


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a dog runs", "A dog runs."),
        ("  a dog runs ", "A dog runs."),
        ("Why?", "Why?"),
        ("a dog runs.", "A dog runs."),
        ("élan", "Élan."),
        ("", ""),
    ],
)
def test_a_sentence(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence


def test_only_the_new_captioner_writes_sentences(captioner: FileCaptioner, films: list[Path]) -> None:
    plain = captioner(films[0])
    other = captioner.with_decoding(sentences=True, n_best=2)(films[0])
    assert other.text == as_sentence(captioner.with_decoding(n_best=2)(films[0]).text)
    assert other.text[0].isupper()
    assert other.text.endswith(".")
    assert [text.endswith(".") for text in other.extras["n_best"][0]] == [True]
    assert captioner(films[0]).text == plain.text


def test_on_the_command_line(model: Path, films: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["caption", str(films[0]), "--model", str(model), "--device", "cpu"]
    assert main(arguments) == 0
    name, plain = capsys.readouterr().out.strip().split(": ", 1)
    assert main([*arguments, "--sentences"]) == 0
    assert capsys.readouterr().out.strip() == f"{name}: {as_sentence(plain)}"
