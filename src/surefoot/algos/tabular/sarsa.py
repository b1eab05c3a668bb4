r"""SARSA: the target is $r + \gamma Q(x', u')$ with the action u' that is really taken next."""

from __future__ import annotations

from collections.abc import Iterator

from surefoot.algos.tabular.model import Estimate
from surefoot.algos.tabular.table import ActionValues
from surefoot.algos.tabular.tabular_config import SARSAConfig
from surefoot.algos.tabular.world import World


def sarsa(world: World, config: SARSAConfig, *, steps: int, seed: int) -> Iterator[Estimate]:
    """Learn the value of what is done, exploration included (on-policy).

    It comes to the optimum because the exploration comes to an end.

    Args:
        world: Where it acts.
        config: Its settings.
        steps: Environment steps.
        seed: The run's seed.

    Yields:
        The table, a hundred times.

    Source: Rummery and Niranjan 1994; Sutton and Barto 2018, section 6.4; convergence, Singh et
        al. 2000.
    """
    q = ActionValues(world, config, steps=steps, seed=seed)
    state = world.reset()
    action = q.explore(state, 0)
    for step in range(steps):
        reward, next_state, terminated, done = world.step(action)
        next_action = q.explore(next_state, step + 1)
        target = reward if terminated else reward + config.gamma * q[next_state][next_action]
        q.move_towards(target, state, action, step)
        state, action = next_state, next_action
        if done:
            state = world.reset()
            action = q.explore(state, step + 1)
        if q.is_due(step + 1):
            yield q.estimate(step + 1)
