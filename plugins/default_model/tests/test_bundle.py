"""The bundle as it ships: small, whole, without captions and without the image network; it captions a file offline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vidcap_core.datasets.toy import Toy
from vidcap_core.errors import CheckpointError
from vidcap_core.saved import bundle
from vidcap_core.saved.load import find_bundle, load_bundle
from vidcap_core.zoo import cards, plugins

HERE = Path(__file__).resolve().parent.parent
SIZE = 12_000_000
RESULTS = HERE / "benchmarks" / "results" / "baselines.json"


@pytest.fixture(scope="module")
def shipped() -> bundle.Bundle:
    return find_bundle("default_model")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real mp4 file."""
    dataset = Toy("test", root=str(tmp_path_factory.mktemp("data") / "toy"), limit=1)
    return Path(str(dataset.clips[0].path))


def test_it_is_found_by_the_plugins_name(shipped: bundle.Bundle) -> None:
    assert find_bundle("default_model/pictures_and_clips").path == shipped.path
    assert list(plugins.get("default_model").bundles()) == ["default_model"]


def test_it_is_small(shipped: bundle.Bundle) -> None:
    assert sum(path.stat().st_size for path in shipped.path.iterdir()) <= SIZE


def test_it_holds_no_image_network_and_no_captions(shipped: bundle.Bundle) -> None:
    from safetensors import safe_open

    assert sorted(shipped.index["files"]) == ["tokenizer.json", "weights.safetensors"]
    with safe_open(str(shipped.path / bundle.WEIGHTS), "pt") as tensors:
        assert {name.partition(".")[0] for name in tensors.keys()} == {"head"}  # noqa: SIM118
    words = json.loads((shipped.path / bundle.TOKENIZER).read_text(encoding="utf-8"))["words"]
    assert not [word for word in words if " " in word]


def test_it_captions_a_file_offline(clip: Path) -> None:
    offline = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "vidcap_core.cli.main", "caption", str(clip), "--model", "default_model"]
    done = subprocess.run(command, capture_output=True, text=True, env=offline, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.strip().removeprefix(f"{clip}: ").split()
    assert len(said) >= 3
    assert "<unk>" not in said


def test_a_caption_imports_nothing_that_is_slow(clip: Path) -> None:
    """Each of these costs a good part of a second before the first word."""
    slow = {
        "timm",
        "torchvision",
        "transformers",
        "open_clip",
        "matplotlib",
        "mmengine",
        "scipy",
        "sympy",
        "pandas",
    }
    code = (
        "import sys; from vidcap_core.cli.main import main; "
        f"code = main(['caption', {str(clip)!r}]); print(code, sorted({slow!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_another_image_network_is_refused(shipped: bundle.Bundle) -> None:
    import copy

    index = copy.deepcopy(shipped.index)
    index["config"]["extract"]["image"]["pretrained"] = False
    with pytest.raises(CheckpointError, match="'image' has other weights"):
        load_bundle(bundle.Bundle(shipped.path, index))


def test_the_card_says_what_the_results_say() -> None:
    card = plugins.get("default_model").card
    assert card is not None
    measured = {row.what: row for row in cards.read(card).measured}
    for row in json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]:
        found = measured[row["what"]]
        assert found.values == {name: round(value, 4) for name, value in row["values"].items()}
        assert (found.clips, found.of) == (row["clips"], row["of"])
        assert found.signature == row["signature"]


def test_the_bundle_is_what_the_config_makes(shipped: bundle.Bundle) -> None:
    from vidcap_core.config.files import load_config

    config, stored = load_config("default_model/clips").data, shipped.index["config"]
    head = {
        "type": "Ensemble",
        "streams": config["head"].pop("streams"),
        "head": config["head"],
        "members": 3,
    }
    assert stored["head"] == head
    for section in (
        "tokenizer",
        "extract",
        "losses",
        "phases",
        "optimizer",
        "schedule",
        "generate",
        "runtime",
    ):
        assert stored[section] == config[section], section


def test_the_licence_says_research() -> None:
    text = (HERE / "card.yaml").read_text(encoding="utf-8")
    assert "research" in yaml.safe_load(text)["licence"]
    assert "research" in (HERE / "NOTICE").read_text(encoding="utf-8")
