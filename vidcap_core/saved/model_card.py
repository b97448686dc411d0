"""The README.md of a bundle: what a model hub shows of it, made of the method's card and of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from vidcap_core.config.files import Config
from vidcap_core.zoo import cards

USE = """\
```
pip install vidcap-core{plugin}
vidcap caption VIDEO --model FOLDER        # or --model hf:OWNER/NAME
```

```python
import vidcap_core

captioner = vidcap_core.load("FOLDER")
print(captioner("clip.mp4").text)
```
"""


def model_card(config: Config, provenance: Mapping[str, Any], card: Path | None, distribution: str) -> str:
    """Metadata for a hub, then a page; distribution: of the plugin that it needs, if it needs one."""
    method = cards.read(card) if card is not None else None
    head = yaml.safe_dump(_metadata(config, method), sort_keys=False)
    return f"---\n{head}---\n\n" + "\n".join(_page(config, provenance, method, distribution)) + "\n"


def _metadata(config: Config, method: cards.Card | None) -> dict[str, Any]:
    licence = "" if method is None else method.licence.lower()
    named = {"license": licence if " " not in licence else "other"} if licence else {}
    return {
        "library_name": "vidcap",
        "pipeline_tag": "video-to-text",
        **named,
        "tags": ["video-captioning", *([config["method"]] if config.get("method") else [])],
        "datasets": sorted({_short(data) for data in config.get("data", {}).values()}),
        "metrics": [_short(metric) for metric in config.get("evaluate", {}).get("metrics", [])],
    }


def _page(
    config: Config, provenance: Mapping[str, Any], method: cards.Card | None, distribution: str
) -> Iterator[str]:
    yield f"# {method.title if method else config['head']['type']}\n"
    if method:
        yield f"{method.summary}\n"
    yield USE.format(plugin=f" {distribution}" if distribution else "")
    if scores := provenance.get("scores"):
        yield "| split | score | value |\n|---|---|---|"
        for split, values in scores.items():
            yield from (f"| {split} | {name} | {value:.4f} |" for name, value in values.items())
        yield ""
    yield from (
        f"Scored on {split}: {clips} clips.\n" for split, clips in provenance.get("clips", {}).items()
    )
    facts = {key: provenance.get(key) for key in ("seed", "commit", "machine")}
    if known := ", ".join(f"{key} {value}" for key, value in facts.items() if value is not None):
        yield f"Made with {known}."
    yield "The config, the versions and the hash of the training data are in `bundle.json`."
    if method and method.paper:
        paper = method.paper
        yield f"\nThe method: {', '.join(paper.authors)}: {paper.title}. {paper.venue}, {paper.year}."
    if method and method.limits:
        yield "\n## Limits\n"
        yield from (f"- {limit}" for limit in method.limits)


def _short(named: object) -> str:
    """The name of a data set or a metric, without the plugin or the module that offers it."""
    name = named["type"] if isinstance(named, dict) else str(named)
    return str(name).replace(":", ".").rpartition(".")[2].lower()
