"""Settings of the course's pendulum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.signals import Objective

NAME = "course-pendulum"
"""Its name on the command line."""
GYM_ID = "Surefoot/CoursePendulum-v0"
"""Its id in Gymnasium."""
COSTS = ("lecture", "homework")
"""The course's two cost functions."""
SUMMARY = "the lecture's pendulum swings up"
"""What is to be learned, in one line."""


@dataclass(frozen=True, kw_only=True)
class CoursePendulumConfig:
    """Which cost, which sign, how long, and whether somebody pushes."""

    cost: Literal["lecture", "homework"] = "lecture"
    """The lecture's quadratic cost, or the one of the homework on Q-learning."""
    objective: Objective = "cost"
    """What a step returns: the cost itself, to be minimised, or minus it, to be maximised."""
    episode_steps: int = 100
    """Control steps of 0.1 s after which time is up."""
    pushes: bool = False
    """Set the velocity to a random one at steps 45 and 70, the course's test disturbance."""

    def __post_init__(self) -> None:
        if self.cost not in COSTS:
            raise UnknownName("cost", self.cost, COSTS, f"task '{NAME}'")
        if self.episode_steps < 1:
            raise InvalidConfig(f"task.episode_steps must be at least 1, got {self.episode_steps}")
