"""The progress of several seeds at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from surefoot.train.log import STEPS

if TYPE_CHECKING:
    from surefoot.cli.train_group import Member

_LIVE_PERIOD, _PLAIN_PERIOD = 1.0, 5.0  # s between two looks, on a terminal and elsewhere
_SHOWN = {"rollout/ep_rew_mean": "return", "time/fps": "steps/s"}


class GroupDisplay:
    """A bar for each seed on a terminal, a line every few seconds elsewhere; on standard error.

    Args:
        members: The seeds; what becomes of them is read from their folders.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks = [
            self._progress.add_task(f"seed {m.config.seed}", total=m.config.planned_steps,
                                    start=False, note=m.state)
            for m in members
        ]  # fmt: skip
        self._next_look = 0.0
        self._said = [m.state for m in members]

    def __enter__(self) -> GroupDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.update()
        self._progress.stop()

    def update(self) -> None:
        """Show where everybody is, if it is time to or if somebody's state is another."""
        states = [member.state for member in self._members]
        now = time.monotonic()
        if states == self._said and now < self._next_look:
            return
        self._said = states
        if self._console.is_terminal:
            self._next_look = now + _LIVE_PERIOD
            for task, member in zip(self._tasks, self._members, strict=True):
                self._show(task, member)
            return
        self._next_look = now + _PLAIN_PERIOD
        self._console.print(" | ".join(map(_line, self._members)), highlight=False, soft_wrap=True)

    def _show(self, task: TaskID, member: Member) -> None:
        row = member.progress()
        if member.state != "waiting":
            self._progress.start_task(task)
        if member.state in ("finished", "stopped", "failed"):
            self._progress.stop_task(task)
        shown = [f"{name} {row[key]:,.4g}" for key, name in _SHOWN.items() if key in row]
        note = ", ".join([member.state, *shown] if member.state != "waiting" else [member.state])
        self._progress.update(task, completed=row.get(STEPS, 0.0), note=note)


def _line(member: Member) -> str:
    """Where a seed is, in a few words."""
    what = f"seed {member.config.seed} {member.state}"
    if member.state != "training":
        return what
    row = member.progress()
    done = f"{100.0 * row.get(STEPS, 0.0) / member.config.planned_steps:.0f} %"
    shown = [f"{name} {row[key]:.4g}" for key, name in _SHOWN.items() if key in row]
    return " ".join([what, done, *shown])
