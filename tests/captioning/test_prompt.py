"""A text that captions go on from, and `--set` for configs that come trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning.caption_job import Job
from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.config.files import Config
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.head import Head
from vidcap_core.contracts.types import Batch, Clip, Stream
from vidcap_core.engine import runs
from vidcap_core.errors import ConfigError, UserError
from vidcap_core.heads.causal_lm import CausalLMHead, nothing
from vidcap_core.heads.gru import MeanPoolGRU
from vidcap_core.heads.transformer import SmallTransformer
from vidcap_core.testing import tiny
from vidcap_core.tokenizers.vocabulary import Vocabulary

WORDS = "a small dog runs over the green grass and then it sleeps near one red house"
STREAMS = {"image": 6}


class Blind(CausalLMHead):
    """A language model that sees nothing."""

    def prefix(self, view):
        return nothing(len(view.clips), self.lm)


def heads(tokenizer: Vocabulary) -> list[Head]:
    lm = {"model_type": "gpt2", "n_embd": 16, "n_layer": 1, "n_head": 2, "initializer_range": 0.9}
    torch.manual_seed(1)
    return [
        MeanPoolGRU(streams=STREAMS, tokenizer=tokenizer, width=12),
        SmallTransformer(streams=STREAMS, tokenizer=tokenizer, width=16),
        Blind(lm, len(tokenizer)),
    ]


@pytest.mark.parametrize("index", range(3))
def test_each_head_goes_on_from_the_prompt(index: int) -> None:
    """What follows it is most probable after BOS, the prompt and what was written before; a beam of one proves it."""
    tokenizer = Vocabulary()
    tokenizer.fit([WORDS])
    head = heads(tokenizer)[index]
    assert head.takes_prompt
    stream = Stream(torch.randn(2, 3, 6), torch.ones(2, 3, dtype=torch.bool))
    batch = Batch((Clip("a", duration=1.0), Clip("b", duration=1.0)), {"image": stream})
    settings = GenerateSettings(max_length=5, min_length=4, prompt="the green dog")
    captioner = Captioner(head, tokenizer, generate=settings).eval()
    prompt = [tokenizer.bos_id, *tokenizer.encode("the green dog")]
    for row, prediction in enumerate(captioner.predict(batch)):
        ids = [*prompt, *tokenizer.encode(prediction.text)]
        assert len(ids) >= len(prompt) + 4
        alone = Batch((batch.clips[row],), {"image": Stream(stream.values[[row]], stream.mask[[row]])})
        [view] = head.plan(captioner.streams(alone), alone, lambda view: [])
        with torch.no_grad():
            memory, state = head.start(view)
            for position, word in enumerate(ids[:-1]):
                logits, state = head.step(torch.tensor([word]), memory, state)
                if position + 1 >= len(prompt):
                    logits[:, [tokenizer.eos_id, tokenizer.unknown_id]] = -torch.inf
                    assert int(logits.argmax()) == ids[position + 1]


def test_from_python_and_only_the_new_captioner_has_it(captioner: FileCaptioner, films: list[Path]) -> None:
    plain = captioner(films[0]).text
    prompted = captioner.with_decoding(prompt="one red house")
    assert prompted(films[0]).text != plain
    assert not prompted(films[0]).text.startswith("one red house")
    assert captioner(films[0]).text == plain
    assert prompted.with_decoding(beam=3).captioner.settings.prompt == "one red house"


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("a purple dog", "prompt 'a purple dog': the model does not know 'purple'"), ("...", "it has no word")],
)
def test_words_that_the_model_does_not_know(captioner: FileCaptioner, prompt: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        captioner.with_decoding(prompt=prompt)


@pytest.mark.parametrize("prompt", ["", "  ", 3])
def test_an_empty_prompt_is_none(prompt: object) -> None:
    with pytest.raises(ConfigError, match=r"generate\.prompt must be a text of at least a word"):
        GenerateSettings(prompt=prompt)  # type: ignore[arg-type]


class Stubborn(MeanPoolGRU):
    """A head that begins as it likes."""

    takes_prompt = False


def test_a_head_that_takes_none_refuses_it_before_training(tmp_path: Path) -> None:
    head = {"type": f"{__name__}:Stubborn", "streams": {"image": 16}, "width": 16}
    of = Config("mine", tiny.config(head=head, generate={"prompt": "a man", "max_length": 8}))
    with pytest.raises(UserError, match="Stubborn takes no prompt"):
        runs.train(of, work_dir=tmp_path / "run", device="cpu", quiet=True)
    assert not (tmp_path / "run").exists()


def test_on_the_command_line(
    model: Path, films: list[Path], captioner: FileCaptioner, tmp_path: Path
) -> None:
    def caption(*words: str | Path) -> tuple[int, str, str]:
        command = [
            sys.executable,
            "-m",
            "vidcap_core.cli.main",
            "caption",
            films[0],
            "--model",
            model,
            *words,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    text = captioner.with_decoding(prompt="one red house")(films[0]).text
    assert caption("--prompt", "one red house", "--out", tmp_path / "out")[0] == 0
    assert (tmp_path / "out" / "0.txt").read_text().strip() == text
    code, _, said = caption("--prompt", "the dog", "--out", tmp_path / "out")
    assert code == 2
    assert "prompt one red house, now the dog" in said
    code, _, said = caption("--set", "generate.beam=2")
    assert code == 2
    assert f"--set generate.beam=2: '{model}' has its config, and holds all its weights" in said
    assert "--beam, --sample, --n-best, --seed, --prompt" in said


class Trained(MeanPoolGRU):
    """A head that comes trained."""

    comes_trained = True


def test_a_config_that_comes_trained_is_changed_by_set(films: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "mine.py"
    config.write_text(
        f"""
data = dict(train=dict(type="Toy"))
tokenizer = dict(type="{__name__}:Fixed")
head = dict(type="{__name__}:Trained", streams=dict(image=320), width=16)
extract = dict(image=dict(type="ToyGrid"))
losses = dict()
phases = {{}}
evaluate = dict(split="train")
generate = dict(max_length=6, min_length=5)
"""
    )
    changed = ["generate.min_length=2", "generate.max_length=3"]
    words = [load(config, "cpu", changes=c)(films[0]).extras["words"][0]["tokens"] for c in ([], changed)]
    assert 5 <= len(words[0]) <= 6
    assert 2 <= len(words[1]) <= 3
    for changes in (["head.dropout=0.1"], ["head.dropout=0.1"], []):  # of the same weights
        torch.manual_seed(0)
        job = Job(load(config, "cpu", changes=changes))
        if changes:
            job.folder(tmp_path / "out")
    with pytest.raises(UserError, match=r"another job: .*set \['head.dropout=0.1'\], now None"):
        job.folder(tmp_path / "out")
    with pytest.raises(
        ConfigError, match=r"--set head\.widht: head\.widht: .*Trained has no argument 'widht'"
    ):
        load(config, "cpu", changes=["head.widht=8"])


class Fixed(Vocabulary):
    """A vocabulary that comes with its words."""

    def __init__(self) -> None:
        super().__init__()
        super().fit([WORDS])

    @property
    def fit(self) -> None:  # type: ignore[override]
        """Nothing to learn: there is no such method."""
        raise AttributeError("fit")
