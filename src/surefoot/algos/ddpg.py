r"""Deep deterministic policy gradient.

Q-learning where the actions are a continuum: the maximum over them is replaced by a network
$\mu(s)$ that climbs the critic. The critic minimises $E[(Q(s, a) - y)^2]$ with
$y = r + \gamma\,Q^-(s', \mu^-(s'))$, the actor maximises $E[Q(s, \mu(s))]$, and the targets
$Q^-$ and $\mu^-$ follow slowly.

Source: Lillicrap et al. 2016, arXiv:1509.02971, algorithm 1; Silver et al. 2014, theorem 1, for the
    gradient. Normal exploration instead of Ornstein-Uhlenbeck is CleanRL's and Stable-Baselines3's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.algos.actor_critic_config import DDPGConfig
from surefoot.algos.critics import Critics
from surefoot.algos.exploration import gaussian
from surefoot.algos.means import Means
from surefoot.algos.optimizer import Adam, Target
from surefoot.data.replay import Batch


class DDPG:
    """One learner: improves an agent's actor with one batch after another.

    Args:
        agent: What is improved.
        config: Settings.
        generator: The critic's first weights, and exploration.
    """

    def __init__(self, agent: Agent, config: DDPGConfig, *, generator: Generator) -> None:
        self.agent, self.config, self._generator = agent, config, generator
        self.nb_updates = 0
        self.critic = Critics(agent, 1, generator)
        self._actor_optimizer = Adam(agent.actor, config.learning_rate)
        self._critic_optimizer = Adam(self.critic, config.learning_rate)
        self.actor_target = Target(agent.actor, self._actor_optimizer.weights)
        self.critic_target = Target(self.critic, self._critic_optimizer.weights)
        self._means = Means()

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """The actor's outputs for features (E, F), with noise, (E, A)."""
        return gaussian(self.agent.mode(features), self.config.action_noise, self._generator)

    def learn(self, batch: Batch) -> None:
        """One gradient step of the critic, one of the actor, and the targets follow."""
        q = self.critic(batch.features, batch.action)
        critic_loss = nn.functional.mse_loss(q[0], self.targets(batch))
        self._critic_optimizer.descend(critic_loss)

        actor_loss = -self.critic(batch.features, self.agent.actor(batch.features)).mean()
        self._actor_optimizer.descend(actor_loss)

        self.actor_target.follow(self.config.tau)
        self.critic_target.follow(self.config.tau)
        self._means.add(critic_loss=critic_loss, actor_loss=actor_loss, q_mean=q.mean())
        self.nb_updates += 1

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """What Q should be for each transition, (N,)."""
        next_action = self.actor_target(batch.next_features)
        next_q = self.critic_target(batch.next_features, next_action)[0]
        return batch.reward + batch.discount * next_q

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        means = {f"train/{name}": value for name, value in self._means.take().items()}
        return {**means, "train/n_updates": float(self.nb_updates)}

    def state_dict(self) -> dict[str, Any]:
        """Critic, targets, optimizers and counter; the agent is saved on its own."""
        return {
            "critic": self.critic.state_dict(),
            "actor_target": self.actor_target.state_dict(),
            "critic_target": self.critic_target.state_dict(),
            "actor_optimizer": self._actor_optimizer.state_dict(),
            "critic_optimizer": self._critic_optimizer.state_dict(),
            "nb_updates": self.nb_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.critic.load_state_dict(state["critic"])
        self.actor_target.load_state_dict(state["actor_target"])
        self.critic_target.load_state_dict(state["critic_target"])
        self._actor_optimizer.load_state_dict(state["actor_optimizer"])
        self._critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.nb_updates = state["nb_updates"]
