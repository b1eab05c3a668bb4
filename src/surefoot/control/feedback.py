"""The simplest balancer: drive forward as fast as you lean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from surefoot.control.observation import OBSERVATION
from surefoot.errors import InvalidConfig

LECTURE_GAINS = (10.0, 0.0, 0.0, 0.0)
"""The lecture's example, v = 10 pitch. Mostly stands in PyBullet, always falls in MuJoCo."""
PUBLISHED_GAINS = (10.0, 1.0, 0.1, 0.1)
"""The published balancer. Stands in PyBullet, falls in MuJoCo: its velocity gain is below 1."""
PUBLISHED_LIMIT = 0.99
"""Clip of the published balancer, m/s."""
STABILISING_GAINS = (20.0, 1.0, 2.0, 1.5)
"""Gains that are stable on a roller that follows without delay; see `LinearFeedback`."""
STABILISING_LIMIT = 2.9
"""Clip of the stabilising feedback, m/s."""


class LinearFeedback:
    r"""Command the ground velocity $v = \mathrm{clip}(k \cdot o, \pm v_\max)$.

    It remembers nothing. Standing needs a velocity gain above 1 (see
    `WheeledInvertedPendulum.velocity_feedback_roots`), which feeds the measured speed back at
    once: each command overshoots the one before, and the wheels rattle by half a metre a second
    at every step. So `STABILISING_GAINS` stand, but not always: 7 of 100 starts from the full
    randomisation fell within 10 s in MuJoCo. `LQR` accumulates its command instead.

    Source: upkie's examples (`PUBLISHED_GAINS`, `LECTURE_GAINS`); `STABILISING_GAINS` from the
        specs of this project.
    """

    def __init__(self, gains: Sequence[float], limit: float) -> None:
        """Choose the feedback.

        Args:
            gains: In the order of an observation, 4 of them: pitch m/s per rad, position 1/s,
                pitch velocity m per rad, ground velocity dimensionless.
            limit: Largest commanded speed, m/s.

        Raises:
            InvalidConfig: Not 4 finite gains, or a limit that is not positive.
        """
        if len(gains) != len(OBSERVATION) or not all(map(math.isfinite, gains)):
            raise InvalidConfig(
                f"LinearFeedback needs {len(OBSERVATION)} finite gains "
                f"({', '.join(OBSERVATION)}), got {tuple(gains)}"
            )
        if not limit > 0.0:
            raise InvalidConfig(f"LinearFeedback.limit must be positive, got {limit} m/s")
        self.gains, self.limit = tuple(gains), limit

    def reset(self, nb_worlds: int) -> None:
        """Forget everything: there is nothing to forget."""

    def reset_worlds(self, done: Tensor) -> None:
        """Forget the worlds where `done`, bool (E,), is true: there is nothing to forget."""

    def act(self, observation: Tensor) -> Tensor:
        """Command every world.

        Args:
            observation: Pitch, ground position, pitch velocity, ground velocity, shape (E, 4).

        Returns:
            Ground velocities, m/s, shape (E, 1).
        """
        gains = torch.tensor(self.gains, dtype=observation.dtype, device=observation.device)
        return (observation @ gains).clamp(-self.limit, self.limit).unsqueeze(1)
