"""An extraction that is killed anywhere: started again, it makes the same store, byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

POINTS = 24
DRIVER = """
import functools, json, os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from vidcap_core.features import extract as job, shard, writer
from vidcap_core.files import hashing
from vidcap_metrics.files import atomic, lock
from vidcap_core.datasets.extraction import clips_in, load_encoder

videos, work, points = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
job.FeatureWriter = functools.partial(writer.FeatureWriter, shard_bytes=900)  # a shard holds two clips
files = {module.__file__ for module in (writer, shard, atomic, hashing, lock)}
encoder = load_encoder("TimmImage", ["model=test_resnet", "pretrained=False", "frames=4"])
clips = clips_in(videos)
lines = 0

def attempt(out, deadly):
    '''Extract in a process of its own, which kills itself at a line of the writer; its exit code, lines, report.'''
    back, to = os.pipe()
    child = os.fork()
    if not child:
        def trace(frame, event, value):
            global lines
            if frame.f_code.co_filename not in files:
                return None
            if event == "line":
                lines += 1
                if lines == deadly:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace
        sys.settrace(trace)
        report = job.extract(clips, encoder, out, workers=2)
        sys.settrace(None)
        os.write(to, json.dumps([lines, report.made, report.kept, [clip for clip, _ in report.skipped]]).encode())
        os._exit(0)
    os.close(to)
    with os.fdopen(back) as told:
        text = told.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(text or "null")

def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}

code, (total, *whole) = attempt(work / "whole", -1)
kept = []
for point in range(points):
    out = work / f"killed{point}"
    deadly = 1 + point * (total - 1) // (points - 1)
    died, _ = attempt(out, deadly)
    again, (_, made, there, skipped) = attempt(out, -1)
    same = contents(out) == contents(work / "whole")
    kept.append([died, again, made + there, there, skipped, same])
print(json.dumps({"whole": whole, "shards": len(list((work / "whole").glob("shard-*.safetensors"))), "kept": kept}))
"""


def test_killed_anywhere_and_restarted_is_byte_identical(videos: Path, tmp_path: Path) -> None:
    """SIGKILL at two dozen places, evenly over all lines that the writer runs; bad files are among the clips."""
    half = (videos / "film2.mp4").read_bytes()
    (videos / "film2_half.mp4").write_bytes(half[: len(half) // 2])
    (videos / "film4_text.mp4").write_text("this is no film\n" * 50)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(videos), str(tmp_path / "stores"), str(POINTS)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    bad = ["film2_half", "film4_text", "note"]
    assert told["whole"] == [6, 0, bad]
    assert told["shards"] == 3
    assert len(told["kept"]) == POINTS
    for died, again, clips, _, skipped, same in told["kept"]:
        assert (died, again, clips, skipped, same) == (-9, 0, 6, bad, True)
    # the later the kill, the more was kept: a restart makes no clip twice
    there = [kept for *_, kept, _, _ in told["kept"]]
    assert there == sorted(there)
    assert (there[0], there[-1]) == (0, 6)
