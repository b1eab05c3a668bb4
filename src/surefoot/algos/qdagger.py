r"""QDagger: deep Q-learning that begins from a teacher and outgrows it.

Somebody can do the task already: an earlier run, of another network or another algorithm. Its
probabilities $\pi_T$ of the choices are known in every state that is visited. The student minimises
DQN's loss plus $\lambda\,\mathrm{KL}(\pi_T, \mathrm{softmax}(Q / \tau))$, first on what the teacher
plays, then on what it plays itself, while $\lambda$ falls as the student comes near the teacher.

Source: Agarwal et al. 2022, arXiv:2206.01626, section 4, QDagger; the return ratio that steers
    $\lambda$ is CleanRL's too, returns counted from those of uniform choices are ours.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import Categorical
from surefoot.algos.dqn import DQN
from surefoot.algos.dqn_config import QDaggerConfig
from surefoot.data.replay import Batch


class QDagger(DQN):
    """One learner: DQN, and the teacher's advice beside each choice in the replay.

    Args:
        agent: What is improved; its actor is Q.
        config: Settings.
        generator: Exploration.
    """

    def __init__(self, agent: Agent, config: QDaggerConfig, *, generator: Generator) -> None:
        super().__init__(agent, config, generator=generator)
        self.temperature = config.temperature
        self.distill_coef = 1.0
        r"""$\lambda$: how much the teacher counts."""

    def loss(self, values: Tensor, batch: Batch) -> Tensor:
        r"""DQN's, plus $\lambda$ times the distance to the teacher.

        Args:
            values: Of all choices, (N, n).
            batch: Its actions are a choice and the teacher's log probabilities, (N, 1 + n).
        """
        choice, advice = batch.action.split([1, self.agent.nb_outputs], dim=1)
        student = Categorical(values / self.temperature)
        distill_loss = Categorical(advice).kl(student).mean()
        self._means.add(distill_loss=distill_loss)
        return (
            super().loss(values, replace(batch, action=choice)) + self.distill_coef * distill_loss
        )

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        return {**super().report(), "train/distill_coef": self.distill_coef}


def distill_coef(student: float, *, teacher: float, uniform: float) -> float:
    r"""$\lambda = 1 - (R - R_u) / (R_T - R_u)$, within [0, 1].

    1 as long as the student is no better than uniform choices, 0 once it equals the teacher. The
    plain ratio $R / R_T$ would turn the rule round where returns are negative.

    Args:
        student: R, mean return.
        teacher: $R_T$, above `uniform`.
        uniform: $R_u$.
    """
    return min(max(1.0 - (student - uniform) / (teacher - uniform), 0.0), 1.0)


class Teacher:
    """An agent that looks on while somebody plays E environments, and says what it would choose.

    Args:
        agent: Who; its actions are choices.
        nb_worlds: E.
        temperature: Of its soft-max, where it has action values; else it has probabilities.
    """

    def __init__(self, agent: Agent, nb_worlds: int, *, temperature: float) -> None:
        self.agent, self._temperature = agent, temperature
        self.state = agent.pipeline.initial_state(nb_worlds)
        """The pipeline's states, (E, S)."""

    @torch.no_grad()
    def advise(self, observation: Tensor) -> Tensor:
        """Log probabilities (E, n) of the choices, given what is observed next, (E, O)."""
        agent = self.agent
        features, state = agent.pipeline.observe(observation, self.state)
        seen, self.state = agent.look(features, state)
        if agent.head.kind == "greedy":
            return Categorical(agent.action_values(agent.actor(seen)) / self._temperature).log_p
        law = agent.distribution(seen)
        assert isinstance(law, Categorical)  # its actions are choices
        return law.log_p

    def follow(self, choice: Tensor, done: Tensor) -> None:
        """Take in which choices (E, 1) were made, and which episodes are over, bool (E,)."""
        for _ in range(self.agent.config.action_repeat):
            _, self.state = self.agent.pipeline.act(choice, self.state)
        self.state = self.state * ~done[:, None]
