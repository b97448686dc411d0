"""Install the built wheels in a clean environment outside the source tree, and use them as a stranger would.

`python scripts/check_install.py DIST`: the scorer alone; in another environment one plugin alone, which brings
the core, then all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main() -> int:
    """The scorer, one plugin, then all; the first thing that fails ends it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dist", type=Path, help="the folder with the wheels")
    dist = parser.parse_args().dist.resolve()
    with tempfile.TemporaryDirectory(prefix="vidcap-clean-") as folder:
        venv.create(Path(folder) / "venv", with_pip=True)
        Clean(Path(folder), dist).score()
    with tempfile.TemporaryDirectory(prefix="vidcap-clean-") as folder:
        venv.create(Path(folder) / "venv", with_pip=True)
        clean = Clean(Path(folder), dist)
        clean.install("vidcap-plugin-mffcl")
        assert {row.split()[0] for row in clean.plugins()} == {"core", "mffcl"}
        clean.use()
        clean.run("vidcap-run", "mffcl/toy", "--set", "runtime.max_time=0.5", "--work-dir", "run")
        names = [wheel.name.split("-")[0] for wheel in sorted(dist.glob("vidcap_plugin_*.whl"))]
        clean.install(*(name.replace("_", "-") for name in names))
        assert len(clean.plugins()) == len(names) + 1
        clean.use()
        clean.run("vidcap", "config", "check")
        clean.install("vidcap-core[default]")
        clean.caption()
    print("clean install: fine")
    return 0


class Clean:
    """An environment that has never seen the source tree."""

    def __init__(self, folder: Path, dist: Path) -> None:
        self.folder, self.dist = folder, dist
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(self, command: str, *arguments: str) -> str:
        """A command of this environment, from a folder outside the source tree; its output."""
        print("$", command, *arguments, flush=True)
        done = subprocess.run(
            [self.bin / command, *arguments],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            sys.exit(f"{done.stdout}\nerror: exit code {done.returncode}: {command} {' '.join(arguments)}")
        return done.stdout

    def install(self, *names: str) -> None:
        """Our wheels from the folder, what they need from the package index."""
        self.run("python", "-m", "pip", "install", "-q", "--find-links", str(self.dist), *names)

    def plugins(self) -> list[str]:
        """The rows of `vidcap plugins`, of which none may be broken."""
        rows = self.run("vidcap", "plugins").splitlines()[2:]
        assert not [row for row in rows if "BROKEN" in row], rows
        return rows

    def score(self) -> None:
        """A file of captions, where there is NumPy and no torch."""
        self.install("vidcap-metrics")
        for name, captions in (("results", {"a": "a man runs"}), ("references", {"a": ["a man runs"]})):
            (self.folder / f"{name}.json").write_text(json.dumps(captions))
        table = self.run("vidcap-score", "results.json", "references.json", "--metrics", "bleu,rouge")
        assert "ROUGE-L  1.0000" in table, table
        assert "torch" not in self.run("python", "-m", "pip", "list")

    def caption(self) -> None:
        """A caption of a file, with the model that came along."""
        toy = (
            "from vidcap_core.datasets.toy import Toy; print(Toy('test', root='toy', limit=1).clips[0].path)"
        )
        clip = self.run("python", "-c", toy).strip().splitlines()[-1]
        said = self.run("vidcap", "caption", clip, "--model", "default_model").strip().splitlines()[-1]
        assert len(said.removeprefix(f"{clip}: ").split()) > 2, said

    def use(self) -> None:
        """What a newcomer types first."""
        self.run("vidcap", "--help")
        self.run("vidcap", "list")
        self.run("vidcap", "doctor")
        self.run("vidcap", "info", "mffcl")


if __name__ == "__main__":
    sys.exit(main())
