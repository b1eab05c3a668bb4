r"""TD(0): evaluate with $V(x) \leftarrow V(x) + a [r + \gamma V(x') - V(x)]$, then improve."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from surefoot.algos.tabular.model import Estimate, action_values
from surefoot.algos.tabular.table import ROWS, Line
from surefoot.algos.tabular.tabular_config import TD0Config
from surefoot.algos.tabular.world import World
from surefoot.seeding import stream_seed


def td0(world: World, config: TD0Config, *, steps: int, seed: int) -> Iterator[Estimate]:
    """Evaluate a policy by acting, improve it by looking one step ahead with the model, repeat.

    TD(0) alone finds the value of a policy, never a better one. A policy is the greedy action of
    the last improvement, and a random one with probability epsilon, which falls from round to
    round: a greedy policy from rough values runs in circles, where nothing is to be learned. Each
    round begins with the learning rate as at first and with the values of the one before; the first
    one, with the worst that there can be.

    Args:
        world: Where it acts, S states; the improvement looks ahead with its model.
        config: Its settings.
        steps: Environment steps of all rounds.
        seed: The run's seed.

    Yields:
        The values, a hundred times.

    Source: Sutton 1988; Sutton and Barto 2018, sections 6.1 and 4.3. Exploring less in each round
        is ours.
    """
    chance = random.Random(stream_seed(seed, "policy"))
    model = world.model
    worst = float(model.reward.min()) / (1.0 - config.gamma)
    value = [0.0 if over else worst for over in model.terminal.tolist()]
    policy = [0] * world.nb_states
    length, period, rounds = max(1, steps // config.nb_rounds), max(1, steps // ROWS), 1
    rate = Line(config.learning_rate, config.learning_rate_final, length)
    exploration = Line(
        config.exploration_initial_eps,
        config.exploration_final_eps,
        config.exploration_fraction * steps,
    )
    epsilon = exploration.at(0)
    state = world.reset()
    for step in range(steps):
        explore = chance.random() < epsilon
        action = chance.randrange(world.nb_actions) if explore else policy[state]
        reward, next_state, _, done = world.step(action)
        error = reward + config.gamma * value[next_state] - value[state]
        value[state] += rate.at(step - (rounds - 1) * length) * error
        state = world.reset() if done else next_state
        if (step + 1) % period == 0 or step + 1 == steps:
            metrics = {**world.metrics, "train/n_updates": float(rounds)}
            yield Estimate(steps=step + 1, value=np.array(value), metrics=metrics)
        if step + 1 == rounds * length and rounds < config.nb_rounds:
            policy = action_values(model, np.array(value), config.gamma).argmax(axis=1).tolist()
            rounds, epsilon = rounds + 1, exploration.at(step + 1)
