"""The command line from outside, and runs by their folder: what several benchmarks do with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from surefoot.errors import BadFile
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import Run, RunFolder

TASK = "upkie-pendulum"
RUNS = Path("runs")
COMMAND = (sys.executable, "-m", "surefoot.cli.main")
PYBULLET = "Upkie-PyBullet-Pendulum"


def surefoot(*arguments: str) -> tuple[str, float]:
    """Run a command in a process of its own; returns its output and its wall time, s.

    Ctrl-C is passed on once, so that a training saves what it has done.

    Raises:
        SystemExit: It failed; its own words say why.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(
        (*COMMAND, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        raise SystemExit(f"surefoot {' '.join(arguments)} failed:\n{errors}")
    return output, seconds


def train(*arguments: str) -> tuple[Path, float]:
    """Train from process start to its end; returns the run's folder and the wall time, s."""
    output, seconds = surefoot("train", *arguments)
    return Path(output.strip().splitlines()[-1]), seconds


def evaluate(policy: Path | str, *arguments: str, episodes: int) -> dict[str, Any]:
    """What `surefoot eval --json` says of a policy."""
    output, _ = surefoot("eval", str(policy), "--episodes", str(episodes), "--json", *arguments)
    return json.loads(output.strip().splitlines()[-1])


def balance(evaluation: dict[str, Any]) -> float:
    """Position and velocity terms of the reward, per step."""
    return evaluation["terms"]["position"] + evaluation["terms"]["velocity"]


def runs_of(root: Path) -> list[Path]:
    """Folders of the runs of `upkie-pendulum` under `root`, the oldest first."""
    return sorted(path for path in (root / TASK).glob("*_*") if RunFolder(path).last.exists())


def read_run(folder: Path) -> Run:
    """A run's settings."""
    return RunFolder(folder).read_config()


def is_finished(folder: Path) -> bool:
    """Whether a run has done all its updates."""
    try:
        config = read_run(folder).config
    except BadFile:
        return False
    rows = read_progress(RunFolder(folder).progress)
    return bool(rows) and float(rows[-1][STEPS]) >= config.total_updates * config.steps_per_update


def finished_run(root: Path, *arguments: str) -> Path:
    """The one run in a folder of its own, finished: found, continued, or trained there.

    Args:
        root: The folder.
        arguments: What `surefoot train` takes, the task first.

    Raises:
        SystemExit: The training was interrupted; what it has done is kept.
    """
    known = sorted(path for path in root.glob("*/*_*") if RunFolder(path).last.exists())
    if known and is_finished(known[-1]):
        return known[-1]
    again = ("--resume", str(known[-1])) if known else (*arguments, "--runs", str(root))
    path, _ = train(*again)
    if not is_finished(path):
        raise SystemExit(f"{path} was interrupted: start again to continue")
    return path
