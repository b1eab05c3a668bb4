"""The methods that learn from steps: they come to the solution of the linear system."""

import numpy as np
import pytest

from support_tabular import CHAIN, CHAIN_MODEL, labyrinth, solve
from surefoot.algos.tabular.dyna_q import CountedModel, dyna_q
from surefoot.algos.tabular.model import action_values, deterministic, evaluate_policy
from surefoot.algos.tabular.monte_carlo import monte_carlo
from surefoot.algos.tabular.q_learning import q_learning
from surefoot.algos.tabular.sarsa import sarsa
from surefoot.algos.tabular.table import ActionValues, Line
from surefoot.algos.tabular.tabular_config import (
    DynaQConfig,
    MonteCarloConfig,
    QLearningConfig,
    SARSAConfig,
    TD0Config,
)
from surefoot.algos.tabular.td0 import td0
from surefoot.algos.tabular.world import World
from surefoot.errors import InvalidConfig

METHODS = {
    "td0": (td0, TD0Config, 150_000),
    "monte_carlo": (monte_carlo, MonteCarloConfig, 300_000),
    "sarsa": (sarsa, SARSAConfig, 150_000),
    "q_learning": (q_learning, QLearningConfig, 100_000),
    "dyna_q": (dyna_q, DynaQConfig, 20_000),
}


def world_of(model, *, seed: int = 0, random_start: bool = True, limit: int = 100) -> World:
    return World(model, seed=seed, random_start=random_start, max_episode_steps=limit)


def learn(name: str, model, *, steps=None, seed=0, limit=100, **settings):
    """All estimates of a method."""
    method, config, default = METHODS[name]
    world = world_of(model, seed=seed, limit=limit)
    return [*method(world, config(**settings), steps=steps or default, seed=seed)]


@pytest.mark.parametrize("name", METHODS)
def test_the_start_of_a_maze_comes_within_two_percent_of_the_linear_system(name):
    expected, _ = solve("dyna", 0.0, 0.99)
    model = labyrinth("dyna")
    last = learn(name, model, limit=model.max_episode_steps)[-1]
    assert last.value[model.start] == pytest.approx(expected[model.start], rel=0.02)
    inside = ~model.terminal
    error = np.abs(last.value - expected)[inside] / -expected[inside]
    assert error.mean() < 0.02


@pytest.mark.parametrize("name", METHODS)
def test_with_slips_all_states_come_within_two_percent_on_average(name):
    expected, _ = solve("dyna", 0.1, 0.99)
    model = labyrinth("dyna", slip=0.1)
    settings = {} if name == "monte_carlo" else {"learning_rate": 0.3}
    last = learn(name, model, limit=model.max_episode_steps, **settings)[-1]
    inside = ~model.terminal
    error = np.abs(last.value - expected)[inside] / -expected[inside]
    assert error.mean() < 0.02
    table = last.action_value
    if table is None:
        table = action_values(model, last.value, 0.99)
    reached = evaluate_policy(model, deterministic(table.argmax(axis=1), 4), 0.99)
    assert reached[model.start] == pytest.approx(expected[model.start], rel=0.02)


@pytest.mark.parametrize(
    ("maze", "slip", "steps"), [("classic", 0.0, 1_500_000), ("four-rooms", 0.1, 500_000)]
)
def test_monte_carlo_comes_within_two_percent_where_ways_are_long_or_many(maze, slip, steps):
    expected, _ = solve(maze, slip, 0.99)
    model = labyrinth(maze, slip=slip)
    last = learn("monte_carlo", model, steps=steps, limit=model.max_episode_steps)[-1]
    inside = ~model.terminal
    error = np.abs(last.value - expected)[inside] / -expected[inside]
    assert error.mean() < 0.02
    greedy = deterministic(last.action_value.argmax(axis=1), 4)
    reached = evaluate_policy(model, greedy, 0.99)
    assert reached[model.start] == pytest.approx(expected[model.start], rel=0.02)


@pytest.mark.parametrize("name", METHODS)
def test_the_chain_has_the_values_derived_by_hand(name):
    settings = {"learning_rate": 0.05}
    if name == "td0":
        settings = {"nb_rounds": 10, "learning_rate": 0.02}
    if name == "monte_carlo":
        settings = {"learning_rate_power": 1.0}
    last = learn(name, CHAIN_MODEL, steps=60_000, gamma=0.9, **settings)[-1]
    np.testing.assert_allclose(last.value, CHAIN, rtol=0.03)


@pytest.mark.parametrize("name", METHODS)
def test_same_seed_same_bits(name):
    a, b, c = (
        learn(name, labyrinth("dyna", slip=0.1), steps=2000, seed=seed)[-1] for seed in (3, 3, 4)
    )
    assert a.value.tobytes() == b.value.tobytes()
    assert a.value.tobytes() != c.value.tobytes()
    assert a.metrics == b.metrics


@pytest.mark.parametrize("name", METHODS)
def test_a_hundred_estimates_the_last_after_all_steps(name):
    rows = learn(name, labyrinth("dyna"), steps=1050)
    assert [row.steps for row in rows[:3]] == [10, 20, 30]
    assert rows[-1].steps == 1050
    assert {"rollout/ep_rew_mean", "rollout/ep_len_mean"} <= {*rows[-1].metrics}


def test_a_time_limit_is_not_the_end():
    """Two cells and no exit in reach: every step costs 1 for ever, so V = -1 / (1 - 0.9) = -10."""
    model = labyrinth("corridor")
    trapped = type(CHAIN_MODEL)(
        successor=np.array([[1, 0], [0, 1], [2, 2]]),
        move_probability=np.eye(2),
        reward=np.full((3, 2), -1.0),
        terminal=np.array([False, False, True]),
    )
    assert model.terminal.sum() == 1
    for name in METHODS:
        settings = {} if name == "monte_carlo" else {"learning_rate_final": 0.1}
        last = learn(name, trapped, steps=60_000, limit=3, gamma=0.9, **settings)[-1]
        np.testing.assert_allclose(last.value[:2], -10.0, rtol=0.02, err_msg=name)


class Script(World):
    """A world in which a given list of things happens."""

    def __init__(self, happenings):
        super().__init__(CHAIN_MODEL, seed=0, random_start=False, max_episode_steps=100)
        self._happenings = iter(happenings)

    def step(self, action):
        return next(self._happenings)

    def reset(self):
        return 0


def test_four_steps_by_hand():
    """Rate 0.5, gamma 0.9, always the best action; Q begins at 0.

    Step 1: 0 -> 1 with -1: Q(0, 0) = -1 (the first update of an entry is its whole target).
    Step 2: 1 -> 0 with -2: Q(1, 0) = -2 + 0.9 max(-1, 0) = -2, the best in 0 is action 1 now.
    Step 3: in 0 with action 1 -> 1 with -4: Q(0, 1) = -4 + 0.9 max(-2, 0) = -4.
    Step 4: in 1 with action 1 -> 0 with -8, and that is the end: Q(1, 1) = -8, without the
        0.9 max(-1, -4) of the state it ended in.
    """
    happenings = [(-1.0, 1, False, False), (-2.0, 0, False, False), (-4.0, 1, False, False),
                  (-8.0, 0, True, True)]  # fmt: skip
    settings = {"exploration_initial_eps": 0.0, "learning_rate": 0.5, "learning_rate_final": 0.5}
    for method, config in ((q_learning, QLearningConfig), (sarsa, SARSAConfig)):
        *_, last = method(Script(happenings), config(gamma=0.9, **settings), steps=4, seed=0)
        np.testing.assert_allclose(last.action_value, [[-1.0, -4.0], [-2.0, -8.0], [0.0, 0.0]])
    config = DynaQConfig(gamma=0.9, planning_steps=0, **settings)
    *_, last = dyna_q(Script(happenings), config, steps=4, seed=0)
    np.testing.assert_allclose(last.action_value, [[-1.0, -4.0], [-2.0, -8.0], [0.0, 0.0]])


def test_sarsa_learns_the_value_of_its_exploration():
    """With epsilon 1 it takes any action: the values of the uniformly random policy."""
    model = labyrinth("corridor")
    expected = evaluate_policy(model, np.full((11, 4), 0.25), 0.9)
    settings = {"exploration_initial_eps": 1.0, "exploration_final_eps": 1.0}
    last = learn("sarsa", model, steps=200_000, gamma=0.9, **settings)[-1]
    # the mean of Q over the random actions is V of the policy; the best of them would be larger
    np.testing.assert_allclose(last.action_value.mean(axis=1)[:-1], expected[:-1], rtol=0.03)


def test_monte_carlo_uses_the_first_visit_of_an_episode():
    """One episode 0, 1, 1, end with rewards -1, -2, -6, gamma 0.5: from the end the returns are
    -6, -2 + 0.5 (-6) = -5, -1 + 0.5 (-5) = -3.5. (1, go) was visited twice: the first one counts.
    The first action of all is any action.
    """
    happenings = [(-1.0, 1, False, False), (-2.0, 1, False, False), (-6.0, 2, True, True)]
    config = MonteCarloConfig(gamma=0.5, exploration_initial_eps=0.0)
    *_, last = monte_carlo(Script(happenings), config, steps=3, seed=0)
    assert sorted(last.action_value[0]) == [-3.5, 0.0]
    assert last.action_value[1:].tolist() == [[-5.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("power", "found"), [(1.0, [6.0, 9.0, 6.0]), (0.5, [6.0, 10.243, 4.329])])
def test_monte_carlo_averages_returns_and_may_weigh_recent_ones_more(power, found):
    # power 1: the means of 6; 6, 12; 6, 12, 0. Power 0.5: 6 + 6 / sqrt 2, then less its 1 / sqrt 3
    config = MonteCarloConfig(learning_rate_power=power)
    q = ActionValues(world_of(CHAIN_MODEL), config, steps=100, seed=0)
    for step, (target, value) in enumerate(zip((6.0, 12.0, 0.0), found, strict=True)):
        q.move_towards(target, 1, 0, step)
        assert q[1] == pytest.approx([value, 0.0], abs=1e-3)


def test_exploring_starts_try_what_a_sure_policy_never_would():
    """Two ways out: +1 by action 0, +2 by action 1. The first looks best as soon as it is tried."""
    model = type(CHAIN_MODEL)(
        successor=np.array([[1, 1], [1, 1]]), move_probability=np.eye(2),
        reward=np.array([[1.0, 2.0], [0.0, 0.0]]), terminal=np.array([False, True]),
    )  # fmt: skip
    last = learn("monte_carlo", model, steps=100, exploration_initial_eps=0.0)[-1]
    assert last.action_value[0].tolist() == [1.0, 2.0]


def test_planning_makes_the_same_steps_go_further():
    expected, _ = solve("classic", 0.0, 0.99)
    model, errors = labyrinth("classic"), []
    for planning_steps in (0, 10):
        last = learn("dyna_q", model, steps=20_000, planning_steps=planning_steps)[-1]
        errors.append(np.abs(last.value - expected).mean())
    assert errors[1] < 0.5 * errors[0]


def test_the_learned_model_repeats_what_was_seen_as_often_as_it_was_seen():
    model = CountedModel(seed=0)
    for outcome, times in (((-1.0, 1, False), 3), ((-2.0, 0, False), 1)):
        for _ in range(times):
            model.observe(0, 1, outcome)
    model.observe(1, 0, (-5.0, 2, True))
    seen = [model.imagine() for _ in range(4000)]
    shares = {what: seen.count(what) / 4000 for what in set(seen)}
    # either pair with probability 1/2, then 3/4 and 1/4; standard error at most 0.008
    assert shares == pytest.approx(
        {(0, 1, (-1.0, 1, False)): 0.375, (0, 1, (-2.0, 0, False)): 0.125,
         (1, 0, (-5.0, 2, True)): 0.5}, abs=0.03)  # fmt: skip


def test_the_world_slips_as_often_as_it_should_and_counts_time():
    model = labyrinth("field", slip=0.4)
    world = world_of(model, random_start=False, limit=3)
    first = []
    for _ in range(4000):
        assert world.reset() == model.start
        first.append(world.step(2)[1])  # east from the north-west corner
        assert world.step(0)[3] is False and world.step(0)[3] is True
    shares = [first.count(s) / 4000 for s in (1, 8, 0)]
    # east 0.6; south 0.2; north is a wall: stay 0.2; standard error at most 0.008
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.03)
    assert world.metrics == {"rollout/ep_rew_mean": -3.0, "rollout/ep_len_mean": 3.0}


def test_schedules_go_on_a_line_and_stay():
    line = Line(1.0, 0.2, 100)
    assert [line.at(step) for step in (0, 50, 100, 1000)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
    q = ActionValues(
        world_of(CHAIN_MODEL), QLearningConfig(exploration_fraction=0.5), steps=100, seed=0
    )
    assert q.estimate(25).metrics["rollout/exploration_rate"] == 0.5
    assert q.estimate(75).metrics["rollout/exploration_rate"] == 0.0


@pytest.mark.parametrize(
    ("config", "settings", "sentence"),
    [
        (QLearningConfig, {"learning_rate": 1.5}, r"algo.learning_rate must be in \[0, 1\]"),
        (SARSAConfig, {"exploration_final_eps": -0.1}, "algo.exploration_final_eps must be in"),
        (TD0Config, {"nb_rounds": 0}, "algo.nb_rounds must be at least 1, got 0"),
        (DynaQConfig, {"planning_steps": -1}, "algo.planning_steps must not be negative"),
    ],
)
def test_settings_that_cannot_work(config, settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        config(**settings)
