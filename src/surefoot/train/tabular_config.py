"""A run in the labyrinth as data, and the methods that can be run there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from surefoot.algos.tabular.tabular_config import (
    DynaQConfig,
    MonteCarloConfig,
    PolicyIterationConfig,
    QLearningConfig,
    SARSAConfig,
    TabularConfig,
    TD0Config,
    ValueIterationConfig,
)
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.labyrinth_config import GYM_ID, NAME, LabyrinthConfig

AlgoT = TypeVar("AlgoT", bound=TabularConfig)


@dataclass(frozen=True, kw_only=True)
class TabularRunConfig(Generic[AlgoT]):
    """Everything that decides a run's numbers. Same config and seed: same bits."""

    task: LabyrinthConfig
    """The labyrinth's settings."""
    algo: AlgoT
    """The method's settings."""
    steps: int | None = None
    """Environment steps; None for the methods that plan, which take none."""
    seed: int = 0
    """Seed of every random generator."""

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise InvalidConfig(f"steps must be at least 1, got {self.steps}")
        if self.seed < 0:
            raise InvalidConfig(f"seed must not be negative, got {self.seed}")


@dataclass(frozen=True, kw_only=True)
class TabularEntry:
    """One method of the catalog."""

    config: type[TabularConfig]
    """Its settings."""
    steps: int | None
    """Environment steps by default; None: it plans with the model and stops by itself."""
    summary: str
    """What it is, in one line."""


TABULAR = {
    "value-iteration": TabularEntry(
        config=ValueIterationConfig, steps=None, summary="dynamic programming with the exact model"
    ),
    "policy-iteration": TabularEntry(
        config=PolicyIterationConfig, steps=None, summary="exact evaluation, greedy improvement"
    ),
    "td0": TabularEntry(
        config=TD0Config, steps=2_000_000, summary="TD(0) evaluation with an improvement step"
    ),
    "monte-carlo": TabularEntry(
        config=MonteCarloConfig, steps=3_000_000, summary="first-visit control from whole returns"
    ),
    "sarsa": TabularEntry(
        config=SARSAConfig, steps=1_000_000, summary="on-policy control by temporal differences"
    ),
    "q-learning": TabularEntry(
        config=QLearningConfig, steps=500_000, summary="off-policy control by temporal differences"
    ),
    "dyna-q": TabularEntry(
        config=DynaQConfig, steps=200_000, summary="Q-learning that plans with a learned model"
    ),
}
"""The tabular methods by their name on the command line. They play the labyrinth."""


def find_tabular(algo: str, networks: Iterable[str]) -> TabularEntry:
    """A method of the labyrinth; `networks` are the algorithms that need observations as vectors.

    Raises:
        UnknownName: There is no such method.
        InvalidConfig: It is one of `networks`.
    """
    if algo in networks:
        raise InvalidConfig(
            f"{algo} learns a network, not a table: it can play {GYM_ID}, the same labyrinth with "
            f"observations as vectors. {NAME} is for {', '.join(TABULAR)}."
        )
    if algo not in TABULAR:
        raise UnknownName("algorithm", algo, TABULAR, f"task '{NAME}'")
    return TABULAR[algo]


def refuse_tabular(algo: str | None, task: str, networks: Iterable[str]) -> None:
    """Refuse a tabular method for another task than the labyrinth.

    Raises:
        InvalidConfig: It is one; the error says what it can play and who can play the task.
    """
    if algo in TABULAR:
        raise InvalidConfig(
            f"{algo} keeps a number for every state: it can play {NAME}, not {task}, which is for "
            f"{', '.join(networks)}"
        )
