"""`vidcap caption my.mp4 --model FOLDER`: the model's own words, in any batch; jobs that go on; what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForImageTextToText, AutoProcessor
from vidcap_vlm.answer import CONTROL
from vidcap_vlm.prompt import Prompt

from vidcap_core.api import UserError


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def own_words(folder: str, film: Path, frames: int = 8, most: int = 12) -> str:
    """What the model says by transformers alone, of pictures read by PyAV alone."""
    import av

    model, processor = (
        AutoModelForImageTextToText.from_pretrained(folder),
        AutoProcessor.from_pretrained(folder),
    )
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        shown = [(float(f.time), f.to_ndarray(format="rgb24")) for f in container.decode(stream)]
        length = float(stream.duration * stream.time_base)
    moments = [(index + 0.5) * length / frames for index in range(frames)]
    pictures = [[picture for time, picture in shown if time <= moment + 1e-6][-1] for moment in moments]
    question = Prompt.of("caption", None, None, ()).question(length)
    messages = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": question}]}]
    told = {"total_num_frames": frames, "fps": frames / length, "duration": length}
    told["frames_indices"] = [moment * frames / length for moment in moments]
    inputs = processor(
        text=[processor.apply_chat_template(messages, add_generation_prompt=True)],
        videos=[pictures],
        video_metadata=[told],
        do_sample_frames=False,
        return_tensors="pt",
        add_special_tokens=False,
    )
    made = model.eval().generate(**inputs, do_sample=False, max_new_tokens=most)
    return str(
        processor.tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    ).strip()


def test_a_folder_of_transformers_captions_files(vidcap: Any, smolvlm: str, films: list[Path]) -> None:
    plain = ("--set", "head.script=None", "--set", "head.short_side=None", "--set", "generate.max_length=12")
    done = vidcap("caption", *films, "--model", smolvlm, "--json", "--batch", 3, *plain)
    assert done.code == 0, done.err
    captions = [row["text"] for row in rows(done.out)]
    assert [" ".join(CONTROL.sub(" ", own_words(smolvlm, film)).split()) for film in films] == captions
    assert len(set(captions)) > 1


def test_a_job_goes_on_and_another_prompt_is_another_job(
    vidcap: Any, smolvlm: str, films: list[Path], tmp_path: Path
) -> None:
    words = (
        "--model",
        smolvlm,
        "--out",
        tmp_path / "out",
        "--set",
        "head.script=None",
        "--set",
        "head.frames=2",
    )
    assert vidcap("caption", films[0], *words).code == 0
    again = vidcap("caption", *films, *words)
    assert "2 captioned, 1 were finished before" in again.err
    other = vidcap("caption", *films, *words, "--set", "head.prompt=detailed")
    assert other.code != 0
    assert "another" in other.err or "other" in other.err


def test_an_answer_that_is_none_is_listed_with_its_file(vidcap: Any, smolvlm: str, films: list[Path]) -> None:
    """A random model writes letters of any script; two files are captioned, the third is listed: nothing is lost."""
    done = vidcap(
        "caption",
        *films,
        "--model",
        smolvlm,
        "--json",
        "--set",
        "head.script=GREEK",
        "--set",
        "head.frames=2",
    )
    assert done.code == 1
    assert "3 files could not be captioned" in done.err
    assert "another script than Greek" in done.err


def test_events_that_are_no_json_are_refused_with_the_clip(
    vidcap: Any, smolvlm: str, films: list[Path]
) -> None:
    done = vidcap(
        "caption", *films, "--model", smolvlm, "--set", "head.prompt=events", "--set", "generate.max_length=8"
    )
    assert done.code == 1
    assert done.err.count("holds no event") == 3
    assert str(films[0]) in done.err


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("head.frames=80", "the model has room for 1024"),
        ("generate.max_length=900", "are more than the 1024"),
        ("head.prompt=short", "neither a sentence nor a known prompt"),
        ("head.load={'speed': 2}", "head.load has no option 'speed'"),
        ("head.load={'dtype': 'bf'}", "'bf' is no dtype"),
        ("head.load={'quantization_config': {'x': 1}}", "head.load: transformers says"),
        ("head.vision_cache=-1", "vision_cache must be at least 0"),
        ("head.transcripts=/none", "there is no folder /none"),
    ],
)
def test_what_cannot_work_is_one_line(
    vidcap: Any, smolvlm: str, films: list[Path], change: str, line: str
) -> None:
    done = vidcap("caption", films[0], "--model", smolvlm, "--set", change)
    assert done.code in (1, 2)
    assert line in " ".join(done.err.split())


def test_a_model_without_a_template_or_of_one_picture_is_one_line(
    vidcap: Any, family: Any, smolvlm: str, films: list[Path], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(smolvlm, bare)
    for file in bare.glob("chat_template*"):
        file.unlink()
    for name in ("processor_config.json", "tokenizer_config.json"):
        data = json.loads((bare / name).read_text())
        (bare / name).write_text(json.dumps({key: data[key] for key in data if key != "chat_template"}))
    done = vidcap("caption", films[0], "--model", bare)
    assert done.code == 2
    assert "has no chat template, and takes no plain text beside frames" in done.err
    done = vidcap("caption", films[0], "--model", family("blip2"))
    assert done.code == 2
    assert "takes one picture, and not 8 frames\n  try: head.frames=1" in done.err


def test_offline_it_says_which_files_to_put_where(vidcap: Any, films: list[Path]) -> None:
    done = vidcap("caption", films[0], "--model", "hf:HuggingFaceTB/SmolVLM2-500M-Video-Instruct")
    assert done.code == 2
    for name in (
        "config.json",
        "model.safetensors",
        "processor_config.json",
        "tokenizer.json",
        "head.model=FOLDER",
    ):
        assert name in done.err
    assert len(done.err.splitlines()) == 4
    assert "--set tokenizer.name=FOLDER --set head.model=FOLDER" in done.err


def test_a_folder_without_weights_says_what_it_lacks(
    vidcap: Any, smolvlm: str, films: list[Path], tmp_path: Path
) -> None:
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((Path(smolvlm) / name).read_bytes())
    done = vidcap("caption", films[0], "--model", tmp_path)
    assert done.code == 2
    assert f"model.safetensors and processor_config.json in {tmp_path}" in done.err


def test_python_and_prefill(load: Any, smolvlm: str, films: list[Path]) -> None:
    """`vidcap_core.load`, and a text that the answer goes on from."""
    captioner = load(smolvlm, changes=["head.script=None", "head.frames=2", "generate.max_length=8"])
    plain = captioner(films[0]).text
    begun = captioner.with_decoding(prompt="a red ball")(films[0]).text
    assert plain != begun


def test_captions_of_a_training_split_are_shown_to_the_model(
    load: Any, smolvlm: str, films: list[Path]
) -> None:
    """Drawn by a seed, from the training split alone; the notes of scores say so."""
    toy = {"type": "Toy", "split": "train", "size": "small", "streams": []}

    def asked(seed: int) -> tuple[str, Any]:
        examples = {"data": toy, "count": 3, "seed": seed}
        head = load(smolvlm, changes=[f"head.examples={examples!r}"]).captioner.head
        return head.prompt.question(1.0), head

    (first, head), (again, _), (other, _) = asked(0), asked(0), asked(1)
    assert first == again != other
    assert first.count("\n- ") == 3
    assert any("3 captions of the training split of Toy, seed 0" in note for note in head.notes())
    for wrong, line in (
        ({"data": {**toy, "split": "val"}}, "captions of the split 'val' are what is scored"),
        ({"count": 3}, "names no data set"),
        ({"data": toy, "number": 3}, "has no key 'number'"),
        ({"data": toy, "count": 0}, "count is a number from 1 on"),
        ({"data": toy, "count": 10**6}, "clips with captions, and not 1000000"),
    ):
        with pytest.raises(UserError, match=line):
            load(smolvlm, changes=[f"head.examples={wrong!r}"])


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ("head.sentences=1", "first-sentence-without-chatter,case-as-written"),
        ("head.sentences=None", "all-sentences-without-chatter,case-as-written"),
        ("head.prompt='events'", "events-as-written"),
    ],
)
def test_what_became_of_answers_has_a_word_in_signatures(
    load: Any, smolvlm: str, change: str, mark: str
) -> None:
    assert load(smolvlm, changes=[change]).captioner.head.normalisation == mark
