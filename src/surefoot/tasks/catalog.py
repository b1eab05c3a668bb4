"""Every task by name, without loading any physics."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.tasks.upkie_config import UpkieConfig, UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.tasks.walking_rough_config import RoughWalkingConfig

TaskConfig = UpkieConfig | WalkingConfig
"""Settings of any task of ours."""


@dataclass(frozen=True, kw_only=True)
class TaskEntry:
    """One task of the catalog."""

    config: type[TaskConfig]
    """Its settings."""
    gym_id: str
    """Its id in Gymnasium."""
    summary: str
    """What is to be learned, in one line."""
    former_names: tuple[str, ...] = ()
    """What others call or called it, without a version."""


TASKS: dict[str, TaskEntry] = {
    "upkie-pendulum": TaskEntry(
        config=UpkiePendulumConfig,
        gym_id="Surefoot/UpkiePendulum-v0",
        summary="the Upkie wheeled biped balances on the spot",
        former_names=("UpkieGroundVelocity",),
    ),
    "upkie-gyropod": TaskEntry(
        config=UpkieGyropodConfig,
        gym_id="Surefoot/UpkieGyropod-v0",
        summary="the Upkie wheeled biped drives and turns as commanded",
    ),
    "quadruped-flat": TaskEntry(
        config=WalkingConfig,
        gym_id="Surefoot/QuadrupedFlat-v0",
        summary="a legged robot walks as commanded on flat ground",
    ),
    "quadruped-rough": TaskEntry(
        config=RoughWalkingConfig,
        gym_id="Surefoot/QuadrupedRough-v0",
        summary="the same over slopes, stairs and obstacles, which get harder as it learns",
    ),
}
"""Tasks by their name on the command line."""
