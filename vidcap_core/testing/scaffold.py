"""The skeleton of a third party's plugin: a captioner that works, to be changed into another one."""

from __future__ import annotations

from pathlib import Path
from string import Template

from vidcap_core.errors import UserError
from vidcap_core.zoo.hookspecs import VIDCAP_API
from vidcap_core.zoo.version import __version__

TEMPLATES = Path(__file__).parent / "templates" / "plugin"


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


def files(name: str) -> dict[str, str]:
    """Every file of the skeleton: its path under the project's folder, and its text."""
    name = plugin_name(name)
    words = {
        "name": name,
        "module": f"vidcap_{name}",
        "dashed": name.replace("_", "-"),
        "head": "".join(part.capitalize() for part in name.split("_")) + "Head",
        "core": __version__,
        "api": str(VIDCAP_API),
    }
    texts = {}
    for template in sorted(TEMPLATES.rglob("*.in")):
        path = template.relative_to(TEMPLATES).with_suffix("").as_posix()
        text = Template(template.read_text(encoding="utf-8")).substitute(words)
        texts[path.replace("module/", f"{words['module']}/", 1)] = text
    return texts


def write(name: str, folder: Path | None = None) -> Path:
    """Write the skeleton into a new folder; nothing is overwritten."""
    texts = files(name)
    folder = folder or Path(f"vidcap-plugin-{plugin_name(name).replace('_', '-')}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder} is there already, and not empty", hint=f"vidcap new {name} --into ANOTHER_FOLDER"
        )
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}", hint=f"vidcap new {name} --into FOLDER"
        ) from error
    return folder
