"""Numbers that the user sets while the robot runs, and the rules for moving them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig

Arrows = Literal["up-down", "left-right"]


@dataclass(frozen=True, kw_only=True)
class Slider:
    """One number that the user sets while the robot runs."""

    name: str
    """What it is, as shown beside the slider."""
    low: float
    """Left end."""
    high: float
    """Right end."""
    unit: str = ""
    """Unit of the number, as shown."""
    initial: float = 0.0
    """Value at the start and after the key Space."""
    keys: Arrows | None = None
    """Arrow keys that also move it. Up makes it grow, and so does Left, as for turning left."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidConfig(f"Slider.low must be below high, got {self.low} and {self.high}")
        if not self.low <= self.initial <= self.high:
            raise InvalidConfig(
                f"Slider.initial must be in [{self.low}, {self.high}], got {self.initial}"
            )


class Commands:
    """The values of some sliders. The viewer's thread sets them, the simulation reads them.

    `values` is replaced as a whole, so a reader never sees half of a change.
    """

    def __init__(self, sliders: Sequence[Slider]) -> None:
        self.sliders = tuple(sliders)
        self.values = tuple(s.initial for s in self.sliders)

    def reset(self) -> None:
        """Back to the initial values."""
        self.values = tuple(s.initial for s in self.sliders)

    def press(self, keys: Arrows, share: float) -> None:
        """Move the sliders of these keys by a share of their range, negative for Down or Right."""
        self.values = tuple(
            min(max(v + share * (s.high - s.low), s.low), s.high) if s.keys == keys else v
            for s, v in zip(self.sliders, self.values, strict=True)
        )
