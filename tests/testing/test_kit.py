"""`vidcap conform` and `check_plugin`: what they say of whole plugins, and what they do when something is not there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Set
from dataclasses import replace
from pathlib import Path

import pytest
import sound_parts
from planted_bugs import HEAD, KINDS
from planted_heads import READS, WRITES

from vidcap_core.api import Batch, Named, Output, Stream
from vidcap_core.testing import check_plugin, kit, scaffold
from vidcap_core.testing.check import Broken, Check, Skipped, checked, expect, listed
from vidcap_core.testing.checks import heads, learning
from vidcap_core.testing.checks import plugins as packages

DECLARED = """
import torch  # heavy

from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components():
    return {
        "metrics": {"never": "planted_parts:NeverPerfect", "sound": "sound_parts:Overlap"},
        "transforms": {"Jitter": "sound_parts:Jitter"},
        "losses": {"WordLoss": "sound_parts:WordLoss"},
        "encoders": {
            "Colours": "sound_parts:Colours",
            "Standardised": "vidcap_core.encoders.standardised:Standardised",
        },
        "tokenizers": {"WordList": "sound_parts:WordList"},
        "datasets": {"Clips": "sound_parts:Clips"},
    }


@hookimpl
def vidcap_commands(add):
    add("nowhere", "planted_plugin.nowhere")
"""


FAILS = """
from sound_parts import AttentiveGRU


class Unwell(AttentiveGRU):
    "As in AttentiveGRU."

    def start(self, view):
        return self.project(None)
"""
HEADS = """
from vidcap_core.api import hookimpl

VIDCAP_API = 2


@hookimpl
def vidcap_components():
    return {
        "heads": {name: f"sound_parts:{name}" for name in ("LowRank", "Slots", "FramesRead")},
        "encoders": {"Colours": "sound_parts:Colours"},
        "datasets": {"Clips": "sound_parts:Clips"},
    }
"""
CONFIG = """
from sound_parts import config

clips = {{"type": "planted.Clips"}}
head = {{"type": "planted.{head}", "streams": {{"image": 16}}}}
extract = {{"image": {{"type": "planted.Colours"}}}}
globals().update(config(head=head, extract=extract, data={{"train": clips, "val": clips}}))
del config, clips
"""


def conformed(folder: Path, files: dict[str, str]) -> list[str]:
    """What `vidcap conform` prints of an installed plugin of these files, and its exit code."""
    package, info = folder / "planted_plugin", folder / "planted_plugin-1.0.dist-info"
    (package / "configs").mkdir(parents=True)
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidcap.plugins]\nplanted = planted_plugin\n")
    for name, text in files.items():
        (package / name).write_text(text)
    tests = Path(__file__).resolve().parents[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{folder}:{tests}", prepend=":")
        command = [sys.executable, "-m", "vidcap_core.cli.main", "conform", "planted"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Of a plugin without a head, some of which is broken."""
    files = {"__init__.py": DECLARED, "nowhere.py": '"""Nothing."""\n'}
    return conformed(tmp_path_factory.mktemp("installed"), files)


def test_each_head_is_checked_in_a_toy_config_of_its_own(tmp_path: Path) -> None:
    configs = {
        "configs/toy.py": CONFIG.format(head="LowRank"),
        "configs/toy_slots.py": CONFIG.format(head="Slots"),
    }
    lines = conformed(tmp_path, {"__init__.py": HEADS, **configs})
    broken = [line for line in lines if line.startswith("FAIL")]
    assert broken == ["FAIL card"]
    assert {"ok   head LowRank: gradients", "ok   head Slots: masks", "ok   run, bundle, files"} <= set(lines)
    assert "-    head FramesRead: all: no config named toy or toy_... has it" in lines


def test_an_error_is_said_once_in_full_and_with_the_plugins_own_file(tmp_path: Path) -> None:
    declared = HEADS.replace('"heads": {', '"heads": {"Unwell": "planted_plugin.head:Unwell"} or {')
    files = {"__init__.py": declared, "head.py": FAILS, "configs/toy.py": CONFIG.format(head="Unwell")}
    lines = conformed(tmp_path, files)
    of_head = [lines[at + 1].strip() for at, line in enumerate(lines) if line.startswith("FAIL head Unwell")]
    assert of_head[0].startswith("it raised TypeError: linear(): argument 'input'")
    assert of_head[0].endswith("(planted_plugin/head.py:9)")
    assert len(of_head) > 5
    assert set(of_head[1:]) == {"it raised the same error as above"}


def test_a_broken_promise_hides_no_other(output: list[str]) -> None:
    failures = [line.removeprefix("FAIL ") for line in output if line.startswith("FAIL")]
    assert failures == [
        "light import",
        "card",
        "metric never: bounds",
        "command nowhere: --help",
        "command nowhere: light parser",
        "command nowhere: func",
    ]
    first = output.index("FAIL metric never: bounds")
    assert output[first + 1].strip() == "changed: predictions that are the references scored"
    assert output[first + 2].strip() == "should not have moved: that Overlap is 1; it is 0.9"


def test_what_is_sound_is_looked_at(output: list[str]) -> None:
    assert {
        "ok   metric sound: bounds",
        "ok   encoder Colours: dim",
        "ok   dataset Clips: in a worker",
        "ok   transform Jitter: collates",
        "ok   tokenizer WordList: text and back",
    } <= set(output)


def test_what_is_skipped_has_a_reason(output: list[str]) -> None:
    skipped = [line for line in output if line.startswith("-")]
    assert "-    captioner: the plugin brings no head, and no configs/toy.py" in skipped
    assert "-    loss WordLoss: all: there is no captioner whose outputs it could read" in skipped
    assert "-    encoder Standardised: all: no config of the plugin builds it, and it needs stream" in skipped
    assert all(line.split(": ", 1)[1].strip() for line in skipped)
    kept = sum(line.startswith("ok") for line in output)
    assert output[-1] == f"{kept} kept, 6 broken, {len(skipped)} skipped"


def test_a_plugin_with_a_head_but_no_toy_config_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidcap_core.zoo.plugins.Plugin.config_names", lambda self: [])
    with pytest.raises(AssertionError, match=r"(?s)'srvc_la' breaks promises:.*configs/toy.py"):
        check_plugin("srvc_la")


def test_a_plugin_that_is_a_bundle_captions_films_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidcap_core.zoo.plugins.Plugin.config_names", lambda self: [])
    findings = {check.title: check.ok for check in kit.conform("default_model")}
    assert findings["captioner"] is None
    assert findings["bundle default_model: files"] is True
    assert False not in findings.values()


def test_check_plugin_raises_with_all_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [Check(name, False, f"{name} was changed", f"{name} moved") for name in ("one", "two")]
    monkeypatch.setattr(kit, "conform", lambda name: [*broken, Check("three", True), Check("four", None)])
    with pytest.raises(AssertionError) as caught:
        check_plugin("any")
    assert str(caught.value).splitlines() == [
        "the plugin 'any' breaks promises:",
        "FAIL one",
        "     changed: one was changed",
        "     should not have moved: one moved",
        "FAIL two",
        "     changed: two was changed",
        "     should not have moved: two moved",
    ]


def test_what_a_check_finds() -> None:
    def fails(subject: object) -> None:
        expect(subject is None, "it was asked", "that it is None")

    def skips(subject: object) -> None:
        raise Skipped("of no concern")

    def crashes(subject: object) -> None:
        raise ValueError("two\nlines")

    assert checked("a", fails, None).lines() == ["ok   a"]
    assert checked("a", fails, 1, "head X") == Check(
        "a", False, "it was asked", "that it is None", of="head X"
    )
    assert checked("a", skips, None).lines() == ["-    a: of no concern"]
    found = checked("a", crashes, None)
    assert found.raised
    assert found.lines()[0] == "FAIL a"
    assert found.lines()[1].startswith("     it raised ValueError: two lines (tests/testing/test_kit.py:")
    again = list(listed([found, replace(found, name="b")]))
    assert again == [*found.lines(), "FAIL b", "     it raised the same error as above"]
    assert str(Broken("this", "that")) == "this: that"


def test_a_card_that_still_has_the_skeletons_words_is_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = scaffold.files("pooled")["card.yaml"]
    assert all(words in written for words in packages.PLACEHOLDERS)
    card = tmp_path / "card.yaml"
    monkeypatch.setattr("vidcap_core.zoo.plugins.Plugin.card", card)
    card.write_text(written)
    found = checked("card in own words", packages.card_in_own_words, "srvc_la")
    assert found.ok is None
    assert found.reason.startswith("card.yaml still has the words of `vidcap new` under title, summary")
    for words in packages.PLACEHOLDERS:
        written = written.replace(words, "it averages")
    card.write_text(written)
    assert checked("card in own words", packages.card_in_own_words, "srvc_la").ok


def test_a_factor_that_starts_at_zero_is_no_error() -> None:
    learning.gradients(KINDS[HEAD].subject(sound_parts.LowRank))


class WithoutEnds(sound_parts.Slots):
    """Its output has no position for the end of a text, and a mask of its own."""

    def forward(self, streams: Mapping[str, Stream], batch: Batch, want: Set[str]) -> Output:
        """All words but the ends."""
        words = super().forward(streams, batch, want)["tokens"]
        assert words.target is not None
        assert batch.token_mask is not None
        value = words.value[:, :-1]
        mask = batch.token_mask[:, 2:]
        return Output(tokens=Named(value.masked_fill(~mask[..., None], 0.0), words.target[:, :-1], mask))


@pytest.mark.parametrize("check", ["masks", "batch = single", "weights"])
def test_a_heads_positions_need_not_be_those_of_the_tokens(check: str) -> None:
    heads.CHECKS[check](KINDS[WRITES].subject(WithoutEnds))


def test_a_head_that_reads_frames_alone_is_told_why_masks_are_not_looked_at() -> None:
    with pytest.raises(Skipped, match="what `prepare` makes of raw inputs has no mask that we know"):
        heads.masks(KINDS[READS].subject(sound_parts.FramesRead))
