"""Numbers that the user sets while the robot runs, and the rules for moving them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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
    """The values of some sliders, kept in an array that others read.

    Args:
        sliders: What the user may set.
        values: Where the values are kept, (number of sliders,).
    """

    def __init__(self, sliders: Sequence[Slider], values: NDArray[np.float64]) -> None:
        self.sliders, self.values = tuple(sliders), values
        self.reset()

    def reset(self) -> None:
        """Back to the initial values."""
        for i, slider in enumerate(self.sliders):
            self.values[i] = slider.initial

    def set(self, index: int, value: float) -> None:
        """Set one value, or the nearest that its slider allows."""
        slider = self.sliders[index]
        self.values[index] = min(max(value, slider.low), slider.high)

    def press(self, keys: Arrows, share: float) -> None:
        """Move the sliders of these keys by a share of their range, negative for Down or Right."""
        for i, slider in enumerate(self.sliders):
            if slider.keys == keys:
                self.set(i, self.values[i] + share * (slider.high - slider.low))
