"""Gymnasium tasks with one thing wrong, for `doctor.py`."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

SICK_ID = "Sick/Task-v0"


class Sick(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A task of Gymnasium with one thing wrong.

    Args:
        healthy: Its id.
        bounds: How many times too large the bounds of its action are said to be.
        end_is_failure: Say of its time limit that the task has failed.
        nan_after: Steps after which the first sensor reads NaN; 0: never.
        units: What its observations are multiplied by.
    """

    def __init__(
        self,
        healthy: str,
        bounds: float = 1.0,
        end_is_failure: bool = False,
        nan_after: int = 0,
        units: float = 1.0,
    ) -> None:
        super().__init__(gymnasium.make(healthy))
        self._end_is_failure, self._nan_after, self._units = end_is_failure, nan_after, units
        self._nb_steps = 0
        space = self.env.action_space
        if isinstance(space, gymnasium.spaces.Box) and bounds != 1.0:
            self.action_space = gymnasium.spaces.Box(bounds * space.low, bounds * space.high)

    def reset(self, **arguments: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """A new episode."""
        obs, info = self.env.reset(**arguments)
        return self._units * obs, info

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One step of the task, and what is wrong with it."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._nb_steps += 1
        obs = self._units * obs
        if self._nb_steps == self._nan_after:
            obs[0] = math.nan
        if self._end_is_failure:
            terminated, truncated = terminated or truncated, False
        return obs, float(reward), terminated, truncated, info


gymnasium.register(
    SICK_ID, entry_point=f"{__name__}:Sick", order_enforce=False, disable_env_checker=True
)
