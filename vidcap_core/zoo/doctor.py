"""What this machine has, what is missing or in conflict, and what to type about it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import importlib_metadata
from packaging.requirements import Requirement

from vidcap_core.zoo import plugins, published
from vidcap_metrics.files.cache import cache_home


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `absent` is optional; `broken` keeps vidcap from working."""

    what: str
    state: Literal["fine", "absent", "warning", "broken"]
    found: str
    fix: str = ""

    def row(self) -> dict[str, Any]:
        """As a row of a table."""
        return asdict(self)


def examine() -> Iterator[Finding]:
    """Everything, in the order one would look."""
    version = platform.python_version()
    yield Finding("python", "fine", f"{version}, {sys.executable}")
    yield from _distributions()
    yield from _plugins()
    yield from _torch()
    yield _decoder()
    yield _java()
    yield from _caches()
    yield from _conflicts()


def _distributions(name: str = "vidcap-core", extras: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Whether what a distribution of ours asks for is installed, in a version that will do."""
    for line in importlib_metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        ):
            continue
        fix = f"pip install '{requirement.name}{requirement.specifier}'"
        try:
            version = importlib_metadata.version(requirement.name)
        except importlib_metadata.PackageNotFoundError:
            yield Finding(requirement.name, "broken", f"not installed, needs {requirement.specifier}", fix)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Finding(requirement.name, "fine", version)
            if requirement.name == "vidcap-metrics":
                yield from _distributions(requirement.name, frozenset(requirement.extras))
        else:
            yield Finding(requirement.name, "broken", f"{version}, needs {requirement.specifier}", fix)


def _plugins() -> Iterator[Finding]:
    for plugin in plugins.discover().values():
        name = f"plugin {plugin.name}"
        if plugin.reason is None:
            yield Finding(name, "fine", f"{plugin.distribution} {plugin.version}")
        else:
            fix = f"pip install --upgrade {plugin.distribution}, or VIDCAP_DISABLE_PLUGINS={plugin.name}"
            yield Finding(name, "warning", plugin.reason, fix)
    for absent in published.PLUGINS.keys() - plugins.discover():
        yield Finding(
            f"plugin {absent}", "absent", "not installed", f"pip install {published.PLUGINS[absent]}"
        )


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except Exception as error:  # a torch of another build fails with OSError, ImportError or RuntimeError
        yield Finding(
            "torch build", "broken", f"cannot be imported: {error}", "pip install --force-reinstall torch"
        )
        return
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU only"
    yield Finding("torch build", "fine", f"{torch.__version__}, {build}, {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        yield Finding("GPU", "fine", ", ".join(names))
    else:
        yield Finding("GPU", "absent", "none that torch can use: runs go to the CPU")


def _decoder() -> Finding:
    try:
        import av
        from av import library_versions
    except Exception as error:
        return Finding(
            "decoder", "broken", f"PyAV cannot be imported: {error}", "pip install --force-reinstall av"
        )
    codec = ".".join(map(str, library_versions.get("libavcodec", "?")))
    return Finding("decoder", "fine", f"PyAV {av.__version__}, libavcodec {codec}")


def _java() -> Finding:
    """Java is never needed; with it, our scores can be compared with the original scorers."""
    java = shutil.which("java")
    if java is None:
        return Finding("java", "absent", "not needed: every metric here runs without it")
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("java", "warning", f"{java} does not run ({error}); it is not needed")
    return Finding("java", "fine", (done.stderr or done.stdout).splitlines()[0])


def _caches() -> Iterator[Finding]:
    """Where generated videos and downloaded weights go, and whether they fit there."""
    home = Path.home() / ".cache"
    folders = {
        "VIDCAP_CACHE": cache_home(),
        "HF_HOME": Path(os.environ.get("HF_HOME", home / "huggingface")),
        "TORCH_HOME": Path(os.environ.get("TORCH_HOME", home / "torch")),
    }
    for variable, folder in folders.items():
        standing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        free = shutil.disk_usage(standing).free / 2**30
        detail = f"{folder}, {free:.0f} GiB free"
        if not os.access(standing, os.W_OK):
            yield Finding(
                f"cache {variable}",
                "warning",
                f"{detail}, not writable",
                f"export {variable}=/a/writable/folder",
            )
        elif free < 5:
            yield Finding(
                f"cache {variable}", "warning", detail, f"export {variable}=/a/folder/with/more/room"
            )
        else:
            yield Finding(f"cache {variable}", "fine", detail)


def _conflicts() -> Iterator[Finding]:
    """Pairs of packages that are known to break each other."""
    installed = {name for name in ("opencv-python", "opencv-python-headless") if _version(name)}
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        if installed:  # mmengine asks for opencv-python, which wants the system's libGL
            fix = "pip uninstall -y opencv-python && pip install --force-reinstall opencv-python-headless"
            yield Finding("opencv", "broken", f"cv2 cannot be imported: {error}", fix)
    if _version("torchvision"):
        try:
            importlib.import_module("torchvision")
        except Exception as error:  # built for another torch: RuntimeError about an operator
            detail = f"{_version('torchvision')} does not fit torch {_version('torch')}: {error}"
            yield Finding("torchvision", "broken", detail, "pip install --upgrade torch torchvision")


def _version(name: str) -> str | None:
    try:
        return importlib_metadata.version(name)
    except importlib_metadata.PackageNotFoundError:
        return None
