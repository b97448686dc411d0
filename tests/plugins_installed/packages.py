"""Third-party plugins for the tests: small real distributions, built to wheels and installed by pip."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

HEAD = """
from vidcap_core.api import Head

class {name}(Head):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
"""

DECLARES = """
from vidcap_core.api import hookimpl
VIDCAP_API = {api}

@hookimpl
def {hook}():
    return {{"heads": {{"{head}": "{module}.head:{head}"}}}}
"""


@dataclass
class Package:
    """A distribution `vidcap-test-NAME` with the plugin NAME in the module `vidcap_test_NAME`."""

    name: str
    files: dict[str, str]
    plugin: str = ""
    version: str = "1.2.3"
    extra: str = field(default="")

    @property
    def distribution(self) -> str:
        return f"vidcap-test-{self.name}"

    @property
    def module(self) -> str:
        return f"vidcap_test_{self.name}"

    def write(self, folder: Path) -> Path:
        """The source tree."""
        root = folder / self.distribution
        for path, text in self.files.items():
            file = root / self.module / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        (root / "pyproject.toml").write_text(
            dedent(f"""
            [build-system]
            requires = ["setuptools>=77"]
            build-backend = "setuptools.build_meta"
            [project]
            name = "{self.distribution}"
            version = "{self.version}"
            dependencies = ["vidcap-core>=0.1"]
            [project.entry-points."vidcap.plugins"]
            {self.plugin or self.name} = "{self.module}"
            [tool.setuptools]
            packages = ["{self.module}"]
            [tool.setuptools.package-data]
            "{self.module}" = ["configs/*.py", "*.yaml"]
            """),
            encoding="utf-8",
        )
        return root


def declares(name: str, head: str, *, api: int = 2, hook: str = "vidcap_components") -> str:
    """The `__init__.py` of a plugin that offers one head."""
    return DECLARES.format(api=api, hook=hook, head=head, module=f"vidcap_test_{name}")


def head(name: str) -> str:
    """A module with one head."""
    return HEAD.format(name=name)


CARD = """
    name: good
    title: A good plugin
    summary: It works.
    licence: Apache-2.0
    limits: [it learns nothing]
    """

COMMAND = """
    def add_parser(subparsers):
        parser = subparsers.add_parser("greet")
        parser.add_argument("whom")
        parser.set_defaults(func=run)

    def run(args):
        print(f"good day, {args.whom}")
        return 0
    """

GOOD_INIT = (
    declares("good", "GoodHead")
    + """
@hookimpl
def vidcap_commands(add):
    add("greet", "vidcap_test_good.greet")
    add("lost", "vidcap_test_good.lost")
    add("list", "vidcap_test_good.greet")
"""
)

CONFIG = """
    '''A toy run of the good head.'''
    clips = "vidcap_core.testing.tiny:TinyClips"
    data = dict(train=dict(type=clips), val=dict(type=clips))
    del clips
    head = dict(type="GoodHead")
    losses = dict(tokens=dict(type="TokenLoss"))
    phases = dict(caption=dict(epochs=1, losses=["tokens"]))
    evaluate = dict(metrics=['rouge'])
    """

PACKAGES = [
    Package(
        "good",
        {
            "__init__.py": GOOD_INIT,
            "head.py": head("GoodHead"),
            "card.yaml": CARD,
            "configs/toy.py": CONFIG,
            "greet.py": COMMAND,
        },
    ),
    Package("raises", {"__init__.py": "raise RuntimeError('the licence file is missing')"}),
    Package("leaves", {"__init__.py": "import sys; sys.exit('no GPU here')"}),
    Package(
        "misspelt", {"__init__.py": declares("misspelt", "X", hook="vidcap_componets"), "head.py": head("X")}
    ),
    Package("newer", {"__init__.py": declares("newer", "NewHead", api=3), "head.py": head("NewHead")}),
    Package("hollow", {"__init__.py": declares("hollow", "HollowHead")}),
    Package("nameless", {"__init__.py": declares("nameless", "LostHead"), "head.py": head("OtherHead")}),
    Package(
        "late",
        {"__init__.py": declares("late", "LateHead"), "head.py": "import no_such_library\nLateHead = 0\n"},
    ),
    Package("one", {"__init__.py": declares("one", "Twin"), "head.py": head("Twin")}),
    Package("two", {"__init__.py": declares("two", "Twin"), "head.py": head("Twin")}),
    Package("claim_a", {"__init__.py": declares("claim_a", "A"), "head.py": head("A")}, plugin="claimed"),
    Package("claim_b", {"__init__.py": declares("claim_b", "B"), "head.py": head("B")}, plugin="claimed"),
    Package("usurper", {"__init__.py": declares("usurper", "U"), "head.py": head("U")}, plugin="core"),
]


def install(folder: Path) -> Path:
    """Build every package to a wheel and install the wheels into a folder of their own."""
    sources = [str(package.write(folder / "sources")) for package in PACKAGES]
    wheels, site = folder / "wheels", folder / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), *sources], check=True
    )
    built = sorted(map(str, wheels.glob("*.whl")))
    assert len(built) == len(PACKAGES)
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), *built], check=True)
    return site
