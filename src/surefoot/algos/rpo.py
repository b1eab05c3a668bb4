r"""Robust policy optimization: PPO whose Gaussian is moved at random while it learns.

In the update, and only there, the probability of an action is
$\pi(a|s) = N(a;\, \mu(s) + z,\, \sigma)$, with $z \sim U(-\alpha, \alpha)$ drawn anew for each
sample and each element. A narrow Gaussian would find its own actions unlikely there; so it stays
wide, and exploration goes on.

Source: Rahman and Xue 2022, arXiv:2212.07536, algorithm 1.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import DiagonalGaussian, Distribution
from surefoot.algos.ppo import PPO
from surefoot.algos.rpo_config import RPOConfig


class RPO(PPO):
    """PPO with one line more, for continuous actions.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: How many updates the schedules span.
        generator: Order of the minibatches, and where the mean moves.
    """

    def __init__(
        self, agent: Agent, config: RPOConfig, *, total_updates: int, generator: Generator
    ) -> None:
        super().__init__(agent, config, total_updates=total_updates, generator=generator)
        self._alpha = config.rpo_alpha

    def law(self, seen: Tensor) -> Distribution:
        """The policy, its mean moved, given what is seen (N, V)."""
        law = super().law(seen)
        assert isinstance(law, DiagonalGaussian)  # the catalog offers RPO for continuous actions
        z = torch.empty_like(law.mean).uniform_(
            -self._alpha, self._alpha, generator=self._generator
        )
        return DiagonalGaussian(law.mean + z, law.log_std)
