"""Dyna-Q: learn from a step, remember it, and learn from memories before the next step."""

from __future__ import annotations

import random
from collections.abc import Iterator

from surefoot.algos.tabular.model import Estimate
from surefoot.algos.tabular.table import ActionValues
from surefoot.algos.tabular.tabular_config import DynaQConfig
from surefoot.algos.tabular.world import World
from surefoot.seeding import stream_seed

Outcome = tuple[float, int, bool]
"""Reward, next state, terminated."""


def dyna_q(world: World, config: DynaQConfig, *, steps: int, seed: int) -> Iterator[Estimate]:
    """Q-learning on what happened and on what a learned model says could happen.

    Args:
        world: Where it acts.
        config: Its settings.
        steps: Environment steps.
        seed: The run's seed.

    Yields:
        The table, a hundred times.

    Source: Sutton 1990; Sutton and Barto 2018, section 8.2. Their model keeps the last outcome;
        ours counts the outcomes, so that slipping is learned as well.
    """
    q = ActionValues(world, config, steps=steps, seed=seed)
    model = CountedModel(seed)

    def learn(state: int, action: int, outcome: Outcome, step: int) -> None:
        reward, next_state, terminated = outcome
        target = reward if terminated else reward + config.gamma * max(q[next_state])
        q.move_towards(target, state, action, step)

    state = world.reset()
    for step in range(steps):
        action = q.explore(state, step)
        reward, next_state, terminated, done = world.step(action)
        model.observe(state, action, (reward, next_state, terminated))
        learn(state, action, (reward, next_state, terminated), step)
        for _ in range(config.planning_steps):
            learn(*model.imagine(), step)
        state = world.reset() if done else next_state
        if q.is_due(step + 1):
            yield q.estimate(step + 1)


class CountedModel:
    """How often each outcome followed each action; as large as what was seen, not as the time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(stream_seed(seed, "planning"))
        self._pairs: list[tuple[int, int]] = []
        self._counts: dict[tuple[int, int], dict[Outcome, int]] = {}

    def observe(self, state: int, action: int, outcome: Outcome) -> None:
        """Count what happened."""
        if (state, action) not in self._counts:
            self._pairs.append((state, action))
            self._counts[state, action] = {}
        counts = self._counts[state, action]
        counts[outcome] = counts.get(outcome, 0) + 1

    def imagine(self) -> tuple[int, int, Outcome]:
        """A state and an action seen before, any with equal probability, and an outcome.

        Outcomes come as often as they were counted.
        """
        state, action = self._random.choice(self._pairs)
        counts = self._counts[state, action]
        if len(counts) == 1:
            return state, action, next(iter(counts))
        return state, action, self._random.choices([*counts], [*counts.values()])[0]
