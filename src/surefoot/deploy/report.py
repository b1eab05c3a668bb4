"""What a deployment did, and why it stopped."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

StopReason = Literal[
    "duration",
    "interrupt",
    "terminated",
    "truncated",
    "bad observation",
    "bad action",
    "stale observation",
    "environment failed",
]
"""Why a loop ended."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The end of a loop."""

    reason: StopReason
    """One word for programs."""
    message: str
    """One sentence for people."""
    ramp: bool = True
    """Whether the robot still listens, so that its commands can be ramped down."""


@dataclass(frozen=True, kw_only=True)
class DeploymentReport:
    """What the loop counted."""

    stop_reason: StopReason
    """Why it stopped."""
    message: str
    """The same as a sentence, with the numbers."""
    steps: int
    """Actions of the policy that were sent."""
    ramp_steps: int
    """Actions sent after those, to bring the robot to rest."""
    duration_s: float
    """Time that the policy was in command, by the policy's rate, s."""
    wall_s: float
    """The same by the clock, s."""
    time_upright_s: float
    """Until the pitch went beyond the fall pitch or the environment ended the episode, s."""
    realtime: bool
    """Whether the rate was kept by the clock."""
    missed_deadlines: int
    """Ticks at which the next action was not ready; 0 without a clock."""
    worst_lateness_s: float
    """Longest time that an action came after its tick, s; 0 without a clock."""
    clamped: int
    """Action values that were outside the card's limits, and were clamped."""
    closed: bool
    """Whether the environment could be closed, which on a robot stops the motors."""

    @property
    def is_fault(self) -> bool:
        """Whether something went wrong, rather than came to its end."""
        return not self.closed or self.stop_reason not in ("duration", "interrupt", "truncated")

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return dataclasses.asdict(self)
