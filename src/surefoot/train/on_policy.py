"""On-policy learning on one page: play a rollout with the policy as it is, learn from it, again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch

from surefoot.agent.agent import Agent
from surefoot.algos.catalog import OnPolicyConfig
from surefoot.algos.ppg import PPG
from surefoot.algos.ppo import PPO
from surefoot.algos.rnd import RND
from surefoot.algos.rpo import RPO
from surefoot.algos.vpg import VPG
from surefoot.data.rollout import Rollout
from surefoot.envs.env import Env
from surefoot.train.collector import Collector
from surefoot.train.run_folder import Run


class OnPolicyLearner(Protocol):
    """What an on-policy algorithm offers; it is made from agent, config, updates and generator."""

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Improve the agent with one rollout; returns the metrics `train/...`."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything the next update depends on, but the agent."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        ...


LEARNERS: dict[str, Callable[..., OnPolicyLearner]] = {
    "vpg": VPG,
    "ppo": PPO,
    "rpo": RPO,
    "rnd": RND,
    "ppg": PPG,
}
"""On-policy algorithms by name."""


class OnPolicy:
    """A learner and the rollouts that it learns from.

    Args:
        run: What to train.
        env: Where.
        agent: Who.
    """

    def __init__(self, run: Run, env: Env, agent: Agent) -> None:
        config = run.config
        algo = config.algo
        assert isinstance(algo, OnPolicyConfig)  # the catalog pairs names and settings
        self._n_steps, self._torch_threads = algo.n_steps, config.torch_threads
        self.learner: OnPolicyLearner = LEARNERS[run.algo](
            agent,
            algo,
            total_updates=config.total_updates,
            generator=run.generator("minibatches"),
        )
        self._collector = Collector(
            env,
            agent,
            run.generator("policy"),
            gamma=algo.gamma if algo.normalize_return else None,
        )

    def update(self) -> dict[str, float]:
        """One update; returns the metrics."""
        torch.set_num_threads(1)  # few numbers at a time: more would be in the physics' way
        rollout = self._collector.collect(self._n_steps)
        torch.set_num_threads(self._torch_threads)
        metrics = self.learner.update(rollout)
        return {**self._collector.player.episodes.report(), **self._collector.signs, **metrics}

    def state_dict(self) -> dict[str, Any]:
        """Learner and collector."""
        return {"learner": self.learner.state_dict(), "collector": self._collector.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.learner.load_state_dict(state["learner"])
        self._collector.load_state_dict(state["collector"])
