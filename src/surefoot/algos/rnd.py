r"""Random network distillation: PPO that is also paid for what is new to it.

A fixed random network $f$ turns an observation into numbers; a predictor $\hat f$ learns them from
what was met. Where it errs, the agent has not been: $r^\text{int}_t = \|\hat f(s_{t+1}) -
f(s_{t+1})\|^2$. Novelty has a value function of its own, and does not end with an episode.

Source: Burda et al. 2019, arXiv:1810.12894, sections 2.2 to 2.4 and algorithm 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.moments import RunningMoments
from surefoot.agent.networks import mlp
from surefoot.algos.optimizer import Adam
from surefoot.algos.ppo import PPO
from surefoot.algos.rnd_config import RNDConfig
from surefoot.data.returns import gae
from surefoot.data.rollout import Rollout, minibatches
from surefoot.data.samples import Samples


class Curiosity(nn.Module):
    """What is new: the error of a predictor of a random network, and its usual size.

    Args:
        nb_features: F.
        config: Widths.
        generator: Where the weights are drawn from.
    """

    def __init__(self, nb_features: int, config: RNDConfig, generator: Generator) -> None:
        super().__init__()

        def network(*hidden: int) -> nn.Sequential:
            return mlp(
                (nb_features, *hidden, config.rnd_outputs),
                activation="relu",
                output_gain=2.0**0.5,
                ortho_init=True,
                generator=generator,
            )

        self.target = network(config.rnd_net_arch[0]).requires_grad_(False)
        self.predictor = network(*config.rnd_net_arch)
        self.moments = RunningMoments(nb_features)
        """Of what was observed: features of values that hardly vary would hardly vary either."""
        self.return_moments = RunningMoments(1)
        """Of the discounted intrinsic return."""

    def forward(self, features: Tensor) -> Tensor:
        """Mean square error of the prediction at features (..., F), (...)."""
        x = self.moments.normalize(features).clamp(-5.0, 5.0)
        return (self.predictor(x) - self.target(x)).square().mean(dim=-1)


class RND(PPO):
    """PPO on the task's reward and on novelty.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: How many updates the schedules span.
        generator: Order of the minibatches, and the initial weights of what the learner adds.
    """

    def __init__(
        self, agent: Agent, config: RNDConfig, *, total_updates: int, generator: Generator
    ) -> None:
        intrinsic_critic = mlp(
            (agent.nb_seen, *agent.config.net_arch_vf, 1),
            activation=agent.config.activation,
            output_gain=1.0,
            ortho_init=agent.config.ortho_init,
            generator=generator,
        )
        super().__init__(
            agent,
            config,
            total_updates=total_updates,
            generator=generator,
            own=intrinsic_critic,
        )
        self._settings = config
        self._curiosity = Curiosity(agent.pipeline.feature_size, config, generator)
        self._predictor_optimizer = Adam(self._curiosity.predictor, config.rnd_learning_rate)
        self._discounted = torch.zeros(1)

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Improve the agent with one rollout; returns the metrics `train/...`."""
        met = _following(rollout)
        self._curiosity.moments.update(met.flatten(0, 1))
        if self.nb_updates < self._settings.warmup_updates:
            self.nb_updates += 1
            return {"train/n_updates": float(self.nb_updates)}
        metrics = super().update(rollout)
        metrics["train/prediction_error"] = self._learn_to_predict(met.flatten(0, 1))
        return metrics

    def samples(self, rollout: Rollout) -> CuriousSamples:
        """A rollout as what gradient steps learn from: the advantages of both rewards, weighted."""
        c, plain = self._settings, super().samples(rollout)
        advantage, value = self.intrinsic_advantages(rollout)
        both = c.ext_coef * plain.advantage + c.int_coef * advantage.flatten()
        target = (advantage + value).flatten()
        fields = {**vars(plain), "advantage": both, "intrinsic_target": target}
        return CuriousSamples.of(fields)

    @torch.no_grad()
    def intrinsic_advantages(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Generalized advantages and values of novelty, each (T, E): its return never ends."""
        features = torch.cat([rollout.features, rollout.last_features[None]])
        seen = self.agent.look_along(features, rollout.memory, rollout.done)
        values = self.own(seen).squeeze(-1)
        never = torch.zeros_like(rollout.done)
        advantage = gae(
            self._scaled(self._curiosity(_following(rollout))),
            values[:-1],
            values[1:],
            never,
            never,
            gamma=self._settings.int_gamma,
            lam=self.config.gae_lambda,
        )
        return advantage, values[:-1]

    def _scaled(self, novelty: Tensor) -> Tensor:
        """Novelty (T, E) over the standard deviation of its discounted return."""
        returns = torch.empty_like(novelty)
        for t in range(len(novelty)):
            self._discounted = self._settings.int_gamma * self._discounted + novelty[t]
            returns[t] = self._discounted
        moments = self._curiosity.return_moments
        moments.update(returns.reshape(-1, 1))
        return novelty / moments.std

    def value_loss(self, batch: Samples, seen: Tensor) -> Tensor:
        """Mean square errors of both values, scalar."""
        assert isinstance(batch, CuriousSamples)
        error = self.own(seen).squeeze(-1) - batch.intrinsic_target
        return super().value_loss(batch, seen) + error.square().mean()

    def _learn_to_predict(self, met: Tensor) -> float:
        """One pass over what was met (N, F); returns the mean error before it."""
        errors: list[Tensor] = []
        for index in minibatches(len(met), self.config.batch_size, self._generator):
            error = self._curiosity(met[index]).mean()
            self._predictor_optimizer.descend(error)
            errors.append(error.detach())
        return float(torch.stack(errors).mean())

    def state_dict(self) -> dict[str, Any]:
        """All that the learner has; the agent is saved on its own."""
        return {
            **super().state_dict(),
            "curiosity": self._curiosity.state_dict(),
            "predictor_optimizer": self._predictor_optimizer.state_dict(),
            "intrinsic_return": self._discounted,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        super().load_state_dict(state)
        self._curiosity.load_state_dict(state["curiosity"])
        self._predictor_optimizer.load_state_dict(state["predictor_optimizer"])
        self._discounted = state["intrinsic_return"]


class CuriousSamples(Samples):
    """Samples that know what novelty they should promise."""

    intrinsic_target: Tensor
    """(N,)."""


def _following(rollout: Rollout) -> Tensor:
    """Features that each step led to, of the new episode where one ended, (T, E, F)."""
    return torch.cat([rollout.features[1:], rollout.last_features[None]])
