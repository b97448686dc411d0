"""Compare the metrics with pycocoevalcap and its Java programs, part by part; needs Java and the real data.

    python benchmarks/parity_java.py [ptb] [ngrams] [meteor] [hostile] [--freeze]

Prints a table and writes benchmarks/results/parity_java.json. `--freeze` also writes Java's answers into
metrics/tests/goldens, where the tests find them on machines without Java. A part is a function in PARTS that
returns rows.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "metrics" / "tests"))

import numpy as np  # noqa: E402
from fuzz_lines import character_lines, fuzz_lines  # noqa: E402
from hostile_pairs import character_pairs, hostile_pairs  # noqa: E402
from meteor_probes import jar_alignments, letter_probes, table_probes, word_probes  # noqa: E402
from parity_meteor import compare_alignments, compare_clips, compare_pairs, jar_stats  # noqa: E402

from vidcap_metrics import ptb  # noqa: E402
from vidcap_metrics.formats import load_references  # noqa: E402
from vidcap_metrics.meteor_jar import JarMeteor  # noqa: E402

SHARED = Path(os.environ.get("VIDCAP_SHARED_DATA", ROOT.parent / "shared" / "data"))
GOLDENS = ROOT / "metrics" / "tests" / "goldens"
FUZZ = 100_000
BLOCK = 10_000
DENSE_STEP = 5
"""of the ActivityNet pairs, every how many are compared"""
HOSTILE = 12_500
"""pairs as they are, and as many more as PTB tokens"""
FROZEN = 300
Row = dict[str, Any]


def digest(lines: Sequence[str]) -> str:
    """A hash of tokenised lines."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def java_tokenize(lines: Sequence[str]) -> list[str]:
    """What pycocoevalcap's tokenizer makes of lines, called as it calls it, in a UTF-8 locale."""
    spec = find_spec("pycocoevalcap")
    assert spec is not None
    assert spec.submodule_search_locations
    jar = Path(spec.submodule_search_locations[0]) / "tokenizer" / "stanford-corenlp-3.4.1.jar"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines.txt"
        file.write_bytes("\n".join(lines).encode())
        command = [
            "java",
            "-cp",
            str(jar),
            "edu.stanford.nlp.process.PTBTokenizer",
            "-preserveLines",
            "-lowerCase",
        ]
        done = subprocess.run(
            [*command, str(file)], capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
    out = done.stdout.decode().split("\n")
    return [
        " ".join(w for w in line.rstrip().split(" ") if w not in ptb.PUNCTUATION)
        for line in out[: len(lines)]
    ]


def real_lines() -> Iterator[tuple[str, list[str]]]:
    """Every caption of the shared data, by file."""
    for path in sorted((SHARED / "msvd").glob("sents_*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield f"msvd/{path.name}", [line.rstrip("\n").split("\t", 1)[1] for line in file]
    for path in sorted((SHARED / "msrvtt").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json") and not name.startswith("__MACOSX"):
                    yield (
                        f"msrvtt/{name}",
                        [one["caption"] for one in json.loads(archive.read(name))["sentences"]],
                    )
    for folder in ("activitynet", "youcook2", "vatex", "oracles"):
        for path in sorted((SHARED / folder).glob("*.json.gz")):
            yield f"{folder}/{path.name}", list(_texts(json.loads(gzip.decompress(path.read_bytes()))))


def _texts(data: Any) -> Iterator[str]:
    """Every string: captions, and ids and names as further food for the tokenizer."""
    if isinstance(data, str):
        yield data.replace("\n", " ")
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value)


def compare_tokens(name: str, lines: list[str]) -> Row:
    """One row: how many lines, how many differ, the first of those."""
    start = time.perf_counter()
    theirs = java_tokenize(lines)
    middle = time.perf_counter()
    ours = ptb.tokenize(lines)
    end = time.perf_counter()
    wrong = [number for number, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b]
    for number in wrong[:20]:
        print(f"  {lines[number]!r}\n    java {theirs[number]!r}\n    here {ours[number]!r}")
    return {
        "part": "ptb",
        "what": name,
        "lines": len(lines),
        "different": len(wrong),
        "java s": round(middle - start, 2),
        "here s": round(end - middle, 2),
        "digest": digest(theirs),
    }


def part_ptb() -> list[Row]:
    """The tokenizer: all real captions, and lines made to be hard."""
    rows = [compare_tokens(name, lines) for name, lines in real_lines()]
    rows.append(compare_tokens("characters", character_lines()))
    lines = fuzz_lines(FUZZ)
    rows += [compare_tokens(f"fuzz {start}", lines[start : start + BLOCK]) for start in range(0, FUZZ, BLOCK)]
    return rows


def msrvtt() -> tuple[dict[str, str], dict[str, list[str]]]:
    """The MSR-VTT oracle: 2,990 predictions, 20 references each."""
    oracle = json.loads(
        gzip.decompress((SHARED / "oracles" / "msrvtt_chris5zk_test_pred.json.gz").read_bytes())
    )
    predictions = {one["video_id"]: one["pred"] for one in oracle.values()}
    return predictions, load_references(SHARED / "msrvtt" / "test_videodatainfo.json.zip")


def part_ngrams() -> list[Row]:
    """BLEU, ROUGE-L and CIDEr-D per clip and over the corpus, both from the same tokens."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    from vidcap_metrics.scorer import Scorer

    predictions, references = msrvtt()
    clips = list(references)
    flat = java_tokenize([line for lines in references.values() for line in lines])
    tokens = iter(flat)
    gts = {clip: [next(tokens) for _ in lines] for clip, lines in references.items()}
    res = {
        clip: [line] for clip, line in zip(clips, java_tokenize([predictions[c] for c in clips]), strict=True)
    }
    ours = Scorer(references, ["bleu", "rouge", "cider-d"]).score(predictions)
    with contextlib.redirect_stdout(io.StringIO()):
        bleu, bleu_clips = Bleu(4).compute_score(gts, res)
    theirs = {f"BLEU-{n + 1}": (bleu[n], bleu_clips[n]) for n in range(4)}
    theirs |= {"ROUGE-L": Rouge().compute_score(gts, res), "CIDEr-D": Cider().compute_score(gts, res)}
    rows = []
    for name, (value, by_clip) in theirs.items():
        mine = np.array([ours.clips[name][clip] for clip in clips])
        rows.append(
            {
                "part": "ngrams",
                "what": name,
                "theirs": float(value),
                "here": ours.values[name],
                "corpus difference": abs(float(value) - ours.values[name]),
                "largest clip difference": float(np.abs(mine - np.array(by_clip)).max()),
            }
        )
    return rows


def tokenized() -> tuple[dict[str, str], dict[str, list[str]]]:
    """The MSR-VTT oracle as tokens."""
    predictions, references = msrvtt()
    clips = [clip for clip in references if clip in predictions]
    captions = dict(zip(clips, ptb.tokenize([predictions[clip] for clip in clips]), strict=True))
    lines = iter(ptb.tokenize([line for clip in clips for line in references[clip]]))
    return captions, {clip: [next(lines) for _ in references[clip]] for clip in clips}


def dense_pairs() -> list[tuple[str, str]]:
    """The ActivityNet oracle: every caption with every reference of its clip, as tokens."""
    folder = SHARED / "oracles" / "bmt_captioning_results_val_1_e26.json.gz"
    results = json.loads(gzip.decompress(folder.read_bytes()))["results"]
    references = json.loads(gzip.decompress((SHARED / "activitynet" / "val_1.json.gz").read_bytes()))
    raw = [
        (one["sentence"], sentence)
        for clip, captions in results.items()
        if clip in references
        for one in captions
        for sentence in references[clip]["sentences"]
    ]
    distinct = list(dict.fromkeys(text for pair in raw for text in pair))
    tokens = dict(zip(distinct, ptb.tokenize(distinct), strict=True))
    return [(tokens[caption], tokens[sentence]) for caption, sentence in raw]


def part_meteor() -> list[Row]:
    """METEOR per clip and over the corpus, per pair, and the alignments themselves."""
    captions, references = tokenized()
    pairs = [(captions[clip], line) for clip in captions for line in references[clip]]
    dense = [pair for pair in dense_pairs() if all(pair)][::DENSE_STEP]
    return [
        compare_clips("msrvtt", captions, references),
        compare_pairs("msrvtt", pairs),
        compare_pairs("activitynet", dense),
        compare_alignments("msrvtt", [pair for pair in pairs if all(pair)]),
        compare_alignments("activitynet", dense),
        compare_alignments("letters", letter_probes(4)),
        compare_alignments("words", word_probes(10_000, 1)),
        compare_alignments("table", table_probes(10_000, 1)),
    ]


def part_hostile() -> list[Row]:
    """METEOR of pairs that are hard to split into words: as they are, as PTB tokens, and every character."""
    rows = [
        compare_pairs("hostile, as they are", hostile_pairs(HOSTILE, 1)),
        compare_pairs("hostile, PTB tokens", tokenized_pairs(hostile_pairs(HOSTILE, 2))),
        compare_pairs("characters", character_pairs()),
        compare_clips("hostile", *several_references(hostile_pairs(HOSTILE, 5))),
    ]
    return [row | {"part": "hostile"} for row in rows]


def several_references(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The caption of each fifth pair, and the references of all five."""
    captions = {str(n): pairs[n][0] for n in range(0, len(pairs), 5)}
    return captions, {clip: [line for _, line in pairs[int(clip) :][:5]] for clip in captions}


def tokenized_pairs(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Both sides as PTB tokens."""
    return list(zip(*(ptb.tokenize(side) for side in zip(*pairs, strict=True)), strict=True))


PARTS: dict[str, Callable[[], list[Row]]] = {
    "ptb": part_ptb,
    "ngrams": part_ngrams,
    "meteor": part_meteor,
    "hostile": part_hostile,
}


def freeze_alignments() -> None:
    """The jar's alignments of some probes, for the tests."""
    letters = random.Random(1).sample(letter_probes(4), FROZEN)
    pairs = letters + word_probes(FROZEN, 2)
    rows = [[*pair, found] for pair, found in zip(pairs, jar_alignments(pairs), strict=True)]
    text = ",\n".join(json.dumps(row) for row in rows)
    (GOLDENS / "meteor_alignments.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")


def freeze_hostile() -> None:
    """The jar's counts of some hostile pairs, for the tests."""
    pairs = hostile_pairs(FROZEN, 3) + tokenized_pairs(hostile_pairs(FROZEN, 4))
    jar = JarMeteor()
    rows = [[*pair, list(jar_stats(jar.stats(pair[0], [pair[1]])))] for pair in pairs]
    jar.close()
    text = ",\n".join(json.dumps(row) for row in rows)
    (GOLDENS / "meteor_hostile.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")


def freeze_tokens(rows: list[Row]) -> None:
    """Java's tokens for the tests: in full for hand-made lines, as hashes for the rest."""
    own = (GOLDENS / "ptb_lines.txt").read_text(encoding="utf-8").split("\n")[:-1]
    golden = {
        "own": java_tokenize(own),
        "fuzz": [row["digest"] for row in rows if row["what"].startswith("fuzz")],
        "characters": digest(java_tokenize(character_lines()[::16])),
        "real": {row["what"]: row["digest"] for row in rows if row["part"] == "ptb" and "/" in row["what"]},
    }
    (GOLDENS / "ptb.json").write_text(
        json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def freeze_coco() -> None:
    """Tokens and METEOR of the captions that the tests of pycocoevalcap's interface make."""
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
    from test_coco import captions

    seed = 11
    gts, res = (PTBTokenizer().tokenize(side) for side in captions(seed))
    value, values = Meteor().compute_score(gts, res)
    golden = {"seed": seed, "gts": gts, "METEOR": value, "METEOR of images": values}
    (GOLDENS / "coco.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Run the parts named, or all; 1 if anything differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument(
        "--freeze", action="store_true", help="write goldens of the parts ptb, meteor, hostile"
    )
    args = parser.parse_args()
    rows = []
    for part in args.parts or PARTS:
        for row in PARTS[part]():
            rows.append(row)
            print("  ".join(f"{key} {value}" for key, value in row.items() if key != "digest"), flush=True)
    results = ROOT / "benchmarks" / "results" / "parity_java.json"
    results.parent.mkdir(exist_ok=True)
    before = json.loads(results.read_text()) if results.is_file() else []
    done = {row["part"] for row in rows}
    results.write_text(json.dumps([row for row in before if row["part"] not in done] + rows, indent=1) + "\n")
    if args.freeze and "ptb" in done:
        freeze_tokens(rows)
    if args.freeze and "meteor" in done:
        freeze_alignments()
        freeze_coco()
    if args.freeze and "hostile" in done:
        freeze_hostile()
    tokens = [row for row in rows if row["part"] == "ptb"]
    if tokens:
        lines, wrong = (sum(row[key] for row in tokens) for key in ("lines", "different"))
        print(f"ptb: {lines} lines, {wrong} different")
    return int(any(row.get("different", 0) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
