"""One list of our packages: what is advised, what lies in plugins/, what start.py and docs/start.md install."""

from __future__ import annotations

import re

from oldest import ROOT, project
from packaging.requirements import Requirement

import start
from vidcap_core.zoo import published


def test_the_list_is_that_of_the_folders() -> None:
    of_folders = {path.name: project(path)["name"] for path in start.PLUGINS}
    assert of_folders == published.PLUGINS


def test_the_page_on_installing_installs_them_all() -> None:
    text = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    lines = re.findall(r"^.*pip install -e.*srvc_la.*$", text, re.MULTILINE)
    assert len(lines) == 2  # with pip, and with uv
    for line in lines:
        assert set(re.findall(r"-e plugins/(\w+)", line)) == published.PLUGINS.keys()


def test_extras_name_no_other_package_of_ours() -> None:
    lines = [line for extra in project(ROOT)["optional-dependencies"].values() for line in extra]
    named = {Requirement(line).name for line in lines if line.startswith("vidcap-plugin")}
    assert named <= set(published.PLUGINS.values())


def test_start_installs_extras_that_there_are() -> None:
    wanted = {extra for extras in start.EXTRAS.values() for extra in extras.split(",")}
    assert wanted <= project(ROOT)["optional-dependencies"].keys()


def test_no_other_package_of_ours_is_advised_anywhere() -> None:
    known = {"vidcap-core", "vidcap-metrics", *published.PLUGINS.values()}
    for path in [*ROOT.glob("vidcap_core/**/*.py"), *ROOT.glob("docs/*.md"), ROOT / "README.md"]:
        for name in re.findall(
            r"pip install '?(vidcap-[a-z0-9-]*[a-z0-9])", path.read_text(encoding="utf-8")
        ):
            assert name in known | {"vidcap-plugin"}, f"{path}: {name}"
