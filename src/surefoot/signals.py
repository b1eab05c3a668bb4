"""Named slices: what each number of an observation or an action is, in which unit and range."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    source: Literal["sensor", "operator", "clock", "simulator"] = "sensor"
    """Who provides it on the robot: its sensors, whoever commands it, a clock, or nobody, because
    only a simulator knows it."""
    clock_hz: float = 0.0
    """Where it comes from a clock: it is a sine and a cosine of this frequency while the robot is
    told to move, and two zeros while it is told to stand."""

    def __post_init__(self) -> None:
        is_clock = self.source == "clock"
        if is_clock != (0.0 < self.clock_hz < np.inf) or (is_clock and self.size != 2):
            raise InvalidConfig(
                f"Signal '{self.name}': a clock, and nothing else, has a frequency and two values, "
                f"got {self.clock_hz} Hz and size {self.size} from a {self.source}"
            )
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


@dataclass(frozen=True)
class Mirror:
    """What a vector becomes in the mirror that swaps left and right.

    Element i of the mirrored vector is `sign[i]` times element `order[i]`. Twice is the identity.
    """

    order: tuple[int, ...]
    """A permutation of the elements."""
    sign: tuple[float, ...]
    """+1 or -1 each."""

    def __post_init__(self) -> None:
        n = len(self.order)
        is_swap = sorted(self.order) == list(range(n)) == [self.order[i] for i in self.order]
        if not is_swap or len(self.sign) != n or any(abs(s) != 1.0 for s in self.sign):
            raise InvalidConfig(
                f"a mirror swaps elements in pairs, with signs of +1 or -1, got {self.order} "
                f"and {self.sign}"
            )
        if any(self.sign[i] != self.sign[j] for i, j in enumerate(self.order)):
            raise InvalidConfig(f"a mirror's pairs need equal signs, got {self.sign}")

    def __add__(self, other: Mirror) -> Mirror:
        """The mirror of two vectors, one behind the other."""
        shifted = tuple(len(self.order) + i for i in other.order)
        return Mirror(self.order + shifted, self.sign + other.sign)


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What an agent sees of an environment: its observation, its action, its rate."""

    observation: Layout
    """What the agent receives at each step; what only a simulator knows stands last."""
    action: Layout | int
    """What it sends: named continuous signals, or the number of discrete choices."""
    dt: float
    """Duration of one step, s; 1.0 where an environment has no clock."""
    observation_mirror: Mirror | None = None
    """What an observation becomes where left and right are swapped; None: nobody has said."""
    action_mirror: Mirror | None = None
    """The same of an action."""

    def __post_init__(self) -> None:
        known = [signal.source != "simulator" for signal in self.observation]
        if known != sorted(known, reverse=True):
            raise InvalidConfig("what only a simulator knows must stand last in an observation")
        mirrors = (
            (self.observation_mirror, self.observation.size),
            (self.action_mirror, self.action_size),
        )
        for mirror, size in mirrors:
            if mirror is not None and len(mirror.order) != size:
                raise InvalidConfig(
                    f"a mirror of {len(mirror.order)} values, for a vector of {size}"
                )

    @property
    def action_size(self) -> int:
        """How many numbers an action has: 1 if it is a choice."""
        return self.action.size if isinstance(self.action, Layout) else 1

    @property
    def on_robot(self) -> Interface:
        """The same without what only a simulator knows."""
        sensed = Layout(self.sensed)
        mirror = self.observation_mirror
        if mirror is not None:
            mirror = Mirror(mirror.order[: sensed.size], mirror.sign[: sensed.size])
        return replace(self, observation=sensed, observation_mirror=mirror)

    @property
    def sensed(self) -> tuple[Signal, ...]:
        """The signals that there are on the robot too."""
        return tuple(s for s in self.observation if s.source != "simulator")
