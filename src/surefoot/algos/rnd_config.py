"""Settings of random network distillation."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.algos.ppo_config import PPOConfig
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class RNDConfig(PPOConfig):
    """Settings of PPO and those of curiosity. Immutable: vary it with `replace`."""

    int_coef: float = 1.0
    """Weight of the intrinsic advantage."""
    ext_coef: float = 2.0
    """Weight of the task's own advantage."""
    int_gamma: float = 0.99
    """Discount of the intrinsic return per decision, in [0, 1]."""
    rnd_net_arch: tuple[int, ...] = (64, 64)
    """Hidden layers of the predictor; the random network has the first of them only."""
    rnd_outputs: int = 32
    """How many random features are to be predicted."""
    rnd_learning_rate: float = 1e-4
    """Step size of the predictor's Adam: higher forgets novelty sooner."""
    warmup_updates: int = 1
    """First rollouts from which nothing is learned but the normalisation of observations."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.int_gamma <= 1.0:
            raise InvalidConfig(f"algo.int_gamma must be in [0, 1], got {self.int_gamma}")
        for name in ("int_coef", "ext_coef"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise InvalidConfig(
                    f"algo.{name} must be finite and >= 0, got {getattr(self, name)}"
                )
        if not 0.0 < self.rnd_learning_rate < float("inf"):
            raise InvalidConfig(
                f"algo.rnd_learning_rate must be positive, got {self.rnd_learning_rate}"
            )
        if not self.rnd_net_arch or any(n < 1 for n in (*self.rnd_net_arch, self.rnd_outputs)):
            raise InvalidConfig(
                "algo.rnd_net_arch and rnd_outputs need positive widths, got "
                f"{self.rnd_net_arch} and {self.rnd_outputs}"
            )
        if self.warmup_updates < 0:
            raise InvalidConfig(
                f"algo.warmup_updates must not be negative, got {self.warmup_updates}"
            )
