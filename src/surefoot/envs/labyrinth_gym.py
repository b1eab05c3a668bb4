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
from surefoot.tasks.labyrinth_config import GYM_ID, SPARSE_GYM_ID, LabyrinthConfig

_PIXELS = 16  # of a cell
_COLOURS = np.array(
    [(35, 39, 58), (238, 240, 244), (255, 210, 63), (228, 87, 46)], dtype=np.uint8
)  # wall, free, exit, agent


class LabyrinthEnv(gymnasium.Env[Any, Any]):
    """One walker: north, south, east, west until the exit; a reward of -1 per step.

    Args:
        observation: "position" is row and column, for networks; "cell" is the number of the state,
            for tables; "picture" is the maze from above, (R, C), 1 where the walker is and else 0.
        sparse: The exit pays 1, and nothing else pays or costs.
        render_mode: "rgb_array" for pictures.
        settings: Any field of `LabyrinthConfig`. Gymnasium maximises rewards: there are no costs.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        *,
        observation: Literal["position", "cell", "picture"] = "position",
        sparse: bool = False,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        try:
            config = dataclasses.replace(LabyrinthConfig(), **settings)
        except TypeError as error:
            raise InvalidConfig(f"the labyrinth has no such setting: {error}") from None
        if config.objective != "reward":
            raise InvalidConfig("Gymnasium environments give rewards: leave out objective")
        self.labyrinth, self.render_mode = Labyrinth(config), render_mode
        self._kind, self._sparse = observation, sparse
        shape = self.labyrinth.maze.walls.shape
        match observation:
            case "cell":
                self.observation_space = spaces.Discrete(self.labyrinth.nb_states)
            case "picture":
                self.observation_space = spaces.Box(0.0, 1.0, shape)
            case "position":  # up to one past the last: no Box is empty
                corner = np.array(shape, dtype=np.float32)
                self.observation_space = spaces.Box(np.zeros(2, np.float32), corner)
            case _:
                raise InvalidConfig(
                    f"observation must be 'position', 'cell' or 'picture', got '{observation}'"
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
        if self._sparse:
            reward = float(terminated)
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
        if self._kind == "cell":
            return self._state
        position = self.labyrinth.cells[self._state]
        if self._kind == "position":
            return position.astype(np.float32)
        picture = np.zeros(self.labyrinth.maze.walls.shape, np.float32)
        picture[tuple(position)] = 1.0
        return picture


def register_labyrinth() -> None:
    """Make the labyrinth known to Gymnasium; done when `surefoot.envs` is imported."""
    sparse = {
        "maze": "winding",
        "observation": "picture",
        "sparse": True,
        "random_start": False,
        "max_episode_steps": 100,
    }
    for gym_id, settings in ((GYM_ID, {}), (SPARSE_GYM_ID, sparse)):
        if gym_id not in gymnasium.registry:
            entry_point = "surefoot.envs.labyrinth_gym:LabyrinthEnv"
            gymnasium.register(gym_id, entry_point=entry_point, kwargs=settings)
