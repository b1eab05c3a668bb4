r"""C51: deep Q-learning of the whole law of the return, not only of its mean.

The network gives probabilities $p_i(s, a)$ of the returns $z_1 < \dots < z_n$. The law of
$r + \gamma z$ under the target network's best next choice is projected onto the same points, and
the cross-entropy to it is minimised. The policy takes the best mean $\sum_i z_i\,p_i(s, a)$.

Source: Bellemare, Dabney and Munos 2017, arXiv:1707.06887, algorithm 1 and eq. 7.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.algos.dqn_config import C51Config
from surefoot.algos.exploration import epsilon, epsilon_greedy
from surefoot.algos.means import Means
from surefoot.algos.optimizer import Adam, Target
from surefoot.data.replay import Batch


class C51:
    """One learner: improves an agent's laws of the return with one batch after another.

    Args:
        agent: What is improved; its actor gives logits (N, n, atoms).
        config: Settings.
        generator: Exploration.
    """

    def __init__(self, agent: Agent, config: C51Config, *, generator: Generator) -> None:
        self.agent, self.config, self._generator = agent, config, generator
        self.nb_updates = 0
        self._optimizer = Adam(
            agent.actor,
            config.learning_rate,
            eps=0.01 / config.batch_size,  # CleanRL's
            max_grad_norm=config.max_grad_norm,
        )
        self.target = Target(agent.actor, self._optimizer.weights)
        self._means, self._epsilon = Means(), 1.0

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """Choices (E, 1) for features (E, F), with `progress` of the training behind."""
        self._epsilon = epsilon(self.config, progress)
        greedy = self.agent.mode(features)
        return epsilon_greedy(greedy, self.agent.nb_outputs, self._epsilon, self._generator)

    def learn(self, batch: Batch) -> None:
        """One gradient step."""
        law = self.targets(batch)
        log_p = _of_choice(self.agent.actor(batch.features), batch.action).log_softmax(dim=1)
        loss = -(law * log_p).sum(dim=1).mean()
        norm = self._optimizer.descend(loss)
        q = (log_p.detach().exp() * self.agent.atoms).sum(dim=1)
        self._means.add(loss=loss, q_mean=q.mean(), gradient_norm=norm)
        self.nb_updates += 1
        if self.nb_updates % self.config.target_update_interval == 0:
            self.target.follow(1.0)

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """The law that each transition speaks for, on the same points, (N, atoms)."""
        logits = self.target(batch.next_features)
        best = self.agent.action_values(logits).argmax(dim=1, keepdim=True)
        p = _of_choice(logits, best).softmax(dim=1)
        return project(p, batch.reward, batch.discount, self.agent.atoms)

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


def project(p: Tensor, reward: Tensor, discount: Tensor, atoms: Tensor) -> Tensor:
    """The law of `reward + discount * z`, on the points of `z`.

    Each point's mass goes to the two nearest points, the more the nearer, and what falls outside
    goes to the ends.

    Args:
        p: Probabilities of the points, (N, n).
        reward: (N,).
        discount: (N,).
        atoms: Equally spaced points, (n,).

    Returns:
        Probabilities, (N, n).

    Source: Bellemare et al. 2017, algorithm 1. Weights 1 - w and w for the points below and above
        need no special case where a point is hit exactly.
    """
    last = len(atoms) - 1
    moved = reward[:, None] + discount[:, None] * atoms
    place = ((moved - atoms[0]) / (atoms[1] - atoms[0])).clamp(0.0, float(last))
    below = place.floor()
    share = place - below
    index = below.long()
    projected = torch.zeros_like(p)
    projected.scatter_add_(1, index, p * (1.0 - share))
    return projected.scatter_add_(1, (index + 1).clamp(max=last), p * share)


def _of_choice(laws: Tensor, choice: Tensor) -> Tensor:
    """The laws (N, atoms) of the choices (N, 1) among (N, n, atoms)."""
    index = choice.long()[:, :, None].expand(-1, -1, laws.shape[2])
    return laws.gather(1, index).squeeze(1)
