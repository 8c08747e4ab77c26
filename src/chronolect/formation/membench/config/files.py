"""Configuration files read in layers: the defaults, what a file extends, the file, the command line. Each value knows where it comes from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.membench.config.schema import Config

PRESETS = Path(__file__).parents[3] / "data" / "formation"
BASE = "chrono_membench"
_EXTENDS = "extends"


class _Loader(yaml.SafeLoader):
    """YAML in which 3e-5 is a number, as in YAML 1.2 (PyYAML's 1.1 wants 3.0e-5 and takes the other for text)."""


_Loader.add_implicit_resolver(  # type: ignore[no-untyped-call]
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+"), list("-+.0123456789")
)


@dataclass(frozen=True)
class Value:
    """A value and where it comes from: `preset tiny`, `my.yaml:12`, `--temporal-dropout-rate`."""

    value: Any
    origin: str


Layers = dict[str, Value]  # by key with its sections, the last layer's word


@cache
def keys_of(kind: type = Config, prefix: str = "") -> Mapping[str, Any]:
    """All keys with their types; those below a name of the user's own have that as `*`: `model.paths.*.local`."""
    found: dict[str, Any] = {}
    for name, hint in _hints(kind).items():
        section = _section(hint)
        if section is None:
            found[prefix + name] = hint
        else:
            found |= keys_of(section, f"{prefix}{name}{'.*' if section is not hint else ''}.")
    return found


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def preset_names() -> list[str]:
    """The presets, sorted."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml") if path.stem != "sources")


def preset_path(name: str) -> Path:
    """The file of a preset.

    Raises:
        UserError: For an unknown name.
    """
    known = preset_names()
    if name not in known:
        raise UserError(f"{name}: no such preset; one of {', '.join(known)}{did_you_mean(name, known)}")
    return PRESETS / f"{name}.yaml"


def read_layers(file: Path | None, overrides: Iterable[tuple[str, Any, str]] = ()) -> Layers:
    """The values of a file on those it extends and on the defaults, with changes on top.

    Args:
        file: The configuration file; None for the defaults.
        overrides: Key, value and what set it, such as a flag.

    Raises:
        UserError: For what is no YAML, an unknown key (with its line), a value of the wrong type, or a circle of `extends`.
    """
    layers: Layers = {}
    for path in _chain(file):
        layers |= _read(path)
    for key, value, origin in overrides:
        _require_known(key, origin)
        layers[key] = Value(_checked(key, value, origin), origin)
    return layers


def parse_change(text: str) -> tuple[str, Any, str]:
    """`chrono.route_sae.k=16` as key, value and origin.

    Raises:
        UserError: Where it has no `=`, or its value is no YAML.
    """
    key, sign, value = text.partition("=")
    if not sign:
        raise UserError(f"--set {text}: expected KEY=VALUE, such as chrono.route_sae.k=16")
    try:
        return key.strip(), yaml.load(value, Loader=_Loader), f"--set {key.strip()}"
    except yaml.YAMLError:
        raise UserError(f"--set {text}: {value} is no value") from None


def build(layers: Layers) -> Config:
    """The configuration that the layers come to."""
    nested: dict[str, Any] = {}
    for key, found in layers.items():
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = found.value
    result: Config = _make(Config, nested)
    return result


def _chain(file: Path | None) -> list[Path]:
    """The files from the defaults to this one, each after the one it extends."""
    base = preset_path(BASE)
    chain: list[Path] = []
    current = file
    while current is not None and current.resolve() != base.resolve():
        if current in chain:
            raise UserError(f"{current}: extends itself by way of {', '.join(str(path) for path in chain)}")
        chain.append(current)
        extends = _load(current).get(_EXTENDS)
        if extends is not None and not isinstance(extends, str):
            raise UserError(f"{current}: extends needs a preset's name or a file, found {extends!r}")
        current = _extended(extends, current) if extends else None
    return [base, *reversed(chain)]


def _extended(name: str, file: Path) -> Path:
    if name.endswith((".yaml", ".yml")):
        path = file.parent / name
        if not path.is_file():
            raise UserError(f"{file}: extends {name}: no such file beside it")
        return path
    try:
        return preset_path(name)
    except UserError as error:
        raise UserError(f"{file}: extends {error}") from None


def _load(file: Path) -> dict[str, Any]:
    node = _compose(file)
    found: dict[str, Any] = _Loader("").construct_document(node) if node is not None else {}
    return found


def _compose(file: Path) -> yaml.MappingNode | None:
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise UserError(
            f"{file}: no such configuration; `chronolect formation configs` lists those there are"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not valid YAML ({' '.join(str(error).split())})") from None
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise UserError(
            f"{file}: expected sections such as model, dataset and chrono, found {node.tag.rpartition(':')[2]}"
        )
    return node


def _read(file: Path) -> Layers:
    """The values of one file alone."""
    node = _compose(file)
    shipped = file.parent == PRESETS
    found: Layers = {}
    seen: dict[str, int] = {}
    for key, value, line in _leaves(node, Config, "", file) if node is not None else ():
        where = f"{file}:{line}"
        if key in seen:
            raise UserError(f"{where}: {key} is there already, in line {seen[key]}")
        seen[key] = line
        origin = f"preset {file.stem}" if shipped else where
        found[key] = Value(_checked(key, value, where), origin)
    return found


def _leaves(node: yaml.MappingNode, kind: type, prefix: str, file: Path) -> Iterator[tuple[str, Any, int]]:
    hints = _hints(kind)
    for name_node, value_node in node.value:
        name, line = str(name_node.value), name_node.start_mark.line + 1
        if not prefix and name == _EXTENDS:
            continue
        if name not in hints:
            where = f" in {prefix.rstrip('.')}" if prefix else ""
            suggestion = did_you_mean(name, hints) or _elsewhere(name)
            raise UserError(f'{file}:{line}: unknown key "{name}"{where}{suggestion}')
        section = _section(hints[name])
        if section is None:
            yield prefix + name, _Loader("").construct_document(value_node), line
            continue
        if not isinstance(value_node, yaml.MappingNode):
            raise UserError(f"{file}:{line}: {prefix}{name} is a section; expected keys below it")
        if section is hints[name]:
            yield from _leaves(value_node, section, f"{prefix}{name}.", file)
            continue
        for own_node, below in value_node.value:
            own = f"{prefix}{name}.{own_node.value}."
            if not isinstance(below, yaml.MappingNode):
                raise UserError(
                    f"{file}:{own_node.start_mark.line + 1}: {own[:-1]} is a section; expected keys below it"
                )
            yield from _leaves(below, section, own, file)


def _elsewhere(name: str) -> str:
    """Where a key belongs that stands in the wrong section."""
    places = [key for key in keys_of() if key.rpartition(".")[2] == name]
    return f" (it belongs to {places[0].rpartition('.')[0]})" if len(places) == 1 else ""


def _section(hint: Any) -> type | None:
    """The dataclass below a key, also where its names are the user's own."""
    if get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
        hint = get_args(hint)[1]
    return hint if isinstance(hint, type) and is_dataclass(hint) else None


def _kind(key: str) -> Any:
    """The type of a key, None for an unknown one."""
    kinds = keys_of()
    parts = key.split(".")
    wild = ".".join([*parts[:2], "*", *parts[3:]]) if parts[:2] == ["model", "paths"] and len(parts) == 4 else key
    return kinds.get(wild)


def _require_known(key: str, origin: str) -> None:
    if _kind(key) is None:
        short = [known for known in keys_of() if known.rpartition(".")[2] == key]
        hint = f' (did you mean "{short[0]}"?)' if short else did_you_mean(key, keys_of())
        raise UserError(f'{origin}: unknown key "{key}"{hint}')


def _checked(key: str, value: Any, where: str) -> Any:
    if key == "environment.mixed_precision" and value is False:
        value = "no"  # what YAML makes of a bare no
    try:
        return TypeAdapter(_kind(key), config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        context = first.get("ctx", {})
        words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        found = first["input"]
        suggestion = did_you_mean(str(found), words) if words else ""
        raise UserError(f"{where}: {key}: {first['msg']}, found {found!r}{suggestion}") from None


def _make(kind: Any, values: Mapping[str, Any]) -> Any:
    arguments: dict[str, Any] = {}
    for name, hint in _hints(kind).items():
        section = _section(hint)
        if section is None:
            if name in values:  # a model's own places may name one of the two
                arguments[name] = values[name]
        elif section is hint:
            arguments[name] = _make(section, values[name])
        else:
            arguments[name] = {own: _make(section, below) for own, below in values[name].items()}
    return kind(**arguments)
