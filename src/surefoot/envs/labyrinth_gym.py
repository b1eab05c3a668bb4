"""The labyrinth as Gymnasium users meet it."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from surefoot.errors import InvalidConfig
from surefoot.tasks.labyrinth import ACTIONS, Labyrinth
from surefoot.tasks.labyrinth_config import GYM_ID, LabyrinthConfig

_PIXELS = 16  # of a cell
_COLOURS = np.array(
    [(35, 39, 58), (238, 240, 244), (255, 210, 63), (228, 87, 46)], dtype=np.uint8
)  # wall, free, exit, agent


class LabyrinthEnv(gymnasium.Env[Any, Any]):
    """One walker: north, south, east, west until the exit; a reward of -1 per step.

    Args:
        observation: "position" is row and column, for networks; "cell" is the number of the state,
            for tables.
        render_mode: "rgb_array" for pictures.
        settings: Any field of `LabyrinthConfig`. Gymnasium maximises rewards: there are no costs.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        *,
        observation: Literal["position", "cell"] = "position",
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        try:
            config = dataclasses.replace(LabyrinthConfig(), **settings)
        except TypeError as error:
            raise InvalidConfig(f"the labyrinth has no such setting: {error}") from None
        if config.objective != "reward":
            raise InvalidConfig("Gymnasium environments give rewards: leave out objective")
        if observation not in ("position", "cell"):
            raise InvalidConfig(f"observation must be 'position' or 'cell', got '{observation}'")
        self.labyrinth, self.render_mode = Labyrinth(config), render_mode
        self._cells = observation == "cell"
        rows, columns = self.labyrinth.maze.walls.shape
        corner = np.array([rows, columns], dtype=np.float32)  # one past the last: no Box is empty
        self.observation_space = (
            spaces.Discrete(self.labyrinth.nb_states)
            if self._cells
            else spaces.Box(np.zeros(2, np.float32), corner)
        )
        self.action_space = spaces.Discrete(len(ACTIONS))
        self._state, self._steps = self.labyrinth.start, 0
        self._begin = np.flatnonzero(~self.labyrinth.terminal)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin in a random cell, or at the start with `random_start=False`."""
        super().reset(seed=seed)
        anywhere = self.labyrinth.config.random_start
        self._state = int(self.np_random.choice(self._begin)) if anywhere else self.labyrinth.start
        self._steps = 0
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Go, or slip to a side."""
        world = self.labyrinth
        move = int(self.np_random.choice(4, p=world.move_probability[int(action)]))
        reward = float(world.reward[self._state, move])
        self._state = int(world.successor[self._state, move])
        self._steps += 1
        terminated = bool(world.terminal[self._state])
        truncated = not terminated and self._steps >= world.max_episode_steps
        return self._observe(), reward, terminated, truncated, {}

    def render(self) -> NDArray[np.uint8] | None:
        """A picture of the maze from above, in render mode "rgb_array"."""
        if self.render_mode is None:
            return None
        maze = self.labyrinth.maze
        kind = np.where(maze.exits, 2, ~maze.walls)
        kind[tuple(self.labyrinth.cells[self._state])] = 3
        return _COLOURS[np.kron(kind, np.ones((_PIXELS, _PIXELS), dtype=int))]

    def _observe(self) -> Any:
        if self._cells:
            return self._state
        return self.labyrinth.cells[self._state].astype(np.float32)


def register_labyrinth() -> None:
    """Make the labyrinth known to Gymnasium; done when `surefoot.envs` is imported."""
    if GYM_ID not in gymnasium.registry:
        gymnasium.register(GYM_ID, entry_point="surefoot.envs.labyrinth_gym:LabyrinthEnv")
