"""Settings of a task that somebody else registered with Gymnasium."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class GymnasiumConfig:
    """Any Gymnasium environment with Box observations and Box or Discrete actions."""

    env_id: str
    """Its registered id, such as "CartPole-v1"; "module:id" imports the module first."""
    max_episode_steps: int | None = None
    """Time limit, steps; None keeps the registered one."""

    def __post_init__(self) -> None:
        if self.max_episode_steps is not None and self.max_episode_steps < 1:
            raise InvalidConfig(
                f"task.max_episode_steps must be at least 1, got {self.max_episode_steps}"
            )
