"""Settings of deep Q-learning, with a teacher, and of its distributional form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.agent.config import PolicyHead
from surefoot.algos.off_policy_config import OffPolicyConfig, check_positive, check_share
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class _ValueBasedConfig(OffPolicyConfig):
    """What both share: a target network that is copied, and a policy that sometimes tries."""

    learning_rate: float = 2.5e-4
    """Step size of the optimizer."""
    batch_size: int = 128
    """Transitions per gradient step."""
    target_update_interval: int = 50
    """Gradient steps between two copies into the target network."""
    exploration_fraction: float = 0.5
    """Share of the training in which epsilon falls, in [0, 1]."""
    exploration_initial_eps: float = 1.0
    """Probability of a random choice at the beginning."""
    exploration_final_eps: float = 0.05
    """The same after `exploration_fraction`."""
    max_grad_norm: float | None = 10.0
    """Gradients are scaled down to this norm; None never does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target_update_interval < 1:
            raise InvalidConfig(
                f"algo.target_update_interval must be at least 1, got {self.target_update_interval}"
            )
        check_share(
            self, "exploration_fraction", "exploration_initial_eps", "exploration_final_eps"
        )
        if self.max_grad_norm is not None:
            check_positive(self, "max_grad_norm")


@dataclass(frozen=True, kw_only=True)
class DQNConfig(_ValueBasedConfig):
    """Settings of one DQN learner. Immutable: vary it with `replace`."""

    double: bool = False
    """The online network chooses the next action that the target network values."""
    dueling: bool = False
    """The network has a value and advantages, which make its action values."""
    loss: Literal["huber", "mse"] = "huber"
    """Of the temporal difference: square up to 1 and linear beyond, or square everywhere."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or plain gradient descent."""

    @property
    def head(self) -> PolicyHead:
        """The best of the choices' values."""
        return PolicyHead(kind="greedy", dueling=self.dueling)


@dataclass(frozen=True, kw_only=True)
class QDaggerConfig(DQNConfig):
    """Settings of one QDagger learner. Immutable: vary it with `replace`.

    `learning_starts` uniform decisions show what a policy is worth that knows nothing; then the
    teacher plays, with `exploration_final_eps`, and then the student.
    """

    teacher: str | None = None
    """Who is learned from: the folder of a run on the same task, or a .pt checkpoint."""
    teacher_steps: int = 20_000
    """Decisions, over all environments, that the teacher plays while the student only learns."""
    temperature: float = 1.0
    """Of the soft-max that makes probabilities of action values, unit of the return: about as much
    as the values of choices differ by."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("learning_starts", "teacher_steps"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"algo.{name} must be at least 1, got {getattr(self, name)}")
        check_positive(self, "temperature")


@dataclass(frozen=True, kw_only=True)
class C51Config(_ValueBasedConfig):
    """Settings of one C51 learner. Immutable: vary it with `replace`."""

    n_atoms: int = 101
    """Points of the return's law."""
    v_min: float = -100.0
    """The lowest of them, unit of the return."""
    v_max: float = 100.0
    """The highest of them, unit of the return."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_atoms < 2:
            raise InvalidConfig(f"algo.n_atoms must be at least 2, got {self.n_atoms}")
        if not -float("inf") < self.v_min < self.v_max < float("inf"):
            raise InvalidConfig(
                f"algo.v_min must be below algo.v_max, got {self.v_min} and {self.v_max}"
            )

    @property
    def head(self) -> PolicyHead:
        """The choice whose law of the return has the best mean."""
        return PolicyHead(kind="greedy", atoms=(self.v_min, self.v_max, self.n_atoms))
