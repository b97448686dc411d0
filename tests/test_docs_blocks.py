"""Every code block of the documentation is run, checked, or marked with the reason why not.

Commands of vidcap are parsed by tests/test_docs.py. Other commands must name what is there. Python runs here, page by
page, in a folder with what the pages speak of; configs become recipes; JSON, YAML and TOML are read. A block that is
run by another test, or by none, says so in a comment before it: `<!-- run by tests/FILE.py -->`, or
`<!-- not run: REASON -->`.
What a page shows of a terminal or draws is `text`.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from test_docs import PAGES, ROOT

from vidcap_core.config import schema
from vidcap_core.config.validate import load_recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FENCE = re.compile(
    r"(?:^<!-- *(?P<mark>[^>]*?) *-->\n+)?(?:^`[^`\n]+`\n+)?^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```",
    re.DOTALL | re.MULTILINE,
)
COMMANDS = {
    "vidcap",
    "vidcap-run",
    "vidcap-score",
    "python",
    "pip",
    "bash",
    "source",
    "ruff",
    "mypy",
    "docker",
    "curl",
}
COMMANDS |= {"uv", "export", "lint-imports", "pre-commit"}
CHECKED = {
    "vidcap",
    "vidcap-run",
    "vidcap-score",
    "python",
    "pip",
    "bash",
    "ruff",
    "mypy",
    "lint-imports",
    "source",
    "uv",
}
"""Commands that are parsed, or whose files are looked for; a block with any other needs a mark."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where, what, and the comment before it."""

    page: str
    number: int
    language: str
    code: str
    mark: str

    @property
    def id(self) -> str:
        """For the names of tests."""
        return f"{self.page}-{self.number}"


def blocks_of(page: str, text: str) -> list[Block]:
    """The blocks of a page, in their order."""
    return [
        Block(page, number, match["language"], match["code"], match["mark"] or "")
        for number, match in enumerate(FENCE.finditer(text), 1)
    ]


BLOCKS = [
    block
    for path in PAGES
    for block in blocks_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
]


def complaints(block: Block) -> Iterator[str]:
    """What is wrong with a block that is not Python."""
    run_by = re.fullmatch(r"run by (\S+)", block.mark)
    if run_by and not (ROOT / run_by[1]).is_file():
        yield f"there is no {run_by[1]}"
    if run_by or re.match(r"not run: \w+", block.mark) or block.mark.startswith("file: "):
        return
    if block.language in ("", "console"):
        yield from of_commands(block.code)
    elif block.language == "json":
        for line in block.code.splitlines():
            json.loads(line)
    elif block.language == "yaml":
        yaml.safe_load(block.code)
    elif block.language == "toml":
        tomllib.loads(block.code)
    elif block.language not in ("python", "text", "diff"):
        yield f"'{block.language}' is no language that is checked: mark the block"


def of_commands(code: str) -> Iterator[str]:
    """What is wrong with a block of commands; what they print follows a line with `$`."""
    lines = [
        line for line in code.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    shown = any(line.startswith("$ ") for line in lines)
    for line in (line for line in lines if line.startswith("$ ") or not shown):
        for part in re.split(r" && | \| ", line.removeprefix("$ ")):
            words = shlex.split(part, comments=True)
            name = words[0].removeprefix(".venv/bin/")
            if name not in COMMANDS:
                yield f"'{name}' is no command: a block of what is printed is ```text"
            elif name not in CHECKED:
                yield f"'{name}' is not run by a test: mark the block"
            yield from missing_files(name, words[1:])


def missing_files(name: str, words: list[str]) -> Iterator[str]:
    """Scripts, options of scripts, and folders that a command names and that are not there."""
    if name in ("python", "bash") and words[0] != "-m":
        script = ROOT / words[0]
        if not script.is_file():
            yield f"there is no {words[0]}"
            return
        folder = [path.read_text(encoding="utf-8") for path in (script, *script.parent.glob("*.py"))]
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            if not any(f'"{option}"' in text for text in folder):
                yield f"{words[0]} has no option {option}"
    elif name in ("pip", "uv"):
        for flag, word in itertools.pairwise(words):
            folder = word.partition("[")[0]
            if flag == "-e" and not (ROOT / folder).is_dir() and not folder.startswith("vidcap-plugin-"):
                yield f"there is no {folder}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.id)
def test_a_block_is_checked_or_marked(block: Block) -> None:
    assert list(complaints(block)) == []


def test_what_is_wrong_with_a_block_is_noticed() -> None:
    text = """
```
python scripts/gone.py
python benchmarks/part_table.py --no-such-option
curl example.org
what is printed
```

<!-- not run: no such host -->
```
curl example.org
```

<!-- run by tests/gone.py -->
```python
x = 1
```

```perl
1
```
"""
    found = [list(complaints(block)) for block in blocks_of("page.md", text)]
    assert found == [
        [
            "there is no scripts/gone.py",
            "benchmarks/part_table.py has no option --no-such-option",
            "'curl' is not run by a test: mark the block",
            "'what' is no command: a block of what is printed is ```text",
        ],
        [],
        ["there is no tests/gone.py"],
        ["'perl' is no language that is checked: mark the block"],
    ]


PYTHON = [block for block in BLOCKS if block.language == "python" and not block.mark]
DIFFS = [block for block in BLOCKS if block.language == "diff"]


def is_config(code: str) -> bool:
    """Whether a block only sets sections of a config."""
    body = ast.parse(code).body
    names = [
        t.id for node in body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)
    ]
    return len(names) == len(body) and set(names) <= {"_base_", *schema.SECTIONS}


CONFIGS = [block for block in PYTHON if is_config(block.code)]
PROGRAMS = [block for block in PYTHON if block not in CONFIGS]


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.id)
def test_a_config_on_a_page_is_one(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole one becomes a recipe; of a part, phases and other records have the keys that there are."""
    monkeypatch.chdir(tmp_path)
    if "_base_" in block.code:
        Path("mine.py").write_text(block.code, encoding="utf-8")
        load_recipe("mine.py")
        return
    sections: dict[str, object] = {}
    exec(block.code, sections)
    phases = sections.get("phases")
    for phase in phases.values() if isinstance(phases, dict) else ():
        schema.Phase(**phase)
    if isinstance(sections.get("start_from"), dict):
        schema.StartFrom(**sections["start_from"])  # type: ignore[arg-type]


PRELUDES = {
    "docs/features.md": """
import numpy
from vidcap_core.api import FeatureWriter
with FeatureWriter("STORE", {"encoder": "Made"}, "float32") as writer:
    writer.add("video7", numpy.zeros((2, 3), "float32"))
""",
    "docs/metrics.md": """
import json
training_references = {"clip1": ["a man runs", "someone is running"], "clip2": ["a dog sits"]}
for name in ("val_1.json", "val_2.json"):
    file = {"v": {"duration": 9.0, "timestamps": [[0, 4]], "sentences": ["a man runs"]}}
    open(name, "w").write(json.dumps(file))
open("results.json", "w").write(json.dumps({"results": {"v": [{"sentence": "a man", "timestamp": [0, 4]}]}}))
""",
    "docs/report.md": """
import vidcap_core
predictions = [vidcap_core.load("runs/core-toy")("clip.mp4")]
""",
    "metrics/README.md": """
gts, res = {"a": [{"caption": "a man runs"}]}, {"a": [{"caption": "a man"}]}
""",
}
"""What the sentences around the blocks of a page take for granted."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run, the bundle and the clip that pages speak of."""
    import vidcap_core
    from vidcap_core.saved.export import export
    from vidcap_core.testing import write_video

    folder = tmp_path_factory.mktemp("pages")
    limits = [f"data.{split}.limit=4" for split in ("train", "val", "test")]
    recipe = load_recipe("core/toy", ["phases.caption.epochs=1", *limits])
    vidcap_core.train(recipe, work_dir=folder / "runs" / "core-toy", device="cpu", quiet=True)
    export(folder / "runs" / "core-toy", folder / "my-captioner")
    write_video(folder / "clip.mp4")
    write_video(folder / "my.mp4")
    return folder


@pytest.mark.parametrize("page", sorted({block.page for block in PROGRAMS}))
def test_the_programs_of_a_page_run(page: str, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, one after the other."""
    monkeypatch.chdir(world)
    names: dict[str, object] = {"__name__": "page"}
    exec(PRELUDES.get(page, ""), names)
    for block in (block for block in PROGRAMS if block.page == page):
        exec(compile(block.code, block.id, "exec"), names)


def test_what_changes_for_users_of_another_scorer_runs() -> None:
    """The lines of a diff that stay or come."""
    for block in DIFFS:
        lines = [line[1:] for line in block.code.splitlines() if line[:1] in "+ "]
        exec(PRELUDES.get(block.page, "") + "\n".join(lines), {})
    assert DIFFS
