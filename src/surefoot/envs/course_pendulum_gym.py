"""The course's pendulum for Gymnasium: `Surefoot/CoursePendulum-v0`."""

from __future__ import annotations

import math
from typing import Any, Literal

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from surefoot.tasks.course_pendulum import (
    CONTROLS,
    DT,
    MAX_PUSH,
    CoursePendulum,
    push,
)
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig

Array = NDArray[np.float32]


class CoursePendulumEnv(gymnasium.Env[Array, np.int64]):
    """One pendulum: observation theta, rad, and omega, rad/s; three torques; reward minus the cost.

    An episode never ends by itself; after `episode_steps` time is up.

    Args:
        cost: "lecture" or "homework".
        episode_steps: Control steps of 0.1 s in an episode.
        pushes: Set omega to a random one at steps 45 and 70.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        *,
        cost: Literal["lecture", "homework"] = "lecture",
        episode_steps: int = 100,
        pushes: bool = False,
    ) -> None:
        self.config = CoursePendulumConfig(
            cost=cost, objective="reward", episode_steps=episode_steps, pushes=pushes
        )
        self.dt = DT
        self.observation_space = gymnasium.spaces.Box(
            np.array([0.0, -MAX_PUSH], np.float32),
            np.array([2.0 * math.pi, MAX_PUSH], np.float32),
        )
        self.action_space = gymnasium.spaces.Discrete(len(CONTROLS))
        self._task = CoursePendulum(self.config)
        self._state = self._task.start()
        self._step = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Hang at rest; the seed decides the pushes."""
        super().reset(seed=seed)
        self._state, self._step = self._task.start(), 0
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Hold one of the torques -5, 0 and 5 N m for 0.1 s."""
        reward, self._state = self._task.step(self._state, torch.tensor(int(action)))
        self._step += 1
        if self.config.pushes:
            self._state = push(self._state, self._step, torch.tensor(self.np_random.random()))
        truncated = self._step >= self.config.episode_steps
        return self._observation(), float(reward), False, truncated, {}

    def _observation(self) -> Array:
        return self._state.numpy().astype(np.float32)
