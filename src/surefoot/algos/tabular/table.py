"""The table Q(x, u) of the methods that learn from steps, and how they explore with it."""

from __future__ import annotations

import random

import numpy as np

from surefoot.algos.tabular.model import Estimate
from surefoot.algos.tabular.tabular_config import ControlConfig
from surefoot.algos.tabular.world import World
from surefoot.seeding import stream_seed

ROWS = 100
"""Estimates that a sampled method yields from beginning to end."""


class Line:
    """A setting that goes from one value to another within some steps, and stays there."""

    def __init__(self, first: float, last: float, steps: float) -> None:
        self._first, self._last, self._steps = first, last, max(1.0, steps)

    def at(self, step: int) -> float:
        """The value in force at a step."""
        done = step / self._steps
        return self._last if done >= 1.0 else self._first + done * (self._last - self._first)


class ActionValues:
    r"""Q, all zero in the beginning, and the update that all methods share.

    Zero is optimistic where every step costs something: what has not been tried looks best.

    Args:
        world: S states, A actions.
        config: Learning rate and exploration.
        steps: Environment steps of the whole training.
        seed: The run's seed.
    """

    def __init__(self, world: World, config: ControlConfig, *, steps: int, seed: int) -> None:
        self._world = world
        self._random = random.Random(stream_seed(seed, "policy"))
        self._rate = config.rate
        self._epsilon = Line(
            config.exploration_initial_eps,
            config.exploration_final_eps,
            config.exploration_fraction * steps,
        )
        self._q = [[0.0] * world.nb_actions for _ in range(world.nb_states)]
        self._updates = [[0] * world.nb_actions for _ in range(world.nb_states)]
        self._period, self._steps = max(1, steps // ROWS), steps

    def __getitem__(self, state: int) -> list[float]:
        """Q of every action in a state."""
        return self._q[state]

    def move_towards(self, target: float, state: int, action: int, step: int) -> None:
        r"""The update of all: $Q(x, u) \leftarrow Q(x, u) + a [target - Q(x, u)]$."""
        row, updates = self._q[state], self._updates[state]
        updates[action] += 1
        rate = self._rate(step / self._steps, updates[action])
        row[action] += rate * (target - row[action])

    def explore(self, state: int, step: int) -> int:
        """An action: random with probability epsilon, else the best; the first of equal ones."""
        if self._random.random() < self._epsilon.at(step):
            return self.any_action()
        row = self._q[state]
        return row.index(max(row))

    def any_action(self) -> int:
        """A random action, each with equal probability."""
        return self._random.randrange(self._world.nb_actions)

    def is_due(self, step: int) -> bool:
        """Whether an estimate is to be shown after so many steps."""
        return step % self._period == 0 or step == self._steps

    def estimate(self, step: int) -> Estimate:
        """The table as it is."""
        table = np.array(self._q)
        metrics = {**self._world.metrics, "rollout/exploration_rate": self._epsilon.at(step)}
        return Estimate(steps=step, value=table.max(axis=1), action_value=table, metrics=metrics)
