"""Tuned and published settings of every pair of task and algorithm, in one place."""

from __future__ import annotations

from dataclasses import replace

from surefoot.errors import UnknownName
from surefoot.robots.legged import LEGGED
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.config import AnyRunConfig
from surefoot.train.presets.gymnasium import GYMNASIUM
from surefoot.train.presets.off_policy import NAMED
from surefoot.train.presets.upkie import UPKIE
from surefoot.train.presets.walking import WALKING

PRESETS: dict[tuple[str, str], dict[str, AnyRunConfig]] = {**UPKIE, **WALKING}
"""Presets of our tasks by task and algorithm, then by name."""


def find_preset(
    task: str, name: str, *, algo: str = "ppo", robot: str | None = None
) -> AnyRunConfig:
    """The settings called `name` for a task; any Gymnasium id has "default".

    Args:
        task: Its name.
        name: Of the preset.
        algo: The algorithm.
        robot: For which robot; None: for the task's own.

    Raises:
        UnknownName: There is no such preset, no such algorithm for the task, or no such robot.
    """
    if task in TASKS:
        algos = algorithms_of(task)
        if algo not in algos:
            raise UnknownName("algorithm", algo, algos, f"task '{task}'")
        presets = PRESETS[task, algo]
    else:
        presets = {"default": GYMNASIUM[algo](task), **NAMED.get((task, algo), {})}
    if name not in presets:
        raise UnknownName("preset", name, presets, f"task '{task}'")
    preset = presets[name]
    if robot is None:
        return preset
    if isinstance(preset.task, WalkingConfig):
        return replace(preset, task=replace(preset.task, robot=legged(robot)))
    fixed = [] if isinstance(preset.task, GymnasiumConfig) else [preset.task.robot]
    if robot not in fixed:
        raise UnknownName("robot", robot, fixed, f"task '{task}'")
    return preset


def algorithms_of(task: str) -> list[str]:
    """The algorithms that have presets for a task of ours."""
    return [algo for name, algo in PRESETS if name == task]


def legged(robot: str) -> str:
    """The name, if it is a legged robot's.

    Raises:
        UnknownName: It is not.
    """
    names = [known.name for known in LEGGED]
    if robot not in names:
        raise UnknownName("robot", robot, names, "the walking tasks")
    return robot
