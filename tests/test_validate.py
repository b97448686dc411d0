"""Validation: every key of a config is checked against the component it is for, before anything is built."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vidcap_core.config import preflight
from vidcap_core.config.files import Config, load_config, set_key
from vidcap_core.config.validate import load_recipe, validate
from vidcap_core.contracts.encoder import Encoder
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.testing import tiny


def changed(*changes: str, **sections: Any) -> Config:
    config = Config("configs/x.py", tiny.config(**sections))
    for change in changes:
        set_key(config, change)
    return config


def test_the_plain_config_is_fine() -> None:
    validate(changed())


WRONG = [
    (["haed.width=1"], "a config has no section 'haed'; did you mean 'head'?"),
    (["seed=one"], "seed: must be a int, not str"),
    (["head.widht=1"], "head.widht: MeanPoolGRU has no argument 'widht'; did you mean 'width'?"),
    (["head.width=wide"], "head.width: MeanPoolGRU wants int for 'width', not 'wide'"),
    (["head.type=MeanPoolGRUU"], "head.type: no head is named 'MeanPoolGRUU'; did you mean 'MeanPoolGRU'?"),
    (["head=3"], "head: must be dict(type=..., ...): a head"),
    (["data.train.clipz=3"], "TinyClips has no argument 'clipz'; did you mean 'clips'?"),
    (["losses.tokens.type=TokenLos"], "did you mean 'TokenLoss'?"),
    (["losses=[]"], "losses: must be a dict, not list"),
    (["tokenizer.type=Vocab"], "no tokenizer is named 'Vocab'"),
    (["optimizer.lr=fast"], "wants float"),
    (["optimizer.learning_rate=1"], "has no argument 'learning_rate'"),
    (["optimizer.type=Adm"], "no optimiser is named 'Adm'; did you mean 'Adam'?"),
    (["optimizer.type=sgd"], "no optimiser is named 'sgd'; did you mean 'SGD'?"),
    (["optimizer.type=lr_scheduler"], "optimizer.type: 'lr_scheduler' is no optimiser"),
    (["optimizer.type=Optimizer"], "optimizer.type: 'Optimizer' is what optimisers derive from"),
    (["optimizer.type=LBFGS"], "optimizer.type: LBFGS asks for a closure that computes the losses again"),
    (["optimizer.type=torch.optim:lr_scheduler"], "'torch.optim:lr_scheduler' is no optimiser"),
    (["optimizer.type=torch.optim.lr_scheduler.StepLR"], "lr_scheduler.StepLR' is no optimiser"),
    (["optimizer.type=json:loads"], "'json:loads' is no optimiser"),
    (["optimizer.type=torch.optim:LBFGS"], "torch.optim:LBFGS asks for a closure"),
    (["optimizer.type=nowhere:Adam"], "'nowhere:Adam' cannot be imported: No module named 'nowhere'"),
    (["optimizer.type=torch.optim:Adm"], "'torch.optim:Adm' cannot be imported: module 'torch.optim'"),
    (
        ["optimizer={'type': 'torch.optim:Adam', 'rate': 1}"],
        "optimizer.rate: torch.optim:Adam has no argument",
    ),
    (["phases.caption.optimizer={'type': 'Optimizer'}"], "phases.caption.optimizer.type: 'Optimizer' is"),
    (
        ["generate.mode=beem"],
        "wants 'greedy', 'beam' or 'sample' for 'mode', not 'beem'; did you mean 'beam'?",
    ),
    (["generate.kinds.caption.bim=3"], "generate.kinds.caption.bim"),
    (["generate.top_p=3"], "generate: generate.top_p must lie in (0, 1], not 3"),
    (["generate.kinds.count.min_length=99"], "generate.kinds.count: "),
    (["generate.kinds=3"], "generate.kinds: must be a dict"),
    (["phases={}"], "a run needs at least one phase"),
    (["phases=3"], "phases: must be a dict"),
    (["phases.caption.epochs=None"], "phase 'caption' must say either epochs or steps"),
    (["phases.caption={'epochs': 1, 'steps': 5, 'losses': ['tokens']}"], "must say either epochs or steps"),
    (["phases.0.epochs=5"], "phases.0: '0' is no name"),
    (["phases.caption.losses=['tokns']"], "there is no loss 'tokns'; did you mean 'tokens'?"),
    (["phases.caption.losses=[]"], "must say either losses or updates"),
    (["phases.caption.epoch=3"], "Phase has no argument 'epoch'; did you mean 'epochs'?"),
    (["phases.caption=3"], "must be a dict of Phase's arguments, not int"),
    (["phases.caption.start_from=count"], "no earlier phase keeps 'count'"),
    (["phases.caption.schedule={'type': 'cosin'}"], "phases.caption.schedule.type"),
    (["schedule.warmpu=1"], "did you mean 'warmup'?"),
    (
        ["runtime.amp=fp8"],
        "runtime.amp: Runtime wants 'off', 'bf16' or 'fp16' for 'amp', not 'fp8'; did you mean 'fp16'?",
    ),
    (["evaluate.metrics=['cider-e']"], "no metric is named 'cider-e'; did you mean 'cider-d'?"),
    (["evaluate.metrics=['rouge', {}]"], "evaluate.metrics.1"),
    (["evaluate.metrics=[{'type': 'rouge', 'betta': 1}]"], "evaluate.metrics.0.betta"),
    (["evaluate=3"], "evaluate: must be a dict"),
    (["evaluate.split=tset"], "data has no 'tset'; it has train, val"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[" ".join(changes) for changes, _ in WRONG])
def test_what_is_wrong_is_said_with_the_key(changes: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        validate(changed(*changes))
    assert said in str(caught.value)


def framed(**frames: Any) -> Config:
    """A config whose data read frames."""
    return changed(
        data={split: {"type": "Toy", "split": split, "frames": frames} for split in ("train", "val")}
    )


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (
            {"cuont": 8},
            "data.train.frames.cuont: FrameOptions has no argument 'cuont'; did you mean 'count'?",
        ),
        ({"count": "8"}, "data.train.frames.count: FrameOptions wants int | None for 'count', not '8'"),
        ({"kind": "fsp"}, "data.train.frames.kind: FrameOptions wants '"),
        (
            {"kind": "fps", "rate": 2, "count": 8},
            "data.train.frames: sampling 'fps' has no 'count'; it has rate, most",
        ),
        ({"short_side": 24}, "data.train.frames: sampling 'uniform' needs count"),
        ({"count": 2, "short_side": 0}, "data.train.frames: short_side must be at least 1"),
    ],
)
def test_frames_that_no_clip_could_be_read_by_are_refused_with_the_key(frames: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(reason)):
        validate(framed(**frames))


def test_frames_of_a_phase_and_the_sampling_of_an_encoder_are_looked_at_too() -> None:
    config = framed(count=8, short_side=32)
    validate(config)
    config.data["phases"]["caption"]["data"] = {"frames": {"count": 0}}
    with pytest.raises(ConfigError, match=r"phases\.caption\.data\.frames: sampling 'uniform' needs count"):
        validate(config)
    for section in ("encoders", "extract"):
        wrong = {"image": {"type": f"{__name__}:Sampled", "sampling": {"kind": "fps", "most": 3}}}
        with pytest.raises(ConfigError, match=rf"{section}\.image\.sampling: sampling 'fps' needs rate"):
            validate(changed(**{section: wrong}))


class Sampled(Encoder):
    """An encoder whose config says which moments it sees."""

    reads = "frames"

    def __init__(self, sampling: dict[str, Any]) -> None:
        super().__init__()
        self.sampling = sampling


def test_a_stream_that_nobody_reads_is_not_extracted_in_place_of_another() -> None:
    extract = {"motoin": {"type": "ToyGrid", "stream": "motion"}}
    with pytest.raises(
        ConfigError, match=r"extract\.motoin: the head reads no stream 'motoin', .*mean 'motion'\?"
    ):
        validate(load_config("core/toy", [f"extract={extract}"]))
    left_over = load_recipe("core/toy", ["head.streams={'image': 320}"])
    assert list(preflight.notes(left_over)) == [
        "note: extract.motion: the head reads no stream 'motion', so captioning files makes it for nothing"
    ]
    derived = {"image_std": {"type": "Standardised", "stream": "image"}}
    standard = [f"encoders={derived}", "head.streams={'image_std': 320, 'motion': 128}"]
    validate(load_config("core/toy", standard))  # `image` is what `image_std` is made of


@pytest.mark.parametrize("section", ["data", "head", "losses", "phases"])
def test_a_missing_section_is_named(section: str) -> None:
    config = changed()
    del config.data[section]
    with pytest.raises(UserError, match=f"the section '{section}' .* is missing"):
        validate(config)


def test_the_error_names_the_file_or_the_option_that_said_it() -> None:
    config = changed("head.widht=1")
    with pytest.raises(UserError, match=r"^--set head\.widht: head\.widht: "):
        validate(config)
    config = changed(head={"type": "MeanPoolGRU", "widht": 1})
    with pytest.raises(UserError, match=r"\n  configs/x\.py: head\.widht: "):
        validate(config)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("runtime.accumulate", 0, "accumulate must be at least 1, not 0"),
        ("runtime.log_every", 0, "log_every must be at least 1"),
        ("runtime.workers", -1, "workers must be at least 0"),
        ("runtime.clip_grad", -1.0, "clip_grad must be above 0"),
        ("runtime.keep", 0, "keep must be at least 1"),
        ("runtime.trackers", ["tensorbord"], "Runtime wants"),
        ("phases.caption.epochs", 0, "epochs must be at least 1"),
        ("phases.caption.keep", "../evil", "is no name"),
        ("phases.caption.clip_value", 0, "clip_value must be above 0"),
        (
            "phases.caption",
            {"losses": ["tokens"], "optimizer": "keep", "clip_grad": 1.0},
            "keeps the optimiser",
        ),
        ("phases.caption.data", {"clipps": 3}, "has no argument 'clipps'"),
        ("schedule", {"type": "cosine", "warmup": -5}, "warmup must be at least 0"),
        ("evaluate.early_stop", 0, "early_stop must be at least 1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(key: str, value: object, words: str) -> None:
    config = Config("test", tiny.config())
    set_key(config, f"{key}={value!r}")
    with pytest.raises(UserError, match=re.escape(words)):
        validate(config)
