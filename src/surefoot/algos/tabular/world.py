"""Episodes in a finite model, one step at a time: all that a method sees that learns from them."""

from __future__ import annotations

import random
from collections import deque
from itertools import accumulate

from surefoot.algos.tabular.model import FiniteModel
from surefoot.seeding import stream_seed


class World:
    """Draws what happens. Everything is a plain list: indexing those one by one is fast.

    Args:
        model: S states, A actions, M moves.
        seed: The run's seed.
        random_start: Begin an episode in any state, instead of in the model's start.
        max_episode_steps: Time limit, steps.
    """

    def __init__(
        self, model: FiniteModel, *, seed: int, random_start: bool, max_episode_steps: int
    ) -> None:
        self.model = model
        """What it is made of; methods that learn from steps alone leave it alone."""
        self.nb_states, self.nb_actions = len(model.terminal), len(model.move_probability)
        self._random = random.Random(stream_seed(seed, "world"))
        self._successor: list[list[int]] = model.successor.tolist()
        self._reward: list[list[float]] = model.reward.tolist()
        self._terminal: list[bool] = model.terminal.tolist()
        self._limits = [list(accumulate(row)) for row in model.move_probability.tolist()]
        begin = (~model.terminal).nonzero()[0].tolist() if random_start else [model.start]
        self._begin: list[int] = begin
        self._max_steps = max_episode_steps
        self._returns: deque[float] = deque(maxlen=100)
        self._lengths: deque[int] = deque(maxlen=100)
        self._return, self._length = 0.0, 0
        self.state = 0
        """Where it is now."""
        self.reset()

    def reset(self) -> int:
        """Begin an episode; returns its first state."""
        self._return, self._length = 0.0, 0
        self.state = self._random.choice(self._begin)
        return self.state

    def step(self, action: int) -> tuple[float, int, bool, bool]:
        """Act once.

        Returns:
            Reward, next state, whether that ended the episode (terminated), and whether it is over
            for that or for want of time (done): then `reset` comes next.
        """
        draw, move = self._random.random(), 0
        limits = self._limits[action]
        while draw >= limits[move] and move < len(limits) - 1:
            move += 1
        reward = self._reward[self.state][move]
        self.state = self._successor[self.state][move]
        self._return, self._length = self._return + reward, self._length + 1
        terminated = self._terminal[self.state]
        done = terminated or self._length >= self._max_steps
        if done:
            self._returns.append(self._return)
            self._lengths.append(self._length)
        return reward, self.state, terminated, done

    @property
    def metrics(self) -> dict[str, float]:
        """Mean return and length of the last hundred episodes, once there is one."""
        if not self._returns:
            return {}
        nb = len(self._returns)
        return {
            "rollout/ep_rew_mean": sum(self._returns) / nb,
            "rollout/ep_len_mean": sum(self._lengths) / nb,
        }
