"""Settings of robust policy optimization."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.algos.ppo_config import PPOConfig
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class RPOConfig(PPOConfig):
    """Settings of PPO and one more. Immutable: vary it with `replace`."""

    rpo_alpha: float = 0.5
    """How far the mean of the policy is moved at most while it learns, unit of its output; 0 is
    PPO."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.rpo_alpha < float("inf"):
            raise InvalidConfig(f"algo.rpo_alpha must be finite and >= 0, got {self.rpo_alpha}")
