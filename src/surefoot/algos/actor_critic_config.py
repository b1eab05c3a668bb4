"""Settings of the methods with a critic of the action: DDPG, TD3 and SAC."""

from __future__ import annotations

import math
from dataclasses import dataclass

from surefoot.agent.config import PolicyHead
from surefoot.algos.off_policy_config import OffPolicyConfig, check_positive, check_share
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class DDPGConfig(OffPolicyConfig):
    """Settings of one DDPG learner. Immutable: vary it with `replace`."""

    learning_rate: float = 1e-3
    """Step size of Adam, of actor and critic."""
    tau: float = 0.005
    """Share of the new weights that each gradient step mixes into the target networks."""
    action_noise: float = 0.1
    """Standard deviation of the exploration, in actions scaled to [-1, 1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "tau")
        if not 0.0 <= self.action_noise < float("inf"):
            raise InvalidConfig(f"algo.action_noise must not be negative, got {self.action_noise}")

    @property
    def head(self) -> PolicyHead:
        """The tanh of a network."""
        return PolicyHead(kind="deterministic")


@dataclass(frozen=True, kw_only=True)
class TD3Config(DDPGConfig):
    """Settings of one TD3 learner: DDPG's and those of its three remedies."""

    policy_delay: int = 2
    """Gradient steps of the critics for each of the actor and the target networks."""
    target_policy_noise: float = 0.2
    """Standard deviation of the noise on the target's action, in [-1, 1]."""
    target_noise_clip: float = 0.5
    """How far that noise may go."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.policy_delay < 1:
            raise InvalidConfig(f"algo.policy_delay must be at least 1, got {self.policy_delay}")
        for name in ("target_policy_noise", "target_noise_clip"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise InvalidConfig(f"algo.{name} must not be negative, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class SACConfig(OffPolicyConfig):
    """Settings of one SAC learner. Immutable: vary it with `replace`."""

    tau: float = 0.005
    """Share of the new weights that each gradient step mixes into the target networks."""
    ent_coef: float | None = None
    """Temperature: what a nat of entropy is worth in rewards; None learns it."""
    ent_coef_init: float = 1.0
    """Where a learned temperature begins."""
    target_entropy: float | None = None
    """Entropy that a learned temperature aims at, nats; None: minus the number of action values."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "tau")
        check_positive(self, "ent_coef_init")
        if self.ent_coef is not None:
            check_positive(self, "ent_coef")
        if self.target_entropy is not None and not math.isfinite(self.target_entropy):
            raise InvalidConfig(f"algo.target_entropy must be finite, got {self.target_entropy}")

    @property
    def head(self) -> PolicyHead:
        """The tanh of a Gaussian."""
        return PolicyHead(kind="squashed")
