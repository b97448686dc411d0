"""Peak memory of a captioning job over many files: after a fifth of them it must not grow by more than a tenth.

python plugins/vlm/benchmarks/memory.py [--files 500]     (CPU, Linux; stated beforehand: at most 1.1 times)
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch

import vidcap_core
from vidcap_core.testing import write_video
from vidcap_core.testing.contest import high_water

THRESHOLD = 1.1


def main() -> None:
    """Caption copies of a film with the tiny model; print the high-water marks as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        first = write_video(Path(root) / "0.mp4", seconds=1, sound=False)
        films = [first, *(Path(root) / f"{index}.mp4" for index in range(1, args.files))]
        for film in films[1:]:
            shutil.copyfile(first, film)
        changes = ["head.model='tiny'", "tokenizer.name='tiny'", "head.script=None", "generate.max_length=4"]
        captioner = vidcap_core.load("vlm/caption", "cpu", changes=changes)
        early = 0.0
        for number, _ in enumerate(captioner.each(films, batch=16), 1):
            if number == args.files // 5:
                early = high_water()
        late = high_water()
    row = {"files": args.files, "after_a_fifth_mib": round(early), "at_the_end_mib": round(late)}
    print(json.dumps({**row, "threshold": THRESHOLD, "met": late <= THRESHOLD * early}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
