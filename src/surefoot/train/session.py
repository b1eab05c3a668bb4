"""One training under way: every part that has a state, built from a config, saved and restored."""

from __future__ import annotations

from typing import Any

import torch

from surefoot.agent.agent import Agent
from surefoot.algos.catalog import check_actions
from surefoot.algos.dqn_config import QDaggerConfig
from surefoot.algos.off_policy_config import OffPolicyConfig
from surefoot.data.replay import Replay
from surefoot.envs.env import Env
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.envs.make import make_batched
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.off_policy import OffPolicy
from surefoot.train.on_policy import OnPolicy
from surefoot.train.policies import content_of
from surefoot.train.run_folder import Run
from surefoot.train.taught import Taught, find_teacher


class Session:
    """Environment, agent and learning of one run, whatever the algorithm.

    Args:
        run: What to train.
        content: A full checkpoint to continue from; None begins.
    """

    def __init__(self, run: Run, content: dict[str, Any] | None = None) -> None:
        config = run.config
        self.run = run
        torch.set_num_threads(config.torch_threads)
        self.env = make_training_env(run)
        check_actions(run.algo, self.env.interface)
        self.agent = Agent(
            config.agent, self.env.interface, run.generator("weights"), head=config.algo.head
        )
        self.learning: OnPolicy | OffPolicy
        if isinstance(config.algo, QDaggerConfig):
            teacher = find_teacher(run, self.env.interface, content)
            self.learning = Taught(run, self.env, self.agent, teacher)
        else:
            learning = OffPolicy if isinstance(config.algo, OffPolicyConfig) else OnPolicy
            self.learning = learning(run, self.env, self.agent)
        self.nb_updates = 0
        """Updates so far, over all sittings."""
        self.seconds = 0.0
        """Time spent training so far, over all sittings, s."""
        self.best_return = float("-inf")
        """Best mean return over a full window of episodes so far."""
        if content is not None:
            self.load_state_dict(content)

    @property
    def replay(self) -> Replay | None:
        """The replay, where the algorithm has one."""
        return self.learning.replay if isinstance(self.learning, OffPolicy) else None

    @property
    def nb_steps(self) -> int:
        """Environment steps so far."""
        return self.nb_updates * self.run.config.steps_per_update

    @property
    def finished(self) -> bool:
        """Whether all updates are done."""
        return self.nb_updates >= self.run.config.total_updates

    def update(self) -> dict[str, float]:
        """Play and learn until the next row of metrics is due; returns it."""
        metrics = self.learning.update()
        self.nb_updates += 1
        return {**metrics, **self.env.report()}

    def policy_content(self) -> dict[str, Any]:
        """What a checkpoint of the policy alone holds."""
        return {**content_of(self.run, self.agent), "nb_steps": self.nb_steps}

    def state_dict(self) -> dict[str, Any]:
        """What a full checkpoint holds."""
        return {
            **self.policy_content(),
            **self.learning.state_dict(),
            "seconds": self.seconds,
            "best_return": self.best_return,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.agent.load_state_dict(state["agent"])
        self.learning.load_state_dict(state)
        self.nb_updates = state["nb_steps"] // self.run.config.steps_per_update
        self.seconds, self.best_return = state["seconds"], state["best_return"]


def make_training_env(run: Run) -> Env:
    """The environment that a run trains in."""
    config = run.config
    if isinstance(config.task, GymnasiumConfig):
        return make_gymnasium(config.task, nb_envs=config.nb_envs, seed=config.seed)
    return make_batched(
        run.task,
        config.task,
        nb_envs=config.nb_envs,
        seed=config.seed,
        training=True,
        sim_threads=config.sim_threads,
    )
