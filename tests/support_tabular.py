"""Models with known solutions, and oracles that share no code with the methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_builtin import MAZES
from surefoot.tasks.labyrinth_config import LabyrinthConfig


@dataclass(frozen=True)
class Model:
    """A `FiniteModel` from its arrays."""

    successor: np.ndarray
    move_probability: np.ndarray
    reward: np.ndarray
    terminal: np.ndarray
    start: int = 0


CHAIN_MODEL = Model(
    successor=np.array([[1, 0], [2, 1], [0, 0]]),
    move_probability=np.array([[0.8, 0.2], [0.0, 1.0]]),
    reward=np.array([[-1.0, -2.0], [-1.0, -2.0], [-1.0, -1.0]]),  # nobody acts at the end
    terminal=np.array([False, False, True]),
)
"""0 -> 1 -> 2 (end). "go" advances with probability 0.8 and stays with 0.2, "wait" stays.

Advancing pays -1, staying -2. With gamma 0.9, by hand:
V1 = 0.8 (-1) + 0.2 (-2 + 0.9 V1), so V1 = -1.2 / 0.82 = -1.463415;
V0 = 0.8 (-1 + 0.9 V1) + 0.2 (-2 + 0.9 V0), so V0 = (-1.2 + 0.72 V1) / 0.82 = -2.748364.
"""
CHAIN = [-2.748364, -1.463415, 0.0]
"""Its solution."""


def labyrinth(maze: str, **settings: object) -> Labyrinth:
    return Labyrinth(LabyrinthConfig(maze=maze, **settings))


def transitions(maze: str, slip: float) -> tuple[np.ndarray, np.ndarray]:
    """P (4, S, S) and the terminal states, from the maze's text and the rules, cell by cell."""
    lines = MAZES[maze].strip("\n").splitlines()
    cells = [(i, j) for i, line in enumerate(lines) for j, c in enumerate(line) if c != "#"]
    number = {cell: s for s, cell in enumerate(cells)}
    steps = {"n": (-1, 0), "s": (1, 0), "e": (0, 1), "w": (0, -1)}
    sides = {"n": "ew", "s": "ew", "e": "ns", "w": "ns"}
    chances = np.zeros((4, len(cells), len(cells)))
    for (i, j), s in number.items():
        for a, name in enumerate("nsew"):
            for move, chance in ((name, 1.0 - slip), *((side, slip / 2) for side in sides[name])):
                di, dj = steps[move]
                chances[a, s, number.get((i + di, j + dj), s)] += chance
    return chances, np.array([lines[i][j] == "E" for i, j in cells])


def solve(maze: str, slip: float, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Optimal V (S,) and Q (S, 4): greedy policies of dense linear systems until one is its own."""
    chances, terminal = transitions(maze, slip)
    reward = np.where(terminal, 0.0, -1.0)
    chances = chances * ~terminal[:, None]
    value = np.zeros(len(terminal))
    for _ in range(5000):  # values first: they lead to a policy that arrives
        value = (reward + gamma * chances @ value).max(axis=0)
    policy = (reward + gamma * chances @ value).argmax(axis=0)
    chosen = chances[policy, np.arange(len(terminal))]
    value = np.linalg.solve(np.eye(len(terminal)) - gamma * chosen, reward)
    return value, (reward + gamma * chances @ value).T
