"""The kit on methods that find events, and on streams that are made of encoders' streams."""

from __future__ import annotations

from typing import Any

import dense_parts
import pytest
import sound_parts as sound
from planted_heads import FixedCrashes

from vidcap_core.config.files import Config
from vidcap_core.config.validate import validate
from vidcap_core.testing import journey, kit
from vidcap_core.testing.check import checked, run
from vidcap_core.testing.checks import encoders, heads, losses, panels
from vidcap_core.testing.components import Use
from vidcap_core.testing.parts import Parts, only
from vidcap_core.zoo.registry import REGISTRIES


def parts(made: dict[str, Any], head: type | None = None) -> Parts:
    return Parts(validate(Config("dense", sound.with_head(made, head) if head else made)))


def test_rows_of_tokens_that_are_no_clips_are_not_compared_with_step() -> None:
    found = checked("step = forward", heads.step_is_forward, parts(sound.eventful(), dense_parts.EventRows))
    assert found.ok is None
    assert found.reason == "the head plans its own views, and rows of `tokens` are not clips: 8 for 4"


def test_a_head_that_refuses_whole_clips_is_not_compared_with_step() -> None:
    found = checked("step = forward", heads.step_is_forward, parts(sound.config(), dense_parts.NoWholeClips))
    assert found.ok is None
    assert "NoWholeClips takes proposals alone" in found.reason


def test_a_fixed_length_is_refused_by_the_head_itself() -> None:
    found = checked("masks", heads.masks, parts(sound.config(), FixedCrashes))
    assert found.lines()[1] == "     changed: a stream of 9 rows"
    assert "it takes no other length but fails with RuntimeError: " in found.lines()[2]
    assert found.lines()[2].endswith("; raise a UserError")


def of_boxes(head: type, loss: type) -> losses.Subject:
    made = sound.config()
    given = parts(made, sound.AttentiveGRU)
    given.captioner.head = head(streams={"image": 16}, tokenizer=given.tokenizer)
    return losses.Subject(loss(), given)


def test_a_mask_of_the_target_is_looked_at() -> None:
    sound_one = checked("masked outputs", losses.masked, of_boxes(dense_parts.Boxes, dense_parts.NearestBox))
    assert sound_one.ok, sound_one.lines()
    broken = checked("masked outputs", losses.masked, of_boxes(dense_parts.Boxes, dense_parts.EveryBox))
    assert broken.ok is False
    assert broken.changed == "garbage in what the mask of boxes leaves out"


def test_a_mask_that_fits_nothing_is_told() -> None:
    found = checked("masked outputs", losses.masked, of_boxes(dense_parts.OddBoxes, dense_parts.NearestBox))
    assert found.ok is None
    assert found.reason == "boxes: the mask [5, 5] fits neither the value [4, 3, 2] nor the target [4, 2, 2]"


def test_the_curve_that_moved_is_named() -> None:
    found = checked(
        "panels of the right clip", panels.shows_its_clip, parts(sound.eventful(), dense_parts.CurveOfBatch)
    )
    assert found.ok is False
    assert found.unmoved.endswith("; y of the curve 'level' in the timeline 'Events' moved")


@pytest.mark.parametrize(("variant", "right"), [("Twice", True), ("OtherWidth", False)])
def test_a_stream_made_of_an_encoders_stream_is_checked(variant: str, right: bool) -> None:
    spec = {"type": f"dense_parts:{variant}"}
    config = sound.filmed()
    use = Use(REGISTRIES["encoders"].component(spec), Config("dense", config), spec)
    found = {
        check.name: check for check in run(encoders.CHECKS, kit.SUBJECTS["encoders"](use, parts(config)))
    }
    assert found["dim"].ok is right, found["dim"].lines()
    assert [name for name, check in found.items() if check.ok is None] == ["masked rows"]
    assert found["assets"].ok


def test_the_journey_asks_for_no_least_length_of_a_head_that_knows_none() -> None:
    made = {
        name: Config(name, config) for name, config in (("own", sound.written()), ("step", sound.config()))
    }
    settings = {name: journey.shortened(config, 2, 8)["generate"] for name, config in made.items()}
    assert "min_length" not in settings["own"]
    assert settings["step"]["min_length"] == journey.WORDS
    validate(journey.shortened(made["own"], 2, 8))


def test_one_clip_of_a_batch_keeps_its_own_events() -> None:
    batch = parts(sound.eventful()).batch(3)
    assert batch.events is not None
    assert only(batch, 1).events == (batch.events[1],)
