r"""REINFORCE with baseline: only what went better than usual is made more likely.

After each episode, for t from the last step to the first:
$\delta = \gamma^t (G_t - V(x_t))$,
$\theta_V \leftarrow \theta_V + \text{rate}_V\,\delta\,\nabla V(x_t)$,
$\theta_\pi \leftarrow \theta_\pi \pm \text{rate}\,\delta\,\nabla\log\pi(u_t|x_t)$,
plus for rewards, minus for costs.

Source: Sutton and Barto 2018, "Reinforcement Learning", section 13.4; the listing, course
    ROB-GY 6323. E episodes at once, whose mean is followed, are ours; E = 1 is the listing.
"""

from __future__ import annotations

from surefoot.agent.seed_agent import Policy, Value
from surefoot.algos.policy_gradient_config import ReinforceBaselineConfig
from surefoot.data.episodes import Episodes, blocks_backwards
from surefoot.data.psi import discounts, returns_to_go
from surefoot.signals import Objective, sign_of


class ReinforceBaseline:
    """Improves a policy and its baseline with one batch of episodes after another.

    Args:
        policy: What is improved.
        value: The baseline, learned from the same episodes.
        config: Settings.
        objective: Whether the episodes' signal is a cost or a reward.
    """

    def __init__(
        self, policy: Policy, value: Value, config: ReinforceBaselineConfig, objective: Objective
    ) -> None:
        self.policy, self.value, self.config = policy, value, config
        self._sign = sign_of(objective)

    def update(self, episodes: Episodes) -> None:
        """Learn from E episodes of each seed, once."""
        c, nb_episodes = self.config, episodes.signal.shape[2]
        to_go = returns_to_go(episodes.signal, c.gamma)
        discount = discounts(episodes.signal, c.gamma).expand_as(to_go)
        for steps in blocks_backwards(len(to_go), c.block_steps):
            x, u = episodes.rows(episodes.features, steps), episodes.rows(episodes.action, steps)
            error = episodes.rows(to_go, steps) - self.value(x)
            delta = episodes.rows(discount, steps) * error / nb_episodes
            self.value.ascend(x, delta, c.learning_rate_vf)
            self.policy.ascend(x, u, self._sign * delta, c.learning_rate)
