"""What every environment offers to a learner, whatever simulates it."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from surefoot.envs.batched import Transition
from surefoot.signals import Interface


class Env(Protocol):
    """E environments stepped together; an ended episode starts anew within the same step."""

    interface: Interface
    nb_worlds: int

    def reset(self) -> Tensor:
        """Start a new episode everywhere; returns the observation, (E, O)."""
        ...

    def step(self, action: Tensor) -> Transition:
        """Take one step with an action (E, A), in the environment's units."""
        ...

    def report(self) -> dict[str, float]:
        """Metrics of the environment itself, by logged name."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        ...

    def close(self) -> None:
        """Free what the environment holds."""
        ...
