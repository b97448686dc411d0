"""The page on Python: functions, what they give, and examples that tests/test_reference.py runs in this order."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from method_pages import table
from reference_text import function_lines, prose, record

import vidcap_core
from vidcap_core.captioning import captions, file_captioner
from vidcap_core.contracts import types
from vidcap_core.engine import evaluate
from vidcap_core.saved import run as saved_run

EXAMPLES = {
    "train": """
import vidcap_core
from vidcap_core.api import load_recipe

recipe = load_recipe("core/toy", ["phases.caption.epochs=1", "data.train.limit=16", "data.val.limit=4"])
folder = vidcap_core.train(recipe, work_dir="runs/small", quiet=True)  # or a config's name: train("core/toy")
print(folder.path, (folder.checkpoints / "best.pt").is_file())
""",
    "test": """
recipe = load_recipe("core/toy", ["data.test.limit=4"])
evaluation = vidcap_core.test(recipe, work_dir="runs/small", quiet=True)
print(evaluation.clips, evaluation.values["CIDEr-D"], evaluation.signatures["CIDEr-D"])
""",
    "predict": """
for prediction in vidcap_core.predict(recipe, work_dir="runs/small", quiet=True):
    print(prediction.clip.path, prediction.text)
""",
    "load": """
# or a bundle, plugin/name or hf:OWNER/NAME; without an argument, the default model
captioner = vidcap_core.load("runs/small")
captions = captioner(prediction.clip.path)
print(captions.text, captions.events[0].start, captions.events[0].end)

beams = captioner.with_decoding(beam=3, n_best=3)
print(beams(prediction.clip.path).extras["n_best"])

for path, result in captioner.each([prediction.clip.path, "no such file.mp4"]):
    print(path, getattr(result, "text", result))  # a VideoError where a file cannot be read
""",
}


def python_page() -> str:
    """The functions of the package, what they give, and examples that a test runs in their order."""
    lines = [
        "# Python",
        "",
        "The functions of `vidcap_core`, with examples that run one after the other.",
        "",
    ]
    for name in ("train", "test", "predict", "load"):
        lines += [*function_lines(getattr(vidcap_core, name), f"vidcap_core.{name}", "##"), ""]
        lines += ["```python", EXAMPLES[name].strip(), "```", ""]
    lines += ["## What they give", ""]
    given: list[tuple[type[Any], tuple[str, ...]]] = [
        (saved_run.RunFolder, ("config", "checkpoints", "predictions", "scores")),
        (evaluate.Evaluation, ("value",)),
        (types.Prediction, ("text",)),
        (types.Clip, ("span",)),
        (types.Event, ()),
        (captions.Captions, ()),
        (file_captioner.FileCaptioner, ("__call__", "each", "with_decoding")),
    ]
    for kind, names in given:
        lines += [f"### {kind.__name__}", "", prose(inspect.getdoc(kind) or ""), ""]
        if dataclasses.is_dataclass(kind) and kind is not captions.Captions:
            lines += [*table(["field", "type", "meaning"], [[a, b, d] for a, b, _, d in record(kind)]), ""]
        for name in names:
            member = getattr(kind, name, None)
            if callable(member):
                title = f"{kind.__name__}.{name}" if name != "__call__" else f"{kind.__name__}(...)"
                lines += [*function_lines(member, title, "####"), ""]
            elif isinstance(member, property):
                lines += [f"`{name}`: {inspect.getdoc(member) or ''}", ""]
    return "\n".join(lines)
