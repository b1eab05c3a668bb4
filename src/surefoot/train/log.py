"""Where metrics go: `progress.csv` and TensorBoard, consistent after any interruption."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import Any

from surefoot.errors import BadFile
from surefoot.train.checkpoint import write_atomically

STEPS = "time/total_timesteps"
"""The column that orders the rows."""
_TAIL = 1 << 16
"""Bytes that hold the longest row with ease."""


class MetricsLog:
    """One row of metrics per update, in two forms.

    Args:
        folder: The run's folder.
        nb_steps: Environment steps behind; later rows, of updates to be repeated, are dropped.

    Raises:
        BadFile: The folder cannot be written.
    """

    def __init__(self, folder: Path, *, nb_steps: int) -> None:
        from surefoot.train.events import EventFile  # only where it is used: readers need no more

        self._path = folder / "progress.csv"
        self._rows = [r for r in read_progress(self._path) if float(r[STEPS]) <= nb_steps]
        self._fields: list[str] = list(self._rows[0]) if self._rows else []
        self._rewrite()
        try:
            self._events = EventFile(folder, purge_step=nb_steps + 1)
        except OSError as error:
            raise _full(folder, error) from None

    def write(self, metrics: dict[str, float]) -> None:
        """Add one row.

        Raises:
            BadFile: The disk is full.
        """
        row = {name: f"{value:.9g}" for name, value in metrics.items()}
        self._rows.append(row)
        new = [name for name in row if name not in self._fields]
        if new:
            self._fields += new
            self._rewrite()
        else:
            self._append(row)
        try:
            self._events.write(metrics, int(metrics[STEPS]))
        except OSError as error:
            raise _full(self._path.parent, error) from None

    def _append(self, row: dict[str, str]) -> None:
        try:
            with open(self._path, "a", newline="") as file:
                csv.DictWriter(file, self._fields).writerow(row)
        except OSError as error:
            raise _full(self._path, error) from None

    def _rewrite(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._fields)
        if self._fields:
            writer.writeheader()
        writer.writerows(self._rows)
        write_atomically(self._path, text.getvalue().encode())

    def close(self) -> None:
        """Close the files; what a full disk refused was said by `write`."""
        with contextlib.suppress(OSError):
            self._events.close()


def read_progress(path: Path) -> list[dict[str, str]]:
    """The rows of a progress.csv.

    An unfinished last line, of a killed process, is left out, and so are lines that somebody else
    has written into it.
    """
    if not path.exists():
        return []
    text = path.read_text(errors="replace")
    complete = text[: text.rfind("\n") + 1]
    return [row for row in csv.DictReader(io.StringIO(complete)) if _is_whole(row)]


def last_row(path: Path) -> dict[str, str]:
    """The newest row of a progress.csv, read without those before it; empty if there is none."""
    try:
        with open(path, "rb") as file:
            header = file.readline()
            file.seek(max(len(header), path.stat().st_size - _TAIL))
            last = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    except OSError:
        return {}
    rows = csv.DictReader(io.StringIO((header + last).decode(errors="replace")))
    return next((row for row in rows if _is_whole(row)), {})


def _is_whole(row: dict[Any, Any]) -> bool:
    """Whether a row has a value in each column, and says after how many steps."""
    if None in row or None in row.values():  # csv puts None where columns and values do not match
        return False
    try:
        return float(row[STEPS]) >= 0.0
    except (KeyError, ValueError):
        return False


def _full(path: Path, error: OSError) -> BadFile:
    return BadFile(
        path,
        f"cannot be written ({error.strerror})",
        "Free some space, then continue with --resume; the last checkpoint is intact.",
    )
