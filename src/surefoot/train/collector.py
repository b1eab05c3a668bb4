"""Experience for on-policy learning: what a stochastic policy met, cut into rollouts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.data.rollout import Rollout
from surefoot.envs.env import Env
from surefoot.train.player import Player
from surefoot.train.vital_signs import action_signs, observation_signs


class Collector:
    """Plays a stochastic policy and cuts what happens into rollouts.

    Args:
        env: Where to play.
        agent: Who plays.
        generator: What the actions are drawn from.
        gamma: Discount of the return whose spread scales the rewards; None leaves rewards alone.
    """

    def __init__(
        self, env: Env, agent: Agent, generator: Generator, *, gamma: float | None = None
    ) -> None:
        self.agent, self.player = agent, Player(env, agent)
        self._generator, self._gamma = generator, gamma
        self._discounted = torch.zeros(env.nb_worlds)
        self.signs: dict[str, float] = {}
        """`action/...` and `observation/...` of the last rollout."""

    @torch.no_grad()
    def collect(self, n_steps: int) -> Rollout:
        """Play `n_steps` decisions in every environment, each held for `action_repeat` steps."""
        player, pipeline = self.player, self.agent.pipeline
        player.begin()
        features, actions, log_probs, rewards, terminated, done, seen = ([] for _ in range(7))
        modes: list[Tensor] = []
        late_at: list[Tensor] = []
        late_states: list[Tensor] = []
        memory = pipeline.memory(player.state)
        for t in range(n_steps):
            distribution = self.agent.distribution(player.look())
            drawn = distribution.sample(self._generator)
            features.append(player.features)
            actions.append(drawn)
            if pipeline.continuous:
                modes.append(distribution.mode)
            log_probs.append(distribution.log_prob(drawn))
            held = player.hold(drawn)
            rewards.append(held.reward)
            terminated.append(held.terminated)
            done.append(held.done)
            if pipeline.moments is not None:
                seen.append(player.state)
            if len(held.ended_ids):
                late = ~held.terminated[held.ended_ids]  # these ran out of time
                ids = held.ended_ids[late]
                late_at.append(torch.stack([torch.full_like(ids, t), ids], dim=1))
                late_states.append(held.final_state[late])
        late_state = torch.cat(late_states) if late_states else player.state[:0]
        late_features = pipeline.features(late_state)
        if pipeline.moments is not None:  # only now, so that one rollout has one normalisation
            pipeline.learn_moments(seen)
        reward = torch.stack(rewards)
        ended = torch.stack(done)
        looked = torch.stack(features)
        self.signs = observation_signs(pipeline, looked)
        if modes:
            self.signs |= action_signs(pipeline, torch.stack(modes), player.state)
        return Rollout(
            features=looked,
            action=torch.stack(actions),
            log_prob=torch.stack(log_probs),
            reward=self._scale(reward, ended),
            terminated=torch.stack(terminated),
            done=ended,
            last_features=player.features,
            truncated_at=torch.cat(late_at) if late_at else torch.zeros(0, 2, dtype=torch.int64),
            truncated_features=late_features,
            memory=memory,
            truncated_memory=pipeline.memory(late_state),
        )

    def _scale(self, reward: Tensor, done: Tensor) -> Tensor:
        """Rewards over the spread of the discounted return, clipped to +-10, (T, E).

        Source: Huang et al. 2022, details 30 and 31 of PPO.
        """
        if self._gamma is None:
            return reward
        returns = torch.empty_like(reward)
        for t in range(len(reward)):
            self._discounted = self._gamma * self._discounted + reward[t]
            returns[t] = self._discounted
            self._discounted = self._discounted * ~done[t]
        self.agent.return_moments.update(returns.reshape(-1, 1))
        return (reward / self.agent.return_moments.std).clamp(-10.0, 10.0)

    def state_dict(self) -> dict[str, Any]:
        """The player, the scale of the rewards and the generator."""
        return {
            **self.player.state_dict(),
            "discounted": self._discounted,
            "random": self._generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.player.load_state_dict(state)
        self._discounted = state["discounted"]
        self._generator.set_state(state["random"])
