"""How long the first caption takes, as a multiple of `import torch`: of one clip of 10 s, and of a folder of them.

python benchmarks/first_caption.py [--rounds 7] [--files 16] [--model MODEL] [--json FILE]

Each round starts fresh processes in turns, so that whatever else runs on the machine slows all of them:
`import torch`, `vidcap caption` of the clip until its line is there, and of the folder until its first line is there.
Of the first two the processor's time is told too. The clip is drawn: 640 x 360, 25 pictures a second, with sound.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vidcap_core.testing.measured import write
from vidcap_core.testing.videos import write_video

AIM = 2.0
CAPTION = ["-m", "vidcap_core.cli.main", "caption"]


def first_line(arguments: list[str]) -> float:
    """Seconds until a process has written a line, or has ended without."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        taken = time.perf_counter() - start
        process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {process.returncode}")
    return taken


def both_times(arguments: list[str]) -> tuple[float, float]:
    """The same, and the processor's seconds of the whole process."""
    before = _processor()
    taken = first_line(arguments)
    return taken, _processor() - before


def _processor() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Print the table; exit 1 when a caption takes longer than the aim."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=16, help="in the folder")
    parser.add_argument("--model", help="default: the default model")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    args = parser.parse_args()
    model = ["--model", args.model] if args.model else []
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = write_video(Path(folder) / "clip.mp4", seconds=10, fps=25, width=640, height=360)
        several = Path(folder) / "several"
        several.mkdir()
        for number in range(args.files):
            (several / f"{number:03}.mp4").symlink_to(clip)
        for _ in range(args.rounds):
            torch = both_times(["-c", "import torch; print()"])
            one = both_times([*CAPTION, str(clip), *model])
            first = first_line([*CAPTION, str(several), *model])
            measured = {
                "import torch, s": torch[0],
                "import torch, processor s": torch[1],
                "one clip, s": one[0],
                "one clip, processor s": one[1],
                f"first of {args.files} clips, s": first,
                "one clip": one[0] / torch[0],
                "one clip, processor": one[1] / torch[1],
                f"first of {args.files} clips": first / torch[0],
            }
            for name, value in measured.items():
                rows.setdefault(name, []).append(value)
    medians = {name: round(statistics.median(values), 2) for name, values in rows.items()}
    for name, value in medians.items():
        unit = "" if name.endswith(" s") else f" x import torch   (aim: at most {AIM:g} x)"
        spread = f"{min(rows[name]):.2f} to {max(rows[name]):.2f}"
        print(f"{name:<28} {value:5.2f}{unit}   [{spread}]")
    if args.json:
        write(args.json, {"rounds": args.rounds, "model": args.model or "default", "medians": medians})
    return int(any(value > AIM for name, value in medians.items() if not name.endswith(" s")))


if __name__ == "__main__":
    sys.exit(main())
