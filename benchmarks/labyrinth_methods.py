"""All tabular methods on all built-in mazes, with their default settings, against the optimum.

The optimum solves the linear system of the best policy, which value iteration finds with a
tolerance of 1e-9. An error is that of V, relative to the optimum: the mean over the states, and
that of the start. Each figure is the worst seed's; the bar is 2 % for methods that learn from
steps, and 0.001 % for those that plan. Seconds are the processor's, of the slowest run, on one
thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import _report
import numpy as np
from numpy.typing import NDArray

from surefoot.algos.tabular.model import action_values, deterministic, evaluate_policy
from surefoot.algos.tabular.tabular_config import ValueIterationConfig
from surefoot.algos.tabular.value_iteration import value_iteration
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_builtin import MAZES
from surefoot.tasks.labyrinth_config import LabyrinthConfig
from surefoot.train.tabular import estimates
from surefoot.train.tabular_config import TABULAR, TabularRunConfig
from surefoot.train.tabular_run import TabularRun

BAR = 2.0
"""%, of the methods that learn from steps."""
BAR_PLANNING = 1e-3
"""%, of the methods that plan."""
SLIPS = (0.0, 0.1)


@dataclass(frozen=True, kw_only=True)
class Error:
    """How far a method is from the optimum, %."""

    mean: float
    start: float
    seconds: float


def optimum(labyrinth: Labyrinth, gamma: float) -> NDArray[np.float64]:
    """V of the best policy, (S,)."""
    *_, last = value_iteration(labyrinth, ValueIterationConfig(gamma=gamma, tolerance=1e-9))
    actions = action_values(labyrinth, last.value, gamma).argmax(axis=1)
    return evaluate_policy(labyrinth, deterministic(actions, 4), gamma)


def solve(algo: str, labyrinth: Labyrinth, seed: int) -> Error:
    """Run a method with its default settings."""
    entry, task = TABULAR[algo], labyrinth.config
    config = TabularRunConfig(task=task, algo=entry.config(), steps=entry.steps, seed=seed)
    begin = time.process_time()
    *_, last = estimates(TabularRun(algo=algo, config=config), labyrinth)
    seconds = time.process_time() - begin
    best, inside = optimum(labyrinth, config.algo.gamma), ~labyrinth.terminal
    error = 100.0 * np.abs(last.value - best)[inside] / np.abs(best[inside])
    start = np.flatnonzero(inside) == labyrinth.start
    return Error(mean=float(error.mean()), start=float(error[start][0]), seconds=seconds)


def worst(algo: str, maze: str, slip: float, nb_seeds: int) -> Error:
    """The largest errors of some seeds; a method that plans has none."""
    labyrinth = Labyrinth(LabyrinthConfig(maze=maze, slip=slip))
    seeds = range(nb_seeds if TABULAR[algo].steps else 1)
    found = [solve(algo, labyrinth, seed) for seed in seeds]
    error = Error(**{name: max(getattr(e, name) for e in found) for name in vars(found[0])})
    print(f"{algo} {maze} slip {slip}: {error}", flush=True)
    return error


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 (default: 5)")
    parser.add_argument("--algos", nargs="+", default=[*TABULAR], help="(default: all)")
    options = parser.parse_args()
    mazes = ["dyna", "corridor"] if options.quick else [*MAZES]
    nb_seeds = 1 if options.quick else options.seeds
    _report.headline("Tabular methods in the built-in mazes", threads="1 thread")
    errors = {
        (algo, slip): [worst(algo, maze, slip, nb_seeds) for maze in mazes]
        for algo in options.algos
        for slip in SLIPS
    }
    for name, what in (("mean", "mean over the states"), ("start", "start")):
        print(f"\nError of V, {what}, %, worst of {nb_seeds} seeds")
        rows = [
            [algo, slip, *(getattr(error, name) for error in row), max(e.seconds for e in row)]
            for (algo, slip), row in errors.items()
        ]
        _report.table(("method", "slip", *mazes, "seconds"), rows)
    verdicts = [
        _report.verdict(
            f"{algo}, slip {slip:g}, %",
            value=max(max(e.mean, e.start) for e in row),
            bar=BAR if TABULAR[algo].steps else BAR_PLANNING,
            at_most=True,
        )
        for (algo, slip), row in errors.items()
    ]
    results = [
        {"algo": algo, "slip": slip, "maze": maze, **vars(error)}
        for (algo, slip), row in errors.items()
        for maze, error in zip(mazes, row, strict=True)
    ]
    _report.write_json(options.json, {"results": results, "verdicts": verdicts})


if __name__ == "__main__":
    main()
