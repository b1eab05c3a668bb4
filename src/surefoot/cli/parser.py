"""Arguments of the commands: a mistake is one sentence, an unknown flag comes with the nearest."""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from surefoot.errors import InvalidConfig, SurefootError, UnknownName


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises errors of ours, and takes no abbreviations."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(allow_abbrev=False, **arguments)

    @property
    def flags(self) -> list[str]:
        """Every flag by its long name."""
        return [name for name in self._option_string_actions if name.startswith("--")]

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """The values of all arguments.

        Raises:
            SurefootError: Something is unknown, missing, or makes no sense.
        """
        options, rest = self.parse_known_args(argv)
        if rest:
            raise unknown_argument(rest, self.flags, self.prog)
        return options

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in the way of all our errors."""
        raise InvalidConfig(f"{message} (see {self.prog} --help)")


def unknown_argument(rest: Sequence[str], flags: Iterable[str], where: str) -> SurefootError:
    """What to say about the first of the arguments that nobody takes."""
    flag = next((text.partition("=")[0] for text in rest if text.startswith("--")), None)
    if flag is None:
        return InvalidConfig(f"{where} takes no '{rest[0]}' here (see {where} --help)")
    close = difflib.get_close_matches(flag, [*flags], n=4, cutoff=0.5)
    if not close:
        return InvalidConfig(f"no flag named '{flag}' in {where} (see {where} --help)")
    return UnknownName("flag", flag, close, f"{where} (the nearest ones follow)")


def as_natural(text: str) -> int:
    """A whole number of at least 0: a seed, for example."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, got '{text}'")
    return int(text)


def as_count(text: str) -> int:
    """How many: a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got '{text}'")
    return int(text)


def as_seconds(text: str) -> float:
    """A positive, finite number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, got '{text}'")
    return value
