r"""Proximal policy optimization.

The policy may move as long as the probability ratio $\rho = \pi(a|s)/\pi_\text{old}(a|s)$ stays
within $1\pm\epsilon$: maximise $E[\min(\rho A, \mathrm{clip}(\rho, 1-\epsilon, 1+\epsilon) A)]$.

Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7 (surrogate) and 9 (total loss); details as
numbered by Huang et al. 2022, "The 37 implementation details of PPO".
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import DiagonalGaussian
from surefoot.algos.means import Means
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.schedule import Schedule
from surefoot.data.returns import gae
from surefoot.data.rollout import Rollout, minibatches


class PPO:
    """One learner: improves an agent with one rollout after another.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: How many updates the schedules span.
        generator: Order of the minibatches.
    """

    def __init__(
        self, agent: Agent, config: PPOConfig, *, total_updates: int, generator: Generator
    ) -> None:
        self.agent, self.config = agent, config
        self.total_updates, self.nb_updates = total_updates, 0
        self._generator = generator
        self._parameters = [p for p in agent.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(  # detail 3: epsilon
            self._parameters, lr=config.learning_rate, eps=1e-5, fused=True
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
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedules["learning_rate"].value
        advantage, value = self.advantages(rollout)
        samples = _Samples(rollout, advantage, value)
        metrics = Means()
        keep_going = True
        for _ in range(self.config.n_epochs):
            for index in minibatches(rollout.nb_samples, self.config.batch_size, self._generator):
                keep_going = self._step(samples.pick(index), metrics)
                if not keep_going:
                    break
            if not keep_going:
                break
        self.nb_updates += 1
        return self._report(metrics, samples)

    @torch.no_grad()
    def advantages(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Generalized advantages and values of a rollout, each (T, E).

        A step that ran out of time bootstraps from the state it led to, before the reset.
        """
        features = torch.cat([rollout.features, rollout.last_features[None]])
        values = self.agent.value(features)
        value, next_value = values[:-1], values[1:].clone()
        if len(rollout.truncated_at):
            step, env = rollout.truncated_at.unbind(dim=1)
            next_value[step, env] = self.agent.value(rollout.truncated_features)
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

    def _step(self, batch: _Samples, metrics: Means) -> bool:
        """One gradient step; False, without a step, once the policy has moved too far."""
        c = self.config
        clip = self._schedules["clip_range"].value
        distribution = self.agent.distribution(batch.features)
        log_ratio = distribution.log_prob(batch.action) - batch.log_prob
        ratio = log_ratio.exp()

        advantage = batch.advantage
        if c.normalize_advantage and len(advantage) > 1:  # detail 7
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clipped = ratio.clamp(1.0 - clip, 1.0 + clip)
        policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()

        value = self.agent.value(batch.features)
        if c.clip_range_vf is not None:  # detail 9, without its maximum, as Stable-Baselines3
            reach = self._schedules["clip_range_vf"].value
            value = batch.value + (value - batch.value).clamp(-reach, reach)
        value_loss = (value - batch.value_target).square().mean()

        entropy_loss = -distribution.entropy().mean()
        loss = policy_loss + c.ent_coef * entropy_loss + c.vf_coef * value_loss

        with torch.no_grad():
            approx_kl = (ratio - 1.0 - log_ratio).mean()
            clip_fraction = ((ratio - 1.0).abs() > clip).float().mean()
        if c.target_kl is not None and approx_kl > 1.5 * c.target_kl:
            metrics.add(approx_kl=approx_kl)
            return False
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, c.max_grad_norm)
        self._optimizer.step()
        metrics.add(
            approx_kl=approx_kl,
            clip_fraction=clip_fraction,
            policy_gradient_loss=policy_loss,
            value_loss=value_loss,
            entropy_loss=entropy_loss,
            gradient_norm=norm,
        )
        return True

    def _report(self, metrics: Means, samples: _Samples) -> dict[str, float]:
        means = metrics.take()
        for schedule in self._schedules.values():
            schedule.follow_kl(means["approx_kl"])
        variance = samples.value_target.var()
        unexplained = (samples.value_target - samples.value).var()
        report = {f"train/{name}": value for name, value in means.items()}
        report["train/explained_variance"] = float(1.0 - unexplained / variance)
        report["train/learning_rate"] = self._optimizer.param_groups[0]["lr"]
        report["train/clip_range"] = self._schedules["clip_range"].value
        if self.agent.pipeline.continuous:
            report["train/std"] = self._mean_std(samples)
        report["train/n_updates"] = float(self.nb_updates)
        return report

    @torch.no_grad()
    def _mean_std(self, samples: _Samples) -> float:
        """Standard deviation of the actions, the mean over them and over the states."""
        if self.agent.config.log_std == "parameter":
            return float(self.agent.log_std.exp().mean())
        law = self.agent.distribution(samples.features)
        assert isinstance(law, DiagonalGaussian)
        return float(law.log_std.exp().mean())

    def state_dict(self) -> dict[str, Any]:
        """Optimizer, schedules, counter and generator; the agent is saved on its own."""
        return {
            "optimizer": self._optimizer.state_dict(),
            "schedules": {name: s.value for name, s in self._schedules.items()},
            "nb_updates": self.nb_updates,
            "random": self._generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self._optimizer.load_state_dict(state["optimizer"])
        for name, value in state["schedules"].items():
            self._schedules[name].value = value
        self.nb_updates = state["nb_updates"]
        self._generator.set_state(state["random"])


class _Samples:
    """The transitions of a rollout, flat: (N, ...)."""

    def __init__(self, rollout: Rollout, advantage: Tensor, value: Tensor) -> None:
        self.features = rollout.features.flatten(0, 1)
        self.action = rollout.action.flatten(0, 1)
        self.log_prob = rollout.log_prob.flatten()
        self.advantage = advantage.flatten()
        self.value = value.flatten()
        self.value_target = self.advantage + self.value  # detail 5

    def pick(self, index: Tensor) -> _Samples:
        """The samples `index`."""
        picked = object.__new__(_Samples)
        for name, tensor in vars(self).items():
            setattr(picked, name, tensor[index])
        return picked
