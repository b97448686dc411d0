"""A CLIP gets the activation that its weights were trained with, or asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from clip_parts import CONFIG, NAME, called, network, register, save_torchscript, swap_pickle
from safetensors.torch import save_file

from vidcap_core.encoders import openai_archives
from vidcap_core.encoders.clip_activation import activation_of
from vidcap_core.encoders.open_clip import OpenClipImage, OpenClipText
from vidcap_core.errors import UserError
from vidcap_core.files.hashing import hash_file

PICTURES = torch.randint(
    0, 256, (1, 4, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
TEXTS = ["a man runs", "a dog sleeps on a bed"]


@pytest.fixture(autouse=True, scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> None:
    register(tmp_path_factory.mktemp("configs"))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file that says nothing of its activation."""
    file = tmp_path / "weights.safetensors"
    save_file({name: value.contiguous() for name, value in network().state_dict().items()}, file)
    return file


@torch.no_grad()
def rows(model: str, pretrained: Any, quick_gelu: bool | None = None) -> torch.Tensor:
    """Of pictures and texts, by both encoders."""
    image = OpenClipImage(model, pretrained, quick_gelu=quick_gelu).eval()
    text = OpenClipText(model, pretrained, quick_gelu=quick_gelu).eval()
    assert image.recipe()["activation"] == text.recipe()["activation"]
    return torch.cat([image(PICTURES).values[0], text(TEXTS).values[:, 0]])


@torch.no_grad()
def wanted(quick: bool, half: bool = False) -> torch.Tensor:
    """The same by open_clip alone."""
    clip = network(quick)
    if half:
        clip.load_state_dict(network(quick).half().state_dict())
    prepare = OpenClipImage(NAME, False).preprocess
    texts = open_clip.get_tokenizer(NAME)(TEXTS)
    return torch.cat([clip.encode_image(prepare(PICTURES[0])), clip.encode_text(texts)])


def publish(monkeypatch: pytest.MonkeyPatch, **tags: dict[str, Any]) -> None:
    """Put tags of the small model into open_clip's own table."""
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, NAME, tags)


def accept(monkeypatch: pytest.MonkeyPatch, file: Path, model: str = NAME) -> str:
    monkeypatch.setitem(openai_archives.PUBLISHED, hash_file(file), model)
    return str(file)


@pytest.mark.parametrize(
    ("model", "tag", "quick"),
    [
        ("ViT-B-32", "openai", True),
        ("ViT-L-14", "openai", True),
        ("ViT-B-32-quickgelu", "openai", True),
        ("ViT-B-16", "metaclip_400m", True),
        ("ViT-L-14", "dfn2b", True),
        ("ViT-L-14", "dfn2b_s39b", False),
        ("ViT-B-32", "laion400m_e32", True),
        ("ViT-B-32", "laion2b_s34b_b79k", False),
        ("roberta-ViT-B-32", "laion2b_s12b_b32k", True),
    ],
)
def test_published_weights_have_the_activation_of_open_clips_table(model: str, tag: str, quick: bool) -> None:
    assert activation_of(model, tag, None).quick is quick


@pytest.mark.parametrize("quick", [True, False])
def test_a_tag_decides_for_pictures_and_texts(
    quick: bool, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, mine={"file": str(weights), **({"quick_gelu": True} if quick else {})})
    made = rows(NAME, "mine")
    torch.testing.assert_close(made, wanted(quick))
    assert not torch.allclose(made, wanted(not quick), atol=1e-3)  # a hundred times what rounding could do
    with pytest.raises(UserError, match=f"quick_gelu={quick}, or leave it out"):
        OpenClipImage(NAME, "mine", quick_gelu=not quick)


def test_a_file_that_does_not_say_asks(weights: Path) -> None:
    with pytest.raises(UserError, match=r"nothing tells whether .*\n  try: quick_gelu=True for OpenAI's"):
        OpenClipImage(NAME, str(weights))
    for quick in (True, False):
        torch.testing.assert_close(rows(NAME, str(weights), quick), wanted(quick))
    torch.testing.assert_close(rows(f"{NAME}-quickgelu", str(weights)), wanted(True))


def test_the_config_beside_a_file_says_it(weights: Path) -> None:
    beside = weights.with_name("open_clip_config.json")
    for quick in (True, False):
        beside.write_text(json.dumps({"model_cfg": {**CONFIG, **({"quick_gelu": True} if quick else {})}}))
        torch.testing.assert_close(rows(NAME, str(weights)), wanted(quick))
    beside.write_text("{")
    with pytest.raises(UserError, match=r"open_clip_config\.json: is damaged"):
        OpenClipText(NAME, str(weights))


def test_a_file_is_known_by_the_hash_in_its_published_name(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://github.com/mlfoundations/open_clip/releases/download/v0/small-{hash_file(weights)[:8]}.pt"
    publish(monkeypatch, theirs={"url": url, "quick_gelu": True})
    torch.testing.assert_close(rows(NAME, str(weights)), wanted(True))


def test_a_folder_has_the_activation_of_its_config(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {**CONFIG, "quick_gelu": True}}))
    model = f"local-dir:{folder}"
    with pytest.raises(UserError, match="could not be loaded"):
        OpenClipImage(model)  # without weights, open_clip itself makes a random model
    weights.rename(folder / "open_clip_model.safetensors")
    torch.testing.assert_close(rows(model, True), wanted(True))
    with pytest.raises(UserError, match="quick_gelu=True, or leave it out"):
        OpenClipText(model, quick_gelu=False)
    with pytest.raises(UserError, match="brings its own weights"):
        OpenClipText(model, "other.pt")


def test_random_weights_take_the_option_or_the_models_config() -> None:
    assert OpenClipImage(NAME, False).recipe()["activation"] == "gelu"
    assert OpenClipImage(NAME, False, quick_gelu=True).recipe()["activation"] == "quick_gelu"
    assert OpenClipImage(f"{NAME}-quickgelu", False).recipe()["activation"] == "quick_gelu"


def test_a_name_that_is_neither_file_nor_tag_lists_the_tags() -> None:
    with pytest.raises(UserError, match=r"openay.*no file(.|\n)*or a tag: openai, laion400m_e31"):
        OpenClipImage("ViT-B-32", "openay")


# ---- OpenAI's archives


def test_the_hashes_are_those_of_the_published_addresses() -> None:
    theirs = {}
    for model in open_clip.list_pretrained_models_by_tag("openai"):
        theirs[open_clip.get_pretrained_url(model, "openai").split("/")[-2]] = model.removesuffix(
            "-quickgelu"
        )
    assert theirs == openai_archives.PUBLISHED


def test_an_archive_of_openai_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    file = accept(monkeypatch, save_torchscript(tmp_path / "small.pt"))
    caplog.clear()
    encoder = OpenClipImage(NAME, file)
    assert not caplog.records  # no warning of random weights
    assert encoder.recipe()["activation"] == "quick_gelu"
    assert encoder.recipe()["pretrained"] == "small.pt"
    torch.testing.assert_close(rows(NAME, file), wanted(True, half=True))
    with pytest.raises(UserError, match="quick_gelu=True, or leave it out"):
        OpenClipImage(NAME, file, quick_gelu=False)


def test_an_archive_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = save_torchscript(tmp_path / "small.pt")
    accept(monkeypatch, file)
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(UserError, match=r"OpenAI did not publish, or one that was changed \(sha256 "):
        OpenClipImage(NAME, str(file), quick_gelu=True)


def test_an_archive_of_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = accept(monkeypatch, save_torchscript(tmp_path / "small.pt"), "ViT-L-14-336")
    with pytest.raises(
        UserError, match="this is OpenAI's ViT-L-14-336, not 'small-clip'\n  try: model='ViT-L-14-336'"
    ):
        OpenClipImage(NAME, file)
    accept(monkeypatch, tmp_path / "small.pt", "ViT-B-32")
    with pytest.raises(UserError, match="does not fit"):
        OpenClipImage("ViT-B-32", file)


def test_an_archive_without_tensors_does_not_leave_random_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = swap_pickle(save_torchscript(tmp_path / "small.pt"), b"\x80\x02c__torch__\nA\n)\x81}b.")
    with pytest.raises(UserError, match="does not fit"):
        OpenClipImage(NAME, accept(monkeypatch, empty))


def test_a_hostile_archive_does_not_run_even_when_its_hash_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "marker"
    hostile = swap_pickle(save_torchscript(tmp_path / "small.pt"), called("os system", f"touch {marker}"))
    with pytest.raises(UserError, match="OpenAI did not publish"):
        OpenClipText(NAME, str(hostile), quick_gelu=True)
    accept(monkeypatch, hostile)
    with pytest.raises(UserError, match=r"asks for os\.system"):
        OpenClipText(NAME, str(hostile))
    assert not marker.exists()
