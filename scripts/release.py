"""Build, check and publish all distributions; `python scripts/release.py --dry-run` publishes nothing.

Needs the `dev` extra (build, twine). Publishing reads twine's own configuration (~/.pypirc or TWINE_*).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METRICS = ROOT / "metrics"
PROJECTS = [ROOT, METRICS, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]


def main() -> int:
    """Every step, in order; the first that fails ends it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dry-run", action="store_true", help="build and check, but publish nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go (default: dist)")
    parser.add_argument(
        "--no-isolation", action="store_true", help="build with this environment's setuptools"
    )
    args = parser.parse_args()
    version = agreed_version()
    if not args.dry_run:
        refuse_a_dirty_tree(version)
    shutil.rmtree(args.out, ignore_errors=True)
    for project in PROJECTS:
        say(f"building {project.name if project != ROOT else 'the core'}")
        build = [sys.executable, "-m", "build", *(["--no-isolation"] if args.no_isolation else [])]
        run(*build, "--outdir", args.out, project)
        shutil.rmtree(
            project / "build", ignore_errors=True
        )  # a stale one would leak removed files into the next wheel
    files = sorted(args.out.iterdir())
    check_contents(files, version)
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    upload = [sys.executable, "-m", "twine", "upload", *files]
    if args.dry_run:
        say("would publish with: " + " ".join(map(str, upload[1:])))
    else:
        run(*upload)
        say(f"now: git tag v{version} && git push --tags")
    return 0


def agreed_version() -> str:
    """The one version that the core, the scorer, the plugins and the changelog state."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "vidcap_core/zoo/version.py").read_text())
    assert found is not None
    version = found[1]
    for project in PROJECTS[1:]:
        if f'\nversion = "{version}"\n' not in (project / "pyproject.toml").read_text():
            sys.exit(f"error: {project.name}/pyproject.toml does not state version {version}, the core's")
    if f"## {version}" not in (ROOT / "CHANGELOG.md").read_text():
        sys.exit(f"error: CHANGELOG.md has no section '## {version}'")
    return version


def refuse_a_dirty_tree(version: str) -> None:
    """What is published must be what a commit holds."""
    if subprocess.run(
        ["git", "-C", ROOT, "status", "--porcelain"], capture_output=True, text=True, check=True
    ).stdout:
        sys.exit("error: the tree has changes that are not committed")
    if subprocess.run(
        ["git", "-C", ROOT, "tag", "--list", f"v{version}"], capture_output=True, text=True
    ).stdout:
        sys.exit(f"error: v{version} is tagged already")


def check_contents(files: list[Path], version: str) -> None:
    """Each project gave a wheel and an sdist, with its licence, types, card, configs and data inside."""
    wheels = [file for file in files if file.suffix == ".whl"]
    sdists = [file for file in files if file.name.endswith(".tar.gz")]
    if len(wheels) != len(PROJECTS) or len(sdists) != len(PROJECTS):
        sys.exit(f"error: {len(PROJECTS)} projects gave {len(wheels)} wheels and {len(sdists)} sdists")
    for project in PROJECTS:
        module = "vidcap_core" if project == ROOT else f"vidcap_{project.name}"
        name = f"{module if project in (ROOT, METRICS) else f'vidcap_plugin_{project.name}'}-{version}"
        wheel = next(file for file in wheels if file.name.startswith(name))
        sdist = next(file for file in sdists if file.name.startswith(name))
        held = set(zipfile.ZipFile(wheel).namelist())
        if missing := sorted(wanted(project, module) - held):
            sys.exit(f"error: {wheel.name} lacks {', '.join(missing)}")
        if not any(entry.endswith("licenses/LICENSE") for entry in held):
            sys.exit(f"error: {wheel.name} lacks the licence")
        if strangers := sorted(e for e in held if not e.startswith((f"{module}/", f"{name}.dist-info/"))):
            sys.exit(f"error: {wheel.name} would also install {', '.join(strangers)}")
        with tarfile.open(sdist) as archive:
            if not {f"{name}/LICENSE", f"{name}/pyproject.toml"} <= set(archive.getnames()):
                sys.exit(f"error: {sdist.name} lacks the licence or pyproject.toml")
        say(f"{wheel.name}: {len(held)} files, all there")


def wanted(project: Path, module: str) -> set[str]:
    """What a wheel must hold besides code: types, and card and configs or the scorer's data."""
    files = {f"{module}/py.typed"}
    if project == METRICS:
        data = project / module / "data"
        return files | {f"{module}/data/{file.name}" for file in data.iterdir()}
    core = project == ROOT
    folder = project / module / "config" / "bases" if core else project / "configs"
    card, configs = ("config/bases", "config/bases") if core else ("about", "configs")
    files.add(f"{module}/{card}/card.yaml")
    return files | {
        f"{module}/{configs}/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*.py")
    }


def run(*command: str | Path) -> None:
    """A command that must succeed; its output only when it does not."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nerror: failed: {' '.join(map(str, command))}")


def say(message: str) -> None:
    """A line of progress."""
    print(message, flush=True)


if __name__ == "__main__":
    sys.exit(main())
