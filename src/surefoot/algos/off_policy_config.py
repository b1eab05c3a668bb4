"""Settings that all algorithms with a replay share, under Stable-Baselines3's names."""

from __future__ import annotations

from dataclasses import dataclass

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class OffPolicyConfig:
    """How experience is collected, remembered and drawn. Immutable: vary it with `replace`.

    A decision is `agent.action_repeat` environment steps; without it, it is one step.
    """

    learning_rate: float = 3e-4
    """Step size of Adam."""
    buffer_size: int = 1_000_000
    """Transitions that the replay holds, over all environments."""
    learning_starts: int = 100
    """Decisions, over all environments, that are drawn uniformly before learning begins."""
    batch_size: int = 256
    """Transitions per gradient step."""
    gamma: float = 0.99
    """Discount per decision, in [0, 1]."""
    train_freq: int = 1
    """Decisions in each environment between two bouts of learning."""
    gradient_steps: int = 1
    """Gradient steps in each bout; -1: as many as transitions came in since the last."""
    n_steps: int = 1
    """Rewards that are summed before the value of a state is asked for; 1 is plain TD."""
    log_interval: int = 1000
    """Decisions, over all environments, behind each row of metrics; whole bouts, at least one."""

    def __post_init__(self) -> None:
        for name in ("buffer_size", "batch_size", "train_freq", "n_steps", "log_interval"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"algo.{name} must be at least 1, got {getattr(self, name)}")
        if self.gradient_steps < 1 and self.gradient_steps != -1:
            raise InvalidConfig(
                f"algo.gradient_steps must be at least 1, or -1, got {self.gradient_steps}"
            )
        if self.learning_starts < 0:
            raise InvalidConfig(
                f"algo.learning_starts must not be negative, got {self.learning_starts}"
            )
        check_share(self, "gamma")
        check_positive(self, "learning_rate")

    def decisions_per_bout(self, nb_envs: int) -> int:
        """Decisions of all environments between two bouts of learning."""
        return self.train_freq * nb_envs

    def decisions_per_update(self, nb_envs: int) -> int:
        """Decisions of all environments behind a row of metrics: a whole number of bouts."""
        per_bout = self.decisions_per_bout(nb_envs)
        return max(1, self.log_interval // per_bout) * per_bout


def check_share(config: object, *names: str) -> None:
    """Refuse settings outside [0, 1].

    Raises:
        InvalidConfig: One is.
    """
    for name in names:
        if not 0.0 <= getattr(config, name) <= 1.0:
            raise InvalidConfig(f"algo.{name} must be in [0, 1], got {getattr(config, name)}")


def check_positive(config: object, *names: str) -> None:
    """Refuse settings that are not positive and finite.

    Raises:
        InvalidConfig: One is not.
    """
    for name in names:
        if not 0.0 < getattr(config, name) < float("inf"):
            raise InvalidConfig(
                f"algo.{name} must be positive and finite, got {getattr(config, name)}"
            )
