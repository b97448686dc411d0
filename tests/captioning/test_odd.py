"""Every way in stays below 3 GiB of memory over the collection of odd files, reads on, and says what it left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from feature_parts import tiny_encoder
from films import make
from odd_films import odd_films

from vidcap_core.features.store import FeatureStore

MOST = 3 << 30
RUN = """
import resource, sys
from vidcap_core.cli.main import main
resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))  # should it ever be wrong, it must not take the machine
code = main(sys.argv[1:])
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
sys.stdout.flush()
print(f"peak {peak * 1024}", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection and one film like any other, all of which a dataset lists."""
    folder = tmp_path_factory.mktemp("films") / "odd"
    names = [path.name for path in odd_films(folder)]
    names.append(make(folder / "usual.mp4").name)
    lines = [json.dumps({"video": name, "captions": ["a film"]}) for name in names]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def vidcap(*words: str | Path, expect: int) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which ends as expected and needs no more than its share of memory."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, words)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stderr.rpartition("peak ")[2]) < MOST
    return done


READABLE = {"anamorphic", "changes", "days", "usual"}


def test_extract(odd: Path, tmp_path: Path) -> None:
    done = vidcap(
        "features", "extract", "--videos", odd, *tiny_encoder(16), "--out", tmp_path / "s", expect=1
    )
    assert set(FeatureStore(tmp_path / "s").ids) == READABLE
    assert "4 made, 0 already there, 9 skipped" in done.stdout


def test_check(odd: Path) -> None:
    done = vidcap("data", "check", "jsonl", "--root", odd, "--split", "train", "--json", expect=1)
    (train,) = json.loads(done.stdout)
    (broken,) = [defect for defect in train["defects"] if "cannot be read" in defect["what"]]
    assert {"strip", "bomb", "weeks", "unknown"} < broken["reasons"].keys()
    assert not READABLE & broken["reasons"].keys()


def test_caption(odd: Path, model: Path) -> None:
    done = vidcap("caption", odd, "--model", model, expect=1)
    said = {Path(line.partition(": ")[0]).stem for line in done.stdout.splitlines()}
    assert said == READABLE - {"days"}
    assert "days.mkv: 800,000 s at once would need" in done.stderr


def test_caption_in_spans(odd: Path, model: Path) -> None:
    vidcap("caption", odd / "strip.mp4", odd / "grows.ts", "--every", "0.5", "--model", model, expect=1)


def test_upload(odd: Path) -> None:
    script = (
        "import sys, resource; from vidcap_core.serve.probe_upload import main; [main(path) for path in sys.argv[1:]]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    films = [path for path in sorted(odd.iterdir()) if path.suffix != ".jsonl"]
    done = subprocess.run(
        [sys.executable, "-c", script, *films], capture_output=True, text=True, env=os.environ
    )
    *lines, peak = done.stdout.splitlines()
    answers = {path.name: json.loads(line) for path, line in zip(films, lines, strict=True)}
    assert {name for name, answer in answers.items() if "large" in answer} == {
        "bomb.mp4",
        "counts.mp4",
        "large_canvas.gif",
        "ribbon.mkv",
        "small_bomb.mp4",
        "strip.mp4",
        "turned_strip.mp4",
        "weeks.mkv",
    }
    assert answers["strip.mp4"]["large"].startswith("its pictures are 8 x 16000, ")
    assert int(peak) < MOST


def test_training_data(odd: Path) -> None:
    script = (
        "import sys, resource\nfrom vidcap_core.datasets.jsonl import Jsonl\n"
        "from vidcap_core.errors import VideoError\n"
        "data = Jsonl('train', root=sys.argv[1], frames=dict(count=16, short_side=224))\n"
        "for number in range(len(data)):\n"
        "    try:\n        print(data[number].inputs['frames'].shape)\n"
        "    except VideoError as error:\n        print(error.hint)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script, odd], capture_output=True, text=True)
    *lines, peak = done.stdout.splitlines()
    assert lines.count("(16, 224, 224, 3)") == len(READABLE), done.stderr
    assert int(peak) < MOST


def test_a_clip_of_countless_rows_is_refused(tmp_path: Path) -> None:
    """Three pictures far apart stand for hours, and attention to all of them for gigabytes."""
    from vidcap_core.video import limits

    with pytest.raises(
        limits.TooLarge, match=r"far\.mkv: 9,000 rows of features at once; a clip may have 8,192"
    ):
        limits.check_rows("far.mkv", 9000, "rows of features", "--every 60")
    limits.check_rows("near.mkv", limits.ROWS, "rows of features", "--every 60")
