"""What a task is: a world's dynamics, its imperfections and its rewards, without any agent."""

from __future__ import annotations

from typing import Protocol

from torch import Generator, Tensor

from surefoot.signals import Interface, Layout


class Task(Protocol):
    """A partially observed decision process over E worlds. Tasks never see an algorithm."""

    name: str
    """Name on the command line."""
    interface: Interface
    """What an agent sees of it."""
    action: Layout
    """The named commands of one action, in their units; `interface.action`, never a choice."""
    max_episode_steps: int
    """Time limit, policy steps."""
    nb_substeps: int
    """Physics steps per policy step."""

    def reset(self, ids: Tensor, scale: float, *, imperfect: bool) -> None:
        """Start new episodes in the worlds `ids` (N,), `scale` in [0, 1] of the reset range."""
        ...

    def apply(self, action: Tensor, *, imperfect: bool) -> None:
        """Send an action (E, A) to the actuators, through lag and noise if `imperfect`."""
        ...

    def observe(self) -> Tensor:
        """What exact sensors would read now, float32 (E, O)."""
        ...

    def disturb(self, observation: Tensor) -> Tensor:
        """The observation through the task's imperfect sensors, (E, O)."""
        ...

    def reward_terms(self) -> dict[str, Tensor]:
        """Weighted terms of this step's reward by name, each (E,)."""
        ...

    def terminations(self) -> dict[str, Tensor]:
        """Why each episode has ended for good, by name, each bool (E,)."""
        ...

    def interrupted(self) -> Tensor:
        """Whether each episode ends before its time although the task would go on, bool (E,)."""
        ...

    def report(self) -> dict[str, float]:
        """Metrics beyond the reward's terms."""
        ...

    def advance(self) -> None:
        """End the step: update whatever the next step's terms compare with."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """Per-world state and generator, for a bit-for-bit continuation."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        ...


def uniform(generator: Generator, like: Tensor, bound: float) -> Tensor:
    """Uniform random numbers in +- `bound`, shape and type of `like`."""
    return (2.0 * bound) * like.new_empty(like.shape).uniform_(generator=generator) - bound
