"""From nothing to a running model: `python start.py`; and to a green test run: `python start.py test`.

Needs Python 3.10 or newer with pip and venv, and nothing else. It makes the environment `.venv` beside this
file, installs vidcap and its plugins there, and then

    python start.py              trains a captioner on the built-in toy videos, scores it, captions a clip
    python start.py test         runs the whole test suite (what follows `test` goes to pytest)
    python start.py install      only makes the environment
"""

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
METRICS = ROOT / "metrics"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
EXTRAS = {"run": "default,serve", "install": "default,serve", "test": "default,test,dev"}


def main():
    if sys.version_info < (3, 10):  # noqa: UP036 -- whoever has an older one shall read this
        sys.exit("error: vidcap needs Python 3.10 or newer; this is " + sys.version.split()[0])
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="python start.py [run|test|install]",
    )
    parser.add_argument("task", nargs="?", choices=("run", "test", "install"), default="run")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the environment (default: .venv)")
    args, rest = parser.parse_known_args()
    if rest and args.task != "test":
        parser.error("what is " + " ".join(rest) + "?")
    try:
        python = environment(args.venv.resolve(), EXTRAS[args.task])
        if args.task == "test":
            return tests(python, rest)
        code = first_run(python) if args.task == "run" else 0
        if code == 0:
            how_to_use(python)
        return code
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"error: this command failed with exit code {error.returncode}:\n  {command}")
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here")
        return 130


def environment(folder, extras):
    """The environment's Python; installed anew only when what it should hold has changed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    files = [folder / "pyproject.toml" for folder in (ROOT, METRICS, *PLUGINS)]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files) + str(ROOT).encode()).hexdigest()
    stamp = folder / "vidcap-installed.txt"
    held = stamp.read_text().split("\n") if stamp.is_file() and python.is_file() else ["", ""]
    if held[0] == wanted and set(extras.split(",")) <= set(held[1].split(",")):
        return python
    if not python.is_file():
        say(f"1/2  making the environment {folder}")
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit(
                "error: Python's venv cannot install pip here; on Debian or Ubuntu: apt install python3-venv"
            )
    say("2/2  installing vidcap, torch and what else it needs: minutes the first time, some GB")
    packages = ["-e", f"{ROOT}[{extras}]"]
    for folder in (METRICS, *PLUGINS):
        packages += ["-e", str(folder)]
    quiet = [] if sys.stdout.isatty() else ["--progress-bar", "off", "--quiet"]
    subprocess.run(
        [python, "-m", "pip", "install", "--disable-pip-version-check", *quiet, *packages], check=True
    )
    stamp.write_text(wanted + "\n" + extras)
    return python


def first_run(python):
    """Train, score, caption a clip; it ends with where everything lies and what to type next."""
    return subprocess.run([python, "-m", "vidcap_core.cli.main", "demo"], cwd=ROOT).returncode


def how_to_use(python):
    """How to use what was installed."""
    activate = python.with_name("activate")
    lines = [f"to use it: {python.with_name('vidcap')} COMMAND, from anywhere"]
    if activate.is_file():
        lines.append(f"or, once a shell: source {activate}    and then: vidcap COMMAND")
    say("\n   ".join(lines))


def tests(python, rest):
    """The whole suite, over all cores; returns pytest's exit code."""
    environment = {"OMP_NUM_THREADS": "1", **os.environ}  # the processes share the cores, so each takes one
    return subprocess.run([python, "-m", "pytest", "-n", "auto", *rest], cwd=ROOT, env=environment).returncode


def say(message):
    print("== " + message, flush=True)


if __name__ == "__main__":
    sys.exit(main())
