"""Value iteration and policy iteration against hand-derived values and dense linear systems."""

from itertools import pairwise

import numpy as np
import pytest

from support_tabular import CHAIN, CHAIN_MODEL, labyrinth, solve, transitions
from surefoot.algos.tabular.model import action_values, deterministic, evaluate_policy
from surefoot.algos.tabular.policy_iteration import policy_iteration
from surefoot.algos.tabular.tabular_config import PolicyIterationConfig, ValueIterationConfig
from surefoot.algos.tabular.value_iteration import value_iteration
from surefoot.errors import InvalidConfig


def plan(method: str, model, gamma: float = 0.99, **settings):
    """All estimates of a planning method: (steps, copy of the values, metrics)."""
    if method == "value":
        stream = value_iteration(model, ValueIterationConfig(gamma=gamma, **settings))
    else:
        stream = policy_iteration(model, PolicyIterationConfig(gamma=gamma, **settings))
    return [(e.steps, e.value.copy(), e.metrics) for e in stream]


@pytest.mark.parametrize("method", ["value", "policy"])
def test_the_chain_has_the_values_derived_by_hand(method):
    *_, (_, value, _) = plan(method, CHAIN_MODEL, gamma=0.9)
    np.testing.assert_allclose(value, CHAIN, atol=1e-5)


@pytest.mark.parametrize("method", ["value", "policy"])
def test_in_the_corridor_only_the_distance_counts(method):
    *_, (_, value, _) = plan(method, labyrinth("corridor"), gamma=0.9)
    # d steps of -1, discounted: -(1 + 0.9 + ... + 0.9^(d-1)) = -(1 - 0.9^d) / 0.1
    expected = [-(1.0 - 0.9**d) / 0.1 for d in range(10, -1, -1)]
    np.testing.assert_allclose(value, expected, atol=1e-12)


@pytest.mark.parametrize("slip", [0.0, 0.3])
@pytest.mark.parametrize("maze", ["classic", "four-rooms", "dyna", "field"])
@pytest.mark.parametrize("method", ["value", "policy"])
def test_both_find_the_solution_of_the_linear_system(method, maze, slip):
    expected, expected_q = solve(maze, slip, 0.99)
    model = labyrinth(maze, slip=slip)
    *_, (_, value, _) = plan(method, model)
    np.testing.assert_allclose(value, expected, atol=1e-3)
    inside = ~model.terminal
    q = action_values(model, value, 0.99)
    np.testing.assert_allclose(q[inside], expected_q[inside], atol=1e-3)
    np.testing.assert_array_equal(action_values(model, value, 0.99, np.array([3, 1])), q[[3, 1]])


def test_evaluation_solves_the_bellman_equation_of_any_policy():
    model = labyrinth("four-rooms", slip=0.2)
    policy = np.random.default_rng(0).dirichlet(np.ones(4), size=model.nb_states)
    chances, terminal = transitions("four-rooms", 0.2)
    chosen = np.einsum("sa,ast->st", policy, chances) * ~terminal[:, None]
    system = np.eye(len(terminal)) - 0.95 * chosen
    expected = np.linalg.solve(system, np.where(terminal, 0.0, -1.0))
    np.testing.assert_allclose(evaluate_policy(model, policy, 0.95), expected, rtol=1e-12)


def test_values_rise_from_the_worst_and_the_last_sweep_is_whole_and_below_the_threshold():
    model = labyrinth("classic", slip=0.1)
    rows = plan("value", model, gamma=0.98, tolerance=0.01)
    values = [value for _, value, _ in rows]
    assert all((b >= a).all() for a, b in pairwise(values))
    # eps (1 - gamma) / (2 gamma) = 0.01 * 0.02 / 1.96
    assert rows[-1][2]["train/value_change"] < 0.01 * 0.02 / 1.96
    assert rows[-1][0] - rows[-2][0] == model.nb_states - 1  # all but the exit
    assert rows[-1][0] < 0.5 * len(rows) * model.nb_states  # the wave spares work


@pytest.mark.parametrize("tolerance", [1.0, 1e-2, 1e-6])
def test_the_greedy_policy_is_as_good_as_the_tolerance_promises(tolerance):
    model = labyrinth("four-rooms", slip=0.3)
    expected, _ = solve("four-rooms", 0.3, 0.95)
    *_, (_, value, _) = plan("value", model, gamma=0.95, tolerance=tolerance)
    greedy = action_values(model, value, 0.95).argmax(axis=1)
    reached = evaluate_policy(model, deterministic(greedy, 4), 0.95)
    assert np.abs(reached - expected).max() <= tolerance + 1e-9
    # the values themselves are within gamma / (1 - gamma) of the last change: half the tolerance
    assert np.abs(value - expected).max() <= tolerance / 2 + 1e-9


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("maze", ["classic", "four-rooms", "dyna", "field", "spiral", "corridor"])
def test_policy_iteration_needs_fewer_than_ten_iterations_and_never_gets_worse(maze, slip):
    rows = plan("policy", labyrinth(maze, slip=slip))
    assert len(rows) < 10
    for (_, a, _), (_, b, _) in pairwise(rows):
        assert (b >= a - 1e-9).all()
    assert rows[-1][2]["train/largest_gain"] <= 1e-9


@pytest.mark.parametrize(
    ("config", "settings", "sentence"),
    [
        (ValueIterationConfig, {"gamma": 1.0}, r"^algo.gamma must be between 0 and 1, got 1.0$"),
        (ValueIterationConfig, {"tolerance": 0.0}, "^algo.tolerance must be positive and finite"),
        (ValueIterationConfig, {"tolerance": 1e-13}, "finer than floating point with algo.gamma"),
        (PolicyIterationConfig, {"tolerance": -1.0}, "^algo.tolerance must not be negative"),
    ],
)
def test_settings_that_cannot_work(config, settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        config(**settings)
