"""The labyrinth as a Markov decision process, exactly: who can go where, and how likely."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from surefoot.signals import sign_of
from surefoot.tasks.labyrinth_config import LabyrinthConfig
from surefoot.tasks.labyrinth_maze import load_maze

ACTIONS = ("north", "south", "east", "west")
"""The moves, in the order of their numbers."""
STEPS = np.array([(-1, 0), (1, 0), (0, 1), (0, -1)])
"""Rows and columns that each of them goes, (4, 2); row 0 is the north edge."""
ScalarT = TypeVar("ScalarT", bound=np.generic)
_SIDES = ((2, 3), (2, 3), (0, 1), (0, 1))
"""Where one slips to: the two moves across."""


class Labyrinth:
    """S cells, four actions, a reward of -1 per step until an exit; a move into a wall stays.

    The states are the cells from which a way leads to an exit, row by row. The dynamics have two
    parts, as in x' = f(x, w) with a disturbed w: an action draws one of four moves, and a move has
    one successor. Inside, rewards are maximised; where the user counts costs, `sign` turns the
    numbers on their way in and out.

    Args:
        config: Its settings.

    Raises:
        UnknownName: There is no such maze.
        BadFile: It is no maze, or nobody gets out.
    """

    def __init__(self, config: LabyrinthConfig) -> None:
        self.config = config
        self.maze = load_maze(config)
        self.sign = sign_of(config.objective)
        """+1 where values are rewards, -1 where they are costs."""
        cells = np.argwhere(self.maze.distance >= 0)
        self.cells = cells
        """Row and column of each state, (S, 2)."""
        number = np.full(np.add(self.maze.walls.shape, 2), -1, dtype=np.int32)
        number[tuple(cells.T + 1)] = np.arange(len(cells))
        # one row and column of wall all around: a step never leaves the array
        there = [number[tuple((cells + step + 1).T)] for step in STEPS]
        here = np.arange(len(cells), dtype=np.int32)
        self.successor = np.stack([np.where(x < 0, here, x) for x in there], axis=1)
        """The state that each move leads to, (S, 4) int32."""
        self.move_probability = np.eye(4) * (1.0 - config.slip)
        """Probability of each move under each action, (4 actions, 4 moves)."""
        for action, sides in enumerate(_SIDES):
            self.move_probability[action, list(sides)] = config.slip / 2.0
        self.reward = np.broadcast_to(-1.0, self.successor.shape)
        """Reward of each move, (S, 4); one number, however large the maze."""
        self.terminal = self.maze.exits[tuple(cells.T)]
        """Whether an episode ends in a state, (S,)."""
        self.start = int(number[self.maze.start[0] + 1, self.maze.start[1] + 1])
        """The state in which an evaluation begins."""

    @property
    def nb_states(self) -> int:
        """S."""
        return len(self.cells)

    @property
    def max_episode_steps(self) -> int:
        """The time limit in force."""
        return self.config.max_episode_steps or 2 * int(self.maze.distance.max())

    def on_grid(self, values: NDArray[ScalarT], outside: float) -> NDArray[ScalarT]:
        """Values of the states, (S, ...), where their cells are, (R, C, ...)."""
        shape = (*self.maze.walls.shape, *values.shape[1:])
        grid = np.full(shape, outside, dtype=values.dtype)
        grid[tuple(self.cells.T)] = values
        return grid
