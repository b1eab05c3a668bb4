"""Reward terms against numbers from a pocket calculator."""

import math
from types import SimpleNamespace

import pytest
import torch

from surefoot.terms import balance
from surefoot.terms.shaping import absolute_penalty, motivation, squared_penalty


def _view(**values: float) -> SimpleNamespace:
    names = ("pitch", "pitch_velocity", "ground_position", "ground_velocity", "yaw_velocity")
    return SimpleNamespace(**{n: torch.tensor([values.get(n, 0.0)]) for n in names})


def test_shaping_forms():
    error = torch.tensor([0.0, 2.0, -2.0])
    assert motivation(error, tolerance=2.0).tolist() == pytest.approx([1.0, 1 / math.e, 1 / math.e])
    assert absolute_penalty(error).tolist() == [0.0, -2.0, -2.0]
    assert squared_penalty(error).tolist() == [0.0, -4.0, -4.0]


def test_tip_stands_above_the_wheels_and_moves_with_the_pitch():
    view = _view(pitch=math.pi / 6, pitch_velocity=2.0, ground_position=0.1, ground_velocity=-1.0)
    # 0.1 + 0.58 sin 30 deg = 0.39; -1 + 0.58 * 2 * cos 30 deg = 0.004589...
    assert balance.tip_position(view, height=0.58).item() == pytest.approx(0.39)
    speed = -1.0 + 1.16 * math.sqrt(3.0) / 2.0
    assert balance.tip_velocity(view, height=0.58).item() == pytest.approx(speed, abs=1e-6)
    assert balance.still_tip(view, height=0.58).item() == pytest.approx(-speed, abs=1e-6)


def test_leaning_back_over_advanced_wheels_keeps_the_tip_in_place():
    view = _view(pitch=-math.pi / 6, ground_position=0.29)
    assert balance.keep_tip_in_place(view, height=0.58, tolerance=0.05).item() == pytest.approx(1.0)


def test_smooth_command_sums_over_actions():
    command, filtered = torch.tensor([[0.3, -0.1]]), torch.tensor([[0.1, 0.2]])
    assert balance.smooth_command(command, filtered).item() == pytest.approx(-0.04 - 0.09)


def test_commands_are_followed_at_the_tip():
    view = _view(ground_velocity=0.5, yaw_velocity=-1.0)
    drive = balance.drive_as_commanded(view, torch.tensor([0.25]), height=0.58, tolerance=0.25)
    turn = balance.turn_as_commanded(view, torch.tensor([-1.0]), tolerance=0.25)
    assert (drive.item(), turn.item()) == pytest.approx((1 / math.e, 1.0))


def test_a_fall_is_a_lean_beyond_the_limit_either_way():
    view = SimpleNamespace(pitch=torch.tensor([0.99, 1.01, -1.01]))
    assert balance.fallen(view, fall_pitch=1.0).tolist() == [False, True, True]


def test_coming_back_pays_at_the_fitting_speed_and_no_faster():
    settings = {"height": 0.58, "rate": 2.0, "max_speed": 0.5, "tolerance": 0.2}
    # 0.1 m ahead: fitting is -0.2 m/s; 9 m ahead: -0.5 m/s, the limit; standing there misses by 0.5
    for position, velocity, score in ((0.1, -0.2, 1.0), (9.0, -0.5, 1.0), (0.1, 0.0, 1 / math.e),
                                      (9.0, 0.0, math.exp(-6.25))):  # fmt: skip
        view = _view(ground_position=position, ground_velocity=velocity)
        assert balance.come_back(view, **settings).item() == pytest.approx(score, rel=1e-5)
