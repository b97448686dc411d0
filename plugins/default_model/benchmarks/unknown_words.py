"""The default model with and without its unknown word: scores on the test clips, and captions of real files.

python plugins/default_model/benchmarks/unknown_words.py [--clips FOLDER] [--json FILE]

Three ways: the unknown word is `written` as it comes (generate.unknown=True), `cut` out of the finished sentence, or
`banned` while the sentence is made, which is the default. --clips captions those video files of a folder that are test
clips, and prints `cut` beside `banned`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning import file_captioner
from vidcap_core.datasets.msvd import MSVDPart
from vidcap_core.engine.data import evaluation_batches
from vidcap_core.saved.load import find_bundle, load_bundle
from vidcap_core.testing.measured import write
from vidcap_core.tokenizers.vocabulary import SPECIALS
from vidcap_core.video.suffixes import VIDEO_SUFFIXES
from vidcap_metrics.evaluate import Options, pairwise, score

NAME = "default_model"
UNKNOWN = SPECIALS[3]


def cut(text: str) -> str:
    """The text without its unknown words."""
    return " ".join(text.replace(UNKNOWN, " ").split())


def allow(captioner: Captioner, unknown: bool) -> Captioner:
    """The captioner, with or without its unknown word."""
    captioner.settings = replace(captioner.settings, unknown=unknown)
    return captioner


def predictions(test: MSVDPart) -> dict[str, dict[str, str]]:
    """What is said of each test clip in each way."""
    captioner = load_bundle(find_bundle(NAME))
    found = {}
    for way, unknown in (("written", True), ("banned", False)):
        batches = evaluation_batches(test, captioner.tokenizer, 64)
        found[way] = {
            p.clip.id: p.text for batch in batches for p in allow(captioner, unknown).predict(batch)
        }
    found["cut"] = {clip: cut(text) for clip, text in found["written"].items()}
    return found


def scores(
    found: dict[str, dict[str, str]], references: dict[str, list[str]], folder: Path
) -> dict[str, Any]:
    """Every number of each way, and `banned` minus each other one."""
    files = {way: as_file(folder / f"{way}.json", said) for way, said in found.items()}
    truth = [as_file(folder / "references.json", references)]
    rows: dict[str, Any] = {}
    for way, said in found.items():
        report = score(files[way], truth, Options()).scores.scores
        rows[way] = {
            "values": {name: value for one in report for name, value in one.values.items()},
            "signature": "; ".join(str(one.signature) for one in report),
            "clips with an unknown word": sum(UNKNOWN in text for text in said.values()),
        }
        if way != "banned":
            rows[way]["banned minus this"] = {
                c.name: {"difference": c.difference, "low": c.low, "high": c.high}
                for c in pairwise(files[way], files["banned"], truth, Options())
            }
    return rows


def as_file(path: Path, data: Any) -> Path:
    """Data as a JSON file."""
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def films(folder: Path, test: MSVDPart) -> list[dict[str, str]]:
    """Each file of a folder that is a test clip, with its caption before (cut) and after (banned)."""
    names = {name for record in test.selection.used for name in record.names}
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES and p.stem in names)
    captioner = file_captioner.load(NAME)
    texts = {}
    for unknown in (True, False):
        allow(captioner.captioner, unknown)
        texts[unknown] = [captioner(path).text for path in files]
    return [
        {"file": path.name, "before": cut(before), "after": after}
        for path, before, after in zip(files, texts[True], texts[False], strict=True)
    ]


def main() -> None:
    """Print both tables; with --json, write the scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, help="a folder of video files")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    test = MSVDPart("test", streams=["image"])
    with tempfile.TemporaryDirectory() as folder:
        rows = scores(predictions(test), test.references(), Path(folder))
    for way, row in rows.items():
        print(way, row["clips with an unknown word"], {k: round(v, 4) for k, v in row["values"].items()})
        for name, change in row.get("banned minus this", {}).items():
            print(f"    {name} {change['difference']:+.4f} [{change['low']:+.4f}, {change['high']:+.4f}]")
    for film in films(args.clips, test) if args.clips else ():
        print(f"| {film['before']} | {film['after']} |  {film['file']}")
    if args.json:
        write(args.json, {"rows": rows})


if __name__ == "__main__":
    main()
