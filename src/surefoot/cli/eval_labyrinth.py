"""`surefoot eval RUN` of a run in the labyrinth."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefoot.train.tabular_evaluate import LabyrinthEvaluation


def evaluate_run(options: argparse.Namespace) -> int:
    """Evaluate and print; with --json one object and nothing else.

    Raises:
        BadFile: The run is damaged.
    """
    from surefoot.tasks.labyrinth import Labyrinth
    from surefoot.train.tabular_evaluate import evaluate_labyrinth
    from surefoot.train.tabular_run import read_policy, read_tabular_run

    run = read_tabular_run(Path(options.policy))
    labyrinth = Labyrinth(run.config.task)
    result = evaluate_labyrinth(
        labyrinth,
        read_policy(Path(options.policy), labyrinth),
        gamma=run.config.algo.gamma,
        episodes=options.episodes,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(dataclasses.asdict(result)))
    else:
        print(f"{run.task}, {run.algo}, greedy policy")
        _print_table(result, "cost" if run.config.task.objective == "cost" else "return")
    return 0


def _print_table(result: LabyrinthEvaluation, what: str) -> None:
    (low, high), (short, long) = result.return_ci95, result.length_ci95
    rows = {
        "exit reached": f"{result.exits} of {result.episodes} episodes",
        "steps": f"{result.length_mean:.1f}  (95 % interval {short:.1f} to {long:.1f})",
        f"discounted {what}": f"{result.return_mean:.2f}  (95 % interval {low:.2f} to {high:.2f})",
        "optimum, expected": f"{result.optimum:.2f}",
        "wall time": f"{result.wall_s:.1f} s",
    }
    for name, value in rows.items():
        print(f"  {name:<20}{value}")
