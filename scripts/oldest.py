"""Run the suite on the oldest versions that our requirements admit: `python scripts/oldest.py`.

Each bound in pyproject.toml, metrics/pyproject.toml and plugins/*/pyproject.toml becomes a pin; what those need in turn
is left to pip. Two bounds that exclude each other, or one that names no release, end it: such a bound is untrue. What
follows goes to pytest: `python scripts/oldest.py tests/video -x`.
Needs `packaging`, which vidcap's own environment has.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
PROJECTS = [ROOT, ROOT / "metrics", *PLUGINS]


def main() -> int:
    """Install every requirement at its bound, then run pytest; its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv-oldest", help="default: .venv-oldest")
    args, rest = parser.parse_known_args()
    python = install(args.venv.resolve())
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    return subprocess.run([python, "-m", "pytest", *rest], cwd=ROOT, env=environment).returncode


def install(folder: Path) -> Path:
    """Make the environment, or bring it to what the bounds are now; its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        venv.create(folder, with_pip=True)
    pins = "".join(f"{name}=={version}\n" for name, version in sorted(bounds().items()))
    constraints = folder / "oldest.txt"
    constraints.write_text(pins, encoding="utf-8")
    editable = []
    for path in PROJECTS:
        extras = ",".join(project(path).get("optional-dependencies", {}))
        editable += ["-e", f"{path}[{extras}]" if extras else str(path)]
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    print(f"== installing in {folder}:\n{pins}", flush=True)
    if subprocess.run([*pip, "--constraint", constraints, *editable]).returncode:
        sys.exit(f"error: pip cannot install these bounds together: {constraints}")
    return python


def bounds() -> dict[str, Version]:
    """The lower bound of each package that is needed on this machine; of several, the highest."""
    lowest: dict[str, Version] = {}
    for requirement in requirements():
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        bound = lower_bound(requirement)
        name = canonicalize_name(requirement.name)
        lowest[name] = max(bound, lowest.get(name, bound))
    return lowest


def requirements() -> Iterator[Requirement]:
    """What the core, the scorer and the plugins need, extras included, but for each other."""
    own = {canonicalize_name(project(path)["name"]) for path in PROJECTS}
    for path in PROJECTS:
        table = project(path)
        extras = table.get("optional-dependencies", {}).values()
        for line in [*table["dependencies"], *(line for extra in extras for line in extra)]:
            requirement = Requirement(line)
            if canonicalize_name(requirement.name) not in own:
                yield requirement


def lower_bound(requirement: Requirement) -> Version:
    """The version after `>=`; each requirement has one."""
    versions = [clause.version for clause in requirement.specifier if clause.operator == ">="]
    if len(versions) != 1:
        raise ValueError(f"{requirement} needs one lower bound (>=)")
    return Version(versions[0])


def project(folder: Path) -> dict[str, Any]:
    """The `project` table of a pyproject.toml."""
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


if __name__ == "__main__":
    sys.exit(main())
