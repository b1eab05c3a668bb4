r"""REINFORCE: play, then make what went well more likely.

After each episode, for t from the last step to the first:
$\theta \leftarrow \theta \pm \text{rate}\;\gamma^t G_t\,\nabla\log\pi(u_t|x_t)$, plus for rewards,
minus for costs.

Source: Williams 1992, "Simple statistical gradient-following algorithms"; the listing, course
    ROB-GY 6323. E episodes at once, whose mean is followed, are ours; E = 1 is the listing.
"""

from __future__ import annotations

from surefoot.agent.seed_agent import Policy
from surefoot.algos.policy_gradient_config import ReinforceConfig
from surefoot.data.episodes import Episodes, blocks_backwards
from surefoot.data.psi import PSI, Trajectory
from surefoot.signals import Objective, sign_of


class Reinforce:
    """Improves a policy with one batch of episodes after another.

    Args:
        policy: What is improved.
        config: Settings.
        objective: Whether the episodes' signal is a cost or a reward.
    """

    def __init__(self, policy: Policy, config: ReinforceConfig, objective: Objective) -> None:
        self.policy, self.config = policy, config
        self._sign = sign_of(objective)

    def update(self, episodes: Episodes) -> None:
        """Learn from E episodes of each seed, once."""
        c, nb_episodes = self.config, episodes.signal.shape[2]
        psi = PSI[c.psi](Trajectory(signal=episodes.signal), c.gamma)  # gamma^t G_t
        for steps in blocks_backwards(len(psi), c.block_steps):
            x, u = episodes.rows(episodes.features, steps), episodes.rows(episodes.action, steps)
            weight = self._sign * episodes.rows(psi, steps) / nb_episodes
            self.policy.ascend(x, u, weight, c.learning_rate)
