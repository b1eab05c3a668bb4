"""`surefoot eval RUN` of a run on the course's pendulum."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefoot.train.course_pendulum_evaluate import CoursePendulumEvaluation


def evaluate_run(options: argparse.Namespace) -> int:
    """Evaluate and print; with --json one object and nothing else.

    Raises:
        BadFile: The run is damaged.
    """
    from surefoot.train.course_pendulum_evaluate import evaluate_course_pendulum
    from surefoot.train.course_pendulum_folder import read_result, read_run

    folder = Path(options.policy)
    run = read_run(folder)
    agent, _ = read_result(folder)
    result = evaluate_course_pendulum(
        run, agent, pushed_episodes=options.episodes, seed=options.seed
    )
    if options.json:
        print(json.dumps(dataclasses.asdict(result)))
    else:
        print("course-pendulum, most likely actions, from hanging at rest")
        _print_table(result, run.seed)
    return 0


def _print_table(result: CoursePendulumEvaluation, first_seed: int) -> None:
    by_seed = zip(result.cost, result.upright_s, result.holds, result.recoveries, strict=True)
    rows = {
        f"seed {first_seed + i}": f"cost {cost:.4g}, upright {upright:.1f} s, "
        f"{'holds' if holds else 'does not hold'}; stands again in {recoveries} of "
        f"{result.pushed_episodes} episodes with pushes"
        for i, (cost, upright, holds, recoveries) in enumerate(by_seed)
    }
    low, high = sorted(abs(end) for end in result.return_ci95)
    between = f"  (95 % interval {low:.4g} to {high:.4g})" if len(rows) > 1 else ""
    rows |= {
        "discounted cost": f"{abs(result.return_mean):.4g}{between}",
        "optimum": f"{result.optimum:.4g}",
        "holds": f"{sum(result.holds)} of {len(result.holds)} seeds",
        "wall time": f"{result.wall_s:.1f} s",
    }
    for name, value in rows.items():
        print(f"  {name:<19}{value}")
