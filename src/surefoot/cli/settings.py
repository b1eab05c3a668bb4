"""Every field of a run's settings as a typed flag, with tyro."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import sys
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from surefoot.cli.parser import unknown_argument
from surefoot.errors import InvalidConfig

SettingsT = typing.TypeVar("SettingsT")


def read_settings(
    preset: SettingsT,
    argv: Sequence[str],
    *,
    prog: str,
    description: str,
    other_flags: Iterable[str],
) -> SettingsT:
    """The preset with the flags applied; answers --help.

    Args:
        preset: Settings to begin from.
        argv: Flags, as `--algo.learning-rate 1e-3`.
        prog: What the user typed before them.
        description: What --help begins with.
        other_flags: What else the user may have meant.

    Raises:
        UnknownName: There is no such flag; the error has the nearest ones.
        InvalidConfig: The settings cannot work.
        SystemExit: --help, or a value of the wrong kind: tyro has said it.
    """
    import tyro

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            config, rest = tyro.cli(
                _specific(preset),
                default=preset,
                args=argv,
                prog=prog,
                description=description,
                config=(tyro.conf.FlagConversionOff, tyro.conf.SuppressFixed),
                return_unknown_args=True,
            )
    except SystemExit as exit_:
        refused = _refusal(exit_)
        if refused is not None:  # ours says it in one sentence, without tyro's box around it
            raise refused from None
        sys.stderr.write(said.getvalue())
        raise
    if rest:
        raise unknown_argument(rest, [*_flags(preset), *other_flags], prog)
    return config


def _specific(preset: Any) -> Any:
    """The preset's class with the types that its generic fields have in this preset."""
    cls: Any = type(preset)
    hints = typing.get_type_hints(cls)
    fields = {hint: name for name, hint in hints.items() if isinstance(hint, typing.TypeVar)}
    return cls[*(type(getattr(preset, fields[p])) for p in cls.__parameters__)]


def _refusal(error: BaseException | None) -> InvalidConfig | None:
    """The error of a config's own validation, if that is why tyro gave up."""
    while error is not None and not isinstance(error, InvalidConfig):
        error = error.__context__
    return error


def _flags(config: Any, prefix: str = "--") -> Iterator[str]:
    """The flags of all fields, those of nested configs included."""
    for field in dataclasses.fields(config):
        value, flag = getattr(config, field.name), prefix + field.name.replace("_", "-")
        if dataclasses.is_dataclass(value):
            yield from _flags(value, f"{flag}.")
        else:
            yield flag
