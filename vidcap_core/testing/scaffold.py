"""The skeleton of a third party's plugin: parts that work, to be changed into others."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from string import Template

from vidcap_core.errors import UserError
from vidcap_core.testing.videos import write_video
from vidcap_core.zoo.hookspecs import KINDS as TABLES
from vidcap_core.zoo.hookspecs import VIDCAP_API
from vidcap_core.zoo.version import __version__

TEMPLATES = Path(__file__).parent / "templates"
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 60, 230), "white": (240, 240, 240)}
BESIDE = {"dataset": ["sample/*"], "model-head": ["model/*"]}
"""What of a kind's package is no code."""
SAMPLE_PARTS = ("train", "train", "val", "test")
"""The splits of a sample's videos: each colour once in each."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a skeleton brings: its kind of component, the module and the class, and what its card says."""

    table: str
    file: str
    suffix: str
    what: str
    summary: str
    fact: str
    limit: str


KINDS = {
    "head": Kind(
        "heads",
        "head",
        "Head",
        "A captioner",
        "Streams averaged over time, and a GRU that writes the words.",
        "streams are averaged over time",
        "It knows no order of frames.",
    ),
    "dense-head": Kind(
        "heads",
        "head",
        "Head",
        "A captioner of events",
        "Queries that look for events, each of which gives a span, a score and a text.",
        "the k-th event in time is taught to the k-th query",
        "It finds no more events than it has queries.",
    ),
    "encoder": Kind(
        "encoders",
        "encoder",
        "Encoder",
        "An encoder of frames",
        "Mean colours of frames on a coarse grid.",
        "a frame is described by its colours",
        "It knows no shapes.",
    ),
    "derived-encoder": Kind(
        "encoders",
        "encoder",
        "Encoder",
        "A stream made of others",
        "A stream less its mean over the training clips.",
        "the mean is taken over the training clips",
        "It tells nothing that its source does not tell.",
    ),
    "loss": Kind(
        "losses",
        "loss",
        "Loss",
        "A loss",
        "Cross-entropy in which words that are known already count less.",
        "a word's price is multiplied by (1 - p)^gamma",
        "It was compared with nothing.",
    ),
    "dataset": Kind(
        "datasets",
        "dataset",
        "Dataset",
        "A data set",
        "Videos with captions in a file of tab-separated lines.",
        "the sample's videos were made by code",
        "The sample is too small to learn from.",
    ),
    "transform": Kind(
        "transforms",
        "transform",
        "Transform",
        "A transform of samples",
        "Rows of streams are left out at random.",
        "one row of a stream stays",
        "It changes training alone.",
    ),
    "metric": Kind(
        "metrics",
        "metric",
        "Metric",
        "A metric",
        "The share of a caption's words that some reference has.",
        "a caption without words scores 0",
        "It does not ask in which order words come.",
    ),
    "tokenizer": Kind(
        "tokenizers",
        "tokenizer",
        "Tokenizer",
        "A tokenizer",
        "Letters as ids.",
        "letters are taken from the training captions",
        "A caption takes many steps.",
    ),
    "panel": Kind(
        "heads",
        "panel",
        "PanelHead",
        "A panel of the report",
        "A captioner whose report shows the words of each text.",
        "a bar is as long as its word",
        "It explains nothing.",
    ),
    "writer": Kind(
        "heads",
        "head",
        "Head",
        "A captioner that writes by itself",
        "Streams averaged over time, and all words of a text at once.",
        "no word knows the others",
        "It writes no text longer than `longest`.",
    ),
    "model-head": Kind(
        "heads",
        "head",
        "Head",
        "A whole model as a head",
        "A GIT with low-rank changes.",
        "the model's own weights stay as they are",
        "The model that comes with it has learnt nothing.",
    ),
    "command": Kind(
        "", "command", "", "A command", "What a config trains.", "a line a phase", "It only prints."
    ),
    "bundle": Kind(
        "",
        "bundle",
        "",
        "A trained model",
        "A captioner trained on toy videos.",
        "it saw toy videos alone",
        "It knows shapes that move.",
    ),
}
"""By the word that `vidcap new --kind` takes."""


def plugin_name(name: str) -> str:
    """The plugin's name behind `my_pooled`, `my-pooled` and `vidcap-plugin-my-pooled`."""
    plain = name.replace("-", "_").removeprefix("vidcap_plugin_")
    if not plain.isidentifier() or plain != plain.lower():
        raise UserError(
            f"'{name}' cannot name a plugin: lower-case letters, digits and _ only", hint="vidcap new pooled"
        )
    if plain == "core":
        raise UserError("'core' is vidcap's own name", hint="vidcap new pooled")
    return plain


def files(name: str, kind: str = "head") -> dict[str, str]:
    """Every text file of the skeleton: its path under the project's folder, and its text."""
    name, brings = plugin_name(name), _kind(kind)
    folders = [TEMPLATES / "plugin", TEMPLATES / "kinds" / kind]
    if kind == "panel":  # it shows what a head does, so it brings the head
        folders.insert(1, TEMPLATES / "kinds" / "head")
    templates = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*.in"))
    }
    words = _words(name, brings, kind, configs="configs/toy.py" in templates)
    return {
        path.replace("module/", f"{words['module']}/", 1): Template(
            template.read_text(encoding="utf-8")
        ).substitute(words)
        for path, template in templates.items()
    }


def write(name: str, folder: Path | None = None, kind: str = "head") -> Path:
    """Write the skeleton into a new folder; nothing is overwritten."""
    texts = files(name, kind)
    plugin = plugin_name(name)
    folder = folder or Path(f"vidcap-plugin-{plugin.replace('_', '-')}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder} is there already, and not empty",
            hint=f"vidcap new {name} --kind {kind} --into ANOTHER_FOLDER",
        )
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        if kind == "dataset":
            write_sample(folder / f"vidcap_{plugin}" / "sample")
        if kind == "model-head":
            from vidcap_core.testing.tiny_model import write_model

            write_model(folder / f"vidcap_{plugin}" / "model")
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}", hint=f"vidcap new {name} --into FOLDER"
        ) from error
    return folder


def write_sample(folder: Path) -> None:
    """Sixteen small videos, and what they show, in `captions.tsv`."""
    lines = []
    for index, part in enumerate(SAMPLE_PARTS):
        for colour, rgb in COLOURS.items():
            name = f"{colour}{index}"
            seconds = 1 + index / 4
            write_video(folder / f"{name}.mp4", seconds=seconds, fps=8, colour=rgb)
            captions = f"a {colour} square moves", f"the square is {colour}"
            lines += [f"{part}\t{name}\t{seconds}\t{caption}" for caption in captions]
    (folder / "captions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def first_use(name: str, kind: str) -> str:
    """The command that uses what a skeleton brings."""
    plain = plugin_name(name)
    return f"vidcap {plain.replace('_', '-')} core/toy" if kind == "command" else f"vidcap-run {plain}/toy"


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        close = difflib.get_close_matches(kind, KINDS, n=1)
        meant = f"; did you mean '{close[0]}'?" if close else ""
        raise UserError(
            f"no skeleton is of the kind '{kind}'{meant}", hint=f"vidcap new NAME --kind {'|'.join(KINDS)}"
        )
    return KINDS[kind]


def _words(name: str, brings: Kind, kind: str, configs: bool) -> dict[str, str]:
    """What the templates leave open."""
    module, dashed = f"vidcap_{name}", name.replace("_", "-")
    title = "".join(part.capitalize() for part in name.split("_"))
    folders = {f"{module}.about": ".", **({f"{module}.configs": "configs"} if configs else {})}
    packages = [module, *folders]
    return {
        "name": name,
        "module": module,
        "dashed": dashed,
        "class": title + brings.suffix,
        "head": f"{title}Head",
        "offered": name if brings.table == "metrics" else title + brings.suffix,
        "table": brings.table,
        "noun": TABLES.get(brings.table, kind),
        "file": brings.file,
        "what": brings.what,
        "summary": brings.summary,
        "fact": brings.fact,
        "limit": brings.limit,
        "use": first_use(name, kind),
        "core": __version__,
        "api": str(VIDCAP_API),
        "packages": _listed(packages),
        "package_dir": "\n".join(f'"{package}" = "{folder}"' for package, folder in folders.items()),
        "module_data": _listed(["py.typed", *BESIDE.get(kind, [])]),
        "about_data": _listed(["card.yaml", *(["bundles/*/*"] if kind == "bundle" else [])]),
    }


def _listed(values: list[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)
