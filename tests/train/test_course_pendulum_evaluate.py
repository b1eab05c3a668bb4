"""What an evaluation says of a pendulum that stands, of one that hangs, and of one that falls."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from surefoot.tasks.course_pendulum_config import CoursePendulumConfig
from surefoot.train.course_pendulum import RollOut
from surefoot.train.course_pendulum_config import find_course_preset
from surefoot.train.course_pendulum_evaluate import evaluate_course_pendulum, stands
from surefoot.train.course_pendulum_reference import optimal_policy


def _optimal_and_off(task):
    """Two seeds: one plays the optimum, the other leaves its motor off."""
    best = optimal_policy(task, 0.99)

    def law(state):
        action = torch.ones(state.shape[:-1], dtype=torch.int64)
        action[0] = best.act(state[0])
        return SimpleNamespace(mode=action.flatten()[:, None].float())

    return SimpleNamespace(features=lambda state: state, policy=SimpleNamespace(law=law))


@pytest.mark.parametrize("objective", ["cost", "reward"])
def test_one_seed_stands_and_the_other_hangs(objective):
    task = CoursePendulumConfig(objective=objective)
    run = replace(find_course_preset("reinforce", "default"), task=task, seeds=2)
    found = evaluate_course_pendulum(run, _optimal_and_off(task), pushed_episodes=20, seed=0)
    # an independent value iteration: 110.9, upright first at step 22 of 100; hanging costs
    # pi^2 (1 - 0.99^100) / (1 - 0.99) = 625.7
    assert found.cost == pytest.approx([110.9, 625.7], rel=1e-3)
    assert found.optimum == pytest.approx(found.cost[0], rel=1e-9)
    assert found.upright_s == pytest.approx([7.9, 0.0])
    assert (found.holds, found.recoveries) == ([True, False], [20, 0])
    sign = 1.0 if objective == "cost" else -1.0
    assert found.return_mean == pytest.approx(sign * (110.9 + 625.7) / 2, rel=1e-3)
    assert (found.episodes, found.pushed_episodes, found.length_mean) == (2, 20, 100.0)
    assert sign * found.reward_per_step > torch.pi**2 / 2


def test_the_pushes_belong_to_the_seed():
    """The optimum, but with its motor off above 4.5 rad/s: some pushes are too much for it."""
    task = CoursePendulumConfig()
    run = replace(find_course_preset("reinforce", "default"), task=task)
    best = optimal_policy(task, 0.99)

    def law(state):
        state = state.flatten(0, 1)
        action = torch.where(state[:, 1].abs() > 4.5, 1, best.act(state))
        return SimpleNamespace(mode=action[:, None].float())

    weak = SimpleNamespace(features=lambda state: state, policy=SimpleNamespace(law=law))
    found = [
        evaluate_course_pendulum(run, weak, pushed_episodes=500, seed=seed) for seed in (0, 0, 1)
    ]
    assert found[0].recoveries == found[1].recoveries != found[2].recoveries
    assert 0 < found[0].recoveries[0] < 500
    assert found[0].cost == found[2].cost  # nobody pushes there


def test_standing_is_all_of_the_end_and_nothing_before():
    theta = torch.full((101, 4), torch.pi)
    theta[:71, 0] = 0.0  # the last 30 stand
    theta[:72, 1] = 0.0  # one too few
    theta[-1, 2] += 0.21
    theta[-1, 3] -= 0.19
    swing = RollOut(torch.stack([theta, 0 * theta], dim=-1), torch.empty(0), torch.empty(0))
    assert stands(swing, 3.0).tolist() == [True, False, False, True]
    assert stands(swing, 2.9).tolist() == [True, True, False, True]
