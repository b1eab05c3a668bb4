"""Tuned and published settings of every pair of task and algorithm, in one place."""

from __future__ import annotations

from surefoot.errors import UnknownName
from surefoot.tasks.catalog import TASKS
from surefoot.train.config import AnyRunConfig
from surefoot.train.presets.gymnasium import GYMNASIUM
from surefoot.train.presets.off_policy import NAMED
from surefoot.train.presets.upkie import UPKIE

PRESETS: dict[tuple[str, str], dict[str, AnyRunConfig]] = {**UPKIE}
"""Presets of our tasks by task and algorithm, then by name."""


def find_preset(task: str, name: str, *, algo: str = "ppo") -> AnyRunConfig:
    """The settings called `name` for a task; any Gymnasium id has "default".

    Raises:
        UnknownName: There is no such preset, or no such algorithm for the task.
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
    return presets[name]


def algorithms_of(task: str) -> list[str]:
    """The algorithms that have presets for a task of ours."""
    return [algo for name, algo in PRESETS if name == task]
