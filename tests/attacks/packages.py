"""Plugins that are broken, each installed alone: the core works all the same, and says which one is broken."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from attacks.attempt import Attempt, Result

API = "from vidcap_core.api import hookimpl\nVIDCAP_API = 2\n"
HOOK = API + "@hookimpl\ndef vidcap_components():\n    return %s\n"
MODULES: dict[str, str | bytes] = {
    "raises": "raise RuntimeError('no')", "leaves": "import sys; sys.exit(3)", "interrupts": "raise SystemExit",
    "stops": "raise StopIteration", "asserts": "assert False", "deep": "def f(): f()\nf()", "syntax": "def (",
    "bytes": b"x = '\xff'", "nul": b"x = 1\0", "missing": "import nowhere_to_be_found", "empty": "",
    "old": "VIDCAP_API = 1", "new": "VIDCAP_API = 99", "text_api": "VIDCAP_API = 'two'", "memory": "raise MemoryError",
    "os_error": "open('/nowhere/at/all')", "unicode": "b'\\xff'.decode()", "indent": "if 1:\nx = 1",
    "unhashable": HOOK % "{'heads': {'A': []}}", "list": HOOK % "[1]", "number": HOOK % "3", "kind":
    HOOK % "{'haeds': {}}", "dotless": HOOK % "{'heads': {'A': 'x'}}", "gone": HOOK % "{'heads': {'A': 'nowhere:X'}}",
    "spaces": HOOK % "{'heads': {'A b': 'json:loads'}}", "dots": HOOK % "{'heads': {'a.b': 'json:loads'}}",
    "raising_hook": API + "@hookimpl\ndef vidcap_components():\n    1 / 0\n", "arguments":
    API + "@hookimpl\ndef vidcap_components(x, y):\n    return {}\n", "misspelt":
    API + "@hookimpl\ndef vidcap_componets():\n    return {}\n", "configs":
    API + "@hookimpl\ndef vidcap_configs():\n    return '/nowhere'\n", "card":
    API + "@hookimpl\ndef vidcap_card():\n    return 3\n", "unmarked":
    "VIDCAP_API = 2\ndef vidcap_components():\n    return {}\n",
}  # fmt: skip


def attempts(folder: Path) -> list[Attempt]:
    """`vidcap plugins` with each."""
    out = []
    for name, text in MODULES.items():
        site = folder / name
        package, info = site / f"attack_{name}", site / f"attack_{name}-1.0.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: attack-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vidcap.plugins]\nattack_{name} = attack_{name}\n")

        def before(site: Path = site) -> None:
            from vidcap_core.zoo import plugins

            os.chdir(site)
            sys.path.insert(0, str(site))
            plugins.discover.cache_clear()

        def right(result: Result, name: str = f"attack_{name}") -> str | None:
            rows = {row["name"]: row["reason"] for row in json.loads(result.out)}
            if rows.get("core", "absent") is not None:
                return f"the core: {rows.get('core')}"
            return None if rows.get(name) else f"nothing is said of {name}"

        out.append(Attempt(name, ["plugins", "--json"], frozenset({0, 1}), right, before))
    return out
