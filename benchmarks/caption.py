"""Throughput of `vidcap caption` against a plain loop with the same captioner, and its memory over many clips.

    python benchmarks/caption.py speed CLIPS [--files 200] [--rounds 3] [--model MODEL]
    python benchmarks/caption.py memory [--files 2000] [--model MODEL]

speed: CLIPS is a folder of real videos, linked under other names until there are as many as --files. The plain loop is
the script one would write: OpenCV reads a video, the encoders see the wanted frames, beam search finds a caption, then
the next video. Both write a line of JSON a video, run in turns in one process, and get the same cores and threads.

memory: small drawn videos; the resident memory of a process of its own is read while it captions them.

Without --model: EfficientNet-Lite0 on 20 frames and a Transformer of width 256 whose weights are random, beam 5,
texts of 12 words: what it says is nonsense, how long it takes is not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch

from vidcap_core.api import Batch, Clip, build_component, frame_times
from vidcap_core.captioner.captioner import Captioner
from vidcap_core.captioning.caption_job import Job
from vidcap_core.captioning.file_captioner import FileCaptioner, load
from vidcap_core.captioning.inputs import find
from vidcap_core.captioning.progress import Progress
from vidcap_core.contracts.generate_settings import GenerateSettings

WORDS = 3000


def untrained() -> FileCaptioner:
    """A captioner of a usual size with random weights."""
    from vidcap_core.tokenizers.vocabulary import Vocabulary
    from vidcap_core.zoo import plugins

    plugins.discover()
    torch.manual_seed(0)
    tokenizer = Vocabulary()
    tokenizer.fit([" ".join(f"word{number}" for number in range(WORDS))])
    encoder = build_component("encoders", {"type": "EfficientNetLite0", "frames": 20})
    spec = {"type": "SmallTransformer", "streams": {"image": encoder.dim}, "width": 256}
    head = build_component("heads", spec, tokenizer=tokenizer)
    settings = GenerateSettings(mode="beam", beam=5, length="avg", min_length=12, max_length=13)
    return FileCaptioner(
        Captioner(head, tokenizer, {"image": encoder}, generate=settings).eval(), "untrained"
    )


def plain(captioner: FileCaptioner, files: list[Path], out: Path) -> None:
    """Read, encode, caption, write: one video after the other."""
    model = captioner.captioner
    with out.open("w") as lines:
        for path in files:
            streams, seconds = {}, 0.0
            for name, encoder in captioner.reader.frames.items():
                video = cv2.VideoCapture(str(path))
                rate = video.get(cv2.CAP_PROP_FPS)
                count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
                seconds = count / rate
                wanted = [min(count - 1, int(t * rate)) for t in frame_times(encoder.sampling, 0.0, seconds)]
                kept, index = {}, 0
                while index <= wanted[-1]:
                    there, picture = video.read()
                    if not there:
                        break
                    if index in wanted:
                        kept[index] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
                    index += 1
                video.release()
                last = kept[max(kept)]
                frames = torch.from_numpy(np.stack([kept.get(index, last) for index in wanted]))[None]
                with torch.inference_mode():
                    streams[name] = encoder(frames, torch.ones(frames.shape[:2], dtype=torch.bool))
            batch = Batch((Clip(path.stem, str(path), duration=seconds),), streams=streams)
            said = model.predict(batch)[0]
            lines.write(json.dumps({"path": str(path), "text": said.text}) + "\n")


def ours(captioner: FileCaptioner, files: list[Path], out: Path, batch: int, workers: int | None) -> None:
    """The job behind `vidcap caption --format jsonl --out DIR`."""
    job = Job(captioner, "jsonl", batch=batch, workers=workers)
    job.to_folder(files, job.folder(out), Progress(len(files), lambda done: None))
    if job.bad:
        raise SystemExit(f"not captioned: {job.bad[:3]}")


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Seconds that a block takes on the wall, and of all processors."""
    spent: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


@contextmanager
def linked(source: Path, count: int) -> Iterator[list[Path]]:
    """As many files as wanted, each a link to one of a folder's videos."""
    videos = find([str(source)]).files
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(count):
            video = videos[number % len(videos)]
            files.append(Path(folder) / f"{number:04}-{video.name}")
            files[-1].symlink_to(video.resolve())
        yield files


def speed(args: argparse.Namespace) -> None:
    """Clips a second of both, and the ratio of each round."""
    captioner = load(args.model, "cpu") if args.model else untrained()
    ratios = []
    with linked(args.clips, args.files) as files, tempfile.TemporaryDirectory() as folder:
        plain(captioner, files[:2], Path(folder) / "warm.jsonl")
        for number in range(args.rounds):
            with stopwatch() as fast:
                ours(captioner, files, Path(folder) / f"ours{number}", args.batch, args.workers)
            with stopwatch() as slow:
                plain(captioner, files, Path(folder) / f"plain{number}.jsonl")
            ratios.append(slow["wall"] / fast["wall"])
            for name, spent in (("vidcap", fast), ("plain", slow)):
                rate, work = len(files) / spent["wall"], spent["cpu"] / len(files)
                print(
                    f"round {number + 1}: {name:6} {rate:6.2f} clips/s, {work:.3f} s of processor a clip",
                    flush=True,
                )
        same = _agreement(Path(folder))
    print(
        f"{args.files} files, {captioner.name}, {torch.get_num_threads()} torch threads, batch {args.batch}"
    )
    print(
        f"texts of the last round that are equal word for word: {same:.0%} (the two decoders' pictures differ a little)"
    )
    print(f"ratio: median {statistics.median(ratios):.2f}x of " + ", ".join(f"{r:.2f}" for r in ratios))


def _agreement(folder: Path) -> float:
    plain_lines = sorted(folder.glob("plain*.jsonl"))[-1].read_text().splitlines()
    our_lines = (sorted(folder.glob("ours*"))[-1] / "captions.jsonl").read_text().splitlines()
    pairs = zip(map(json.loads, plain_lines), map(json.loads, our_lines), strict=True)
    return statistics.fmean(one["text"] == other["text"] for one, other in pairs)


def memory(args: argparse.Namespace) -> None:
    """Resident memory of the command, sampled once a second, by tenth of the work."""
    with tempfile.TemporaryDirectory() as folder:
        _draw(Path(folder) / "clip.mp4")
        videos = Path(folder) / "videos"
        videos.mkdir()
        for number in range(args.files):
            (videos / f"{number:05}.mp4").hardlink_to(Path(folder) / "clip.mp4")
        out = Path(folder) / "out"
        command = [sys.executable, __file__, "caption", str(videos), "--out", str(out)]
        command += ["--model", args.model] if args.model else []
        child = subprocess.Popen(command)
        seen: list[tuple[int, float]] = []
        while child.poll() is None:
            time.sleep(1)
            seen.append((_lines(out / "captions.jsonl"), _resident(child.pid)))
        if child.returncode:
            raise SystemExit(child.returncode)
    for tenth in range(10):
        low, high = tenth * args.files // 10, (tenth + 1) * args.files // 10
        here = [size for done, size in seen if low < done <= high]
        if here:
            print(
                f"clips {low:>5} - {high:<5} RSS mean {statistics.fmean(here):7.1f} MB, most {max(here):7.1f} MB"
            )


def caption(args: argparse.Namespace) -> None:
    """What `memory` watches."""
    captioner = load(args.model, "cpu") if args.model else untrained()
    ours(captioner, find([str(args.clips)]).files, args.out, args.batch, args.workers)


def _draw(path: Path) -> None:
    """Two seconds of a moving ramp."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (96, 72))
    ramp = np.linspace(0, 255, 96, dtype=np.uint8)
    for number in range(20):
        writer.write(
            np.ascontiguousarray(np.broadcast_to(np.roll(ramp, 5 * number)[None, :, None], (72, 96, 3)))
        )
    writer.release()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _resident(process: int) -> float:
    try:
        facts = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in facts.splitlines() if line.startswith("VmRSS")), 0.0)


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(required=True)
    for name, run, files in (("speed", speed, 200), ("memory", memory, 2000), ("caption", caption, 0)):
        kind = kinds.add_parser(name)
        kind.set_defaults(run=run)
        if name != "memory":
            kind.add_argument("clips", type=Path)
        if name == "caption":
            kind.add_argument("--out", type=Path, required=True)
        kind.add_argument("--files", type=int, default=files)
        kind.add_argument("--rounds", type=int, default=3)
        kind.add_argument("--model")
        kind.add_argument("--batch", type=int, default=16)
        kind.add_argument("--workers", type=int)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
