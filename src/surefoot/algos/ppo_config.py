"""Settings of proximal policy optimization, under the names that Stable-Baselines3 users know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from surefoot.agent.config import STOCHASTIC, PolicyHead
from surefoot.errors import InvalidConfig

ScheduleKind = Literal["constant", "linear", "adaptive"]


@dataclass(frozen=True, kw_only=True)
class PPOConfig:
    """Settings of one PPO learner. Immutable: vary it with `replace`."""

    head: ClassVar[PolicyHead] = STOCHASTIC
    """A stochastic policy beside a value function."""

    n_steps: int = 2048
    """Decisions in each environment per update; a decision is `agent.action_repeat` steps."""
    batch_size: int = 64
    """Samples per gradient step; at most n_steps times the number of environments."""
    n_epochs: int = 10
    """Passes over the samples per update."""
    gamma: float = 0.99
    """Discount per decision, in [0, 1]."""
    gae_lambda: float = 0.95
    """Trace decay of the advantage estimate, in [0, 1]."""
    learning_rate: float = 3e-4
    """Step size of Adam at the beginning."""
    learning_rate_schedule: ScheduleKind = "constant"
    """Keep it, let it go to `learning_rate_final`, or steer it towards `desired_kl`."""
    learning_rate_final: float = 0.0
    """Where "linear" ends."""
    clip_range: float = 0.2
    """Half-width of the interval the probability ratio may move in."""
    clip_range_schedule: ScheduleKind = "constant"
    """As for the learning rate."""
    clip_range_final: float = 0.0
    """Where "linear" ends."""
    clip_range_vf: float | None = None
    """How far a value may move from its old estimate, unit of the return; None: anywhere."""
    clip_range_vf_schedule: ScheduleKind = "constant"
    """As for the learning rate."""
    clip_range_vf_final: float = 0.0
    """Where "linear" ends."""
    desired_kl: float | None = None
    """Mean KL divergence per update that "adaptive" aims at, nats; None without it."""
    target_kl: float | None = None
    """Stop an update early once the KL divergence exceeds 1.5 times this, nats; None never."""
    normalize_advantage: bool = True
    """Zero mean and unit standard deviation of the advantages in each minibatch."""
    normalize_return: bool = False
    """Divide rewards by the running standard deviation of the discounted return, clip to +-10."""
    ent_coef: float = 0.0
    """Weight of the entropy bonus."""
    vf_coef: float = 0.5
    """Weight of the value loss."""
    max_grad_norm: float = 0.5
    """Gradients are scaled down to this norm."""

    def __post_init__(self) -> None:
        for name in ("n_steps", "batch_size", "n_epochs"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"algo.{name} must be at least 1, got {getattr(self, name)}")
        for name in ("gamma", "gae_lambda"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidConfig(f"algo.{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("learning_rate", "clip_range", "clip_range_vf", "max_grad_norm", "desired_kl",
                     "target_kl"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not 0.0 < value < float("inf"):
                raise InvalidConfig(f"algo.{name} must be positive and finite, got {value}")
        if self.clip_range >= 1.0:
            raise InvalidConfig(f"algo.clip_range must be below 1, got {self.clip_range}")
        schedules = (
            self.learning_rate_schedule,
            self.clip_range_schedule,
            self.clip_range_vf_schedule,
        )
        if ("adaptive" in schedules) != (self.desired_kl is not None):
            need = "set" if "adaptive" in schedules else "None"
            raise InvalidConfig(
                f"algo schedules {schedules} need desired_kl {need}, got {self.desired_kl}"
            )

    def decisions_per_update(self, nb_envs: int) -> int:
        """Decisions of all environments that an update learns from: a rollout.

        Raises:
            InvalidConfig: A minibatch is larger than that.
        """
        nb_samples = nb_envs * self.n_steps
        if self.batch_size > nb_samples:
            raise InvalidConfig(
                f"algo.batch_size {self.batch_size} is larger than the rollout of {nb_samples} "
                f"samples (nb_envs {nb_envs} x algo.n_steps {self.n_steps}). Lower it, or collect "
                "more per update."
            )
        return nb_samples
