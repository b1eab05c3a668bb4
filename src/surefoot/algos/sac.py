r"""Soft actor-critic.

Entropy is worth something: the policy maximises the return plus $\alpha$ times its entropy, so it
keeps trying whatever costs nothing. Twin critics learn
$y = r + \gamma\,[\min_i Q^-_i(s', a') - \alpha \log\pi(a'|s')]$ with a fresh $a' \sim \pi(s')$; the
actor minimises $E[\alpha\log\pi(a|s) - \min_i Q_i(s, a)]$ through the draw of $a$; and the
temperature $\alpha$ minimises $E[-\log\alpha\,(\log\pi(a|s) + \bar H)]$: it rises where the entropy
is below $\bar H$.

Source: Haarnoja et al. 2018, arXiv:1812.05905, eq. 5 and 6 (critics), 9 (actor), 18 (temperature;
    of its logarithm, as in the authors' code and Stable-Baselines3).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import SquashedGaussian
from surefoot.algos.actor_critic_config import SACConfig
from surefoot.algos.critics import Critics
from surefoot.algos.means import Means
from surefoot.algos.optimizer import Adam, Target
from surefoot.data.replay import Batch


class SAC:
    """One learner: improves an agent's actor with one batch after another.

    Args:
        agent: What is improved.
        config: Settings.
        generator: The critics' first weights, and all draws of actions.
    """

    def __init__(self, agent: Agent, config: SACConfig, *, generator: Generator) -> None:
        self.agent, self.config, self._generator = agent, config, generator
        self.nb_updates = 0
        self.critic = Critics(agent, 2, generator)
        self.temperature = _Temperature(config.ent_coef or config.ent_coef_init)
        self._actor_optimizer = Adam(agent.actor, config.learning_rate)
        self._critic_optimizer = Adam(self.critic, config.learning_rate)
        self._temperature_optimizer = Adam(self.temperature, config.learning_rate)
        self.critic_target = Target(self.critic, self._critic_optimizer.weights)
        goal = config.target_entropy
        self._target_entropy = float(-agent.nb_outputs) if goal is None else goal
        self._means = Means()

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """Draws of the policy for features (E, F), (E, A)."""
        return SquashedGaussian(self.agent.actor(features)).sample(self._generator)

    def learn(self, batch: Batch) -> None:
        """One gradient step of temperature, critics and actor, and the targets follow."""
        law = SquashedGaussian(self.agent.actor(batch.features))
        action, log_prob = law.sample_with_log_prob(self._generator)
        alpha = self.temperature.log_alpha.detach().exp()
        if self.config.ent_coef is None:
            self._adapt_temperature(log_prob.detach())

        q = self.critic(batch.features, batch.action)
        critic_loss = 0.5 * (q - self.targets(batch, alpha)).square().mean(dim=1).sum()
        self._critic_optimizer.descend(critic_loss)

        smaller_q = torch.minimum(*self.critic(batch.features, action))
        actor_loss = (alpha * log_prob - smaller_q).mean()
        self._actor_optimizer.descend(actor_loss)

        self.critic_target.follow(self.config.tau)
        self._means.add(
            critic_loss=critic_loss, actor_loss=actor_loss, ent_coef=alpha, q_mean=q.mean()
        )
        self.nb_updates += 1

    @torch.no_grad()
    def targets(self, batch: Batch, alpha: Tensor) -> Tensor:
        """What both critics should say of each transition at temperature `alpha`, (N,)."""
        law = SquashedGaussian(self.agent.actor(batch.next_features))
        next_action, log_prob = law.sample_with_log_prob(self._generator)
        next_q = torch.minimum(*self.critic_target(batch.next_features, next_action))
        return batch.reward + batch.discount * (next_q - alpha * log_prob)

    def _adapt_temperature(self, log_prob: Tensor) -> None:
        """One step down the gradient of log alpha, from log probabilities of new actions (N,)."""
        negative_entropy = log_prob.mean()
        gradient = -(negative_entropy + self._target_entropy)
        self._temperature_optimizer.step(gradient.reshape(1))
        self._means.add(
            ent_coef_loss=self.temperature.log_alpha * gradient, entropy_loss=negative_entropy
        )

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        means = {f"train/{name}": value for name, value in self._means.take().items()}
        return {**means, "train/n_updates": float(self.nb_updates)}

    def state_dict(self) -> dict[str, Any]:
        """Critics, target, temperature, optimizers and counter; the agent is saved on its own."""
        return {
            "critic": self.critic.state_dict(),
            "critic_target": self.critic_target.state_dict(),
            "temperature": self.temperature.state_dict(),
            "actor_optimizer": self._actor_optimizer.state_dict(),
            "critic_optimizer": self._critic_optimizer.state_dict(),
            "temperature_optimizer": self._temperature_optimizer.state_dict(),
            "nb_updates": self.nb_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.critic.load_state_dict(state["critic"])
        self.critic_target.load_state_dict(state["critic_target"])
        self.temperature.load_state_dict(state["temperature"])
        self._actor_optimizer.load_state_dict(state["actor_optimizer"])
        self._critic_optimizer.load_state_dict(state["critic_optimizer"])
        self._temperature_optimizer.load_state_dict(state["temperature_optimizer"])
        self.nb_updates = state["nb_updates"]


class _Temperature(nn.Module):
    """The logarithm of alpha, which may take any value."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.tensor(math.log(alpha)))
