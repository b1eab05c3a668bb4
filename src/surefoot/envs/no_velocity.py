"""Classic tasks whose observation hides the velocities: what a memory is for."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box

POSITIONS: dict[str, tuple[int, ...]] = {
    "CartPole-v1": (0, 2),  # position of the cart, angle of the pole
    "Pendulum-v1": (0, 1),  # cosine and sine of the angle
}
"""What is left of each observation, by the task's own id."""


class NoVelocity(gymnasium.ObservationWrapper[Any, Any, Any]):
    """A task of which only positions are seen.

    Args:
        task: Its own id, one of `POSITIONS`.
        arguments: Of the task.

    Source: the tasks CartPoleNoVel and PendulumNoVel of rl-baselines3-zoo.
    """

    def __init__(self, task: str, **arguments: Any) -> None:
        super().__init__(gymnasium.make(task, **arguments).unwrapped)
        self._kept = np.array(POSITIONS[task])
        seen = self.env.observation_space
        assert isinstance(seen, Box)
        self.observation_space = Box(seen.low[self._kept], seen.high[self._kept])

    def observation(self, observation: Any) -> Any:
        """The positions."""
        return observation[self._kept]


def register_without_velocity() -> None:
    """Make them known to Gymnasium: CartPole-v1 as Surefoot/CartPoleNoVel-v0, and so on."""
    for task in POSITIONS:
        gym_id = f"Surefoot/{task.partition('-')[0]}NoVel-v0"
        if gym_id not in gymnasium.registry:
            gymnasium.register(
                gym_id,
                entry_point="surefoot.envs.no_velocity:NoVelocity",
                max_episode_steps=gymnasium.spec(task).max_episode_steps,
                kwargs={"task": task},
            )
