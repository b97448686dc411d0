"""Retrieval: exact, without a clip's own captions, cross-fitted, and only with the index it was made for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from vidcap_spectrum.embed import embed_texts
from vidcap_spectrum.retrieved import RetrievedCaptions, pooled_queries, read_index, write_index
from vidcap_spectrum.search import Database, own_captions, owners, recall

from vidcap_core.api import DataError, Stream, UserError, build_component, load_recipe
from vidcap_core.testing import TinyClips

TEXT = {"type": "spectrum.HashedWords", "dim": 32}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indices made by a test are its own; toy videos are not made again."""
    from vidcap_spectrum import retrieved

    monkeypatch.setattr(retrieved, "cache_home", lambda: tmp_path / "cache")


def made(**changes: Any) -> RetrievedCaptions:
    options: dict[str, Any] = {"text": TEXT, "bridge": {"folds": 3, "steps": 30}, **changes}
    return RetrievedCaptions(**options).eval()


def stream(data: TinyClips, clip: int) -> dict[str, Stream]:
    values = torch.from_numpy(data.get(2 * clip, None).streams["image"])  # type: ignore[arg-type]
    return {"image": Stream(values, torch.ones(len(values), dtype=torch.bool))}


@pytest.mark.parametrize(("captions", "clips"), [(7, 3), (64, 1000), (1000, 1)])
def test_blocks_find_what_one_product_finds(captions: int, clips: int) -> None:
    random = torch.Generator().manual_seed(0)
    rows, queries = torch.randn(200, 16, generator=random), torch.randn(11, 16, generator=random)
    owner = torch.randint(-1, 20, (200,), generator=random)
    own = torch.arange(11)
    _, found = Database(rows, owner, tuple(map(str, range(20)))).nearest(queries, own, 20, captions, clips)
    scores = (
        torch.nn.functional.normalize(queries, dim=-1).double()
        @ torch.nn.functional.normalize(rows, dim=-1).double().T
    )
    scores[owner == own[:, None]] = -2
    torch.testing.assert_close(found, scores.topk(20, -1).indices)


def test_captions_are_there_once_and_own_ones_never() -> None:
    texts, owner = owners({"one": ["a dog", "a cat", "a dog"], "two": ["a cat", "a cow"], "three": []})
    assert texts == ["a dog", "a cat", "a cow"]
    assert owner.tolist() == [0, -1, 1]
    database = Database(torch.eye(3), owner, ("one", "two", "three"))
    query = torch.tensor([[1.0, 0.5, 0.2]])
    for clip, wanted in (("one", [1, 2, -1]), ("two", [0, 1, -1]), ("elsewhere", [0, 1, 2])):
        _, found = database.nearest(query, torch.tensor([database.number(clip)]), 3)
        assert found[0].tolist() == wanted


def test_a_training_clip_never_gets_a_caption_of_its_own_nor_of_another_split() -> None:
    train = (
        load_recipe("spectrum/toy").data["train"].changed(size="small", unit="clip", transforms=None).build()
    )
    encoder = made(
        database={"type": "Toy", "split": "train", "size": "small", "mood": True, "streams": ["image"]},
        top=20,
    )
    database = encoder._ready()
    assert database is not None
    said = train.references()
    texts, _ = owners(said)
    for clip, pooled in list(pooled_queries(train, "image").items())[:20]:
        rows = encoder.derive({"image": Stream(pooled[None], torch.ones(1, dtype=torch.bool))}, clip).values
        found = [texts[int((database.rows == row).all(1).nonzero()[0])] for row in rows]
        assert len(found) == 20 == len(set(found))
        alone = {t for t in said[clip] if not any(t in other for name, other in said.items() if name != clip)}
        assert not alone & set(found)
    assert set(database.clips) == set(said)


def test_training_clips_are_mapped_without_their_fold() -> None:
    data = TinyClips(clips=12)
    encoder = made()
    encoder.fit(data)
    assert encoder._bridge is not None
    pooled = stream(data, 0)["image"].values.mean(0)[None]
    fold = encoder.fold_of("clip0")
    assert fold >= 0
    assert encoder.fold_of("new") == -1
    torch.testing.assert_close(encoder.vectors(pooled, ["clip0"])[0], encoder._bridge(pooled[0], fold))
    assert (encoder.vectors(pooled, ["clip0"]) - encoder.vectors(pooled, ["new"])).abs().max() > 1e-3
    changed = TinyClips(clips=12)
    changed._streams[0]["image"] = changed._streams[0]["image"] * 0 + 9  # its own map must not notice
    other = made()
    other.fit(changed)
    assert other._bridge is not None
    torch.testing.assert_close(other._bridge.weight[fold], encoder._bridge.weight[fold])
    assert (other._bridge.weight[-1] - encoder._bridge.weight[-1]).abs().max() > 1e-3


def test_a_bridge_retrieves_what_is_alike() -> None:
    data, unseen = TinyClips(clips=60), TinyClips(clips=60, seed=7)
    encoder = made(bridge={"steps": 150})
    encoder.fit(data)
    vectors = pooled_queries(unseen, "image")
    texts, own = own_captions(unseen.references())
    rows = embed_texts(build_component("encoders", TEXT), texts)
    found = recall(encoder.vectors(torch.stack(list(vectors.values())), list(vectors)), rows, own, (2,))
    shuffled = recall(torch.randn(60, 32, generator=torch.Generator().manual_seed(0)), rows, own, (2,))
    assert found[2] > 3 * shuffled[2]
    assert found[2] > 0.5


def test_training_reads_a_given_index_and_refuses_frames_of_another_encoder(tmp_path: Path) -> None:
    data = TinyClips(clips=12)
    data.stores = {"image": SimpleNamespace(recipe={"encoder": "A", "weights": "sha256:1"})}  # type: ignore[attr-defined]
    encoder = made()
    encoder.fit(data)
    write_index(tmp_path / "index", encoder.assets())
    again = made(index=str(tmp_path / "index"))
    again.fit(TinyClips(clips=12, seed=5))  # other captions, and a stream that does not say who made it
    assert torch.equal(again.assets()["rows"], encoder.assets()["rows"])
    again.fit(data)
    data.stores["image"].recipe["weights"] = "sha256:2"  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="'image' of its clips has weights sha256:1, here it has sha256:2"):
        again.fit(data)


def test_an_index_travels_and_is_refused_with_another_encoder(tmp_path: Path) -> None:
    data = TinyClips(clips=12)
    encoder = made()
    encoder.fit(data)
    write_index(tmp_path / "index", encoder.assets())
    again = made(index=str(tmp_path / "index"))
    torch.testing.assert_close(
        again.derive(stream(data, 1), "clip1").values, encoder.derive(stream(data, 1), "clip1").values
    )
    for changes, key in (
        ({"text": {**TEXT, "seed": 1}}, "text"),
        ({"query": "motion"}, "query"),
        ({"bridge": None}, "bridge"),
    ):
        with pytest.raises(UserError, match=f"another recipe: {key}"):
            made(index=str(tmp_path / "index"), **changes).derive(stream(data, 1), "clip1")
    with pytest.raises(UserError, match="has width 5"):
        again.derive({"image": Stream(torch.ones(2, 5), torch.ones(2, dtype=torch.bool))}, "clip1")
    (tmp_path / "index" / "index.json").write_text("{")
    with pytest.raises(DataError, match="no retrieval index"):
        read_index(tmp_path / "index")


def test_without_an_index_nothing_is_left_out_in_silence() -> None:
    encoder = made()
    given = stream(TinyClips(), 0)
    for use in (lambda: encoder.derive(given, "clip0"), encoder.assets, lambda: encoder.load_assets({})):
        with pytest.raises(UserError, match="nothing to retrieve from"):
            use()


def test_an_empty_database_is_refused() -> None:
    class Silent(TinyClips):
        def references(self) -> dict[str, list[str]]:
            return {clip.id: [] for clip in self.clips}

    with pytest.raises(DataError, match="database would be empty"):
        made().fit(Silent())


def test_learning_the_bridge_leaves_the_runs_own_chance_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    made().fit(TinyClips(clips=12))
    assert torch.equal(torch.get_rng_state(), before)
