"""`surefoot train course-pendulum`: the lecture's methods on the lecture's pendulum, in seconds."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.algos.policy_gradient_config import PolicyGradientConfig
from surefoot.cli.parser import Parser
from surefoot.cli.settings import read_settings
from surefoot.cli.tracking import add_tracking_flags, check_tracking, refuse_clips, tracking
from surefoot.train.course_pendulum_config import (
    PRESETS,
    CoursePendulumRun,
    find_course_preset,
)

if TYPE_CHECKING:
    from torch import Tensor

    from surefoot.agent.seed_agent import SeedAgent
    from surefoot.train.tracking import Tracker

_PROG = "surefoot train course-pendulum"
_ROW = 100
"""Episodes of each seed that a row of progress.csv is the mean of, at least."""


def main(argv: Sequence[str]) -> int:
    """Train, draw, and print the run's folder alone on the last line of standard output."""
    options, run = _configure(argv)
    from surefoot.train.course_pendulum_folder import (
        RESULT,
        create_folder,
        describe,
        write_figures,
        write_result,
    )

    settings = describe(options.algo, options.preset, run)
    folder = create_folder(Path(options.runs), settings, seed=run.seed)
    with tracking(options, folder, settings, new=True) as tracker:
        print(f"run {folder.name} in {folder}", file=sys.stderr)
        agent, costs = _train(run, folder, options.algo, tracker)
        write_result(folder, agent, costs)
        if tracker is not None:
            tracker.log_policy(folder / RESULT)
    write_figures(folder, options.algo, run, agent, costs)
    print(folder)
    return 0


def _configure(
    argv: Sequence[str],
) -> tuple[argparse.Namespace, CoursePendulumRun[PolicyGradientConfig]]:
    parser = Parser(prog=_PROG, add_help=False)
    parser.add_argument("--algo", default="reinforce-baseline")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--runs", default="runs")
    add_tracking_flags(parser)
    options, rest = parser.parse_known_args([*argv])
    refuse_clips(rest, "course-pendulum leaves its swing-up as a figure, swing_up.png")
    check_tracking(options)
    preset = find_course_preset(options.algo, options.preset)
    run = read_settings(
        preset,
        rest,
        prog=_PROG,
        description=f"Settings of course-pendulum with --algo {options.algo} (of "
        f"{', '.join(PRESETS)}) and --preset {options.preset} (of "
        f"{', '.join(PRESETS[options.algo])}); --runs is the folder of all runs, --track logs to "
        "Weights & Biases as well.",
        other_flags=parser.flags,
    )
    return options, run


def _train(
    run: CoursePendulumRun[PolicyGradientConfig],
    folder: Path,
    algo: str,
    tracker: Tracker | None,
) -> tuple[SeedAgent, Tensor]:
    """Train all seeds; returns the agent and the cost of every episode, (S, N)."""
    import torch

    from surefoot.cli.display import TrainingDisplay
    from surefoot.train.course_pendulum import make_agent, train_course_pendulum
    from surefoot.train.log import STEPS, MetricsLog

    agent = make_agent(run)
    started, costs, row = time.perf_counter(), [], []
    steps_per_episode = run.seeds * run.task.episode_steps
    log = MetricsLog(folder, nb_steps=0)
    title = f"course-pendulum ({algo}, {run.seeds} seed{'s' if run.seeds > 1 else ''})"
    with TrainingDisplay(run.episodes * steps_per_episode, title) as display:
        for progress in train_course_pendulum(run, agent):
            costs.append(progress.cost)
            row.append(progress.cost)
            if progress.episodes % max(_ROW, run.nb_envs) and progress.episodes < run.episodes:
                continue
            by_seed = torch.cat(row, dim=1).mean(dim=1)
            row, nb_steps = [], progress.episodes * steps_per_episode
            elapsed = time.perf_counter() - started
            metrics = {
                STEPS: float(nb_steps),
                "rollout/episodes": float(progress.episodes),
                "rollout/ep_cost_mean": float(by_seed.mean()),
                "time/fps": nb_steps / elapsed,
                "time/time_elapsed": elapsed,
            }
            if run.seeds > 1:
                names = range(run.seed, run.seed + run.seeds)
                metrics |= {
                    f"seeds/ep_cost_mean_{n}": float(c) for n, c in zip(names, by_seed, strict=True)
                }
            log.write(metrics)
            display.update(nb_steps, metrics)
            if tracker is not None:
                tracker.log(metrics)
    log.close()
    return agent, torch.cat(costs, dim=1)
