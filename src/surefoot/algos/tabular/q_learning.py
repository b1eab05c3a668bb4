r"""Q-learning: the target is $r + \gamma \max_a Q(x', a)$, whatever is done next."""

from __future__ import annotations

from collections.abc import Iterator

from surefoot.algos.tabular.model import Estimate
from surefoot.algos.tabular.table import ActionValues
from surefoot.algos.tabular.tabular_config import QLearningConfig
from surefoot.algos.tabular.world import World


def q_learning(
    world: World, config: QLearningConfig, *, steps: int, seed: int
) -> Iterator[Estimate]:
    """Learn the best action's value while doing others (off-policy).

    Args:
        world: Where it acts.
        config: Its settings.
        steps: Environment steps.
        seed: The run's seed.

    Yields:
        The table, a hundred times.

    Source: Watkins and Dayan 1992; Sutton and Barto 2018, section 6.5.
    """
    q = ActionValues(world, config, steps=steps, seed=seed)
    state = world.reset()
    for step in range(steps):
        action = q.explore(state, step)
        reward, next_state, terminated, done = world.step(action)
        target = reward if terminated else reward + config.gamma * max(q[next_state])
        q.move_towards(target, state, action, step)
        state = world.reset() if done else next_state
        if q.is_due(step + 1):
            yield q.estimate(step + 1)
