"""What a run in the labyrinth is, what it found, and its files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surefoot.algos.tabular.tabular_config import TabularConfig
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_config import NAME
from surefoot.train.checkpoint import VERSION, check_version, write_atomically
from surefoot.train.plain import from_plain, to_plain
from surefoot.train.run_folder import RunFolder
from surefoot.train.tabular_config import TABULAR, TabularRunConfig

RESULT, FIGURE = "result.npz", "labyrinth.png"
"""What a run leaves beside its settings and its log."""


@dataclass(frozen=True, kw_only=True)
class TabularRun:
    """What was run in the labyrinth: a method and all settings."""

    algo: str
    """Name of the method."""
    config: TabularRunConfig[TabularConfig]
    """All settings."""
    task: str = NAME
    """Always the labyrinth."""

    def to_plain(self) -> dict[str, Any]:
        """As plain data, with the format's version."""
        names = {"version": VERSION, "task": self.task, "algo": self.algo}
        return {**names, "config": to_plain(self.config)}


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What a method found, in the user's sign: rewards or costs."""

    value: NDArray[np.float64]
    """V or J, (S,)."""
    policy: NDArray[np.int8]
    """Number of the greedy action, (S,)."""
    action_value: NDArray[np.float64]
    """Q, (S, A): the method's table, or its V seen from one step before."""

    def write(self, folder: Path, labyrinth: Labyrinth) -> None:
        """Write result.npz: value (R, C), policy (R, C), action_value (R, C, 4).

        Where nobody can be, values are NaN and the policy is -1.
        """
        content = io.BytesIO()
        np.savez(
            content,
            value=labyrinth.on_grid(self.value, np.nan),
            policy=labyrinth.on_grid(self.policy, -1),
            action_value=labyrinth.on_grid(self.action_value, np.nan),
        )
        write_atomically(folder / RESULT, content.getvalue())


def read_tabular_run(path: Path) -> TabularRun:
    """The run in a folder.

    Raises:
        BadFile: Its config.yaml is damaged, or from a newer version.
    """
    folder = RunFolder(path)
    data = folder.read_plain()
    check_version(folder.config, data.get("version"))
    try:
        algo = str(data["algo"])
        if algo not in TABULAR:
            raise UnknownName("algorithm", algo, TABULAR, f"task '{NAME}'")
        config = from_plain(TabularRunConfig[TABULAR[algo].config], data["config"])
        return TabularRun(algo=algo, config=config)
    except (KeyError, InvalidConfig, UnknownName) as error:
        problem = f"cannot be understood ({error})"
        raise BadFile(folder.config, problem, "Restore the file, or train again.") from None


def read_policy(path: Path, labyrinth: Labyrinth) -> NDArray[np.int8]:
    """The policy of a run, (S,), from its result.npz.

    Raises:
        BadFile: It is missing, damaged, or belongs to another maze.
    """
    file = path / RESULT
    try:
        with np.load(file, allow_pickle=False) as content:
            grid = content["policy"]
    except FileNotFoundError:
        raise BadFile(file, "there is no such file", "Train again.") from None
    except Exception as error:
        # zipfile and NumPy's header reader: 12,000 spoilt files raised 11 kinds, from KeyError to
        # tokenize.TokenError, without a common base; the cause stays with the error
        raise BadFile(file, "this is no result of a run", "Train again.") from error
    if grid.shape != labyrinth.maze.walls.shape or (grid[tuple(labyrinth.cells.T)] < 0).any():
        raise BadFile(file, "it belongs to another maze than config.yaml", "Train again.")
    return grid[tuple(labyrinth.cells.T)]
