r"""Value iteration: $V \leftarrow \max_u E[r + \gamma V(f)]$ until it stands still."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from surefoot.algos.tabular.model import Estimate, FiniteModel, Integers, action_values
from surefoot.algos.tabular.tabular_config import ValueIterationConfig

_RUMOUR = 0.1
"""Share of the worst value that must be gained before a value is passed on; 4 x less work."""


def value_iteration(model: FiniteModel, config: ValueIterationConfig) -> Iterator[Estimate]:
    r"""Sweep until the greedy policy is within `config.tolerance` of the optimum everywhere.

    A state is backed up only if a successor of it has moved since; that changes the work, not the
    result (asynchronous value iteration). It begins with the worst value that any policy can have,
    so values spread from the terminal states like a wave and the states ahead of it need no work.
    Under slips a faint rumour runs far ahead of the wave: values within a tenth of the worst are
    passed on only when everything nearer has settled.

    The sweep that ends it is a whole one, and therefore the usual rule holds: a change below
    $\epsilon (1 - \gamma) / (2 \gamma)$ in all states makes the greedy policy $\epsilon$-optimal.

    Args:
        model: S states.
        config: Its settings.

    Yields:
        The values after each sweep.

    Source: Bertsekas, Dynamic Programming and Optimal Control, vol. 2, sections 2.2 and 2.6;
        Puterman 1994, theorem 6.3.1 (stopping rule). Beginning at the worst value is ours.
    """
    gamma = config.gamma
    threshold = config.threshold
    worst = float(model.reward.min()) / (1.0 - gamma)
    value = np.where(model.terminal, 0.0, worst)
    everywhere = np.flatnonzero(~model.terminal)
    affected = _Predecessors(model)
    states, backups, sweep, finished = everywhere, 0, 0, False
    rumour = (1.0 - _RUMOUR) * worst  # passed on from here
    while not finished:
        best = action_values(model, value, gamma, states).max(axis=1)
        change = np.abs(best - value[states])
        value[states] = best
        backups, sweep = backups + len(states), sweep + 1
        largest = float(change.max(initial=0.0))
        finished = len(states) == len(everywhere) and largest < threshold
        metrics = {"train/n_updates": sweep, "train/value_change": largest}
        yield Estimate(steps=backups, value=value, metrics=metrics)
        moved = (change >= threshold) & (best > rumour)
        if moved.any():
            states = affected.of(states[moved])
        else:
            states, rumour = everywhere, -np.inf


class _Predecessors:
    """The states from which a move leads to a given one."""

    def __init__(self, model: FiniteModel) -> None:
        from scipy.sparse import csr_array

        states = np.flatnonzero(~model.terminal)
        there = model.successor[states].ravel()
        here = np.repeat(states, model.successor.shape[1]).astype(np.int32)
        nb = len(model.terminal)
        self._table = csr_array((np.ones(len(there), np.int8), (there, here)), shape=(nb, nb))
        self._stamp = np.empty(nb, dtype=np.int64)

    def of(self, states: Integers) -> Integers:
        """All predecessors of some states, each once."""
        found = self._table[states].indices
        order = np.arange(len(found))
        self._stamp[found] = order  # of equal ones, the last has its number left
        return found[self._stamp[found] == order]
