"""What the tabular methods share: the model, the Bellman equation, and its solution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]


class FiniteModel(Protocol):
    """A Markov decision process of S states, A actions and M moves, known exactly.

    The lecture's x' = f(x, u, w): action u draws a move w, and a move has one successor. That says
    everything that a transition matrix of (S, A, S) says, in arrays of (S, M) and (A, M).
    """

    @property
    def successor(self) -> Integers:
        """The state that each move leads to, (S, M)."""
        ...

    @property
    def move_probability(self) -> Floats:
        """Probability of each move under each action, (A, M); rows sum to 1."""
        ...

    @property
    def reward(self) -> Floats:
        """Reward of each move, (S, M), to be maximised. A cost is a reward with its sign turned."""
        ...

    @property
    def terminal(self) -> NDArray[np.bool_]:
        """States in which an episode is over and the value is 0, (S,)."""
        ...

    @property
    def start(self) -> int:
        """The state in which an episode begins."""
        ...


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a method believes after some work. The arrays are live: copy what is to be kept."""

    steps: int
    """Work done: state backups of a planning method, environment steps of a sampled one."""
    value: Floats
    """V, (S,); 0 in terminal states."""
    action_value: Floats | None = None
    """Q, (S, A), of a method that keeps one."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What to log, by name."""


def action_values(
    model: FiniteModel, value: Floats, gamma: float, states: Integers | slice = slice(None)
) -> Floats:
    r"""One step of looking ahead: $Q(x, u) = E_w[r(x, w) + \gamma V(f(x, w))]$.

    Args:
        model: S states, A actions, M moves.
        value: V, (S,), 0 in terminal states.
        gamma: Discount per step.
        states: Which N states; all of them if not said.

    Returns:
        Q, (N, A). In terminal states it means nothing: nobody acts there.

    Source: Sutton and Barto 2018, eq. 4.6.
    """
    arrival = model.reward[states] + gamma * value[model.successor[states]]  # (N, M)
    return (model.move_probability @ arrival.T).T  # an action's values side by side: max is fast


def evaluate_policy(model: FiniteModel, policy: Floats, gamma: float) -> Floats:
    r"""The value of a policy, exactly: the linear system $(I - \gamma P_\mu) V = r_\mu$.

    Args:
        model: S states, A actions, M moves.
        policy: Probability of each action in each state, (S, A).
        gamma: Discount per step, in (0, 1).

    Returns:
        V, (S,).

    Source: Bertsekas, Dynamic Programming and Optimal Control, vol. 2, section 2.3.
    """
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import spsolve

    nb_states, nb_moves = model.successor.shape
    weight = (policy @ model.move_probability) * ~model.terminal[:, None]  # of each move, (S, M)
    row = np.repeat(np.arange(nb_states), nb_moves)
    there = model.successor.ravel()
    transition = csr_array((weight.ravel(), (row, there)), shape=(nb_states, nb_states))
    system = eye_array(nb_states, format="csc") - gamma * transition.tocsc()
    return np.asarray(spsolve(system, (weight * model.reward).sum(axis=1)))


def deterministic(actions: Integers, nb_actions: int) -> Floats:
    """One action per state, (S,), as probabilities, (S, A)."""
    return np.eye(nb_actions)[actions]
