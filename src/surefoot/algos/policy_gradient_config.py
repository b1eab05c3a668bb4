"""Settings of REINFORCE, REINFORCE with baseline, and the one-step actor-critic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class ReinforceConfig:
    """Settings of REINFORCE."""

    learning_rate: float = 1e-7
    """Step along the mean gradient of the episodes; Adam's step size for networks."""
    gamma: float = 0.99
    """Discount per control step, in [0, 1]; the lecture's alpha."""
    psi: Literal["total-return", "return-to-go"] = "return-to-go"
    """What the scores are multiplied by."""
    block_steps: int = 1
    """Time steps per gradient step, from the end of the episodes backwards: 1 is the lecture's
    listing, the episode's length is one step at the policy that played it."""

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, kw_only=True)
class ReinforceBaselineConfig:
    """Settings of REINFORCE with a learned baseline."""

    learning_rate: float = 1e-6
    """Step along the mean gradient of the episodes; Adam's step size for networks."""
    learning_rate_vf: float = 0.01
    """The same for the value function."""
    gamma: float = 0.99
    """Discount per control step, in [0, 1]; the lecture's alpha."""
    block_steps: int = 1
    """Time steps per gradient step, from the end of the episodes backwards: 1 is the lecture's
    listing, the episode's length is one step at the policy that played it."""

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, kw_only=True)
class ActorCriticConfig:
    """Settings of the one-step actor-critic."""

    learning_rate: float = 1e-6
    """Step along the mean gradient of the environments; Adam's step size for networks."""
    learning_rate_vf: float = 0.01
    """The same for the value function."""
    gamma: float = 0.99
    """Discount per control step, in [0, 1]; the lecture's alpha."""

    def __post_init__(self) -> None:
        _check(self)


PolicyGradientConfig = ReinforceConfig | ReinforceBaselineConfig | ActorCriticConfig
"""Settings of any of the three."""


def _check(config: PolicyGradientConfig) -> None:
    for name in ("learning_rate", "learning_rate_vf"):
        value = getattr(config, name, 1.0)
        if not 0.0 < value < float("inf"):
            raise InvalidConfig(f"algo.{name} must be positive and finite, got {value}")
    if not 0.0 <= config.gamma <= 1.0:
        raise InvalidConfig(f"algo.gamma must be in [0, 1], got {config.gamma}")
    block_steps = getattr(config, "block_steps", 1)
    if block_steps < 1:
        raise InvalidConfig(f"algo.block_steps must be at least 1, got {block_steps}")
