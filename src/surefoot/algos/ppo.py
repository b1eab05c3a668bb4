r"""Proximal policy optimization.

The policy may move as long as the probability ratio $\rho = \pi(a|s)/\pi_\text{old}(a|s)$ stays
within $1\pm\epsilon$: maximise $E[\min(\rho A, \mathrm{clip}(\rho, 1-\epsilon, 1+\epsilon) A)]$.

The agent may have a memory. Then a minibatch holds the whole segments of some environments (detail
35), and what the memory recalled is computed anew from their beginning (detail 36). Without a
memory every transition is a segment of its own, and the same lines do both.

Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7 (surrogate) and 9 (total loss); details as
numbered by Huang et al. 2022, "The 37 implementation details of PPO".
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import DiagonalGaussian, Distribution
from surefoot.algos.means import Means
from surefoot.algos.optimizer import Adam
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.schedule import Schedule
from surefoot.algos.values import values_along
from surefoot.data.returns import gae
from surefoot.data.rollout import Rollout
from surefoot.data.samples import Samples
from surefoot.errors import InvalidConfig


class PPO:
    """One learner: improves an agent with one rollout after another.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: How many updates the schedules span.
        generator: Order of the minibatches.
        own: What the learner learns besides the agent, and the agent does not need.

    Raises:
        InvalidConfig: The agent has a memory, and a minibatch does not hold whole segments.
    """

    def __init__(
        self,
        agent: Agent,
        config: PPOConfig,
        *,
        total_updates: int,
        generator: Generator,
        own: nn.Module | None = None,
    ) -> None:
        if agent.memory is not None and config.batch_size % config.n_steps:
            raise InvalidConfig(
                f"with agent.memory {agent.config.memory}, algo.batch_size must be a multiple of "
                f"algo.n_steps, got {config.batch_size} and {config.n_steps}: a minibatch holds "
                "the whole segments of some environments"
            )
        self.agent, self.config = agent, config
        self.total_updates, self.nb_updates = total_updates, 0
        self._generator = generator
        self.own = own or nn.Module()
        self._optimizer = Adam(
            nn.ModuleList([agent, self.own]),
            config.learning_rate,
            eps=1e-5,  # detail 3
            max_grad_norm=config.max_grad_norm,  # detail 11
        )
        c, kl = config, config.desired_kl
        self._schedules = {
            "learning_rate": Schedule(
                c.learning_rate_schedule, c.learning_rate, c.learning_rate_final, kl
            ),
            "clip_range": Schedule(c.clip_range_schedule, c.clip_range, c.clip_range_final, kl),
            "clip_range_vf": Schedule(
                c.clip_range_vf_schedule, c.clip_range_vf or 0.0, c.clip_range_vf_final, kl
            ),
        }

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Improve the agent with one rollout; returns the metrics `train/...`."""
        for schedule in self._schedules.values():
            schedule.follow_progress(self.nb_updates / self.total_updates)
        self._optimizer.learning_rate = self._schedules["learning_rate"].value
        samples = self.samples(rollout)
        metrics = Means()
        for _ in range(self.config.n_epochs):
            if not self._epoch(samples, metrics):
                break
        self.nb_updates += 1
        return self._report(metrics, samples)

    def _epoch(self, samples: Samples, metrics: Means) -> bool:
        """Every sample once; False once the policy has moved too far."""
        nb_segments = self.config.batch_size // samples.length
        batches = samples.minibatches(nb_segments, self._generator)
        return all(self._step(batch, metrics) for batch in batches)

    def samples(self, rollout: Rollout) -> Samples:
        """A rollout as what gradient steps learn from."""
        advantage, value = self.advantages(rollout)
        length = 1 if self.agent.memory is None else len(rollout.reward)
        return Samples(rollout, advantage, value, length=length)

    @torch.no_grad()
    def advantages(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Generalized advantages and values of a rollout, each (T, E).

        A step that ran out of time bootstraps from the state it led to, before the reset.
        """
        value, next_value = values_along(self.agent, rollout)
        advantage = gae(
            rollout.reward,
            value,
            next_value,
            rollout.terminated,
            rollout.done,
            gamma=self.config.gamma,
            lam=self.config.gae_lambda,
        )
        return advantage, value

    def see(self, batch: Samples, agent: Agent | None = None) -> Tensor:
        """What the networks see of each sample with the memory as it is now, (N, V).

        Another agent than the one that learns may look instead.
        """
        features, done = batch.in_order(batch.features), batch.in_order(batch.done)
        return (agent or self.agent).look_along(features, batch.memory, done[:-1]).flatten(0, 1)

    def law(self, seen: Tensor) -> Distribution:
        """The policy whose probabilities are improved, given what is seen (N, V)."""
        return self.agent.distribution(seen)

    def value_loss(self, batch: Samples, seen: Tensor) -> Tensor:
        """Mean square error of the values, scalar."""
        value = self.agent.value(seen)
        if self.config.clip_range_vf is not None:  # detail 9, as Stable-Baselines3 does it
            reach = self._schedules["clip_range_vf"].value
            value = batch.value + (value - batch.value).clamp(-reach, reach)
        return nn.functional.mse_loss(value, batch.value_target)

    def _step(self, batch: Samples, metrics: Means) -> bool:
        """One gradient step; False, without a step, once the policy has moved too far."""
        c = self.config
        clip = self._schedules["clip_range"].value
        seen = self.see(batch)
        distribution = self.law(seen)
        log_ratio = distribution.log_prob(batch.action) - batch.log_prob
        ratio = log_ratio.exp()

        advantage = batch.advantage
        if c.normalize_advantage and len(advantage) > 1:  # detail 7
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clipped = ratio.clamp(1.0 - clip, 1.0 + clip)
        policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()

        value_loss = self.value_loss(batch, seen)
        entropy_loss = -distribution.entropy().mean()
        loss = policy_loss + c.ent_coef * entropy_loss + c.vf_coef * value_loss

        with torch.no_grad():
            approx_kl = (ratio - 1.0 - log_ratio).mean()
            clip_fraction = (clipped != ratio).float().mean()
        if c.target_kl is not None and approx_kl > 1.5 * c.target_kl:
            metrics.add(approx_kl=approx_kl)
            return False
        norm = self._optimizer.descend(loss)
        metrics.add(
            approx_kl=approx_kl,
            clip_fraction=clip_fraction,
            policy_gradient_loss=policy_loss,
            value_loss=value_loss,
            entropy_loss=entropy_loss,
            gradient_norm=norm,
        )
        return True

    def _report(self, metrics: Means, samples: Samples) -> dict[str, float]:
        means = metrics.take()
        for schedule in self._schedules.values():
            schedule.follow_kl(means["approx_kl"])
        variance = samples.value_target.var()
        unexplained = (samples.value_target - samples.value).var()
        report = {f"train/{name}": value for name, value in means.items()}
        report["train/explained_variance"] = float(1.0 - unexplained / variance)
        report["train/learning_rate"] = self._optimizer.learning_rate
        report["train/clip_range"] = self._schedules["clip_range"].value
        if self.agent.pipeline.continuous:
            report["train/std"] = self._mean_std(samples)
        report["train/n_updates"] = float(self.nb_updates)
        return report

    @torch.no_grad()
    def _mean_std(self, samples: Samples) -> float:
        """Standard deviation of the actions, the mean over them and over the states."""
        if self.agent.config.log_std == "parameter":
            return float(self.agent.log_std.exp().mean())
        law = self.agent.distribution(self.see(samples))
        assert isinstance(law, DiagonalGaussian)
        return float(law.log_std.exp().mean())

    def state_dict(self) -> dict[str, Any]:
        """All that the learner has; the agent is saved on its own."""
        return {
            "own": self.own.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedules": {name: s.value for name, s in self._schedules.items()},
            "nb_updates": self.nb_updates,
            "random": self._generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.own.load_state_dict(state.get("own", {}))  # runs from before have none
        self._optimizer.load_state_dict(state["optimizer"])
        for name, value in state["schedules"].items():
            self._schedules[name].value = value
        self.nb_updates = state["nb_updates"]
        self._generator.set_state(state["random"])
