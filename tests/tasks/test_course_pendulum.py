"""The course's pendulum against hand calculations and the figures of the course."""

import math

import pytest
import torch

from surefoot.errors import InvalidConfig
from surefoot.tasks.course_pendulum import CoursePendulum, is_upright, next_state, push
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig


def _task(**settings):
    return CoursePendulum(CoursePendulumConfig(**settings))


def _state(theta, omega):
    return torch.tensor([theta, omega], dtype=torch.float64)


def test_one_control_step_from_rest():
    # ten Euler steps of 0.01 s with u = 5, computed independently; 0.5 (semi-implicit Euler) is not
    _, state = _task().step(_task().start(), torch.tensor(2))
    assert state.tolist() == pytest.approx([0.022397, 0.494126], abs=5e-7)


def test_the_position_moves_with_the_old_velocity():
    # gravity 9.81 sin(pi / 2) for ten steps: omega_i = 1 - 0.0981 i as long as theta hardly moves
    theta, omega = math.pi / 2, 1.0
    for _ in range(10):
        theta, omega = theta + 0.01 * omega, omega - 0.0981 * math.sin(theta)
    state = next_state(_state(math.pi / 2, 1.0), torch.tensor(0.0, dtype=torch.float64))
    assert state.tolist() == pytest.approx([theta, omega], rel=1e-12)


def test_theta_is_wrapped_into_one_turn():
    start = torch.stack([_state(2 * math.pi - 0.01, 1.0), _state(0.01, -1.0)])
    unused = start.clone()
    state = next_state(start, torch.zeros(2, dtype=torch.float64))
    assert 0.0 < state[0, 0] < 0.2 and 2 * math.pi - 0.2 < state[1, 0] < 2 * math.pi
    assert torch.equal(start, unused)  # the state given is left alone


def test_a_fast_pendulum_cannot_exceed_the_limit():
    state = next_state(_state(2 * math.pi - 0.7, 6.0), torch.tensor(5.0, dtype=torch.float64))
    assert state[1] == 6.0
    state = next_state(_state(0.7, -6.0), torch.tensor(-5.0, dtype=torch.float64))
    assert state[1] == -6.0


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        # (1 - pi)^2 + 0.01 * 4 + 1e-5 * 25 = 4.586419 + 0.04 + 0.00025
        ("lecture", (1.0 - math.pi) ** 2 + 0.04025),
        # 0.01 (1 - cos(1 - pi))^2 + 1e-4 * 4 + 1e-6 * 25, and cos(1 - pi) = -cos 1
        ("homework", 0.01 * (1.0 + math.cos(1.0)) ** 2 + 0.000425),
    ],
)
def test_costs_and_the_one_sign_switch(cost, expected):
    for objective, sign in (("cost", 1.0), ("reward", -1.0)):
        signal, _ = _task(cost=cost, objective=objective).step(_state(1.0, 2.0), torch.tensor(0))
        assert signal.item() == pytest.approx(sign * expected, rel=1e-12)


@pytest.mark.parametrize(("cost", "expected"), [("lecture", 625.7), ("homework", 2.536)])
def test_what_hanging_for_ever_costs(cost, expected):
    task = _task(cost=cost)
    state, total = task.start(), 0.0
    for t in range(100):
        signal, state = task.step(state, torch.tensor(1))
        total += 0.99**t * signal.item()
    assert total == pytest.approx(expected, rel=2e-4)


def test_the_motor_alone_is_too_weak():
    task = _task()
    state = task.start(2)
    for _ in range(200):
        _, state = task.step(state, torch.tensor([0, 2]))
        assert not is_upright(state).any()


def test_upright_is_within_0_2_rad_on_both_sides():
    angles = torch.tensor([math.pi + 0.19, math.pi - 0.19, math.pi + 0.21, math.pi - 0.21, 0.0])
    states = torch.stack([angles, torch.zeros(5)], dim=1)
    assert is_upright(states).tolist() == [True, True, False, False, False]


def test_pushes_come_at_steps_45_and_70_only():
    state = torch.stack([_state(1.0, 2.0)] * 3)
    uniform = torch.tensor([0.0, 0.5, 0.75])
    pushed = [t for t in range(100) if not torch.equal(push(state, t, uniform), state)]
    assert pushed == [45, 70]
    after = push(state, 45, uniform)
    assert after[:, 0].tolist() == [1.0, 1.0, 1.0]
    assert after[:, 1].tolist() == pytest.approx([-2 * math.pi, 0.0, math.pi])


def test_any_number_of_pendulums_step_as_one_does():
    random = torch.Generator().manual_seed(0)
    states = torch.rand(4, 5, 2, generator=random, dtype=torch.float64) * 6.0
    actions = torch.randint(3, (4, 5), generator=random)
    signal, following = _task().step(states, actions)
    assert signal.shape == (4, 5) and following.shape == (4, 5, 2)
    one_signal, one = _task().step(states[2, 3], actions[2, 3])
    assert torch.equal(one_signal, signal[2, 3]) and torch.equal(one, following[2, 3])


def test_an_episode_has_a_step():
    with pytest.raises(InvalidConfig, match=r"task\.episode_steps must be at least 1, got 0"):
        CoursePendulumConfig(episode_steps=0)
