r"""Deep Q-learning.

One network gives the value of every choice, $Q(s, \cdot)$, and learns the Bellman equation by
gradient steps on random transitions of the past: minimise the loss of $Q(s, a) - y$ with
$y = r + \gamma \max_{a'} Q^-(s', a')$, where $Q^-$ is a copy of the network that is renewed only
now and then. Double: $y = r + \gamma Q^-(s', \arg\max_{a'} Q(s', a'))$.

Source: Mnih et al. 2015, Nature 518, algorithm 1; van Hasselt et al. 2016, arXiv:1509.06461, eq. 4
    (double); Wang et al. 2016, arXiv:1511.06581, eq. 9 (duelling, in `agent/heads.py`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.algos.dqn_config import DQNConfig
from surefoot.algos.exploration import epsilon, epsilon_greedy
from surefoot.algos.means import Means
from surefoot.algos.optimizer import SGD, Adam, Target
from surefoot.data.replay import Batch


class DQN:
    """One learner: improves an agent's action values with one batch after another.

    Args:
        agent: What is improved; its actor is Q.
        config: Settings.
        generator: Exploration.
    """

    def __init__(self, agent: Agent, config: DQNConfig, *, generator: Generator) -> None:
        self.agent, self.config, self._generator = agent, config, generator
        self.nb_updates = 0
        optimizer = {"adam": Adam, "sgd": SGD}[config.optimizer]
        self._optimizer = optimizer(
            agent.actor, config.learning_rate, max_grad_norm=config.max_grad_norm
        )
        self.target = Target(agent.actor, self._optimizer.weights)
        self._loss = nn.HuberLoss() if config.loss == "huber" else nn.MSELoss()
        self._means, self._epsilon = Means(), 1.0

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """Choices (E, 1) for features (E, F), with `progress` of the training behind."""
        self._epsilon = epsilon(self.config, progress)
        greedy = self.agent.mode(features)
        return epsilon_greedy(greedy, self.agent.nb_outputs, self._epsilon, self._generator)

    def learn(self, batch: Batch) -> None:
        """One gradient step."""
        norm = self._optimizer.descend(self.loss(self.agent.actor(batch.features), batch))
        self._means.add(gradient_norm=norm)
        self.nb_updates += 1
        if self.nb_updates % self.config.target_update_interval == 0:
            self.target.follow(1.0)

    def loss(self, values: Tensor, batch: Batch) -> Tensor:
        """Of the temporal difference, given the values (N, n) of all choices."""
        q = values.gather(1, batch.action.long()).squeeze(1)
        loss = self._loss(q, self.targets(batch))
        self._means.add(loss=loss, q_mean=q.mean())
        return loss

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """What Q should be for each transition, (N,)."""
        next_q = self.target(batch.next_features)
        chooser = self.agent.actor(batch.next_features) if self.config.double else next_q
        best = chooser.argmax(dim=1, keepdim=True)
        return batch.reward + batch.discount * next_q.gather(1, best).squeeze(1)

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        return {
            "rollout/exploration_rate": self._epsilon,
            **{f"train/{name}": value for name, value in self._means.take().items()},
            "train/n_updates": float(self.nb_updates),
        }

    def state_dict(self) -> dict[str, Any]:
        """Target network, optimizer and counter; the agent is saved on its own."""
        return {
            "target": self.target.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "nb_updates": self.nb_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.target.load_state_dict(state["target"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.nb_updates = state["nb_updates"]
