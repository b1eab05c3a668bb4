"""A maze in which nothing is paid but the exit: `benchmarks._maze:SparseMaze-v0` in Gymnasium."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

MAZE = (
    "#############",
    "#S..........#",
    "###########.#",
    "#...........#",
    "#.###########",
    "#...........#",
    "###########.#",
    "#E..........#",
    "#############",
)
"""46 steps from the start to the exit. A random walk of 150 steps moves by about nine."""
MOVES = ((-1, 0), (1, 0), (0, 1), (0, -1))


class SparseMaze(gymnasium.Env[Any, Any]):
    """North, south, east, west; the exit pays 1 and ends the episode; row and column are seen."""

    observation_space = gymnasium.spaces.Box(0.0, 13.0, (2,))
    action_space = gymnasium.spaces.Discrete(4)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin at the start."""
        super().reset(seed=seed)
        self.row, self.column = 1, 1
        return self._observe(), {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Go, unless there is a wall."""
        row, column = self.row + MOVES[int(action)][0], self.column + MOVES[int(action)][1]
        if MAZE[row][column] != "#":
            self.row, self.column = row, column
        found = MAZE[self.row][self.column] == "E"
        return self._observe(), float(found), found, False, {}

    def _observe(self) -> NDArray[np.float32]:
        return np.array([self.row, self.column], np.float32)


gymnasium.register("SparseMaze-v0", entry_point=SparseMaze, max_episode_steps=150)
