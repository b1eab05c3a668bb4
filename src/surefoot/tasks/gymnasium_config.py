"""Settings of a task that somebody else registered with Gymnasium."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class GymnasiumConfig:
    """Any Gymnasium environment with Box observations and Box or Discrete actions."""

    env_id: str
    """Its registered id, such as "CartPole-v1"; "module:id" imports the module first."""
    env_kwargs: tuple[str, ...] = ()
    """Arguments of the environment, each as KEY=VALUE."""
    max_episode_steps: int | None = None
    """Time limit, steps; None keeps the registered one."""

    def __post_init__(self) -> None:
        self.arguments()  # refuses what is not KEY=VALUE
        if self.max_episode_steps is not None and self.max_episode_steps < 1:
            raise InvalidConfig(
                f"task.max_episode_steps must be at least 1, got {self.max_episode_steps}"
            )

    def arguments(self) -> dict[str, Any]:
        """What the environment is made with."""
        return parse_pairs(self.env_kwargs, "task.env_kwargs")


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, Any]:
    """KEY=VALUE arguments; values as JSON where that is possible, and text otherwise.

    Raises:
        InvalidConfig: Something is not KEY=VALUE.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key.isidentifier():
            raise InvalidConfig(f"{flag} takes KEY=VALUE, got '{pair}'")
        try:
            arguments[key] = json.loads(text)
        except json.JSONDecodeError:
            arguments[key] = text
    return arguments
