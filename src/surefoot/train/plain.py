"""Settings as plain data and back: what `config.yaml` holds, complete and reloadable."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, cast

from surefoot.errors import InvalidConfig, UnknownName

T = typing.TypeVar("T")


def to_plain(config: Any) -> Any:
    """Dataclasses as dictionaries and tuples as lists, all the way down."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return {f.name: to_plain(getattr(config, f.name)) for f in dataclasses.fields(config)}
    if isinstance(config, tuple):
        return [to_plain(item) for item in cast("tuple[Any, ...]", config)]
    return config


def from_plain(cls: type[T], data: Any, where: str = "") -> T:
    """The dataclass `cls` from `to_plain`'s dictionary; missing fields take their defaults.

    Raises:
        UnknownName: The data has a field that `cls` does not have.
        InvalidConfig: A value is of the wrong kind or does not make sense.
    """
    if not isinstance(data, dict):
        raise InvalidConfig(f"{where or cls.__name__} must be a mapping, got {data!r}")
    generic: Any = typing.get_origin(cls) or cls
    chosen = dict(zip(getattr(generic, "__parameters__", ()), typing.get_args(cls), strict=True))
    hints = {k: chosen.get(v, v) for k, v in typing.get_type_hints(generic).items()}
    names = [f.name for f in dataclasses.fields(generic)]
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", data).items():
        if key not in names:
            raise UnknownName("setting", f"{where}{key}", names, cls.__name__)
        values[key] = _convert(hints[key], value, f"{where}{key}")
    try:
        return cls(**values)
    except TypeError as error:
        raise InvalidConfig(f"{where or cls.__name__} is incomplete: {error}") from None


def differences(a: Any, b: Any, where: str = "") -> list[str]:
    """Dotted names of the settings in which two plain descriptions differ, in their order."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return [] if a == b else [where]
    a, b = cast("dict[str, Any]", a), cast("dict[str, Any]", b)
    return [
        name
        for key in {**a, **b}
        for name in differences(a.get(key), b.get(key), f"{where}.{key}" if where else key)
    ]


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value, f"{where}.")
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        nested = [a for a in arguments if dataclasses.is_dataclass(a)]
        simple = [a for a in arguments if a is not type(None) and a not in nested]
        return _convert((nested if isinstance(value, dict) else simple)[0], value, where)
    if origin is typing.Literal:
        if value not in arguments:
            raise UnknownName("choice", str(value), map(str, arguments), where)
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidConfig(f"{where} must be a list, got {value!r}")
        return tuple(_convert(arguments[0], v, where) for v in cast("list[Any]", value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    kind = cast("type", hint)
    if not isinstance(value, kind) or (isinstance(value, bool) and hint is not bool):
        raise InvalidConfig(f"{where} must be of type {kind.__name__}, got {value!r}")
    return value
