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
        """Play `n_steps` decisions in every environment, each held for `action_repeat` steps."""
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
            end = self._hold(drawn)
            rewards.append(end.reward)
            terminated.append(end.terminated)
            done.append(end.done)
            if pipeline.moments is not None:
                frames.append(pipeline.newest_frame(self._state))
            if len(end.truncated_ids):
                late_at.append(
                    torch.stack([torch.full_like(end.truncated_ids, t), end.truncated_ids], dim=1)
                )
                late_features.append(end.truncated_features)
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

    def _hold(self, drawn: Tensor) -> _Held:
        """Act on an output (E, A) until the next decision is due; rewards add up.

        An episode that ends on the way counts until its end. The next one begins at rest: it waits
        for the next decision, and its rewards until then belong to nobody.
        """
        env, pipeline = self.env, self.agent.pipeline
        repeat = pipeline.config.action_repeat
        held = _Held(env.nb_worlds, self._features)
        for phase in range(1, repeat + 1):
            action, self._state = pipeline.act(drawn, self._state)
            step = env.step(action)
            self.episodes.add(step.reward, step.terms, step.done)
            held.reward = held.reward + step.reward * ~held.done
            obs = step.obs
            if bool(step.done.any()):
                fresh = step.done & ~held.done
                ids = (step.truncated & fresh).nonzero().squeeze(1)
                if len(ids):
                    last = self._state[ids].clone()
                    last[:, 1] = 0.0  # look now, whatever the phase
                    held.add_truncated(ids, pipeline.observe(step.final_obs[ids], last)[0])
                held.terminated = held.terminated | (step.terminated & fresh)
                held.done = held.done | step.done
                ended = step.done.nonzero().squeeze(1)
                waiting = pipeline.initial_state(len(ended), phase=phase % repeat)
                self._state = self._state.index_copy(0, ended, waiting)
            if phase == repeat:
                self._features, self._state = pipeline.observe(obs, self._state)
        return held

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


class _Held:
    """What happened while one decision was held, in E environments."""

    def __init__(self, nb_worlds: int, like: Tensor) -> None:
        self.reward = torch.zeros(nb_worlds)
        self.terminated = torch.zeros(nb_worlds, dtype=torch.bool)
        self.done = torch.zeros(nb_worlds, dtype=torch.bool)
        self.truncated_ids = torch.zeros(0, dtype=torch.int64)
        self.truncated_features = like[:0]

    def add_truncated(self, ids: Tensor, features: Tensor) -> None:
        """Time ran out in the environments `ids` (K,), with these features (K, F) at their end."""
        self.truncated_ids = torch.cat([self.truncated_ids, ids])
        self.truncated_features = torch.cat([self.truncated_features, features])


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
