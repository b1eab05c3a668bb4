"""What the doctor says of a run folder, and of a training under way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from surefoot.report.health import diagnose
from surefoot.report.history import Finding
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import Run, RunFolder


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """What was found in one run."""

    run: Path
    """Its folder."""
    nb_rows: int
    """Rows of metrics there are."""
    nb_steps: int
    """Environment steps behind."""
    findings: list[Finding]
    """What is unusual; what may explain the rest comes first."""


def examine(path: Path) -> Checkup:
    """Look at a run, finished or not.

    Raises:
        BadFile: The folder is no run of a network.
    """
    folder = RunFolder(path)
    settings = folder.read_config().to_plain()["config"]
    rows = read_progress(folder.progress)
    failure = folder.failure.read_text() if folder.failure.exists() else ""
    return Checkup(
        run=path,
        nb_rows=len(rows),
        nb_steps=int(float(rows[-1][STEPS])) if rows else 0,
        findings=diagnose(rows, settings, failure),
    )


class Watch:
    """Looks at a training twenty times on its way, and says each finding once.

    Args:
        run: What is trained.
        folder: Its folder, which may have rows of earlier sittings.
        nb_steps: Environment steps behind; later rows belong to updates that are done again.
    """

    LOOKS = 20

    def __init__(self, run: Run, folder: RunFolder, nb_steps: int) -> None:
        self._settings = run.to_plain()["config"]
        self._rows: list[dict[str, str] | dict[str, float]] = [
            row for row in read_progress(folder.progress) if float(row[STEPS]) <= nb_steps
        ]
        self._period = max(1, run.config.total_updates // self.LOOKS)
        self._said: set[str] = set()

    def look(self, metrics: dict[str, float]) -> list[Finding]:
        """Take in a row; returns what is new, if it is time to look."""
        self._rows.append(dict(metrics))
        if len(self._rows) % self._period:
            return []
        findings = diagnose(self._rows, self._settings)
        new = [finding for finding in findings if finding.name not in self._said]
        self._said |= {finding.name for finding in new}
        return new
