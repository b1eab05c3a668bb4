r"""Policy iteration: solve $V = r_\mu + \gamma P_\mu V$ exactly, act greedily, repeat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from surefoot.algos.tabular.model import (
    Estimate,
    FiniteModel,
    action_values,
    deterministic,
    evaluate_policy,
)
from surefoot.algos.tabular.tabular_config import PolicyIterationConfig


def policy_iteration(model: FiniteModel, config: PolicyIterationConfig) -> Iterator[Estimate]:
    """Evaluate and improve until no action anywhere is better than the policy's.

    The first policy takes every action with equal probability: its value already falls with the
    distance to the exit, so that few improvements remain. A fixed first action would learn the way
    one cell per iteration.

    Args:
        model: S states.
        config: Its settings.

    Yields:
        The exact value of each policy.

    Source: Howard 1960; Sutton and Barto 2018, section 4.3. The first policy is ours.
    """
    nb_states, nb_actions = len(model.terminal), len(model.move_probability)
    policy = np.full((nb_states, nb_actions), 1.0 / nb_actions)
    iteration, gain = 0, np.inf
    while gain > config.tolerance:
        value = evaluate_policy(model, policy, config.gamma)
        action_value = action_values(model, value, config.gamma)
        best = action_value.max(axis=1)
        better = (best - value > config.tolerance) & ~model.terminal
        policy[better] = deterministic(action_value[better].argmax(axis=1), nb_actions)
        iteration, gain = iteration + 1, float((best - value)[~model.terminal].max(initial=0.0))
        metrics = {"train/n_updates": iteration, "train/largest_gain": gain}
        yield Estimate(steps=iteration * nb_states, value=value, metrics=metrics)
