"""Settings of phasic policy gradient."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.algos.ppo_config import PPOConfig
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class PPGConfig(PPOConfig):
    """Settings of PPO, the policy phase, and of the auxiliary phase. Vary it with `replace`."""

    n_epochs: int = 1
    """Passes over the samples per update of the policy phase."""
    n_policy: int = 32
    """Updates of a policy phase; an auxiliary phase over all their samples follows."""
    n_aux_epochs: int = 6
    """Passes over the samples of a policy phase per auxiliary phase."""
    beta_clone: float = 1.0
    """Weight of the KL divergence, which holds the policy where it is in the auxiliary phase."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_policy", "n_aux_epochs"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"algo.{name} must be at least 1, got {getattr(self, name)}")
        if not 0.0 <= self.beta_clone < float("inf"):
            raise InvalidConfig(f"algo.beta_clone must be finite and >= 0, got {self.beta_clone}")
