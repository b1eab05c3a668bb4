"""What can go wrong, said in one sentence that names the thing and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SurefootError(Exception):
    """Base of every error that a user can cause and mend; the command line prints it alone."""


class UnknownName(SurefootError, KeyError):
    """A name missing from the model, task or registry it was looked up in."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str) -> None:
        self.kind, self.name, self.known, self.where = kind, name, tuple(known), where
        super().__init__(
            f"no {kind} named '{name}' in {where}.{_did_you_mean(name, self.known)} "
            f"It has {len(self.known)}: {', '.join(self.known)}."
        )

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError alone would print a repr with quotes


class InvalidConfig(SurefootError, ValueError):
    """A setting that cannot work, alone or together with another."""


class MissingPackage(SurefootError, ImportError):
    """An optional package that this command needs is not installed."""

    def __init__(self, package: str, purpose: str, install: str) -> None:
        self.package, self.purpose, self.install = package, purpose, install
        super().__init__(f"{purpose} needs the package '{package}'. Install it: {install}")


class BadFile(SurefootError):
    """A file that is missing, damaged, foreign, from a newer version, or cannot be written."""

    def __init__(self, path: object, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = path, problem, remedy
        super().__init__(f"{path}: {problem}. {remedy}")


class NotFinite(SurefootError):
    """A NaN or infinity where a number must be, with its name and the worlds that have it."""

    def __init__(self, what: str, worlds: Iterable[int], remedy: str) -> None:
        self.what, self.worlds = what, tuple(worlds)
        if not self.worlds:
            super().__init__(f"{what} is not finite. {remedy}")
            return
        shown = ", ".join(map(str, self.worlds[:5])) + (", ..." if len(self.worlds) > 5 else "")
        plural = "s" if len(self.worlds) != 1 else ""
        super().__init__(
            f"{what} is not finite in {len(self.worlds)} world{plural} ({shown}). {remedy}"
        )


class Mismatch(SurefootError):
    """Two things that must fit each other do not: a policy and an environment, for example."""


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    lowered = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f" Did you mean '{lowered[close[0]]}'?" if close else ""
