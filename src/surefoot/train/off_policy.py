"""Off-policy learning on one page: play, remember, learn from what was remembered, again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.algos.c51 import C51
from surefoot.algos.ddpg import DDPG
from surefoot.algos.dqn import DQN
from surefoot.algos.off_policy_config import OffPolicyConfig
from surefoot.algos.qdagger import QDagger
from surefoot.algos.sac import SAC
from surefoot.algos.td3 import TD3
from surefoot.data.replay import Batch, Replay
from surefoot.envs.env import Env
from surefoot.train.player import Held, Player
from surefoot.train.run_folder import Run
from surefoot.train.vital_signs import action_signs, observation_signs


class OffPolicyLearner(Protocol):
    """What an off-policy algorithm offers; it is made from agent, config and generator."""

    def explore(self, features: Tensor, progress: float) -> Tensor:
        """Outputs to try (E, A) for features (E, F), with `progress` of the training behind."""
        ...

    def learn(self, batch: Batch) -> None:
        """One gradient step."""
        ...

    def report(self) -> dict[str, float]:
        """Metrics since the last report."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on, but the agent and the generator."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        ...


LEARNERS: dict[str, Callable[..., OffPolicyLearner]] = {
    "dqn": DQN,
    "c51": C51,
    "qdagger": QDagger,
    "ddpg": DDPG,
    "td3": TD3,
    "sac": SAC,
}
"""Off-policy algorithms by name."""


class OffPolicy:
    """A learner, the replay that it learns from, and the player that fills it.

    Args:
        run: What to train.
        env: Where.
        agent: Who.
        advice_size: Values that the replay keeps beside each action.

    Raises:
        InvalidConfig: The replay cannot fit into memory.
    """

    def __init__(self, run: Run, env: Env, agent: Agent, *, advice_size: int = 0) -> None:
        algo, pipeline = run.config.algo, agent.pipeline
        assert isinstance(algo, OffPolicyConfig)  # the catalog pairs names and settings
        self._config, self._agent = algo, agent
        self._total_decisions = run.config.total_updates * algo.decisions_per_update(env.nb_worlds)
        self._generator = run.generator("policy")
        self.learner: OffPolicyLearner = LEARNERS[run.algo](agent, algo, generator=self._generator)
        self.replay = Replay(
            capacity=algo.buffer_size,
            nb_envs=env.nb_worlds,
            frame_size=pipeline.frame_size,
            history=pipeline.config.history,
            action_size=pipeline.action_size + advice_size,
        )
        self._player = Player(env, agent)
        self._nb_decisions = 0
        self._last_batch: Batch | None = None

    def update(self) -> dict[str, float]:
        """Bouts of playing and learning until a row of metrics is due; returns it."""
        c, nb_envs = self._config, self._player.env.nb_worlds
        per_bout = c.decisions_per_bout(nb_envs)
        gradient_steps = per_bout if c.gradient_steps == -1 else c.gradient_steps
        self._player.begin()
        self._last_batch = None
        for _ in range(c.decisions_per_update(nb_envs) // per_bout):
            for _ in range(c.train_freq):
                self._play()
            if self._nb_decisions > c.learning_starts:
                self.learn(gradient_steps)
        return {**self._player.episodes.report(), **self._signs(), **self.learner.report()}

    @torch.no_grad()
    def _signs(self) -> dict[str, float]:
        """`action/...` and `observation/...` of the last batch; nothing before the first."""
        pipeline, batch = self._agent.pipeline, self._last_batch
        if batch is None:
            return {}
        mode = self._agent.mode(batch.features)
        return {
            **observation_signs(pipeline, batch.features),
            **action_signs(pipeline, mode, self._player.state),
        }

    def learn(self, nb: int) -> None:
        """So many gradient steps, each from a fresh batch."""
        for _ in range(nb):
            self.learner.learn(self._draw())

    @torch.no_grad()
    def _play(self) -> None:
        """One decision in every environment, remembered."""
        player, pipeline = self._player, self._agent.pipeline
        output, frame = self._choose(), pipeline.newest_frame(player.state)
        self._remember(frame, output, player.hold(output))
        if pipeline.moments is not None:
            pipeline.moments.update(frame)
        self._nb_decisions += player.env.nb_worlds

    def _choose(self) -> Tensor:
        """Outputs for the decision that is due, (E, A)."""
        if self._nb_decisions < self._config.learning_starts:
            return self._random_outputs()
        progress = self._nb_decisions / self._total_decisions
        return self.learner.explore(self._player.features, progress)

    def _remember(self, frame: Tensor, output: Tensor, held: Held) -> None:
        """Put what outputs led to, from frames (E, F), into the replay."""
        self.replay.add(
            frame=frame,
            action=output,
            reward=held.reward,
            next_frame=self._frame_after(held),
            terminated=held.terminated,
            done=held.done,
        )

    def _random_outputs(self) -> Tensor:
        """Uniform choices, or uniform in [-1, 1], (E, A)."""
        nb, pipeline = self._player.env.nb_worlds, self._agent.pipeline
        if not pipeline.continuous:
            return torch.randint(
                self._agent.nb_outputs, (nb, 1), generator=self._generator
            ).float()  # fmt: skip
        return 2.0 * torch.rand(nb, pipeline.action_size, generator=self._generator) - 1.0

    def _frame_after(self, held: Held) -> Tensor:
        """The newest frame that a decision led to, before any reset, (E, F)."""
        pipeline = self._agent.pipeline
        frame = pipeline.newest_frame(self._player.state)
        if not len(held.ended_ids):
            return frame
        return frame.index_copy(0, held.ended_ids, pipeline.newest_frame(held.final_state))

    def _draw(self) -> Batch:
        """A batch from the replay, normalised as the agent sees the world now."""
        c, normalize = self._config, self._agent.pipeline.normalize
        batch = self.replay.sample(
            c.batch_size, gamma=c.gamma, n_steps=c.n_steps, generator=self._generator
        )
        batch.features, batch.next_features = (
            normalize(batch.features),
            normalize(batch.next_features),
        )
        self._last_batch = batch
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Learner, player, replay and generator."""
        return {
            "learner": self.learner.state_dict(),
            "collector": {
                **self._player.state_dict(),
                "nb_decisions": self._nb_decisions,
                "random": self._generator.get_state(),
            },
            "replay": self.replay.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.learner.load_state_dict(state["learner"])
        self._player.load_state_dict(state["collector"])
        self._nb_decisions = state["collector"]["nb_decisions"]
        self._generator.set_state(state["collector"]["random"])
        self.replay.load_state_dict(state["replay"])
