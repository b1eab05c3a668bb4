r"""Vanilla policy gradient: one step along $E[\Psi_t\,\nabla\log\pi(a_t|s_t)]$ for each rollout.

What $\Psi$ is makes the method: REINFORCE, with or without a baseline, the one-step actor-critic,
or VPG proper, whose $\Psi$ is the generalized advantage. The value function is the same for all of
them: it is fitted to the returns, after the policy's step.

The agent may have a memory. Only the policy trains it; the value function reads what it recalls.

Source: Williams 1992 (return), Sutton et al. 2000 (Q and its baseline), Schulman et al. 2016,
    arXiv:1506.02438 (the six choices, and the advantage); the order of the steps and the settings
    are those of OpenAI's Spinning Up.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent
from surefoot.agent.distributions import DiagonalGaussian
from surefoot.algos.optimizer import Adam
from surefoot.algos.values import values_along
from surefoot.algos.vpg_config import VPGConfig
from surefoot.data.psi import AGAINST_BASELINE, PSI, Trajectory, past_signals, returns_to_go
from surefoot.data.returns import gae
from surefoot.data.rollout import Rollout


class VPG:
    """One learner: improves an agent with one rollout after another, which follow each other.

    Args:
        agent: What is improved.
        config: Settings.
        total_updates: Not used: nothing is scheduled.
        generator: Not used: every step is on a whole rollout.
    """

    def __init__(
        self, agent: Agent, config: VPGConfig, *, total_updates: int, generator: Generator
    ) -> None:
        self.agent, self.config, self.nb_updates = agent, config, 0
        policy = [p for n, p in agent.named_parameters() if not n.startswith("critic.")]
        self._policy_optimizer = Adam(nn.ParameterList(policy), config.learning_rate)
        self._value_optimizer = Adam(agent.critic, config.learning_rate_vf)
        self._past: Tensor | None = None
        """What the running episodes brought before the next rollout, (E,)."""

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Improve the agent with one rollout; returns the metrics `train/...`."""
        path = self.trajectory(rollout)
        self._past = past_signals(path, self.config.gamma)[-1]
        metrics = self._improve_policy(rollout, self.psi(path)) | self._fit_value(rollout, path)
        self.nb_updates += 1
        report = {f"train/{name}": float(value) for name, value in metrics.items()}
        return {**report, "train/n_updates": float(self.nb_updates)}

    def trajectory(self, rollout: Rollout) -> Trajectory:
        """What the choices of Psi are computed from, each (T, E).

        Every step weighs the same, as in the paper. Q is estimated by the advantage plus V.
        """
        c = self.config
        value, next_value = values_along(self.agent, rollout)
        advantage = gae(
            rollout.reward, value, next_value, rollout.terminated, rollout.done,
            gamma=c.gamma, lam=c.gae_lambda,
        )  # fmt: skip
        return Trajectory(
            signal=rollout.reward,
            value=value,
            next_value=next_value * ~rollout.terminated,
            q_value=advantage + value,
            done=rollout.done,
            past=self._past,
            weight=torch.ones_like(rollout.reward),
        )

    def psi(self, path: Trajectory) -> Tensor:
        """What the score of each step is multiplied by, (T, E)."""
        c = self.config
        psi = PSI[c.psi](path, c.gamma)
        if not c.normalize_advantage:
            return psi
        if c.psi in AGAINST_BASELINE:
            psi = psi - psi.mean()
        return psi / (psi.square().mean().sqrt() + 1e-8)

    def _improve_policy(self, rollout: Rollout, psi: Tensor) -> dict[str, Tensor]:
        """One step along the gradient; returns metrics of the policy."""
        action = rollout.action.flatten(0, 1)
        log_prob = self.agent.distribution(self._see(rollout)).log_prob(action)
        loss = -(psi.flatten() * log_prob).mean()
        norm = self._policy_optimizer.descend(loss)
        with torch.no_grad():
            law = self.agent.distribution(self._see(rollout))
            log_ratio = law.log_prob(action) - log_prob
            metrics = {
                "policy_gradient_loss": loss.detach(),
                "gradient_norm": norm,
                "approx_kl": (log_ratio.exp() - 1.0 - log_ratio).mean(),
                "entropy_loss": -law.entropy().mean(),
            }
            if isinstance(law, DiagonalGaussian):
                metrics["std"] = law.log_std.exp().mean()
        return metrics

    def _fit_value(self, rollout: Rollout, path: Trajectory) -> dict[str, Tensor]:
        """Steps of the value function towards the returns; returns its metrics."""
        assert path.value is not None
        target = returns_to_go(
            path.signal, self.config.gamma, done=path.done, next_value=path.next_value
        )
        with torch.no_grad():
            seen = self._see(rollout)
        losses: list[Tensor] = []
        for _ in range(self.config.n_epochs_vf):
            loss = (self.agent.value(seen) - target.flatten()).square().mean()
            self._value_optimizer.descend(loss)
            losses.append(loss.detach())
        return {
            "value_loss": torch.stack(losses).mean(),
            "explained_variance": 1.0 - (target - path.value).var() / target.var(),
        }

    def _see(self, rollout: Rollout) -> Tensor:
        """What the networks see of each sample with the memory as it is now, (N, V)."""
        seen = self.agent.look_along(rollout.features, rollout.memory, rollout.done[:-1])
        return seen.flatten(0, 1)

    def state_dict(self) -> dict[str, Any]:
        """All that the learner has; the agent is saved on its own."""
        return {
            "policy_optimizer": self._policy_optimizer.state_dict(),
            "value_optimizer": self._value_optimizer.state_dict(),
            "past": self._past,
            "nb_updates": self.nb_updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self._policy_optimizer.load_state_dict(state["policy_optimizer"])
        self._value_optimizer.load_state_dict(state["value_optimizer"])
        self._past, self.nb_updates = state["past"], state["nb_updates"]
