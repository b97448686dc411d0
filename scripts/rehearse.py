"""Walk the commands of a method's README, from the official files to the paper's table, on a dwarf of its data set.

    python scripts/rehearse.py srvc_la/msvd          # one config, or several
    python scripts/rehearse.py --all --write         # every paper config, into the table of docs/rehearsal.md

The commands are those of the section SECTION of the method's README. What is added to them makes them small: weights
of random numbers, few rows a clip, few steps. The run is stopped after its first step, so that `--resume` has
work to do.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidcap_core.testing import measured

ROOT = Path(__file__).resolve().parents[1]
SECTION = "From the official files to the paper's table"
METHODS = ("srvc_la", "mffcl", "spectrum", "wsdvc_mask")
SMALL_ONES = ("toy", "made_up", "msvd_part")
"""Configs that begin so are for a CPU, and no paper's."""
STEPS = [
    "prepare",
    "check",
    "config",
    "extract",
    "train",
    "resume",
    "test",
    "predict",
    "export",
    "caption",
    "report",
]
HEADS: dict[str, dict[str, int]] = {
    "srvc_la": {"d_model": 64, "rnn_size": 64, "att_size": 64, "emb_size": 64, "enc_ff": 64},
    "mffcl": {"width": 64, "heads": 4, "feed": 64, "layers": 1, "contrast": 64},
    "spectrum": {"width": 64, "feed": 64},
    "wsdvc_mask": {"layers": 1, "feed": 64, "locate_feed": 64},
}
"""Sizes of the heads; streams stay as wide as the published encoders make them."""
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "rehearsal.json", ROOT / "docs" / "rehearsal.md"


def paper_configs() -> list[str]:
    """Every config of the four methods that wants the data of a paper."""
    names = [
        f"{method}/{file.stem}"
        for method in METHODS
        for file in sorted((ROOT / "plugins" / method / "configs").glob("*.py"))
    ]
    return [name for name in names if not name.partition("/")[2].startswith(("_", *SMALL_ONES))]


def commands(method: str) -> list[list[str]]:
    """The commands of the README's section, word by word."""
    text = (ROOT / "plugins" / method / "README.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {SECTION}\n")[2]
    block = re.search(r"^```\w*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    if block is None:
        raise SystemExit(f"plugins/{method}/README.md: has no commands under '{SECTION}'")
    return [
        shlex.split(line, comments=True)
        for line in block[1].replace("\\\n", " ").splitlines()
        if line.strip()
    ]


def step_of(words: list[str]) -> str:
    """The step that a command is, by its name in the table."""
    if words[0] == "vidcap-run":
        return "resume" if "--resume" in words else next((w for w in words[2:3] if w in STEPS), "train")
    if words[1] in ("data", "config", "features"):
        return "config" if words[1] == "config" else words[2]
    return words[1]


def walk(name: str, place: Path) -> Iterator[tuple[str, str]]:
    """Each step with "ok", or with what went wrong; the first one that does ends the walk."""
    from dwarf_data import make_dwarf

    from vidcap_core.config.files import load_config

    method, _, config = name.partition("/")
    data = data_of(load_config(name).data)
    film = make_dwarf(data, place / "downloads" / data)
    values = {"DATA": data, "CONFIG": config, "HOME": str(place)}
    changes = [word for change in shrunk(name, place) for word in ("--set", change)]
    os.chdir(place)
    shutil.copy(film, "my.mp4")
    for words in commands(method):
        if words[0] == "export":
            pairs = dict(word.split("=", 1) for word in words[1:])
            os.environ["VIDCAP_DATA"] = pairs["VIDCAP_DATA"].replace("~", str(place))
            continue
        step, words = step_of(words), [filled(word, values) for word in words]
        if step in ("config", "extract", "train", "resume", "test", "predict"):
            words += changes
        if step == "train":
            words += ["--set", "runtime.max_time=0"]
        problem = run(words) or missing_result(step, place, config)
        yield step, problem or "ok"
        if problem:
            return


def run(words: list[str]) -> str | None:
    """One command, as typed; None where it did what it should."""
    from vidcap_core.cli.main import main

    written = io.BytesIO()
    said = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main(["run", *words[1:]] if words[0] == "vidcap-run" else words[1:])
        except SystemExit as end:
            code = int(end.code or 0)
    text = written.getvalue().decode(errors="replace")
    with open("log.txt", "a", encoding="utf-8") as log:
        log.write(f"$ {shlex.join(words)}\n{text}\n")
    lines = [line for line in text.splitlines() if line.strip()]
    return None if code == 0 else f"exit code {code}: {' / '.join(lines[-3:])}"


def missing_result(step: str, place: Path, config: str) -> str | None:
    """What a step should have left and did not."""
    run_folder = place / "runs" / config
    wanted = {
        "train": run_folder / "checkpoints",
        "test": run_folder / "scores-test.json",
        "predict": run_folder / "predictions-test.json",
        "report": run_folder / "report-test.html",
        "export": place / "models" / config / "bundle.json",
    }.get(step)
    if wanted is not None and not wanted.exists():
        return f"{wanted.name} is not there"
    if step == "train" and (run_folder / "scores-val.json").exists():
        return "it was not stopped, so there is nothing to resume"
    if step == "resume" and not (run_folder / "scores-val.json").exists():
        return "it did not come to the end"
    return None


def filled(word: str, values: dict[str, str]) -> str:
    """A word with its shell variables, and the home folder."""
    word = re.sub(r"^~(?=/)", values["HOME"], word)
    return re.sub(r"\$(\w+)", lambda m: values.get(m[1], os.environ.get(m[1], "")), word)


def data_of(config: dict[str, Any]) -> str:
    """The data set of a config."""
    from vidcap_core.zoo.registry import DATASETS

    return str(DATASETS.load(config["data"]["train"]["type"]).name)


def shrunk(name: str, place: Path) -> list[str]:
    """The keys that make a config small, with weights that are written for it."""
    import dwarf_weights as weights

    from vidcap_core.config.files import load_config

    config = load_config(name).data
    folder = place / "weights"
    widths = config["head"]["streams"]
    changes: dict[str, Any] = {"runtime.batch": 8, "runtime.log_every": 1}
    for phase, said in config["phases"].items():
        changes |= {f"phases.{phase}.steps": 2} if said.get("steps") else {f"phases.{phase}.epochs": 1}
        changes |= {f"phases.{phase}.batch": 8} if "batch" in said else {}
    for section in ("encoders", "extract"):
        for stream, said in config.get(section, {}).items():
            at = f"{section}.{stream}"
            if said["type"] == "OpenClipImage":
                width = widths.get(stream, 512)
                changes[f"{at}.model"] = weights.clip(folder / stream, width)
                changes[f"{at}.pretrained"] = True
                changes |= {f"{at}.frames": 3} if isinstance(said["frames"], int) else {}
            elif said["type"] == "TimmImage":
                changes[f"{at}.pretrained"] = weights.timm(
                    folder / f"{said['model']}.safetensors", said["model"]
                )
                changes[f"{at}.frames"] = 1
            elif said["type"] == "ResNeXt3D":
                weights.resnext3d(place / said["pretrained"])
                changes[f"{at}.clips"] = 1
            elif said["type"] == "VGGish":
                weights.vggish(place / said["pretrained"])
                changes[f"{at}.rows"] = 2
            elif said["type"] == "spectrum.RetrievedCaptions":
                changes[f"{at}.text.model"] = weights.clip(folder / "text", 512)
                changes[f"{at}.text.pretrained"] = True
            elif said["type"] == "mffcl.TimeSformer":
                changes[f"{at}.model"] = weights.timesformer(folder / "timesformer")
            elif said["type"] == "HFText":
                changes[f"{at}.model"] = weights.bert(folder / "bert")
    changes |= {f"head.{key}": size for key, size in HEADS[name.partition("/")[0]].items()}
    if isinstance(language := config["head"].get("lm"), str):
        width = 768 if "wsdvc_mask" in name else 64  # frames enter ILCACM's language model as they are
        lm = weights.gpt2(folder / language, width)
        changes |= {"head.lm": lm, "tokenizer.name": lm}
    return [f"{key}={value!r}" for key, value in changes.items()]


def rehearse(names: list[str], keep: Path | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Configs one after the other in a process of their own, each with its steps."""
    place = keep or Path(tempfile.mkdtemp(prefix="rehearse-"))
    known = {
        key: value for key, value in os.environ.items() if key not in ("VIDCAP_SHARED_DATA", "VIDCAP_DATA")
    }
    quiet = {"HF_HUB_OFFLINE": "1", "VIDCAP_CACHE": str(place / "cache"), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, __file__, *names, "--here", str(place.resolve())]
    with subprocess.Popen(command, env={**known, **quiet}, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            name, steps = json.loads(line)
            yield name, steps
    if keep is None:
        shutil.rmtree(place)


def walk_all(names: list[str], place: Path) -> None:
    """A line of JSON for each config."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is no answer
    for name in names:
        folder = place / name.replace("/", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        steps = dict(walk(name, folder))
        print(json.dumps([name, steps]), file=answers, flush=True)


def stored() -> dict[str, dict[str, str]]:
    """The rows that were walked before."""
    if not RESULTS.is_file():
        return {}
    rows: dict[str, dict[str, str]] = json.loads(RESULTS.read_text(encoding="utf-8"))["configs"]
    return rows


def page(results: dict[str, dict[str, str]]) -> str:
    """The table, with what it says and does not say."""
    head = (ROOT / "scripts" / "rehearsal_head.md").read_text(encoding="utf-8").rstrip()
    cells = {"ok": "ok", None: ""}
    rows = [f"| config | {' | '.join(STEPS)} |", "|---" * (len(STEPS) + 1) + "|"]
    rows += [
        f"| `{name}` | {' | '.join(cells.get(steps.get(step), '**no**') for step in STEPS)} |"
        for name, steps in results.items()
    ]
    return "\n".join([head, "", *rows, ""])


def main() -> int:
    """Walk, print, and keep the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", nargs="*", metavar="CONFIG", help="such as srvc_la/msvd")
    parser.add_argument("--all", action="store_true", help="every paper config")
    parser.add_argument("--write", action="store_true", help="put the rows into docs/rehearsal.md")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep what is made, with a log.txt for each config"
    )
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        walk_all(args.configs, args.here)
        return 0
    wanted = args.configs or (paper_configs() if args.all else [])
    results: dict[str, dict[str, str]] = {}
    for name, steps in rehearse(wanted, args.keep):
        results[name] = steps
        wrong = {step: said for step, said in steps.items() if said != "ok"}
        print(
            f"{name}: {', '.join(f'{step}: {said}' for step, said in wrong.items()) or 'all ok'}", flush=True
        )
        if args.write:
            known = {**stored(), name: steps}
            rows = {each: known[each] for each in paper_configs() if each in known}
            measured.write(RESULTS, {"configs": rows})
            PAGE.write_text(page(rows), encoding="utf-8")
    whole = all(
        set(steps.values()) == {"ok"} and sorted(steps) == sorted(STEPS) for steps in results.values()
    )
    return int(not whole or [*results] != wanted)


if __name__ == "__main__":
    sys.exit(main())
