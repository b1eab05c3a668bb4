"""Reward terms of walking against numbers from a pocket calculator."""

import math
from types import SimpleNamespace

import pytest
import torch

from surefoot.tasks.walking_config import WalkingReward
from surefoot.tasks.walking_reward import walking_terms
from surefoot.terms import walking

# Two robots with two joints and two feet; every number differs, so that a wrong index shows.
VIEW = SimpleNamespace(
    linear_velocity=torch.tensor([[0.7, -0.2, 0.3], [0.0, 0.0, 0.0]]),
    angular_velocity=torch.tensor([[0.1, -0.3, 0.5], [0.0, 0.0, 0.0]]),
    gravity=torch.tensor([[0.6, 0.0, -0.8], [0.3, -0.4, -math.sqrt(0.75)]]),
    height=torch.tensor([0.27, 0.33]),
    joint_position=torch.tensor([[0.1, -0.2], [0.3, 0.4]]),
    joint_velocity=torch.zeros(2, 2),
    joint_acceleration=torch.tensor([[3.0, -4.0], [0.0, 10.0]]),
    torque=torch.tensor([[5.0, -20.0], [1.0, 4.0]]),
    torque_share=torch.tensor([[0.5, -1.0], [0.1, 0.2]]),
    power=torch.tensor([[0.2, -0.3], [0.0, 0.1]]),
    beyond_limit=torch.tensor([[0.05, 0.0], [0.1, 0.2]]),
    action_change=torch.tensor([[0.2, -0.1], [0.0, 0.5]]),
    foot_target_bend=torch.tensor([[[0.0, 0.0, 0.03], [0.04, 0.0, 0.0]], [[0.0] * 3] * 2]),
    command=torch.tensor([[1.0, 0.2, 1.0], [0.0, 0.0, 0.0]]),
    moving=torch.tensor([True, False]),
    foot_height=torch.tensor([[0.05, 0.0], [0.03, 0.02]]),
    foot_clearance=torch.tensor([[0.02, -0.01], [0.0, 0.0]]),
    foot_height_wanted=torch.tensor([[0.08, 0.0], [0.0, 0.0]]),
    foot_speed=torch.tensor([[2.0, 0.5], [0.3, 0.4]]),
    foot_contact=torch.tensor([[False, True], [True, True]]),
    landed_after=torch.tensor([[0.0, 0.6], [0.2, 0.0]]),
    other_contacts=torch.tensor([0.0, 3.0]),
)  # fmt: skip


def _gauss(error, tolerance):
    return math.exp(-((error / tolerance) ** 2))


EXPECTED = {
    # the error of the first robot is (0.3, 0.4) m/s: half a metre per second
    "linear_velocity": (_gauss(0.5, 0.25), 1.0),
    "yaw_velocity": (_gauss(0.5, 0.4), 1.0),
    # errors of the feet: 3 cm and 0; 3 cm and 2 cm
    "gait": ((_gauss(3, 6) + 1) / 2, (_gauss(3, 6) + _gauss(2, 6)) / 2),
    "vertical_velocity": (-0.09, 0.0),
    "tilt_velocity": (-0.1, 0.0),  # 0.01 + 0.09
    "orientation": (-0.36, -0.25),
    "height": (-0.01, -0.01),  # 0.27 and 0.33 of 0.3: a tenth off
    "torque": (-1.25, -0.05),
    "energy": (-0.5, -0.1),
    "joint_acceleration": (-25.0, -100.0),
    "action_rate": (-0.05, -0.25),
    "pose": (-0.05, -0.25),
    "stand_still": (0.0, -0.25),  # only the second is told to stand
    "slip": (-0.25, -0.25),  # the first robot's fast foot is in the air; 0.09 + 0.16
    "air_time": (0.1, 0.0),  # 0.6 s is 0.1 s longer than half a second; who stands gets nothing
    "collision": (0.0, -3.0),
    "joint_limit": (-0.05, -0.3),
    # (0.7, -0.2) along (1, 0.2) / 1.0198 is 0.66 / 1.0198 = 0.6472 m/s: fast enough
    "direction": (1.0, 0.0),
    # 0.5 rad/s to the commanded side; nobody asked the other to turn: exp(-1.5 0.6^2)
    "turn_direction": (math.exp(-1.5 * 0.1**2), math.exp(-1.5 * 0.36)),
    # beside the command: 0.49 + 0.04 - 0.6472^2 = 0.1111 m2/s2; rates 0.01 + 0.09 rad2/s2
    "steady_base": (math.exp(-1.5 * (0.53 - 0.66**2 / 1.04)) + math.exp(-1.5 * 0.1), 2.0),
    "foot_clearance": (1.0, 0.0),  # one foot swings and clears; none swings
    "foot_smoothness": (-0.05, 0.0),
    "torque_sum": (-25.0, -5.0),
}
"""Each term of both robots, unweighted."""


def _weights(**weights):
    none = dict.fromkeys(EXPECTED, 0.0)
    return WalkingReward(**{**none, "linear_tolerance": 0.25, "yaw_tolerance": 0.4, **weights})


@pytest.mark.parametrize("name", EXPECTED)
def test_a_term_by_hand_times_its_weight(name):
    terms = walking_terms(_weights(**{name: 3.0}), VIEW, 0.06, 0.3)
    assert list(terms) == [name]  # a term without a weight is not computed
    expected = [3.0 * value for value in EXPECTED[name]]
    assert terms[name].tolist() == pytest.approx(expected, abs=1e-6)


def test_too_slow_is_worth_less_and_the_other_way_nearly_nothing():
    view = SimpleNamespace(**vars(VIEW))
    view.command = torch.tensor([[0.0, -0.5, 0.0], [-1.0, 0.0, -0.3]])
    # the first: 0.2 m/s along -y, 0.4 too slow; the second stands, 0.6 too slow
    expected = [math.exp(-2.0 * 0.4**2), math.exp(-2.0 * 0.6**2)]
    assert walking.follow_direction(view).tolist() == pytest.approx(expected)
    # a turn to the right of -0.3 rad/s is asked of the second: it does not turn
    view.angular_velocity = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 0.7]])
    expected = [math.exp(-1.5 * 0.36), math.exp(-1.5 * 1.3**2)]
    assert walking.turn_to_side(view).tolist() == pytest.approx(expected)


def test_two_swinging_feet_of_which_one_drags():
    view = SimpleNamespace(**vars(VIEW))
    view.foot_contact = torch.tensor([[False, False], [True, False]])
    assert walking.clear_feet(view).tolist() == [0.5, 0.0]


def test_every_weight_has_a_term():
    tolerances = {"linear_tolerance", "yaw_tolerance"}
    assert set(vars(WalkingReward())) - tolerances == set(EXPECTED)
    every = walking_terms(_weights(**dict.fromkeys(EXPECTED, 1.0)), VIEW, 0.06, 0.3)
    assert set(every) == set(EXPECTED)


def test_steps_shorter_than_half_a_second_cost_what_they_lack():
    view = SimpleNamespace(**{**vars(VIEW), "moving": torch.tensor([True, True])})
    assert walking.long_steps(view).tolist() == pytest.approx([0.1, -0.3])


def test_a_fall_is_a_tilt_beyond_the_limit_or_a_base_below_it():
    tilts, heights = [0.99, 1.01, -1.01, 0.0, 0.0, math.pi], [0.3, 0.3, 0.3, 0.199, 0.201, 0.3]
    gravity = torch.tensor([[math.sin(t), 0.0, -math.cos(t)] for t in tilts])
    for sideways in (False, True):
        seen = gravity[:, [1, 0, 2]] if sideways else gravity
        lying = torch.zeros(len(heights), dtype=torch.bool)
        view = SimpleNamespace(gravity=seen, height=torch.tensor(heights), base_contact=lying)
        falls = walking.falls(view, tilt=1.0, height=0.2)
        assert falls["tilted"].tolist() == [False, True, True, False, False, True]
        assert falls["too_low"].tolist() == [False, False, False, True, False, False]
        assert not falls["base_contact"].any()
        view.base_contact = ~lying
        assert walking.falls(view, tilt=1.0, height=0.2)["base_contact"].all()


def test_soft_limits_leave_five_percent_of_the_range_at_each_end():
    low, high = walking.soft_limits(torch.tensor([[-1.0, 3.0], [0.0, 0.2]]))
    assert low.tolist() == pytest.approx([-0.8, 0.01])
    assert high.tolist() == pytest.approx([2.8, 0.19])
