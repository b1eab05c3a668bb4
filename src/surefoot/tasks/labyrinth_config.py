"""Settings of the labyrinth."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.errors import InvalidConfig
from surefoot.signals import Objective

NAME = "labyrinth"
"""Its name on the command line."""
GYM_ID = "Surefoot/Labyrinth-v0"
"""Its id in Gymnasium."""
SPARSE_GYM_ID = "Surefoot/SparseLabyrinth-v0"
"""The id of one long way that pays nothing but its exit."""
SUMMARY = "north, south, east, west: find the exit"
"""What is to be learned, in one line."""


@dataclass(frozen=True, kw_only=True)
class LabyrinthConfig:
    """Which maze, how slippery, and which sign. Every step costs 1."""

    maze: str = "classic"
    """A built-in maze, a text file, or ROWSxCOLUMNS for a generated one, such as "40x60"."""
    maze_seed: int = 0
    """Seed of a generated maze; the others do not need it."""
    loops: float = 0.1
    """Share of the walls between neighbours that a generated maze opens, in [0, 1]; 0 is a tree."""
    slip: float = 0.0
    """Probability of moving sideways instead, half of it to each side, in [0, 1]."""
    objective: Objective = "reward"
    """A step's signal: a reward of -1, to be maximised, or a cost of 1, to be minimised."""
    random_start: bool = True
    """Begin the episodes of a training in any cell. An evaluation always begins at the start."""
    max_episode_steps: int | None = None
    """Time limit, steps; None is twice the longest of all shortest ways."""

    def __post_init__(self) -> None:
        for name in ("loops", "slip"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidConfig(f"task.{name} must be in [0, 1], got {getattr(self, name)}")
        if self.maze_seed < 0:
            raise InvalidConfig(f"task.maze_seed must not be negative, got {self.maze_seed}")
        if self.max_episode_steps is not None and self.max_episode_steps < 1:
            raise InvalidConfig(
                f"task.max_episode_steps must be at least 1, got {self.max_episode_steps}"
            )
