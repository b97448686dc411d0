"""What each way of installing costs, into docs/dependencies.md: `python scripts/installs.py`.

Sizes are those of the files that pip installed here, of a distribution and all that it asks for; so everything must be
installed (`python start.py test`). Times are processor seconds of the shortest of some fresh processes.
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path

import importlib_metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vidcap_core.saved.provenance import machine
from vidcap_core.zoo import published

PAGE = Path(__file__).resolve().parent.parent / "docs" / "dependencies.md"
MARKED = re.compile(r"(<!-- installs -->\n).*?(<!-- end -->)", re.DOTALL)
EVERYTHING = ["vidcap-core[default,serve]", *published.PLUGINS.values()]
WAYS = {
    "the scorer": ["vidcap-metrics"],
    "the scorer with METEOR": ["vidcap-metrics[meteor]"],
    "torch with what it needs": ["torch"],
    "the core": ["vidcap-core"],
    "the core and a method": ["vidcap-plugin-mffcl"],
    "the core and the default model": ["vidcap-core[default]"],
    "the same, with `vidcap serve`": ["vidcap-core[default,serve]"],
    "everything (`start.py`)": EVERYTHING,
    "the suite too (`start.py test`)": [*EVERYTHING, "vidcap-core[test,dev]"],
}
STARTS = {
    "a score: `vidcap_metrics.load`": (
        "from vidcap_metrics import load; load('rouge').compute(predictions=['a dog'], references=[['a dog runs']])"
    ),
    "`vidcap list`": "from vidcap_core.cli import main; main.main(['list', 'heads'])",
    "`vidcap config check core/toy`": "from vidcap_core.cli import main; main.main(['config', 'check', 'core/toy'])",
    "what captions: `vidcap_core.load`": "import vidcap_core.captioning.file_captioner",
    "what trains: `vidcap_core.train`": "import vidcap_core.engine.runs",
}
HEAVY = ("numpy", "torch", "transformers", "mmengine")


def closure(wanted: list[str]) -> set[str]:
    """The distributions that pip brings for some requirements, on this machine."""
    seen: dict[str, set[str]] = {}
    queue = [Requirement(line) for line in wanted]
    while queue:
        requirement = queue.pop()
        name, extras = canonicalize_name(requirement.name), {"", *requirement.extras}
        new = extras - seen.setdefault(name, set())
        seen[name] |= new
        for line in importlib_metadata.requires(name) or []:
            needed = Requirement(line)
            marker = needed.marker
            if new and any(marker is None or marker.evaluate({"extra": extra}) for extra in new):
                queue.append(needed)
    return set(seen)


def size(name: str) -> int:
    """Bytes of what a distribution put on the disk; ours are few and may be installed from their sources."""
    files = importlib_metadata.files(name) or []
    paths = (Path(str(file.locate())) for file in files)
    return sum(path.stat().st_size for path in paths if path.is_file())


def seconds(code: str, runs: int) -> float:
    """Processor seconds of a fresh Python that runs some code: what else runs on the machine counts little."""
    taken = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(taken)


def imported(code: str) -> list[str]:
    """Which of the heavy packages some code imports."""
    asked = f"{code}\nimport sys\nprint('\\n' + ' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def table(runs: int) -> str:
    """Both tables, with what they were measured on."""
    lines = ["| what is installed | as | packages | on the disk |", "|---|---|---|---|"]
    for what, wanted in WAYS.items():
        names = closure(wanted)
        spelt = " ".join(wanted) if len(wanted) < 3 else "all plugins"
        lines.append(f"| {what} | `{spelt}` | {len(names)} | {sum(map(size, names)) / 1e9:.2f} GB |")
    lines += ["", "| what starts | processor seconds | imports |", "|---|---|---|"]
    lines.append(f"| `python -c pass` | {seconds('pass', runs):.2f} | |")
    for what, code in STARTS.items():
        lines.append(
            f"| {what} | {seconds(code, runs):.2f} | {', '.join(imported(code)) or 'none of the heavy ones'} |"
        )
    where = f"Python {platform.python_version()}, {machine()}"
    lines += ["", f"Shortest of {runs}; {where}. Heavy ones: {', '.join(HEAVY)}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    made = table(parser.parse_args().runs)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(lambda match: match[1] + made + match[2], text), encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
