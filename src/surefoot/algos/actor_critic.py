r"""One-step actor-critic: learn at every step, from how much better it went than expected.

$A = g + \gamma V(x') - V(x)$,
$\theta_V \leftarrow \theta_V + \text{rate}_V\,\gamma^t A\,\nabla V(x)$,
$\theta_\pi \leftarrow \theta_\pi \pm \text{rate}\,\gamma^t A\,\nabla\log\pi(u|x)$,
plus for rewards, minus for costs.

Source: Sutton and Barto 2018, "Reinforcement Learning", section 13.5; the listing, course
    ROB-GY 6323. Its variable I is gamma^t. E environments at once, whose mean is followed, are
    ours; E = 1 is the listing.
"""

from __future__ import annotations

from torch import Tensor

from surefoot.agent.seed_agent import Policy, Value
from surefoot.algos.policy_gradient_config import ActorCriticConfig
from surefoot.signals import Objective, sign_of


class ActorCritic:
    """Improves a policy and its value with one step after another.

    Args:
        policy: The actor.
        value: The critic.
        config: Settings.
        objective: Whether the signal is a cost or a reward.
    """

    def __init__(
        self, policy: Policy, value: Value, config: ActorCriticConfig, objective: Objective
    ) -> None:
        self.policy, self.value, self.config = policy, value, config
        self._sign = sign_of(objective)

    def update(
        self, t: int, x: Tensor, u: Tensor, signal: Tensor, next_x: Tensor, terminated: Tensor
    ) -> None:
        """Learn from step t of E environments of each seed.

        Args:
            t: Steps since the start of the episode.
            x: Features of the state, (S, E, F).
            u: The action taken, int64 (S, E).
            signal: Its cost or reward, (S, E).
            next_x: Features of the state it led to, (S, E, F).
            terminated: Whether the task truly ended there, where V is 0, bool (S, E). It did not
                where only time was up.
        """
        c = self.config
        advantage = signal + c.gamma * self.value(next_x) * ~terminated - self.value(x)
        delta = c.gamma**t * advantage / u.shape[1]
        self.value.ascend(x, delta, c.learning_rate_vf)
        self.policy.ascend(x, u, self._sign * delta, c.learning_rate)
