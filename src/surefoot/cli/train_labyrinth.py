"""`surefoot train labyrinth`: a tabular method, from the maze's name to a run folder."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.cli.parser import Parser
from surefoot.cli.settings import read_settings
from surefoot.cli.tracking import add_tracking_flags, check_tracking, refuse_clips, tracking
from surefoot.errors import InvalidConfig
from surefoot.tasks.labyrinth_builtin import MAZES
from surefoot.tasks.labyrinth_config import NAME, LabyrinthConfig
from surefoot.train.tabular_config import TABULAR, TabularRunConfig, find_tabular

if TYPE_CHECKING:
    from surefoot.tasks.labyrinth import Labyrinth
    from surefoot.train.tabular_run import Solution, TabularRun
    from surefoot.train.tracking import Tracker

_PERIOD = 1.0  # s between two lines of progress


def main(argv: Sequence[str], networks: Iterable[str]) -> int:
    """Run a method; prints the run's folder alone on the last line of standard output.

    Args:
        argv: What follows `surefoot train labyrinth`.
        networks: Algorithms that cannot play it.

    Returns:
        0 if the method came to its end, 130 if it was interrupted: what it had found is written.
    """
    options, run = _configure(argv, networks)
    from surefoot.tasks.labyrinth import Labyrinth
    from surefoot.train.run_folder import create_run_folder
    from surefoot.train.tabular import run_tabular
    from surefoot.train.tabular_run import RESULT

    labyrinth = Labyrinth(run.config.task)
    folder = create_run_folder(Path(options.runs), run)
    with tracking(options, folder.path, run.to_plain(), new=True) as tracker:
        print(f"run {folder.path.name} in {folder.path}", file=sys.stderr)
        rows, columns = labyrinth.maze.walls.shape
        print(f"{run.algo} in a labyrinth of {rows} x {columns}, {labyrinth.nb_states:,} states",
              file=sys.stderr)  # fmt: skip
        progress = _Progress(run, tracker)
        solution, finished = run_tabular(run, labyrinth, folder.path, on_row=progress)
        progress.flush()
        if tracker is not None:
            tracker.log_policy(folder.path / RESULT)
    print(_summary(run, labyrinth, solution, finished=finished), file=sys.stderr)
    print(folder.path)
    return 0 if finished else 130


def _configure(
    argv: Sequence[str], networks: Iterable[str]
) -> tuple[argparse.Namespace, TabularRun]:
    """The method's defaults with the flags applied; answers --help and refuses unknown names."""
    parser = Parser(prog=f"surefoot train {NAME}", add_help=False)
    parser.add_argument("--algo", default="value-iteration")
    parser.add_argument("--runs", default="runs")
    add_tracking_flags(parser)
    options, rest = parser.parse_known_args(argv)
    refuse_clips(rest, "the labyrinth leaves a picture, labyrinth.png; Surefoot/Labyrinth-v0 is "
                 "the same maze for networks, and can be filmed")  # fmt: skip
    check_tracking(options)
    entry = find_tabular(options.algo, networks)
    mazes = f"Built-in mazes: {', '.join(MAZES)}."
    config = read_settings(
        TabularRunConfig(task=LabyrinthConfig(), algo=entry.config(), steps=entry.steps),
        rest,
        prog=f"surefoot train {NAME}",
        description=f"Settings of {NAME} with {options.algo}. Other methods (--algo): "
        f"{', '.join(name for name in TABULAR if name != options.algo)}. {mazes} "
        f"The folder of all runs: --runs. --track logs to Weights & Biases as well.",
        other_flags=parser.flags,
    )
    if (config.steps is None) != (entry.steps is None):
        raise InvalidConfig(
            f"{options.algo} plans with the model and stops by itself: it takes no --steps"
            if entry.steps is None
            else f"{options.algo} learns from steps: --steps must be a number"
        )
    from surefoot.train.tabular_run import TabularRun

    file = Path(config.task.maze)
    if config.task.maze not in MAZES and file.is_file():  # so that eval finds it from anywhere
        config = replace(config, task=replace(config.task, maze=str(file.resolve())))
    return options, TabularRun(algo=options.algo, config=config)


class _Progress:
    """A line per second at most, on standard error; every row to the tracker, if there is one."""

    def __init__(self, run: TabularRun, tracker: Tracker | None) -> None:
        self._steps, self._tracker = run.config.steps, tracker
        self._last = 0.0
        self._row: dict[str, float] | None = None

    def __call__(self, row: dict[str, float]) -> None:
        if self._tracker is not None:
            self._tracker.log(row)
        self._row = row
        if time.monotonic() - self._last >= _PERIOD:
            self.flush()

    def flush(self) -> None:
        """Print the last row, unless that is done."""
        row, self._row = self._row, None
        if row is None:
            return
        self._last, steps = time.monotonic(), int(row["time/total_timesteps"])
        shown = [f"{steps:,} of {self._steps:,} steps" if self._steps else f"{steps:,} backups"]
        for name, what in _SHOWN.items():
            if name in row:
                shown.append(f"{what} {row[name]:.4g}")
        print(" | ".join(shown), file=sys.stderr)


_SHOWN = {
    "train/n_updates": "iteration",
    "train/value_change": "largest change",
    "train/largest_gain": "largest gain",
    "rollout/ep_len_mean": "ep_len_mean",
    "train/start_value": "value of the start",
    "train/value_error": "mean error of the values",
}
"""Metrics worth a place in the line."""


def _summary(run: TabularRun, labyrinth: Labyrinth, solution: Solution, *, finished: bool) -> str:
    """What came out, in a sentence or two."""
    from surefoot.train.tabular import greedy_path

    path = greedy_path(labyrinth, solution.policy)
    shortest = int(labyrinth.maze.distance[labyrinth.maze.start])
    notes = [] if finished else ["stopped early"]
    if labyrinth.terminal[path[-1]]:
        slipless = " without a slip" if run.config.task.slip else ""
        notes.append(
            f"from the start to the exit in {len(path) - 1} steps{slipless}, the shortest way has "
            f"{shortest}; value of the start {solution.value[labyrinth.start]:.6g}"
        )
    else:
        remedy = "more --steps" if run.config.steps else "a larger --algo.gamma or finer tolerance"
        notes.append(
            f"the policy does not find the exit from the start, {shortest} steps away: it needs "
            f"{remedy}"
        )
    return "; ".join(notes)
