"""Named slices: what each number of an observation or an action is, in which unit and range."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidConfig, UnknownName

Objective = Literal["cost", "reward"]
"""What the numbers that an environment returns are: costs to minimise or rewards to maximise."""


def sign_of(objective: Objective) -> float:
    """-1 for a cost, +1 for a reward: the direction in which a learner follows the gradient.

    The one place where the two conventions of the lecture meet.
    """
    return {"cost": -1.0, "reward": 1.0}[objective]


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One named quantity of an observation or an action."""

    name: str
    """Name, unique in its layout."""
    unit: str
    """SI unit of every element, such as "rad" or "m/s"; "1" if dimensionless."""
    low: float = -np.inf
    """Smallest value of every element, in `unit`."""
    high: float = np.inf
    """Largest value of every element, in `unit`."""
    size: int = 1
    """How many numbers it has."""
    source: Literal["sensor", "operator"] = "sensor"
    """Who provides it on the robot: its sensors, or whoever commands it."""

    def __post_init__(self) -> None:
        if self.size < 1 or not self.low < self.high:
            raise InvalidConfig(
                f"Signal '{self.name}' needs size >= 1 and low < high, "
                f"got size {self.size} and [{self.low}, {self.high}]"
            )


@dataclass(frozen=True)
class Layout:
    """The order of the signals in a vector."""

    signals: tuple[Signal, ...]

    def __post_init__(self) -> None:
        names = [s.name for s in self.signals]
        if len(set(names)) != len(names):
            raise InvalidConfig(f"signal names must be unique, got {', '.join(names)}")

    def __iter__(self) -> Iterator[Signal]:
        return iter(self.signals)

    @property
    def size(self) -> int:
        """Length of the whole vector."""
        return sum(s.size for s in self.signals)

    @property
    def names(self) -> tuple[str, ...]:
        """Signal names in order."""
        return tuple(s.name for s in self.signals)

    @property
    def low(self) -> NDArray[np.float32]:
        """Lower bound of each element, shape (size,)."""
        return np.concatenate([np.full(s.size, s.low, np.float32) for s in self.signals])

    @property
    def high(self) -> NDArray[np.float32]:
        """Upper bound of each element, shape (size,)."""
        return np.concatenate([np.full(s.size, s.high, np.float32) for s in self.signals])

    def slice(self, name: str) -> builtins.slice:
        """Where the signal `name` stands in the vector.

        Raises:
            UnknownName: No signal has that name.
        """
        start = 0
        for signal in self.signals:
            if signal.name == name:
                return slice(start, start + signal.size)
            start += signal.size
        raise UnknownName("signal", name, self.names, "this layout")


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What an agent sees of an environment: its observation, its action, its rate."""

    observation: Layout
    """What the agent receives at each step."""
    action: Layout | int
    """What it sends: named continuous signals, or the number of discrete choices."""
    dt: float
    """Duration of one step, s; 1.0 where an environment has no clock."""

    @property
    def action_size(self) -> int:
        """How many numbers an action has: 1 if it is a choice."""
        return self.action.size if isinstance(self.action, Layout) else 1
