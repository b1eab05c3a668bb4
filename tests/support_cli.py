"""Shared by the tests of the command line: tiny runs, and how a command ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TINY = (
    "--nb-envs", "4", "--algo.n-steps", "10", "--algo.batch-size", "20", "--algo.n-epochs", "1",
    "--agent.action-repeat", "1", "--sim-threads", "1",
)  # fmt: skip
"""An update of 40 steps."""


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: object
    out: str
    err: str

    @property
    def run(self) -> Path:
        """The run folder: alone on the last line of standard output."""
        return Path(self.out.splitlines()[-1])


Surefoot = Callable[..., Said]
