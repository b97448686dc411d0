"""Run folders as the engine writes them, with toy videos and numbers drawn from a seed."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidcap_core.contracts.panels import (
    Bars,
    Curve,
    Custom,
    FrameAttention,
    SpatialAttention,
    Timeline,
    to_plain,
)
from vidcap_core.contracts.types import Event

NASTY = '</script><script>document.title="owned"</script> "quotes" \'too\' & 🎬\nnew line \u2028 <b>bold</b>'
NOTHING = (
    FrameAttention((), {"image": ()}, ()),
    SpatialAttention((), ((),), ()),
    Timeline(()),
    Bars({}),
    Curve("c", (), ()),
)
"""What a head may give for a clip that it has no word for."""
SUBJECTS = ("a red ball", "a blue square", "a green triangle", "a small dog", "a man in a hat")
ACTIONS = (
    "moves to the left",
    "grows slowly",
    "spins in a circle",
    "runs across the grass",
    "plays the guitar",
)

SEEN = {
    1: ("an orange ball rises", "the ball falls as it moves to the right"),
    2: ("a blue square moves to the right",),
}
"""What is said of clips that pictures of the docs show: one is right, the other errs in the colour and the shape."""
REFERENCES = {
    1: (
        "an orange ball rises and falls",
        "a ball moves to the right",
        "an orange circle flies over",
        "something orange moves",
    ),
    2: (
        "an orange ball moves to the right",
        "a ball rises",
        "an orange circle flies over",
        "something orange moves",
    ),
}
MARKS = {1: (0.8312, 2.7104), 2: (0.1873, 0.3046)}
"""Their BLEU-4 and CIDEr-D."""


def video(path: Path, seed: int, length: float = 3.0) -> Path:
    """A real mp4: a disc that moves over a gradient."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rate, height, width = 10, 120, 160
    y, x = np.mgrid[0:height, 0:width]
    base = np.array([[90, 120, 160], [150, 110, 90], [100, 140, 100], [120, 110, 150]][seed % 4])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "24", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = round(length * rate)
        for number in range(count):
            share = number / max(1, count - 1)
            picture = (base[None, None] + (y / height * 60)[..., None]).astype(np.uint8)
            disc = (x - (20 + 120 * share)) ** 2 + (y - (60 + 30 * math.sin(6 * share + seed))) ** 2 < 18**2
            picture[disc] = (230, 80 + 30 * (seed % 5), 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def run_folder(
    folder: Path, clips: int = 45, split: str = "val", videos: int = 3, panels: int = 6, references: int = 4
) -> Path:
    """A run with `clips` clips; the first has hostile texts, the second is dense, some have panels, one no event."""
    rng = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    predictions, said, shown = [], {}, {}
    per_clip: dict[str, dict[str, float]] = {"BLEU-4": {}, "CIDEr-D": {}}
    for number in range(clips):
        clip = f"video{number}" + (NASTY if number == 0 else "")
        path = str(video(folder.parent / "videos" / f"{number}.mp4", number)) if number < videos else None
        texts = [f"{rng.choice(SUBJECTS)} {rng.choice(ACTIONS)}" for _ in range(references + 1)]
        if number in SEEN and path:
            texts[: len(SEEN[number])] = SEEN[number]
        events = [event(rng, texts[0] + (" " + NASTY if number == 0 else ""), 0.0, 3.0)]
        if number == 5:
            events = [
                {
                    "start": 0.0,
                    "end": 3.0,
                    "text": "",
                    "score": None,
                    "words": {"tokens": [""], "log_probs": [-1]},
                }
            ]
        if number == 1:
            events = [event(rng, texts[0], 0.2, 1.4), event(rng, texts[1], 1.0, 2.8)]
        if number == 7 and number >= panels:
            events = []
        predictions.append(
            {
                "id": clip,
                "text": " ".join(e["text"] for e in events),
                "path": path,
                "span": [0.0, 3.0],
                "events": events,
                "streams": ["image"],
            }
        )
        if number in SEEN and path:
            texts = [texts[0], *REFERENCES[number]]
        said[clip] = texts[1:] + ([NASTY] if number == 0 else [])
        for index, (metric, top) in enumerate((("BLEU-4", 1.0), ("CIDEr-D", 3.0))):
            mark = round(rng.random() * top, 4)
            per_clip[metric][clip] = MARKS[number][index] if number in SEEN and path else mark
        if number < panels:
            drawn = NOTHING if number == 5 else panels_of(rng, number, events)
            shown[clip] = [to_plain(panel) for panel in drawn]
    mean = {name: sum(values.values()) / len(values) for name, values in per_clip.items()}
    means = f"v:1|tok:ptb|refs:4-5|missing:error|clips:{clips}/{clips}"
    signatures = {"BLEU-4": f"bleu|{means}", "CIDEr-D": f"cider-d|{means}"}
    scores = {"split": split, "clips": f"{clips} of {clips}", "values": mean, "signatures": signatures}
    config = {
        "head": {"type": "GRUHead", "layers": 1},
        "phases": {"caption": {"epochs": 5}},
        "evaluate": {"split": split, "best": "cider-d"},
    }
    meta = {
        "config": "toy/made_up",
        "seed": 0,
        "data": "3f2a9c0d11e8b7a4",
        "versions": {"vidcap-core": "0.1", "torch": "2.9"},
        "plugins": {"core": "0.1"},
        "commit": "0123456789ab+",
        "machine": "x86_64 CPU, 1 thread, torch 2.9",
    }
    write(folder / "config.json", config)
    write(folder / "meta.json", meta)
    write(folder / f"scores-{split}.json", {**scores, "per_clip": per_clip})
    write(folder / f"predictions-{split}.json", predictions)
    write(folder / f"references-{split}.json", said)
    write(folder / f"panels-{split}.json", shown)
    lines = [
        json.dumps(
            {
                "step": s,
                "loss/tokens": 6 * math.exp(-s / 300) + 1 + rng.random() / 5,
                "loss/align": 2 / (1 + s / 80),
                "lr": 5e-4 * min(1, s / 100),
                "clips_per_s": 300 + rng.random() * 20,
            }
        )
        for s in range(10, 1010, 10)
    ]
    lines += [
        json.dumps(
            {
                "step": s,
                **{f"{split}/BLEU-{n}": (0.8 - n / 8) * (1 - math.exp(-s / 300)) for n in (1, 2, 3, 4)},
                f"{split}/CIDEr-D": 1 - math.exp(-s / 400),
            }
        )
        for s in range(200, 1001, 200)
    ]
    (folder / "scalars.jsonl").write_text("\n".join(lines) + '\n{"step": 1010, "loss/to')
    return folder


def dense_folder(folder: Path) -> Path:
    """A dense run with the scores of events, blind baselines, single thresholds, emotion words and texts."""
    run_folder(folder, clips=6, videos=2, panels=2)
    rng = random.Random(3)
    words = ("METEOR", "CIDEr-D", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L")
    times = ("loc-P", "loc-R", "loc-F1", "loc-order-tIoU")
    blind = ("segments-as-many", "segments-3", "whole-and-halves")
    names = [f"dense-{name}" for name in words]
    names += [*times, "loc-F1-mean", *(f"{name}:{system}" for system in blind for name in times)]
    names += ["SODA_c", "SODA_c-P", "SODA_c-R", "Acc_sw", "Acc_c", "BFS", "CFS", "no-emotion"]
    names += [
        "Vocabulary",
        "Distinct-1",
        "Length",
        "loc-F1@0.3",
        "loc-F1@0.5",
        "start-F1@5s",
        "my_plugin.score",
    ]
    values = {name: 4312.0 if name == "Vocabulary" else round(rng.random(), 4) for name in names}
    settings = "missing:skip|clips:6/6|hash:1a2b3c4d"
    signatures = {
        name: f"{name.partition('-')[0].lower()}-2021|v:2|tok:ptb-3.4.1|{settings}" for name in names
    }
    scores = json.loads((folder / "scores-val.json").read_text())
    write(folder / "scores-val.json", {**scores, "values": values, "signatures": signatures})
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", {**config, "evaluate": {"best": "SODA_c"}})
    return folder


def event(rng: random.Random, text: str, start: float, end: float) -> dict[str, Any]:
    """A predicted event with a log-probability for each word and one for the end."""
    tokens = [*text.split(), ""]
    logs = [-(rng.random() ** 3) * 3 for _ in tokens]
    words = {"tokens": tokens, "log_probs": logs}
    return {"start": start, "end": end, "text": text, "score": sum(logs) / len(logs), "words": words}


def panels_of(rng: random.Random, number: int, events: list[dict[str, Any]]) -> list[Any]:
    """Every kind; attention over 12 moments from two branches, peaking later for later words."""
    words = events[0]["text"].split()
    times = [3.0 * (t + 0.5) / 12 for t in range(12)]

    def rows(width: float) -> list[list[float]]:
        made = []
        for place in range(len(words)):
            row = [math.exp(-((t - 12 * place / len(words)) ** 2) / width) + 0.02 for t in range(12)]
            made.append([value / sum(row) for value in row])
        return made

    found: list[Any] = [FrameAttention(words, {"image": rows(4.0), "motion": rows(12.0)}, times, event=0)]
    if number % 2 == 0:
        weights = np.full((len(words), 4, 7, 7), 0.01)
        for place in range(len(words)):
            weights[place, :, place % 7, (place * 2) % 7] = 1.0
            weights[place, :, place % 7, (place * 2 + 1) % 7] = 0.5
        found.append(SpatialAttention(words, weights, [0.4, 1.1, 1.9, 2.6], event=0))
    if number == 1:
        curves = [
            Curve(f"event {k}", times, [math.exp(-((t - 0.8 - k) ** 2) * 3) for t in times]) for k in (0, 1)
        ]
        said = [Event(e["start"], e["end"], e["text"], e["score"]) for e in events]
        found.append(Timeline(said, [Event(0.0, 1.5, "a ball rises"), Event(1.2, 3.0, "it falls")], curves))
    found.append(
        Bars(
            {f"attribute {k}": rng.random() ** 2 for k in range(30)} | {words[1]: 0.9},
            [words[1]],
            "Attributes",
        )
    )
    found.append(
        Custom(
            "wheel",
            {"angle": 1.5, "names": NASTY if number == 0 else ["a", "b"]},
            title="A kind of a plugin's own",
        )
    )
    return found


def write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
