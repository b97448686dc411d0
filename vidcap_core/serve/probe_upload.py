"""A first look at an upload, in a short process of its own: `python -m vidcap_core.serve.probe_upload FILE`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from vidcap_core.serve.refusal import Refused
from vidcap_core.serve.settings import Limits
from vidcap_core.serve.sniff import KNOWN
from vidcap_core.serve.upload import no_room

SECONDS = 30.0
"""How long reading the packets of a file may take."""
MEMORY = 4 << 30
"""Bytes of addresses that the first look may use."""


def look(path: Path, name: str, limits: Limits) -> float:
    """Seconds of a video that may be captioned; `Refused` for any other file."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        facts = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise Refused(422, f"{name}: reading it took too long", "a shorter or a repaired file") from None
    except OSError as error:  # no more files or processes
        raise no_room(error) from error
    except ValueError:  # the decoder took the process with it
        raise Refused(422, f"{name}: the decoder crashed on this file", _AGAIN) from None
    if "large" in facts:
        raise Refused(422, f"{name}: {facts['large']}", _AGAIN)
    if "what" in facts:
        raise Refused(415, f"{name}: {facts['what']}", f"a whole video file: {KNOWN}")
    if facts["duration"] > limits.seconds:
        long = f"{name} lasts {facts['duration']:.0f} s; at most {limits.seconds:.0f} s are captioned here"
        raise Refused(422, long, "a shorter clip, or vidcap serve --max-duration SECONDS")
    return float(facts["duration"])


_AGAIN = "a converted copy: ffmpeg -i VIDEO -vf scale=640:360 new.mp4"


def main(path: str) -> None:
    """Print what the file is as JSON."""
    from vidcap_core.errors import VideoError

    _bound_memory()
    from vidcap_core.video.limits import TooLarge
    from vidcap_core.video.probe import probe

    try:
        facts: dict[str, object] = {"duration": probe(path).duration}
    except VideoError as error:
        what = error.message.replace(f"{path}: ", "").replace(path, "the file")
        facts = {"large" if isinstance(error, TooLarge) else "what": what}
    print(json.dumps(facts))


def _bound_memory() -> None:
    """What a decoder asks for beyond this it does not get, and says so; the job that follows reads the same header."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    main(sys.argv[1])
