"""A new small maze in every episode, seen from above: `benchmarks._levels:Levels-v0`."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from surefoot.tasks.labyrinth import STEPS
from surefoot.tasks.labyrinth_maze import generate_maze

SIZE = 5
"""Cells a side: nine rooms, and doors between them."""


class Levels(gymnasium.Env[Any, Any]):
    """North, south, east, west in a new maze from anywhere to anywhere; the goal pays 1 and ends.

    Seen are three planes: the walker, the goal, the walls.
    """

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (3, SIZE, SIZE))
    action_space = gymnasium.spaces.Discrete(4)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Draw a maze, a start and a goal."""
        super().reset(seed=seed)
        level = int(self.np_random.integers(2**31))
        self.walls = generate_maze(SIZE, SIZE, loops=0.3, seed=level).walls
        free = np.argwhere(~self.walls)
        self.cell, self.goal = free[self.np_random.choice(len(free), 2, replace=False)]
        return self._observe(), {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Go, unless there is a wall or an edge."""
        row, column = self.cell + STEPS[int(action)]
        if 0 <= row < SIZE and 0 <= column < SIZE and not self.walls[row, column]:
            self.cell = np.array([row, column])
        found = bool((self.cell == self.goal).all())
        return self._observe(), float(found), found, False, {}

    def _observe(self) -> NDArray[np.float32]:
        seen = np.zeros((3, SIZE, SIZE), np.float32)
        seen[0][tuple(self.cell)] = seen[1][tuple(self.goal)] = 1.0
        seen[2] = self.walls
        return seen


gymnasium.register("Levels-v0", entry_point="benchmarks._levels:Levels", max_episode_steps=4 * SIZE)
