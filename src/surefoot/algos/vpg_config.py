"""Settings of the vanilla policy gradient; the defaults are Spinning Up's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from surefoot.agent.config import STOCHASTIC, PolicyHead
from surefoot.algos.off_policy_config import check_positive, check_share
from surefoot.data.psi_config import PsiName
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class VPGConfig:
    """Settings of one VPG learner. Immutable: vary it with `replace`."""

    head: ClassVar[PolicyHead] = STOCHASTIC
    """A stochastic policy beside a value function."""

    psi: PsiName = "advantage"
    """What the score is multiplied by: "total-return" and "return-to-go" are REINFORCE,
    "return-to-go-minus-baseline" is REINFORCE with baseline, "q-value" and "advantage" weigh the
    next steps by `gae_lambda`, "td-residual" is the one-step actor-critic."""
    n_steps: int = 4000
    """Decisions in each environment per update; a decision is `agent.action_repeat` steps."""
    gamma: float = 0.99
    """Discount per decision, in [0, 1]."""
    gae_lambda: float = 0.97
    """Trace decay of "advantage" and "q-value", in [0, 1]."""
    learning_rate: float = 3e-4
    """Step size of the policy's Adam, which takes one step per update."""
    learning_rate_vf: float = 1e-3
    """Step size of the value function's Adam."""
    n_epochs_vf: int = 80
    """Steps of the value function per update, each on the whole rollout."""
    normalize_advantage: bool = True
    """Scale what multiplies the scores to a mean square of 1; with a baseline, to zero mean as
    well. Without one the mean stays: to take it away would be a baseline."""
    normalize_return: bool = False
    """Divide rewards by the running standard deviation of the discounted return, clip to +-10."""

    def __post_init__(self) -> None:
        for name in ("n_steps", "n_epochs_vf"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"algo.{name} must be at least 1, got {getattr(self, name)}")
        check_share(self, "gamma", "gae_lambda")
        check_positive(self, "learning_rate", "learning_rate_vf")

    def decisions_per_update(self, nb_envs: int) -> int:
        """Decisions of all environments that an update learns from: a rollout."""
        return nb_envs * self.n_steps
