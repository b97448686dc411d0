"""Find the installed plugins, check each one by itself, and remember why a broken one is broken."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import importlib_metadata
import pluggy

from vidcap_core.errors import PluginError
from vidcap_core.zoo import hookspecs, published
from vidcap_core.zoo.guarded_import import owner_of, points_of, watched
from vidcap_core.zoo.hookspecs import KINDS

COMMAND = re.compile(r"[A-Za-z][\w-]*")
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("vidcap_"))


@dataclass(slots=True)
class Plugin:
    """One entry point of the group `vidcap.plugins`, and what became of it."""

    name: str
    distribution: str
    version: str
    module: Any = None
    components: dict[str, dict[str, str]] = field(default_factory=dict)
    configs: Path | None = None
    card: Path | None = None
    commands: dict[str, str] = field(default_factory=dict)
    importers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None  # why it is broken, or None

    def config_names(self) -> list[str]:
        """What can be run as `plugin/NAME`; files that start with `_` are bases."""
        if self.configs is None:
            return []
        return sorted(p.stem for p in self.configs.glob("*.py") if not p.stem.startswith("_"))

    def bundles(self) -> dict[str, Path]:
        """The bundles it ships, by the name of a model: `plugin/NAME`, or its own name where it ships only one."""
        if self.card is None:
            return {}
        folders = sorted(path.parent for path in self.card.parent.glob("bundles/*/bundle.json"))
        return {self.name if len(folders) == 1 else f"{self.name}/{path.name}": path for path in folders}


@lru_cache(maxsize=1)
def discover() -> dict[str, Plugin]:
    """Every plugin by name, the core first. A broken one harms nobody; nothing heavy is imported."""
    by_name = {"core": _core()}
    disabled = _disabled()
    manager = hook_manager()
    points = [(p, owner_of(p)) for p in points_of(hookspecs.GROUP) if p.name not in disabled]
    claims = Counter(["core", *(point.name for point, _ in points)])
    for point, owner in sorted(points, key=lambda pair: (pair[0].name, pair[1])):
        plugin = Plugin(point.name, *owner)
        if claims[point.name] == 1:
            by_name[point.name] = plugin
            _load(plugin, point, manager)
        else:
            by_name[f"{point.name}@{plugin.distribution}"] = plugin
            owners = ["vidcap-core"] if point.name == "core" else []
            owners += [name for p, (name, _) in points if p.name == point.name]
            plugin.reason = (
                f"{' and '.join(owners)} both provide a plugin named '{point.name}'; uninstall one of them"
            )
    return by_name


def get(name: str) -> Plugin:
    """A working plugin by name, or an error that says why there is none."""
    plugins = discover()
    key = name.replace("-", "_").removeprefix("vidcap_plugin_")
    for plugin in plugins.values():
        if plugin.name == key and plugin.reason is not None and key != "core":
            raise broken_error(plugin)
    if key in plugins:
        return plugins[key]
    if key in _disabled():
        raise PluginError(
            f"plugin '{key}' is left out by VIDCAP_DISABLE_PLUGINS", hint="unset VIDCAP_DISABLE_PLUGINS"
        )
    close = difflib.get_close_matches(key, {**plugins, **published.PLUGINS}, n=1)
    suggestion = f"; did you mean '{close[0]}'?" if close else ""
    absent = next((known for known in (key, *close) if known in published.PLUGINS.keys() - plugins), None)
    raise PluginError(
        f"no plugin is named '{name}'{suggestion} (installed: {', '.join(plugins)})",
        hint=f"pip install {published.PLUGINS[absent]}" if absent else "vidcap plugins",
    )


def broken(name: str | None = None) -> list[Plugin]:
    """The broken plugins, or those of one name."""
    return [p for p in discover().values() if p.reason is not None and name in (None, p.name)]


def broken_error(plugin: Plugin) -> PluginError:
    """Why a broken plugin cannot be used, and what to do about it."""
    return PluginError(
        f"plugin '{plugin.name}' ({plugin.distribution} {plugin.version}) is broken: {plugin.reason}",
        hint=f"pip install --upgrade {plugin.distribution} (vidcap plugins shows all)",
    )


def describe(plugin: Plugin) -> dict[str, Any]:
    """A plugin as plain data."""
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "components": plugin.components,
        "configs": plugin.config_names(),
        "card": None if plugin.card is None else str(plugin.card),
        "commands": plugin.commands,
        "importers": plugin.importers,
        "reason": plugin.reason,
    }


def _core() -> Plugin:
    from vidcap_core.zoo import components
    from vidcap_core.zoo.version import __version__

    bases = Path(__file__).parents[1] / "config" / "bases"
    plugin = Plugin("core", "vidcap-core", __version__, module=components, configs=bases)
    plugin.components = {kind: dict(names) for kind, names in components.COMPONENTS.items()}
    plugin.card = bases / "card.yaml"
    return plugin


def _disabled() -> set[str]:
    return {name.strip() for name in os.environ.get("VIDCAP_DISABLE_PLUGINS", "").split(",")}


def _load(plugin: Plugin, point: importlib_metadata.EntryPoint, manager: pluggy.PluginManager) -> None:
    """Import one plugin and take down what it declares; whatever goes wrong becomes its reason."""
    try:
        with watched(f"plugin '{plugin.name}' ({plugin.distribution})", plugin.name):
            plugin.module = point.load()
            read_declarations(plugin, manager)
    except KeyboardInterrupt:  # a person's, who waits for an import that does not end
        raise
    except BaseException as error:  # a plugin may fail in any way; the others must go on
        if manager.has_plugin(point.name):
            manager.unregister(name=point.name)
        plugin.module = None
        plugin.components, plugin.configs, plugin.card = {}, None, None
        plugin.commands, plugin.importers = {}, {}
        plugin.reason = _reason(error)


def _check_module(module: object) -> None:
    if not isinstance(module, ModuleType):
        raise PluginError(f"its entry point names a {type(module).__name__}, not a module")
    api = getattr(module, "VIDCAP_API", None)
    if api != hookspecs.VIDCAP_API:
        stated = "states no VIDCAP_API" if api is None else f"is written for plugin API {api}"
        raise PluginError(f"it {stated}; this vidcap-core speaks API {hookspecs.VIDCAP_API}")
    for name in vars(module):
        if name.startswith("vidcap_") and callable(getattr(module, name)) and name not in HOOKS:
            close = difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.0)
            raise PluginError(f"'{name}' is no hook; did you mean '{close[0]}'?")
        if name in HOOKS and not hasattr(getattr(module, name), "vidcap_impl"):
            raise PluginError(f"'{name}' lacks @hookimpl (from vidcap_core.api import hookimpl)")


def hook_manager() -> pluggy.PluginManager:
    """A manager that knows our hooks, and no plugin yet."""
    manager = pluggy.PluginManager("vidcap")
    manager.add_hookspecs(hookspecs)
    return manager


def read_declarations(plugin: Plugin, manager: pluggy.PluginManager) -> None:
    """Ask a plugin's module through its hooks what it offers, and refuse what cannot work.

    pluggy's own entry-point loader is unguarded, and a call of a hook asks all plugins: here each is registered,
    checked against the specs and asked by itself.
    """
    _check_module(plugin.module)
    manager.register(plugin.module, plugin.name)
    manager.check_pending()
    others = [module for module in manager.get_plugins() if module is not plugin.module]
    for declared in manager.subset_hook_caller("vidcap_components", others)():
        plugin.components = _checked_components(declared)
    plugin.configs = _beside(plugin.module, "configs")
    for folder in manager.subset_hook_caller("vidcap_configs", others)():
        plugin.configs = _existing(folder, "vidcap_configs")
    plugin.card = _beside(plugin.module, "card.yaml") or _beside(plugin.module, "about/card.yaml")
    for card in manager.subset_hook_caller("vidcap_cards", others)():
        plugin.card = _existing(card, "vidcap_cards")
    manager.subset_hook_caller("vidcap_commands", others)(add=plugin.commands.__setitem__)
    for command, target in plugin.commands.items():
        if not (isinstance(command, str) and COMMAND.fullmatch(command) and isinstance(target, str)):
            raise PluginError(f"vidcap_commands() added {command!r}: {target!r}, not a name and a module")
    manager.subset_hook_caller("vidcap_importers", others)(add=plugin.importers.__setitem__)
    for name, target in plugin.importers.items():
        if not (isinstance(name, str) and COMMAND.fullmatch(name)):
            raise PluginError(f"vidcap_importers() added {name!r}, which is no name that can be typed")
        _check_component(f"importer '{name}'", name, str(target))


def _checked_components(declared: object) -> dict[str, dict[str, str]]:
    if not isinstance(declared, Mapping):
        raise PluginError(f"vidcap_components() gave {type(declared).__name__}, not a mapping")
    for kind, components in declared.items():
        if kind not in KINDS:
            raise PluginError(f"'{kind}' is no kind of component; kinds: {', '.join(KINDS)}")
        if not isinstance(components, Mapping):
            raise PluginError(
                f"vidcap_components() gave {type(components).__name__} for '{kind}', not a mapping"
            )
        for name, target in components.items():
            _check_component(f"{kind} '{name}'", name, str(target))
    return {kind: {n: str(target) for n, target in names.items()} for kind, names in declared.items()}


def _check_component(what: str, name: str, target: str) -> None:
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise PluginError(f"{what}: '{target}' is not of the form 'package.module:Attribute'")
    if not name.replace("-", "_").isidentifier():
        raise PluginError(f"{what}: '{name}' is not a name that can stand in a config")
    source = _source(module)
    if source is None:
        raise PluginError(f"{what}: there is no module '{module}'")
    if source and not re.search(rf"\b{re.escape(attribute)}\b", source):
        raise PluginError(f"{what}: {module} has no '{attribute}'")


def _source(module: str) -> str | None:
    """A module's text without running it: None where there is no module, "" where it has no text."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    if spec is None:
        return None
    if spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    return importlib.util.decode_source(Path(spec.origin).read_bytes())


def _existing(path: object, hook: str) -> Path:
    if not isinstance(path, (str, Path)):
        raise PluginError(f"{hook}() gave {type(path).__name__}, not a path")
    if not Path(path).exists():
        raise PluginError(f"{hook}() names {path}, which is not there")
    return Path(path)


def _beside(module: object, name: str) -> Path | None:
    """A file that lies in the plugin's package, or beside it in a source tree."""
    for package in map(Path, getattr(module, "__path__", ())):
        if (package / name).exists():
            return package / name
        if (package.parent / "pyproject.toml").is_file() and (package.parent / name).exists():
            return package.parent / name
    return None


def _reason(error: BaseException) -> str:
    """One line; for an error raised while the plugin was imported, with the place."""
    if isinstance(error, PluginError):
        return error.line
    try:
        text = " ".join(str(error).split()) or type(error).__name__
    except Exception:  # an author's own kind of error
        text = "an error that cannot say what it is"
    frames = list(traceback.walk_tb(error.__traceback__))
    location = f" ({Path(frames[-1][0].f_code.co_filename).name}:{frames[-1][1]})" if frames else ""
    return f"{type(error).__name__}: {text}{location}"
