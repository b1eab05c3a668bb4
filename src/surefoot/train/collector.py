"""Experience for on-policy learning: an agent in an environment, remembering where it was."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch
from torch import Generator, Tensor

from surefoot.agent.agent import Agent
from surefoot.data.rollout import Rollout
from surefoot.envs.env import Env


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
        self.env, self.agent = env, agent
        self._generator, self._gamma = generator, gamma
        self._state = agent.pipeline.initial_state(env.nb_worlds)
        self._features = torch.zeros(env.nb_worlds, agent.pipeline.feature_size)
        self._started = False
        self._discounted = torch.zeros(env.nb_worlds)
        self.episodes = EpisodeStatistics(env.nb_worlds)

    @torch.no_grad()
    def collect(self, n_steps: int) -> Rollout:
        """Play `n_steps` steps in every environment."""
        env, agent, pipeline = self.env, self.agent, self.agent.pipeline
        if not self._started:
            self._features, self._state = pipeline.observe(env.reset(), self._state)
            self._started = True
        features, actions, log_probs, rewards, terminated, done, frames = ([] for _ in range(7))
        late_at: list[Tensor] = []
        late_features: list[Tensor] = []
        for t in range(n_steps):
            distribution = agent.distribution(self._features)
            drawn = distribution.sample(self._generator)
            features.append(self._features)
            actions.append(drawn)
            log_probs.append(distribution.log_prob(drawn))
            action, self._state = pipeline.act(drawn, self._state)
            step = env.step(action)
            self.episodes.add(step.reward, step.terms, step.done)
            rewards.append(step.reward)
            terminated.append(step.terminated)
            done.append(step.done)
            self._features, self._state = pipeline.observe(step.final_obs, self._state)
            if pipeline.moments is not None:
                frames.append(pipeline.newest_frame(self._state))
            if bool(step.done.any()):
                ids = step.truncated.nonzero()
                late_at.append(torch.cat([torch.full_like(ids, t), ids], dim=1))
                late_features.append(self._features[step.truncated])
                self._begin_episodes(step.done, step.obs)
        if pipeline.moments is not None:  # only now, so that one rollout has one normalisation
            pipeline.moments.update(torch.cat(frames))
        reward = torch.stack(rewards)
        ended = torch.stack(done)
        return Rollout(
            features=torch.stack(features),
            action=torch.stack(actions),
            log_prob=torch.stack(log_probs),
            reward=self._scale(reward, ended),
            terminated=torch.stack(terminated),
            done=ended,
            last_features=self._features,
            truncated_at=torch.cat(late_at) if late_at else torch.zeros(0, 2, dtype=torch.int64),
            truncated_features=torch.cat(late_features) if late_features else self._features[:0],
        )

    def _begin_episodes(self, done: Tensor, obs: Tensor) -> None:
        """Clear the memory of ended episodes and take in the first observation of the next."""
        ids = done.nonzero().squeeze(1)
        fresh = self.agent.pipeline.initial_state(len(ids))
        features, state = self.agent.pipeline.observe(obs[ids], fresh)
        self._features = self._features.index_copy(0, ids, features)
        self._state = self._state.index_copy(0, ids, state)

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
        """Environment, memory, generator and statistics."""
        return {
            "env": self.env.state_dict(),
            "agent_state": self._state,
            "features": self._features,
            "started": self._started,
            "discounted": self._discounted,
            "random": self._generator.get_state(),
            "episodes": self.episodes.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.env.load_state_dict(state["env"])
        self._state, self._features = state["agent_state"], state["features"]
        self._started, self._discounted = state["started"], state["discounted"]
        self._generator.set_state(state["random"])
        self.episodes.load_state_dict(state["episodes"])


class EpisodeStatistics:
    """Return and length of the last hundred episodes, and what the reward was made of."""

    WINDOW = 100

    def __init__(self, nb_worlds: int) -> None:
        self._return, self._length = torch.zeros(nb_worlds), torch.zeros(nb_worlds)
        self._last: deque[tuple[float, float]] = deque(maxlen=self.WINDOW)
        self._terms: dict[str, list[Tensor]] = {}

    def add(self, reward: Tensor, terms: dict[str, Tensor], done: Tensor) -> None:
        """Take in one step of every environment, each (E,)."""
        self._return = self._return + reward
        self._length = self._length + 1.0
        for name, term in terms.items():
            self._terms.setdefault(name, []).append(term.mean())
        if bool(done.any()):
            ended = zip(self._return[done].tolist(), self._length[done].tolist(), strict=True)
            self._last.extend(ended)
            self._return = self._return * ~done
            self._length = self._length * ~done

    def report(self) -> dict[str, float]:
        """`rollout/...` over the last episodes, `reward/...` per step since the last report."""
        report: dict[str, float] = {}
        if self._last:
            returns, lengths = zip(*self._last, strict=True)
            report["rollout/ep_rew_mean"] = sum(returns) / len(returns)
            report["rollout/ep_len_mean"] = sum(lengths) / len(lengths)
        for name, values in self._terms.items():
            report[f"reward/{name}"] = float(torch.stack(values).mean())
        self._terms = {}
        return report

    def state_dict(self) -> dict[str, Any]:
        """Running sums and the window; call it after `report`."""
        last = torch.tensor(list(self._last), dtype=torch.float64).reshape(-1, 2)
        return {"return": self._return, "length": self._length, "last": last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self._return, self._length = state["return"], state["length"]
        self._last = deque((tuple(row) for row in state["last"].tolist()), maxlen=self.WINDOW)
