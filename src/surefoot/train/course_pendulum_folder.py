"""The folder of a training on the course's pendulum: settings, parameters and the two figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from surefoot.agent.seed_agent import SeedAgent
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.report.figure import save
from surefoot.report.learning_curve import learning_curves
from surefoot.report.swing_up import Swing, swing_ups
from surefoot.tasks.course_pendulum import CONTROLS, DT, PUSH_STEPS, CoursePendulum
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig
from surefoot.train.checkpoint import (
    VERSION,
    check_version,
    load_checkpoint,
    save_checkpoint,
    write_atomically,
)
from surefoot.train.course_pendulum import Act, AnyRun, greedy, make_agent, roll_out
from surefoot.train.course_pendulum_config import PRESETS, CoursePendulumRun
from surefoot.train.course_pendulum_reference import optimal_policy, reference_costs
from surefoot.train.machine import write_machine
from surefoot.train.plain import from_plain, to_plain
from surefoot.train.run_folder import RunFolder, new_group_name

RESULT = "parameters.pt"
"""What a training leaves beside its settings, its log and its figures."""


def describe(algo: str, preset: str, run: AnyRun) -> dict[str, Any]:
    """All settings as plain data, with the format's version."""
    names = {"version": VERSION, "task": "course-pendulum", "algo": algo, "preset": preset}
    return {**names, "config": to_plain(run)}


def create_folder(root: Path, settings: dict[str, Any], *, seed: int) -> Path:
    """A new folder root/course-pendulum/DATE_NAME_SEED with config.yaml and machine.yaml.

    Raises:
        BadFile: It cannot be written.
    """
    folder = root / "course-pendulum" / f"{new_group_name()}_{seed}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        problem = f"cannot be created ({error.strerror})"
        raise BadFile(folder, problem, "Choose another --runs folder.") from None
    text = yaml.safe_dump(settings, sort_keys=False)
    write_atomically(folder / "config.yaml", text.encode())
    write_machine(folder)
    return folder


def write_result(folder: Path, agent: SeedAgent, cost: Tensor) -> None:
    """Write parameters.pt: the parameters of all seeds, and the cost of every episode, (S, N)."""
    save_checkpoint(folder / RESULT, {"agent": agent.state_dict(), "cost": cost})


def read_run(folder: Path) -> AnyRun:
    """The settings of a folder.

    Raises:
        BadFile: It is no folder of such a run, or its config.yaml is damaged.
    """
    path = folder / "config.yaml"
    data = RunFolder(folder).read_plain()
    try:
        check_version(path, data["version"])
        algo = type(PRESETS[data["algo"]]["default"].algo)
        return from_plain(CoursePendulumRun[algo], data["config"])
    except (KeyError, TypeError, InvalidConfig, UnknownName):
        problem = "this is not the config.yaml of a run on the course's pendulum"
        raise BadFile(path, problem, "Name a folder that train printed.") from None


def read_result(folder: Path) -> tuple[SeedAgent, Tensor]:
    """The trained agent of a folder, and the cost of every episode, (S, N).

    Raises:
        BadFile: There is none, or it is damaged.
    """
    path, agent = folder / RESULT, make_agent(read_run(folder))
    content = load_checkpoint(path)
    try:
        agent.load_state_dict(content["agent"])
        return agent, content["cost"]
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise BadFile(path, "its parameters do not fit config.yaml", "Train again.") from None


def write_figures(folder: Path, algo: str, run: AnyRun, agent: SeedAgent, cost: Tensor) -> None:
    """Write learning_curve.png and swing_up.png.

    Args:
        folder: The run's folder.
        algo: The algorithm's name.
        run: Settings.
        agent: The trained agent; the swing-up shows its first seed.
        cost: Discounted cost of every episode of every seed, (S, N).
    """
    draw_learning_curves(folder / "learning_curve.png", {algo: cost}, run.task, run.algo.gamma)
    draw_swing_ups(
        folder / "swing_up.png",
        {f"{algo}, seed {run.seed}": first_seed(agent)},
        run.task,
        run.algo.gamma,
    )


def draw_learning_curves(
    path: Path, costs: Mapping[str, Tensor], task: CoursePendulumConfig, gamma: float
) -> None:
    """The lecture's learning curves; `costs` as in `write_figures`, by method."""
    references = reference_costs(task, gamma)
    levels = {
        "motor off": references.zero,
        "random": references.random,
        "optimal": references.optimal,
    }
    shortest = min(cost.shape[1] for cost in costs.values())
    figure = learning_curves(
        {name: cost.numpy() for name, cost in costs.items()},
        levels,
        window=max(1, shortest // 100),
        ylabel=f"discounted cost of an episode ({task.cost} cost)",
        title="Pendulum swing-up: mean over seeds, band from best to worst seed",
    )
    save(figure, path)


def draw_swing_ups(
    path: Path, policies: Mapping[str, Act], task: CoursePendulumConfig, gamma: float
) -> None:
    """The lecture's swing-up with two test pushes: the optimum, and policies by name."""
    config = CoursePendulumConfig(cost=task.cost)
    world = CoursePendulum(config)
    pushes = torch.zeros(config.episode_steps, dtype=torch.float64)
    pushes[PUSH_STEPS[0]] = 1.0  # the hardest that the course's test has, one in each direction
    torques = torch.tensor(CONTROLS)
    swings: dict[str, Swing] = {}
    for name, act in {"optimal": optimal_policy(config, gamma).act, **policies}.items():
        seen = roll_out(world, act, world.start(1), pushes[:, None])
        theta, omega = seen.state[:, 0].unbind(1)
        torque = torques[seen.action[:, 0]]
        swings[name] = Swing(theta=theta.numpy(), omega=omega.numpy(), torque=torque.numpy())
    figure = swing_ups(
        swings,
        dt=DT,
        pushes=[DT * step for step in PUSH_STEPS],
        title="Pendulum swing-up, pushed to 2π rad/s and to -2π rad/s",
    )
    save(figure, path)


def first_seed(agent: SeedAgent) -> Act:
    """The greedy policy of the first of all seeds, for states (N, 2)."""
    act, nb_seeds = greedy(agent), len(agent.policy.parameters[0])
    return lambda state: act(state.expand(nb_seeds, *state.shape))[0]
