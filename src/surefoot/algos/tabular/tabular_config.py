"""Settings of the tabular methods; a setting has the same name in all of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class TabularConfig:
    """What every method has."""

    gamma: float = 0.99
    """Discount per step, in (0, 1): how much a reward one step later counts."""

    def __post_init__(self) -> None:
        if not 0.0 < self.gamma < 1.0:
            raise InvalidConfig(f"algo.gamma must be between 0 and 1, got {self.gamma}")


def check_shares(config: TabularConfig, *names: str) -> None:
    """Refuse settings that are not in [0, 1]."""
    for name in names:
        if not 0.0 <= getattr(config, name) <= 1.0:
            raise InvalidConfig(f"algo.{name} must be in [0, 1], got {getattr(config, name)}")


@dataclass(frozen=True, kw_only=True)
class ValueIterationConfig(TabularConfig):
    """Value iteration."""

    tolerance: float = 1e-4
    """How far the policy may be from the optimum in any state, unit of the value."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.tolerance < float("inf"):
            raise InvalidConfig(f"algo.tolerance must be positive and finite, got {self.tolerance}")
        if self.threshold < 4.0 * math.ulp(1.0 / (1.0 - self.gamma)):  # of rewards of size 1
            raise InvalidConfig(
                f"algo.tolerance {self.tolerance} is finer than floating point with algo.gamma "
                f"{self.gamma}: raise the one or lower the other"
            )

    @property
    def threshold(self) -> float:
        """The change of a whole sweep below which the greedy policy is within the tolerance."""
        return self.tolerance * (1.0 - self.gamma) / (2.0 * self.gamma)


@dataclass(frozen=True, kw_only=True)
class PolicyIterationConfig(TabularConfig):
    """Policy iteration."""

    tolerance: float = 1e-9
    """Gain of another action, unit of the value, that is too small to change the policy for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.tolerance < float("inf"):
            raise InvalidConfig(f"algo.tolerance must not be negative, got {self.tolerance}")


@dataclass(frozen=True, kw_only=True)
class ControlConfig(TabularConfig, ABC):
    """What every method that learns from steps has."""

    exploration_initial_eps: float = 1.0
    """Probability of a random action at the beginning."""
    exploration_final_eps: float = 0.0
    """And at the end."""
    exploration_fraction: float = 0.8
    """Share of the training in which it falls from the one to the other, on a line."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shares(
            self, "exploration_initial_eps", "exploration_final_eps", "exploration_fraction"
        )

    @abstractmethod
    def rate(self, progress: float, nth: int) -> float:
        """Share of its error that the `nth` update of an entry corrects.

        Args:
            progress: Share of the training that is behind, in [0, 1].
            nth: From 1.
        """


@dataclass(frozen=True, kw_only=True)
class BootstrapConfig(ControlConfig):
    """What the methods have whose target is one step and an estimate of the rest."""

    learning_rate: float = 0.5
    """Share of its error that an update corrects, in [0, 1], at the beginning."""
    learning_rate_final: float = 0.0
    """And at the end; it falls on a line."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shares(self, "learning_rate", "learning_rate_final")

    def rate(self, progress: float, nth: int) -> float:
        """On a line, and never below 1/n: the first target counts whole."""
        first, last = self.learning_rate, self.learning_rate_final
        return max(first + progress * (last - first), 1.0 / nth)


@dataclass(frozen=True, kw_only=True)
class TD0Config(BootstrapConfig):
    """TD(0) evaluation with an improvement step."""

    learning_rate: float = 0.3
    """As everywhere; smaller, since each round begins with it again."""
    nb_rounds: int = 30
    """Rounds of evaluation and improvement; the steps are shared equally."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nb_rounds < 1:
            raise InvalidConfig(f"algo.nb_rounds must be at least 1, got {self.nb_rounds}")


@dataclass(frozen=True, kw_only=True)
class MonteCarloConfig(ControlConfig):
    """First-visit Monte Carlo control."""

    learning_rate_power: float = 0.6
    """The n-th return of an entry corrects n^-power of its error, in [0, 1]: with 1 it is the plain
    average of all returns; with less, recent ones weigh more, since the policy moves on."""
    exploration_initial_eps: float = 0.1
    """As everywhere; random episodes are long, and say little about good ones."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shares(self, "learning_rate_power")

    def rate(self, progress: float, nth: int) -> float:
        """Robbins and Monro's: with a power above 1/2 and up to 1, estimates converge."""
        return nth**-self.learning_rate_power


@dataclass(frozen=True, kw_only=True)
class SARSAConfig(BootstrapConfig):
    """SARSA."""

    exploration_initial_eps: float = 0.1
    """As everywhere; smaller, since it learns the value of its exploration as well."""


@dataclass(frozen=True, kw_only=True)
class QLearningConfig(BootstrapConfig):
    """Q-learning."""


@dataclass(frozen=True, kw_only=True)
class DynaQConfig(BootstrapConfig):
    """Dyna-Q."""

    planning_steps: int = 10
    """Updates from the learned model after each step of the environment."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.planning_steps < 0:
            raise InvalidConfig(
                f"algo.planning_steps must not be negative, got {self.planning_steps}"
            )
