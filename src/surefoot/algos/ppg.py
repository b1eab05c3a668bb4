r"""Phasic policy gradient: PPO, and now and then a phase that teaches the policy what values know.

In the policy phase the value function teaches nothing to what policy and value share. After
`n_policy` updates the auxiliary phase trains the policy's network to predict the returns of all of
them, so that its features improve while its actions stay; and the value function once more, on the
same samples:
$L = \frac12 (V_\text{aux} - \hat V)^2 + \beta\,\mathrm{KL}(\pi_\text{old}, \pi)
+ \frac12 (V - \hat V)^2$.

Source: Cobbe et al. 2021, arXiv:2009.04416, section 2 and algorithm 1. The auxiliary value is a
    second output of the policy's network, beside the value function's own; a memory is shared.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import kl_divergence
from surefoot.algos.means import Means
from surefoot.algos.ppg_config import PPGConfig
from surefoot.algos.ppo import PPO
from surefoot.data.rollout import Rollout
from surefoot.data.samples import Samples


class PPG(PPO):
    """PPO with an auxiliary phase.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: How many updates the schedules span.
        generator: Order of the minibatches, and the initial weights of the auxiliary value.
    """

    def __init__(
        self, agent: Agent, config: PPGConfig, *, total_updates: int, generator: Generator
    ) -> None:
        last = agent.actor[-1]
        assert isinstance(last, nn.Linear)
        aux_value = nn.Linear(last.in_features, 1)
        nn.init.orthogonal_(aux_value.weight, 1.0, generator=generator)
        nn.init.zeros_(aux_value.bias)
        super().__init__(
            agent, config, total_updates=total_updates, generator=generator, own=aux_value
        )
        self._settings = config
        self._phase: list[Samples] = []
        """The samples of the policy phase so far, an item for each update."""

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Improve the agent with one rollout; returns the metrics `train/...`."""
        metrics = super().update(rollout)
        if len(self._phase) == self._settings.n_policy:
            metrics |= self._auxiliary_phase()
            self._phase = []
        return metrics

    def samples(self, rollout: Rollout) -> Samples:
        """A rollout as what gradient steps learn from; the auxiliary phase sees it again."""
        self._phase.append(super().samples(rollout))
        return self._phase[-1]

    def value_loss(self, batch: Samples, seen: Tensor) -> Tensor:
        """Mean square error of the values; what they share with the policy is left alone."""
        return super().value_loss(batch, seen.detach())

    def _auxiliary_phase(self) -> dict[str, float]:
        """Train on the whole policy phase without moving the policy; returns the metrics."""
        old, metrics = copy.deepcopy(self.agent), Means()
        for _ in range(self._settings.n_aux_epochs):
            for i in torch.randperm(len(self._phase), generator=self._generator).tolist():
                samples = self._phase[i]
                size = self.config.batch_size // samples.length
                for batch in samples.minibatches(size, self._generator):
                    self._auxiliary_step(batch, old, metrics)
        return {f"train/{name}": value for name, value in metrics.take().items()}

    def _auxiliary_step(self, batch: Samples, old: Agent, metrics: Means) -> None:
        seen = self.see(batch)
        with torch.no_grad():
            old_law = old.distribution(self.see(batch, old))
        kl = kl_divergence(old_law, self.agent.distribution(seen)).mean()
        aux_value = self.own(self.agent.actor[:-1](seen[:, : self.agent.nb_policy])).squeeze(-1)
        aux_loss = 0.5 * (aux_value - batch.value_target).square().mean()
        value_loss = 0.5 * super().value_loss(batch, seen.detach())
        joint_loss = aux_loss + self._settings.beta_clone * kl
        self._optimizer.descend(joint_loss + value_loss)
        metrics.add(aux_value_loss=aux_loss, aux_kl=kl)

    def state_dict(self) -> dict[str, Any]:
        """All that the learner has; the agent is saved on its own."""
        return {**super().state_dict(), "phase": [vars(samples) for samples in self._phase]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        super().load_state_dict(state)
        self._phase = [Samples.of(fields) for fields in state["phase"]]
