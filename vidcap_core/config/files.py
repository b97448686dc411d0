"""Read a config: plain Python data, bases across packages, `plugin/name` as well as a path, and `--set`."""

from __future__ import annotations

import ast
import json
import pprint
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.config.merge import merge, take_away
from vidcap_core.config.paths import KeyPath, dotted
from vidcap_core.errors import ConfigError, PluginError, UserError, in_a_line
from vidcap_core.zoo import plugins
from vidcap_core.zoo.arguments import meant

CORE_CONFIGS = Path(__file__).parent / "bases"
BASES = "vidcap://"
PLAIN = (type(None), bool, int, float, str)
DEEPEST = 50
"""Keys of a config, one inside the other."""


@dataclass(slots=True)
class Config(Mapping[str, Any]):
    """A run as data, with the file that said each key."""

    name: str
    data: dict[str, Any]
    origins: dict[KeyPath, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def origin(self, path: KeyPath) -> str:
        """The file (or option) that set a key, or the nearest key above it."""
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path[:-1]
        return self.name

    def error(self, path: KeyPath, message: str, hint: str | None = None) -> ConfigError:
        """An error in the form `file: key.path: reason`."""
        return ConfigError(f"{self.origin(path)}: {dotted(path)}: {message}", hint=hint)

    def wrap(self, path: KeyPath, error: UserError) -> ConfigError:
        """An error of what stands at a path, with its hint, as an error of the config."""
        return error.wrap(f"{self.origin(path)}: {dotted(path)}", ConfigError)

    def text(self) -> str:
        """The resolved config as Python that loads to the same data."""
        return "\n".join(
            f"{key} = {pprint.pformat(value, width=110, sort_dicts=False)}"
            for key, value in self.data.items()
        )

    def to_json(self) -> str:
        """The resolved config as JSON: how runs and bundles store it, since data never executes."""
        return json.dumps(self.data, indent=1)


def load_config(name: str | Path, changes: Iterable[str] = ()) -> Config:
    """A config by path or `plugin/name`, with `--set` changes applied. Nothing is validated yet."""
    path = find_config(name)
    config = Config(str(name), {})
    _merge_file(config, path, ())
    for change in changes:
        set_key(config, change)
    return config


def config_from_json(text: str, name: str) -> Config:
    """A config stored as data; nothing in it is executed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: holds {type(data).__name__}, not a config")
    return Config(name, data)


def find_config(name: str | Path) -> Path:
    """The file behind a path, a `plugin/name`, or a base of the core (`vidcap://datasets/toy.py`)."""
    if str(name).startswith(BASES):
        return _core_base(str(name).removeprefix(BASES))
    path = Path(name)
    if path.suffix == ".py":
        if path.is_file():
            return path
        raise ConfigError(f"{path}: there is no such config", hint="vidcap list configs")
    plugin_name, slash, config_name = str(name).partition("/")
    if not slash:
        raise ConfigError(
            f"'{name}' is neither a .py file nor of the form plugin/name{_close(str(name))}",
            hint="vidcap list configs",
        )
    plugin = plugins.get(plugin_name)
    known = plugin.config_names()
    file = Path(f"{config_name}.py")
    inside = ".." not in file.parts and not file.is_absolute()  # `core/../x`, `core//x` could lead anywhere
    if plugin.configs is not None and inside and (plugin.configs / file).is_file():
        return plugin.configs / file
    raise ConfigError(
        f"plugin '{plugin.name}' has no config '{config_name}'{meant(config_name, known)}",
        hint="vidcap list configs",
    )


def _close(name: str) -> str:
    """The config of a plugin that goes by this name, where one does."""
    for plugin in plugins.discover().values():
        if name in plugin.config_names():
            return f"; did you mean '{plugin.name}/{name}'?"
    return ""


def expand_names(names: Iterable[str]) -> list[str]:
    """Configs by name, by file or by folder; without any, all that are installed."""
    expanded: list[str] = []
    for name in names:
        folder = Path(name)
        if not folder.is_dir():
            expanded.append(name)
            continue
        files = sorted(str(p) for p in folder.glob("*.py") if not p.stem.startswith("_"))
        if not files:
            raise ConfigError(f"{name}: this folder holds no config", hint="vidcap list configs")
        expanded += files
    working = [plugin for plugin in plugins.discover().values() if plugin.reason is None]
    return expanded or [f"{plugin.name}/{config}" for plugin in working for config in plugin.config_names()]


def set_key(config: Config, change: str) -> None:
    """Apply one `a.b=c`; the value is a Python literal, or else a string."""
    key, equals, raw = change.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {change}: not of the form key.path=value", hint="--set head.layers=3")
    path: KeyPath = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    origin = f"--set {key}"
    node: Any = config.data
    for depth, part in enumerate(path[:-1], 1):
        if isinstance(node, dict) and str(part) not in node:
            config.origins[path[:depth]] = origin
        node = _child(node, part, origin)
    last = path[-1]
    if path[0] == "phases" and len(path) == 3 and isinstance(node, dict):
        take_away(node, {last: literal(raw)})
    if isinstance(node, list):
        _child(node, last, origin)
        node[int(last)] = literal(raw)
    elif isinstance(node, dict):
        node[str(last)] = literal(raw)
    else:
        raise ConfigError(f"{origin}: the key above it holds {type(node).__name__}, which has no keys")
    config.origins[path] = origin


def literal(raw: str) -> Any:
    """A Python literal where the text is one, else the text itself."""
    try:
        return ast.literal_eval(raw)
    except (ValueError, SyntaxError):
        return raw


def _child(node: object, part: str | int, origin: str) -> Any:
    """The item of a list, or the value of a key, which is made where it is not there."""
    if isinstance(node, list):
        if isinstance(part, int) and part < len(node):
            return node[part]
        raise ConfigError(f"{origin}: the list has {len(node)} items, and no item '{part}'")
    if isinstance(node, dict):
        return node.setdefault(str(part), {})
    raise ConfigError(f"{origin}: '{part}' lies under a {type(node).__name__}, which has no keys")


def _merge_file(config: Config, path: Path, chain: tuple[Path, ...]) -> None:
    path = path.resolve()
    if path in chain:
        raise ConfigError(f"{path}: is its own base, through {' -> '.join(p.name for p in (*chain, path))}")
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise ConfigError(f"{_shown(path)}:{error.lineno}: syntax error: {error.msg}") from error
    except OSError as error:
        raise ConfigError(f"{_shown(path)}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"{_shown(path)}: cannot be read as Python: {in_a_line(error)}") from error
    for base in _bases(tree, path):
        _merge_file(config, _find_base(base, path), (*chain, path))
    namespace: dict[str, Any] = {"__file__": str(path), "__name__": "vidcap_config"}
    try:
        exec(compile(tree, str(path), "exec"), namespace)
    except Exception as error:
        line = (
            error.__traceback__.tb_next.tb_lineno
            if error.__traceback__ and error.__traceback__.tb_next
            else "?"
        )
        raise ConfigError(f"{_shown(path)}:{line}: {type(error).__name__}: {error}") from error
    for key, value in namespace.items():
        if key.startswith("_") or isinstance(value, (types.ModuleType, types.FunctionType)):
            continue
        _check_plain(value, (key,), path)
        merge(config.origins, config.data, key, value, (), _shown(path))


def _bases(tree: ast.Module, path: Path) -> list[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "_base_" for t in statement.targets
        ):
            try:
                bases = ast.literal_eval(statement.value)
            except ValueError:
                bases = None
            bases = [bases] if isinstance(bases, str) else bases
            if isinstance(bases, (list, tuple)) and all(isinstance(base, str) for base in bases):
                return list(bases)
            location = f"{_shown(path)}:{statement.lineno}"
            raise ConfigError(f"{location}: _base_ must be written out, as a list of strings")
    return []


def _find_base(base: str, path: Path) -> Path:
    if base.endswith(".py") and not base.startswith(BASES):
        base_path = path.parent / base
        if not base_path.is_file():
            raise ConfigError(
                f"{_shown(path)}: _base_ '{base}' is not there (looked for {_shown(base_path)})"
            )
        return base_path
    try:
        return find_config(base)
    except (ConfigError, PluginError) as error:
        raise error.wrap(f"{_shown(path)}: _base_ '{base}'", ConfigError) from error


def _core_base(inside: str) -> Path:
    if (path := CORE_CONFIGS / inside).is_file():
        return path
    known = sorted(file.relative_to(CORE_CONFIGS).as_posix() for file in CORE_CONFIGS.rglob("*.py"))
    raise ConfigError(f"the core has no config '{inside}'{meant(inside, known)}")


def _check_plain(value: object, path: KeyPath, file: Path) -> None:
    if len(path) > DEEPEST:
        raise ConfigError(f"{_shown(file)}: {dotted(path[:1])} holds itself, or is nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{_shown(file)}: {dotted(path)}: the key {key!r} is not a string")
            _check_plain(item, (*path, key), file)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check_plain(item, (*path, index), file)
    elif not isinstance(value, PLAIN):
        raise ConfigError(
            f"{_shown(file)}: {dotted(path)}: {type(value).__name__} is not plain data; name types as strings"
        )


def _shown(path: Path) -> str:
    """A path as short as it can be said."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
