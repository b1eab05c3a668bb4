"""An agent playing in an environment, decision by decision: what all collecting has in common."""

from __future__ import annotations

import math
from collections import deque
from itertools import compress
from statistics import pstdev
from typing import Any

import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.envs.batched import Transition
from surefoot.envs.env import Env
from surefoot.errors import NotFinite


class Held:
    """What happened while one decision was held, in E environments; F features, S state values."""

    def __init__(self, nb_worlds: int, state: Tensor) -> None:
        self.reward = torch.zeros(nb_worlds)
        """Sum until the episode's end, (E,)."""
        self.terminated = torch.zeros(nb_worlds, dtype=torch.bool)
        self.done = torch.zeros(nb_worlds, dtype=torch.bool)
        self.ended_ids = torch.zeros(0, dtype=torch.int64)
        """Environments whose episode ended, (K,)."""
        self.final_state = state[:0]
        """The pipeline's states after their last observation, before any reset, (K, S)."""


class Player:
    """Plays one agent in E environments; where it is in each is the state it keeps.

    Args:
        env: Where to play.
        agent: Who plays.
    """

    def __init__(self, env: Env, agent: Agent) -> None:
        self.env, self.agent = env, agent
        self.state = agent.pipeline.initial_state(env.nb_worlds)
        """The pipeline's states, (E, S)."""
        self.features = torch.zeros(env.nb_worlds, agent.pipeline.feature_size)
        """What was observed for the next decision, (E, F)."""
        self.observation = torch.zeros(env.nb_worlds, env.interface.observation.size)
        """The same as it came from the environment, (E, O); not saved."""
        self._started = False
        self.episodes = EpisodeStatistics(env.nb_worlds)

    def begin(self) -> None:
        """Start the very first episodes; later ones follow by themselves."""
        if not self._started:
            self.restart()

    def restart(self) -> None:
        """Leave the episodes that are under way, and begin others, counted anew."""
        self.state = self.agent.pipeline.initial_state(self.env.nb_worlds)
        self.episodes = EpisodeStatistics(self.env.nb_worlds)
        self._observe(self.env.reset())
        self._started = True

    def _observe(self, obs: Tensor) -> None:
        self._check(obs)
        self.observation = obs
        self.features, self.state = self.agent.pipeline.observe(obs, self.state)

    def look(self) -> Tensor:
        """What the policy sees for the decision that is due, (E, V); its memory takes it in."""
        seen, self.state = self.agent.look(self.features, self.state)
        return seen

    def hold(self, output: Tensor) -> Held:
        """Act on an output (E, A) until the next decision is due; rewards add up.

        An episode that ends on the way counts until its end. The next one begins at rest: it waits
        for the next decision, and its rewards until then belong to nobody.
        """
        env, pipeline = self.env, self.agent.pipeline
        repeat = pipeline.config.action_repeat
        held = Held(env.nb_worlds, self.state)
        for phase in range(1, repeat + 1):
            action, self.state = pipeline.act(output, self.state)
            step = env.step(action)
            done = step.done
            self.episodes.add(step)
            held.reward = held.reward + step.reward * ~held.done
            if bool(done.any()):
                fresh = done & ~held.done
                held.terminated = held.terminated | (step.terminated & fresh)
                held.done = held.done | done
                self._finish(fresh.nonzero().squeeze(1), step.final_obs, held)
                ended = done.nonzero().squeeze(1)
                waiting = pipeline.initial_state(len(ended), phase=phase % repeat)
                self.state = self.state.index_copy(0, ended, waiting)
            if phase == repeat:
                self._observe(step.obs)
        return held

    def _finish(self, ids: Tensor, final_obs: Tensor, held: Held) -> None:
        """Take in the last observations of the episodes in `ids` (K,), before their resets."""
        self._check(final_obs)
        last = self.state[ids].clone()
        last[:, 1] = 0.0  # look now, whatever the phase
        _, final_state = self.agent.pipeline.observe(final_obs[ids], last)
        held.ended_ids = torch.cat([held.ended_ids, ids])
        held.final_state = torch.cat([held.final_state, final_state])

    def _check(self, obs: Tensor) -> None:
        """Refuse an observation (E, O) that is not finite: one such number ruins every weight.

        Raises:
            NotFinite: With the name of the signal.
        """
        if math.isfinite(obs.sum().item()):  # of one sum, as this is done at every step
            return
        layout = self.env.interface.observation
        for signal in layout:
            worlds = (~torch.isfinite(obs[:, layout.slice(signal.name)])).any(dim=1).nonzero()
            if len(worlds):
                remedy = "Check the sensor and what it is computed from."
                raise NotFinite(f"observation '{signal.name}'", worlds[:, 0].tolist(), remedy)

    def state_dict(self) -> dict[str, Any]:
        """Environment, memory and statistics."""
        return {
            "env": self.env.state_dict(),
            "agent_state": self.state,
            "features": self.features,
            "started": self._started,
            "episodes": self.episodes.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.env.load_state_dict(state["env"])
        self.state, self.features = state["agent_state"], state["features"]
        self._started = state["started"]
        self.episodes.load_state_dict(state["episodes"])


class EpisodeStatistics:
    """Return, length and end of the last hundred episodes, and what the reward was made of."""

    WINDOW = 100

    def __init__(self, nb_worlds: int) -> None:
        self._return, self._length = torch.zeros(nb_worlds), torch.zeros(nb_worlds)
        self._last: deque[tuple[float, float, str]] = deque(maxlen=self.WINDOW)
        self._causes: list[str] = []
        self._terms: dict[str, list[Tensor]] = {}

    def add(self, step: Transition) -> None:
        """Take in one step of every environment."""
        done = step.done
        self._return = self._return + step.reward
        self._length = self._length + 1.0
        for name, term in step.terms.items():
            self._terms.setdefault(name, []).append(term.mean())
        causes = step.causes or {"terminated": step.terminated, "time_limit": step.truncated}
        self._causes = list(causes)
        if bool(done.any()):
            holds = zip(*(cause[done].tolist() for cause in causes.values()), strict=True)
            first = (next(compress(causes, held), "unknown") for held in holds)
            returns, lengths = self._return[done].tolist(), self._length[done].tolist()
            self._last.extend(zip(returns, lengths, first, strict=True))
            self._return = self._return * ~done
            self._length = self._length * ~done

    @property
    def returns(self) -> list[float]:
        """Of the last hundred episodes, the newest last."""
        return [episode_return for episode_return, _, _ in self._last]

    def report(self) -> dict[str, float]:
        """`rollout/...` and `ends/...` of the last episodes, `reward/...` since the last report."""
        report: dict[str, float] = {}
        if self._last:
            returns, lengths, causes = zip(*self._last, strict=True)
            report["rollout/ep_rew_mean"] = sum(returns) / len(returns)
            report["rollout/ep_rew_std"] = pstdev(returns)
            report["rollout/ep_len_mean"] = sum(lengths) / len(lengths)
            report["rollout/ep_len_max_share"] = lengths.count(max(lengths)) / len(lengths)
            for cause in self._causes:
                report[f"ends/{cause}"] = causes.count(cause) / len(causes)
        for name, values in self._terms.items():
            report[f"reward/{name}"] = float(torch.stack(values).mean())
        self._terms = {}
        return report

    def state_dict(self) -> dict[str, Any]:
        """Running sums and the window; call it after `report`."""
        last = torch.tensor([row[:2] for row in self._last], dtype=torch.float64).reshape(-1, 2)
        causes = [cause for _, _, cause in self._last]
        return {"return": self._return, "length": self._length, "last": last, "causes": causes}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`."""
        self._return, self._length = state["return"], state["length"]
        last = state["last"].tolist()
        causes = state.get("causes", ["unknown"] * len(last))  # runs from before have none
        ended = ((*row, cause) for row, cause in zip(last, causes, strict=True))
        self._last = deque(ended, maxlen=self.WINDOW)
