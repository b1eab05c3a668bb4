r"""First-visit Monte Carlo control: the target is the whole return $G = \sum_t \gamma^t r_t$."""

from __future__ import annotations

from collections.abc import Iterator

from surefoot.algos.tabular.model import Estimate
from surefoot.algos.tabular.table import ActionValues
from surefoot.algos.tabular.tabular_config import MonteCarloConfig
from surefoot.algos.tabular.world import World


def monte_carlo(
    world: World, config: MonteCarloConfig, *, steps: int, seed: int
) -> Iterator[Estimate]:
    """Play an episode to its end, then learn from what came of its first visits.

    An episode begins with any action (exploring starts): so every action goes on being tried in
    every state in which episodes begin, however sure the policy is.

    Args:
        world: Where it acts.
        config: Its settings.
        steps: Environment steps; what the last, unfinished episode saw is not used.
        seed: The run's seed.

    Yields:
        The table, a hundred times.

    Source: Sutton and Barto 2018, sections 5.3 (exploring starts) and 5.4 (on-policy control). Two
        things are ours: recent returns weigh more than in their plain average, since the policy
        moves on; and an episode that ran out of time counts the best value of its last state for
        the rest.
    """
    q = ActionValues(world, config, steps=steps, seed=seed)
    episode: list[tuple[int, int, float]] = []
    state = world.reset()
    for step in range(steps):
        action = q.explore(state, step) if episode else q.any_action()
        reward, next_state, terminated, done = world.step(action)
        episode.append((state, action, reward))
        state = next_state
        if done:
            after = 0.0 if terminated else max(q[next_state])
            for total, at, taken in _first_visits(episode, config.gamma, after):
                q.move_towards(total, at, taken, step)
            episode, state = [], world.reset()
        if q.is_due(step + 1):
            yield q.estimate(step + 1)


def _first_visits(
    episode: list[tuple[int, int, float]], gamma: float, after: float
) -> Iterator[tuple[float, int, int]]:
    r"""Return, state and action of each first visit: $G_t = r_t + \gamma G_{t+1}$, from the end."""
    first: dict[tuple[int, int], int] = {}
    for t, (state, action, _) in enumerate(episode):
        first.setdefault((state, action), t)
    total = after
    for t in reversed(range(len(episode))):
        state, action, reward = episode[t]
        total = reward + gamma * total
        if first[state, action] == t:
            yield total, state, action
