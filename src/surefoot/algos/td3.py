r"""Twin delayed deep policy gradient: DDPG with three remedies against believing in luck.

Twin critics, of which the smaller counts; noise on the target's action, so that a narrow peak of
the critic is not exploited; and an actor that moves only every `policy_delay` steps:
$y = r + \gamma \min_i Q^-_i(s', \mathrm{clip}(\mu^-(s') + \epsilon, -1, 1))$ with
$\epsilon = \mathrm{clip}(N(0, \sigma), -c, c)$; the actor maximises $E[Q_1(s, \mu(s))]$.

Source: Fujimoto et al. 2018, arXiv:1802.09477, algorithm 1 (eq. 14 for the smoothing).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.algos.actor_critic_config import TD3Config
from surefoot.algos.critics import Critics
from surefoot.algos.exploration import gaussian
from surefoot.algos.means import Means
from surefoot.algos.optimizer import Adam, Target
from surefoot.data.replay import Batch


class TD3:
    """One learner: improves an agent's actor with one batch after another.

    Args:
        agent: What is improved.
        config: Settings.
        generator: The critics' first weights, exploration, and the noise on targets.
    """

    def __init__(self, agent: Agent, config: TD3Config, *, generator: Generator) -> None:
        self.agent, self.config, self._generator = agent, config, generator
        self.nb_updates = 0
        self.critic = Critics(agent, 2, generator)
        self._actor_optimizer = Adam(agent.actor, config.learning_rate)
        self._critic_optimizer = Adam(self.critic, config.learning_rate)
        self.actor_target = Target(agent.actor, self._actor_optimizer.weights)
        self.critic_target = Target(self.critic, self._critic_optimizer.weights)
        self._means = Means()

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """The actor's outputs for features (E, F), with noise, (E, A)."""
        return gaussian(self.agent.mode(features), self.config.action_noise, self._generator)

    def learn(self, batch: Batch) -> None:
        """One gradient step of the critics; when it is due, one of the actor, targets following."""
        q = self.critic(batch.features, batch.action)
        critic_loss = (q - self.targets(batch)).square().mean(dim=1).sum()
        self._critic_optimizer.descend(critic_loss)
        self._means.add(critic_loss=critic_loss, q_mean=q.mean())
        self.nb_updates += 1
        if self.nb_updates % self.config.policy_delay == 0:
            self._improve_actor(batch)

    def _improve_actor(self, batch: Batch) -> None:
        actor_loss = -self.critic(batch.features, self.agent.actor(batch.features))[0].mean()
        self._actor_optimizer.descend(actor_loss)
        self.actor_target.follow(self.config.tau)
        self.critic_target.follow(self.config.tau)
        self._means.add(actor_loss=actor_loss)

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """What both critics should say of each transition, (N,)."""
        c = self.config
        next_action = self.actor_target(batch.next_features)
        noise = torch.empty_like(next_action).normal_(generator=self._generator)
        noise = (c.target_policy_noise * noise).clamp(-c.target_noise_clip, c.target_noise_clip)
        next_action = (next_action + noise).clamp(-1.0, 1.0)
        next_q = torch.minimum(*self.critic_target(batch.next_features, next_action))
        return batch.reward + batch.discount * next_q

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        means = {f"train/{name}": value for name, value in self._means.take().items()}
        return {**means, "train/n_updates": float(self.nb_updates)}

    def state_dict(self) -> dict[str, Any]:
        """Critics, targets, optimizers and counter; the agent is saved on its own."""
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
