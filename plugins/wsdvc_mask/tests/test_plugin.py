"""The plugin as a package: its card, its promises, its configs, and what its data cannot tell."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vidcap_wsdvc_mask.made_up import NOISE, SENTENCES

from vidcap_core.api import ConfigError, DataError, load_recipe
from vidcap_core.config import preflight
from vidcap_core.config.files import load_config
from vidcap_core.config.validate import validate
from vidcap_core.testing import check_plugin
from vidcap_core.zoo import cards, plugins, registry

CONFIGS = (
    "toy",
    "toy_parity",
    "made_up",
    "made_up_loose",
    "made_up_parity",
    "activitynet",
    "activitynet_improved",
    "youcook2",
    "youcook2_improved",
)


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("wsdvc_mask")
    assert plugin.card is not None
    card = cards.read(plugin.card)
    assert card.name == "wsdvc_mask"
    assert card.missing() == []
    assert set(CONFIGS) <= set(plugin.config_names())


def toy(**changes: Any) -> Any:
    spec = {"split": "train", "kind": "long", "unit": "clip", "weak": True, **changes}
    return registry.DATASETS.load("Toy")(**spec, transforms=[{"type": "wsdvc_mask.Sentences"}])


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_trains_without_times(name: str) -> None:
    made = load_config(f"wsdvc_mask/{name}")
    validate(made)
    assert made["data"]["train"]["weak"] is True
    assert made["data"]["train"]["transforms"] == [{"type": "wsdvc_mask.Sentences"}]
    assert all("transforms" not in made["data"][split] for split in ("val", "test"))
    assert {"<FULL>", "<MASK>"} <= set(made["tokenizer"]["specials"])


@pytest.mark.parametrize("name", ["activitynet", "activitynet_improved", "youcook2", "youcook2_improved"])
def test_the_papers_clip_is_openais_with_its_activation(name: str) -> None:
    [remark] = preflight.remarks(load_recipe(f"wsdvc_mask/{name}"))
    assert remark == "extract.image: ViT-L-14: QuickGELU, says open_clip's table of weights (openai)"


def test_training_data_cannot_tell_when_events_happen() -> None:
    """Every number that a weak sample holds is looked at: none of them is a reference's time."""
    weak, known = toy(), toy(weak=False)
    with pytest.raises(DataError, match="weak"):
        weak.events()
    for index in range(len(weak)):
        sample, clear = weak.get(index, np.random.default_rng(0)), known.get(index, np.random.default_rng(0))
        assert [e.text for e in sample.events] == [e.text for e in clear.events]
        assert {e.start for e in sample.events} == {0.0}
        assert {e.end for e in sample.events} == {sample.clip.duration}
        assert sample.targets == {"sentences": tuple(e.text for e in clear.events)}
    record = repr(weak._records) + repr(weak.annotated) + repr(weak.references())
    for event in (event for file in known.events() for events in file.values() for event in events):
        assert f"start={event.start}," not in record or event.start == 0.0
        assert f"end={event.end}," not in record


def made_up(split: str = "test", **changes: Any) -> Any:
    return registry.DATASETS.load("wsdvc_mask.MadeUp")(split, unit="clip", streams=["image"], **changes)


def test_a_misspelt_key_of_the_data_is_refused() -> None:
    config = load_config("wsdvc_mask/made_up", ["data.train.strems=['image']"])
    with pytest.raises(
        ConfigError, match=r"data\.train\.strems: .* no argument 'strems'; did you mean 'streams'"
    ):
        validate(config)


def test_a_folder_of_made_up_videos_is_not_taken_for_another_kind_of_them(tmp_path: Path) -> None:
    plain, mixed = (made_up(root=str(tmp_path), shuffled=share) for share in (0.0, 1.0))
    assert plain.folder != mixed.folder
    assert plain.fingerprint() == made_up().fingerprint() != mixed.fingerprint()


def test_made_up_videos_show_what_their_events_say() -> None:
    """Rows of one event are alike, rows of different events are not, and the borders lie where they are said."""
    known = made_up()
    assert len(known) == 200
    shown: dict[str, list[np.ndarray]] = {}
    for index in range(len(known)):
        sample = known.get(index, np.random.default_rng(0))
        rows = sample.streams["image"]
        moments = (np.arange(len(rows)) + 0.5) / len(rows) * sample.clip.duration
        for event in sample.events:
            shown.setdefault(event.text, []).extend(rows[(event.start <= moments) & (moments < event.end)])
    means = {text: np.mean(rows, 0) for text, rows in shown.items()}
    assert len(means) == 12
    for text, rows in shown.items():
        away = {other: np.linalg.norm(rows - mean, axis=1) for other, mean in means.items()}
        assert all((away[text] < far).all() for other, far in away.items() if other != text)


def test_made_up_videos_tell_their_events_in_any_order_when_asked() -> None:
    starts = {
        share: [[event.start for event in known[k].events] for k in range(len(known))]
        for share in (0.0, 1.0)
        for known in [made_up(shuffled=share)]
    }
    disordered = {share: sum(told != sorted(told) for told in found) for share, found in starts.items()}
    assert disordered[0.0] == 0
    assert 100 < disordered[1.0] < 200
    with pytest.raises(ConfigError, match="shuffled=2"):
        made_up(shuffled=2.0)


def test_loose_events_overlap_and_leave_gaps_and_show_the_mean_of_what_happens() -> None:
    tiled, loose = (list(made_up(layout=kind).events()[0].values()) for kind in ("tiled", "loose"))

    def share(videos: list[Any], meets: Callable[[float], bool]) -> float:
        gaps = ([b.start - a.end for a, b in itertools.pairwise(events)] for events in videos)
        return float(np.mean([any(map(meets, each)) for each in gaps]))

    assert [share(tiled, meets) for meets in (lambda gap: gap > 1e-6, lambda gap: gap < -1e-6)] == [0, 0]
    assert share(loose, lambda gap: gap > 1) > 0.4
    assert share(loose, lambda gap: gap < -1) > 0.4
    known = made_up(layout="loose")
    prototypes = np.random.default_rng(0).normal(size=(12, 16))
    for index in range(20):
        sample = known.get(index, np.random.default_rng(0))
        rows = sample.streams["image"]
        moments = (np.arange(len(rows)) + 0.5) / len(rows) * sample.clip.duration
        for row, moment in zip(rows, moments, strict=True):
            shown = [
                prototypes[SENTENCES.index(event.text)]
                for event in sample.events
                if event.start <= moment < event.end
            ]
            assert np.abs(row - (np.mean(shown, 0) if shown else 0)).max() < 6 * NOISE


def test_it_keeps_its_promises() -> None:
    check_plugin("wsdvc_mask")
