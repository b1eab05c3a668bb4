"""The rhythm of the feet: a clock for each robot, and where it wants each foot."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from surefoot.tasks.walking_config import GaitConfig

_WIDE = 0.05  # feet further apart than this along x, m, are front and hind


def leg_offsets(foot_home: NDArray[np.float64]) -> Tensor:
    """Share of a cycle by which each foot lags behind the clock, (F,): 0 or one half.

    Diagonal feet of a quadruped swing together, the two feet of a biped in turn.

    Args:
        foot_home: Where the feet are in the base frame, (F, 3), m.
    """
    x, y = foot_home[:, 0], foot_home[:, 1]
    front = np.where(np.ptp(x) > _WIDE, np.sign(x - x.mean()), 1.0)
    return torch.tensor(np.where(front * y > 0.0, 0.0, 0.5), dtype=torch.float32)


def swing_height(share: Tensor) -> Tensor:
    """Height of a swinging foot over its highest point, from the share of the swing, in [0, 1].

    Zero before and after; cubic up and cubic down, at rest at both ends and in the middle. Source:
    Lee et al. 2020, supplement (foot trajectory generator).
    """
    up = (2.0 * share).clamp(0.0, 1.0)
    down = (2.0 * share - 1.0).clamp(0.0, 1.0)
    rise = up * up * (3.0 - 2.0 * up)
    return torch.where(share < 0.5, rise, 1.0 - down * down * (3.0 - 2.0 * down))


class Gait:
    """Clocks of E robots.

    A command to stand stops nothing, but no foot is wanted in the air then, and what the robot
    sees of its clock is zero.

    Args:
        config: Frequency, share of stance, height.
        leg_length: Of the standing robot, sole to base, m: it sets the scale of everything.
        foot_home: Where the feet are in the base frame, (F, 3), m.
        nb_worlds: E.
        dt: Policy step, s.
    """

    def __init__(
        self,
        config: GaitConfig,
        *,
        leg_length: float,
        foot_home: NDArray[np.float64],
        nb_worlds: int,
        dt: float,
    ) -> None:
        self.frequency = config.hertz(leg_length)
        """Hz."""
        self.tolerance = config.tolerance * leg_length
        """m."""
        self._height, self._stance = config.height * leg_length, config.stance
        self._offsets = leg_offsets(foot_home)
        self._advance = self.frequency * dt
        self.cycle = torch.zeros(nb_worlds)
        """Share of the cycle that has passed, in [0, 1), (E,)."""

    def reset(self, ids: Tensor, generator: Generator) -> None:
        """Begin anywhere in the cycle."""
        self.cycle[ids] = torch.rand(len(ids), generator=generator)

    def advance(self) -> None:
        """One policy step later."""
        self.cycle = (self.cycle + self._advance).remainder(1.0)

    def signal(self, moving: Tensor) -> Tensor:
        """Sine and cosine of the clock where a robot is `moving`, zero elsewhere, (E, 2)."""
        angle = (2.0 * math.pi) * self.cycle
        return torch.stack([torch.sin(angle), torch.cos(angle)], dim=1) * moving[:, None]

    def foot_heights(self, moving: Tensor) -> Tensor:
        """Where the clock wants the soles, (E, F), m above the ground."""
        cycle = (self.cycle[:, None] + self._offsets).remainder(1.0)
        share = (cycle / (1.0 - self._stance)).clamp(max=1.0)
        return self._height * swing_height(share) * moving[:, None]
