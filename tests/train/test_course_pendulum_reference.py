"""The optimum of the course's pendulum: costs, swing-up, and recovery from the test's pushes."""

import math

import pytest
import torch

from surefoot.tasks.course_pendulum import CoursePendulum, is_upright
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig
from surefoot.train.course_pendulum import roll_out
from surefoot.train.course_pendulum_reference import optimal_policy, reference_costs


@pytest.mark.parametrize(
    ("cost", "optimal", "random", "first_upright"),
    [("lecture", 110.9, 451.5, 21), ("homework", 0.517, 2.10, 25)],
)
def test_the_optimum_of_both_costs(cost, optimal, random, first_upright):
    config = CoursePendulumConfig(cost=cost, objective="reward")  # the sign changes nothing here
    found = reference_costs(config, 0.99)
    assert found.optimal == pytest.approx(optimal, rel=0.01)
    assert found.random == pytest.approx(random, rel=0.01)  # 40,000 episodes in NumPy
    best = optimal_policy(config, 0.99)
    task = CoursePendulum(CoursePendulumConfig(cost=cost))
    swing = roll_out(task, best.act, task.start(1))
    upright = is_upright(swing.state[:, 0])
    # the value at the start is the cost of an endless episode, of which 100 steps are nearly all
    assert best.value(task.start(1)).item() == pytest.approx(found.optimal, rel=0.01)
    first = upright.tolist().index(True)
    assert abs(first - first_upright) <= 1 and upright[first:].all()

    # every push that the test may bring, from standing: upright again within 5 s, and to stay
    omega = torch.linspace(-2 * math.pi, 2 * math.pi, 81, dtype=torch.float64)
    pushed = torch.stack([torch.full_like(omega, math.pi), omega], dim=1)
    assert is_upright(roll_out(task, best.act, pushed).state[50:]).all()
