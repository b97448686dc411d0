"""What a head is built of travels with its run and its bundle: the folder that it came from may go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved_parts
import torch
from films import make as film
from films import slope

import vidcap_core
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.cli.run import main as run_main
from vidcap_core.config.files import Config
from vidcap_core.contracts.types import Clip, RawClip
from vidcap_core.engine import runs
from vidcap_core.engine.data import Collate
from vidcap_core.errors import CheckpointError, UserError
from vidcap_core.heads.hf_captioners import HFVideoCaptioner
from vidcap_core.heads.language_model import language_model
from vidcap_core.heads.model_config import ModelConfig
from vidcap_core.saved import assets, bundle, checkpoint
from vidcap_core.saved.export import export
from vidcap_core.saved.load import load_bundle, load_captioner, load_run
from vidcap_core.testing import tiny

FILED = {"type": "Filed", "streams": {"image": 16}, "width": 16, "dropout": 0.1}


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with saved_parts.installed():
        yield


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "words.model").write_bytes(bytes(range(256)))
    np.save(folder / "mean.npy", np.linspace(0, 0.2, 6, dtype=np.float32).reshape(2, 3))
    (folder / "size.json").write_text(json.dumps({"shortest_edge": 32, "names": ["a", None]}))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(saved_parts.model_folder(tmp_path / "model"))


def filed(files: Path, **changes: Any) -> Config:
    return Config("test", tiny.config(head={**FILED, "folder": str(files)}, **changes))


def captioning_model(model: Path, **changes: Any) -> Config:
    """MFFCL's head on the language model of a folder."""
    head = {
        "type": "mffcl.MFFCLHead",
        "streams": {"image": 16},
        "lm": str(model),
        "sequence": 2,
        "prompt_length": 3,
        "width": 16,
        "heads": 2,
        "feed": 32,
        "layers": 1,
        "dropout": 0.0,
        "contrast": None,
    }
    tokenizer = {"type": "HFTokenizer", "name": str(model)}
    return Config("test", tiny.config(head=head, tokenizer=tokenizer, **changes))


def train(config: Config, folder: Path, **options: Any) -> Path:
    runs.train(config, work_dir=folder, device="cpu", quiet=True, **options)
    return folder


def texts(captioner: Captioner) -> list[tuple[str, float | None]]:
    clips = tiny.TinyClips(unit="clip")
    batch = Collate(captioner.tokenizer)([clips.get(i, np.random.default_rng(0)) for i in range(8)])
    return [(p.text, p.events[0].score) for p in captioner.predict(batch)]


def last(run: Path) -> dict[str, torch.Tensor]:
    content, _ = checkpoint.latest(run / "checkpoints")
    assert content is not None
    return content["weights"]  # type: ignore[no-any-return]


def test_bytes_arrays_and_plain_data_come_back_as_they_were(files: Path, tmp_path: Path) -> None:
    run = train(filed(files), tmp_path / "run")
    given = load_run(run, extractors=False)
    made = export(run, tmp_path / "bundle")
    before = texts(given)
    shutil.rmtree(files)
    for captioner in (load_run(run, extractors=False), load_bundle(bundle.open_bundle(made))):
        kept: Any = captioner.head
        assert kept.files["words.model"] == bytes(range(256))
        assert kept.files["empty"] == b""
        assert kept.files["size"] == {"shortest_edge": 32, "names": ["a", None]}
        np.testing.assert_array_equal(kept.files["mean"], given.head.files["mean"])
        assert texts(captioner) == before
    again = export(run, tmp_path / "again")  # of what was built of assets
    for name in ("head-assets.json", "head-assets.safetensors"):
        assert (again / name).read_bytes() == (made / name).read_bytes()


def test_an_encoder_named_head_keeps_files_of_its_own(files: Path, tmp_path: Path) -> None:
    config = filed(files, encoders={"head": {"type": "Standardised", "stream": "image"}})
    config.data["head"]["streams"] = {"head": 16}
    run = train(config, tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    assert {"assets-head.json", "head-assets.json"} <= {path.name for path in made.iterdir()}
    before = texts(load_run(run, extractors=False))
    shutil.rmtree(files)
    assert texts(load_bundle(bundle.open_bundle(made))) == before


def test_a_head_of_a_model_folder_needs_it_no_more(model: Path, tmp_path: Path) -> None:
    run = train(captioning_model(model), tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    before = texts(load_run(run, extractors=False))
    assert len(set(before)) > 4
    shutil.rmtree(model)
    for captioner in (load_captioner(str(run)), load_captioner(str(made))):
        assert texts(captioner) == before
        words = captioner.tokenizer  # the tokenizer was of the same folder
        assert words.decode(words.encode("a man runs")) == "a man runs"


def test_a_run_goes_on_and_is_tested_without_the_folder(model: Path, tmp_path: Path) -> None:
    whole = train(captioning_model(model), tmp_path / "whole")
    stopped = captioning_model(model, runtime={"batch": 4, "log_every": 2, "max_time": 0, "save_every": 1})
    run = train(stopped, tmp_path / "run")
    shutil.rmtree(model)
    train(captioning_model(model), run, resume=True)
    assert all(torch.equal(value, last(run)[name]) for name, value in last(whole).items())
    config = tmp_path / "mine.py"
    lines = [f"{key} = {value!r}" for key, value in captioning_model(model).data.items()]
    config.write_text("\n".join(lines))
    words = [str(config), "test", "--split", "val", "--work-dir", str(run), "--device", "cpu", "--quiet"]
    assert run_main(words) == 0


def test_a_run_without_a_checkpoint_wants_the_weights(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(captioning_model(model), tmp_path / "run")
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    before = language_model(str(model)).state_dict()
    train(captioning_model(model), run, resume=True)
    name = "transformer.wpe.weight"  # the last positions are never reached: they stay as they came
    assert torch.equal(last(run)[f"head.lm.{name}"][-1], before[name][-1])
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    shutil.rmtree(model)
    config = tmp_path / "mine.py"
    config.write_text("\n".join(f"{key} = {value!r}" for key, value in captioning_model(model).data.items()))
    assert run_main([str(config), "--resume", "--work-dir", str(run), "--device", "cpu", "--quiet"]) == 2
    assert "language model" in capsys.readouterr().err


def test_rows_that_no_token_uses_stay(model: Path, tmp_path: Path) -> None:
    """A pretrained model may have more rows than its tokenizer has words."""
    grown = language_model(str(model))
    grown.resize_token_embeddings(len(grown.get_input_embeddings().weight) + 1, mean_resizing=False)
    grown.save_pretrained(model)
    run = train(captioning_model(model), tmp_path / "run")
    before = texts(load_run(run, extractors=False))
    shutil.rmtree(model)
    assert texts(load_run(run, extractors=False)) == before


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_stored_config_gives_the_model_but_for_its_weights(kind: torch.dtype, model: Path) -> None:
    whole = language_model(str(model)).to(kind)
    stored = ModelConfig(json.loads(json.dumps(ModelConfig.of(whole))))
    before = torch.get_rng_state()
    bare = language_model(stored)
    assert torch.equal(before, torch.get_rng_state())
    assert {n: (v.dtype, v.shape) for n, v in whole.state_dict().items()} == {
        n: (v.dtype, v.shape) for n, v in bare.state_dict().items()
    }
    assert ModelConfig.of(bare) == ModelConfig.of(whole)


def git(tmp_path: Path) -> Path:
    """A small GIT of two frames with a tokenizer, and an image processor with settings of its own."""
    from transformers import CLIPImageProcessor, GitConfig, GitForCausalLM

    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}
    folder = Path(saved_parts.model_folder(tmp_path / "git"))
    rows = language_model(str(folder)).get_input_embeddings().num_embeddings
    vision = {**small, "image_size": 32, "patch_size": 16}
    torch.manual_seed(0)
    ends = {"bos_token_id": 0, "eos_token_id": 0, "num_image_with_embedding": 2, "initializer_range": 0.5}
    GitForCausalLM(GitConfig(vision_config=vision, vocab_size=rows, **ends, **small)).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": 32}
    CLIPImageProcessor(**size, image_mean=[0.1, 0.5, 0.9], resample=0).save_pretrained(folder)
    return folder


def test_ready_made_captioners_are_built_of_their_config(tmp_path: Path) -> None:
    folder = git(tmp_path)
    whole = HFVideoCaptioner(str(folder))
    given = json.loads(json.dumps(whole.assets()))
    shutil.rmtree(folder)
    bare = HFVideoCaptioner.load_assets(given, model=str(folder))
    assert isinstance(bare, HFVideoCaptioner)
    bare.load_state_dict(whole.state_dict())
    assert bare.assets() == whole.assets()
    pixels = torch.rand(2, 2, 3, 32, 32)
    ids = torch.ones((2, 4), dtype=torch.long)
    a, b = (head.eval().model(input_ids=ids, pixel_values=pixels).logits for head in (whole, bare))
    assert torch.equal(a, b)
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)
    a, b = (head.prepare(RawClip(Clip("c"), frames))["pixels"] for head in (whole, bare))
    assert torch.equal(a, b)
    assert type(bare.processor) is type(whole.processor)


def ready_made(folder: Path) -> Config:
    clips = {"type": "raw_parts:Filmed"}
    return Config(
        "test",
        tiny.config(
            data={"train": clips, "val": clips},
            head={"type": "HFVideoCaptioner", "model": str(folder)},
            tokenizer={"type": "HFTokenizer", "name": str(folder)},
            losses={},
            phases={},
            evaluate={"metrics": ["cider-d"], "best": None},
            generate={"max_length": 8, "min_length": 4},
        ),
    )


def test_a_config_that_needs_no_training_becomes_a_bundle_that_needs_no_model(tmp_path: Path) -> None:
    """Its run holds no weights, so only the bundle stands alone."""
    folder = git(tmp_path)
    run = train(ready_made(folder), tmp_path / "run")
    made = export(run, tmp_path / "bundle")

    def picture(number: int, index: int) -> np.ndarray:
        return np.resize(np.roll(slope(5 * index), 17 * number, 0), (48, 96, 3)) // (1 + number)

    films = [
        film(tmp_path / f"{n}.mp4", 40, lambda i, n=n: picture(n, i), size=(96, 48))  # type: ignore[misc]
        for n in range(3)
    ]
    files = [str(path) for path in films]

    def said(model: str) -> tuple[list[Any], list[float | None]]:
        captioner = vidcap_core.load(model, device="cpu")
        events = [e for each in (*captioner(files), captioner(films[0], every=2.0)) for e in each.events]
        return [(e.start, e.end, e.text) for e in events], [e.score for e in events]

    before, scores = said(str(run))
    assert len(before) == 5
    assert len({text for _, _, text in before[:3]}) > 1
    shutil.rmtree(folder)
    for model in (made, export_again(made, tmp_path)):
        after, others = said(str(model))
        assert after == before
        assert others == pytest.approx(scores, abs=1e-4)  # sums of floats, in any order
    with pytest.raises(UserError, match=r"(?s)cannot caption here yet.*captioning model.*\(head\)"):
        load_run(run, extractors=False)


def export_again(made: Path, tmp_path: Path) -> Path:
    """A bundle of what was loaded from one."""
    opened = bundle.open_bundle(made)
    return bundle.save(tmp_path / "again", load_bundle(opened), opened.config, {})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auto_map": {"AutoImageProcessor": "evil--m.E"}}, "code from a hub is never run"),
        ({"_auto_class": "AutoImageProcessor"}, "code from a hub is never run"),
        ({"image_processor_type": "AutoModel"}, "a 'AutoModel', which is none of transformers"),
        ({"image_processor_type": "AutoImageProcessor"}, "'AutoImageProcessor', which is none of"),
        ({"image_processor_type": None}, "a 'None', which is none of transformers"),
        ({"image_processor_type": "../EvilImageProcessor"}, "which is none of transformers"),
        ({"image_processor_type": "NoSuchImageProcessor"}, "no image processor can be built"),
        ({"size": "large"}, "no image processor can be built|assets are damaged"),
    ],
)
def test_an_image_processor_is_data_and_runs_nothing(
    change: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    whole = HFVideoCaptioner(str(git(tmp_path)))
    given = json.loads(json.dumps(whole.assets()))
    given["model"]["processor"] |= change
    with pytest.raises(UserError, match=reason):
        HFVideoCaptioner.load_assets(given, model="gone")


def test_what_a_folder_says_of_code_is_not_stored(tmp_path: Path) -> None:
    file = git(tmp_path) / "preprocessor_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "auto_map": {"AutoImageProcessor": "other.Evil"}}))
    head = HFVideoCaptioner(str(file.parent))
    assert type(head.processor).__module__.startswith("transformers.")
    assert "auto_map" not in head.assets()["model"]["processor"]
    assert HFVideoCaptioner.load_assets(head.assets(), model="gone").assets() == head.assets()


def test_what_is_missing_is_said_at_once_before_anything_is_built(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = str(tmp_path / "gone")
    config = filed(files)
    run = train(config, tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    index = json.loads((made / "bundle.json").read_text())
    index["config"]["extract"] = {"image": {"type": "HFVideo", "model": gone}}
    index["config"]["encoders"] = {"text": {"type": "HFText", "model": f"{gone}-too"}}
    for name in ("head-assets.json", "head-assets.safetensors"):
        del index["files"][name]
        (made / name).unlink()
    (made / "bundle.json").write_text(json.dumps(index))
    shutil.rmtree(files)

    def built(*_: object, **__: object) -> None:
        raise AssertionError("something was built")

    monkeypatch.setattr("vidcap_core.saved.load.build_captioner", built)
    with pytest.raises(UserError) as caught:
        load_bundle(bundle.open_bundle(made))
    for where in ("(encoders.text)", "(extract.image)", "(head)", "takes no --set"):
        assert where in str(caught.value)
    stored = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**stored, "encoders": index["config"]["encoders"]}))
    with pytest.raises(UserError, match=r"\(encoders\.text\)"):
        load_run(run)


@pytest.mark.parametrize("name", ["head-assets.json", "head-assets.safetensors"])
def test_half_of_the_assets_is_refused(name: str, files: Path, tmp_path: Path) -> None:
    made = export(train(filed(files), tmp_path / "run"), tmp_path / "bundle")
    index = json.loads((made / "bundle.json").read_text())
    del index["files"][name]
    (made / name).unlink()
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=f"part of what its head is built of: {name} is missing"):
        load_bundle(bundle.open_bundle(made))


def test_a_changed_asset_is_refused(files: Path, tmp_path: Path) -> None:
    run = train(filed(files), tmp_path / "run")
    made = export(run, tmp_path / "bundle")
    for folder in (run / "assets", made):
        path = folder / "head-assets.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="is not the file that was exported"):
        load_bundle(bundle.open_bundle(made))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_run(run)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"auto_map": {"AutoModelForCausalLM": "evil--m.E"}}, "code from a hub is never run"),
        ({"inner": {"_attn_implementation": "evil/kernels"}}, "code from a hub is never run"),
        ({"attn_implementation": "evil/kernels"}, "code from a hub is never run"),
        ({"model_type": "nothing_like_it"}, "no model can be built"),
        ({"n_embd": "wide"}, "no model can be built"),
        ({"n_embd": 32}, "another architecture"),
    ],
)
def test_assets_are_data_and_run_nothing(
    change: dict[str, Any], reason: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    made = export(train(captioning_model(model), tmp_path / "run"), tmp_path / "bundle")
    given = json.loads((made / "head-assets.json").read_text())
    given["lm"]["config"] |= change
    (made / "head-assets.json").write_text(json.dumps(given))
    index = json.loads((made / "bundle.json").read_text())
    index["files"]["head-assets.json"] = bundle.hash_file(made / "head-assets.json")
    (made / "bundle.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=reason):
        load_bundle(bundle.open_bundle(made))


def test_what_no_file_can_hold_is_the_authors_to_mend(tmp_path: Path) -> None:
    class Odd(saved_parts.Filed):
        def __init__(self) -> None:
            torch.nn.Module.__init__(self)
            self.files = {"a set": {1, 2}}

    odd = Captioner(Odd(), load_run)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a set"):
        assets.write(odd, tmp_path)


def test_a_run_of_an_older_vidcap_has_none_and_is_built_of_its_config(model: Path, tmp_path: Path) -> None:
    run = train(captioning_model(model), tmp_path / "run")
    before = texts(load_run(run, extractors=False))
    shutil.rmtree(run / "assets")
    assert texts(load_run(run, extractors=False)) == before


def test_a_head_without_assets_makes_no_files(tmp_path: Path) -> None:
    run = train(Config("test", tiny.config()), tmp_path / "run")
    assert not (run / "assets").exists()
