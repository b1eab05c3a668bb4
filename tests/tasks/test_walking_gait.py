"""The clock of the feet: who swings when, how high, and what is seen of it."""

import math

import numpy as np
import pytest
import torch

from surefoot.tasks.walking_config import GaitConfig
from surefoot.tasks.walking_gait import Gait, leg_offsets, swing_height

# FL, FR, RL, RR, as the feet of Go2 stand, x forward and y to the left, m
QUADRUPED = np.array([[0.2, 0.15, -0.3], [0.2, -0.15, -0.3], [-0.2, 0.15, -0.3],
                      [-0.2, -0.15, -0.3]])  # fmt: skip
MOVING = torch.ones(1, dtype=torch.bool)


def _gait(feet=QUADRUPED, nb=1, *, leg_length=0.25, dt=0.02, **settings):
    return Gait(GaitConfig(**settings), leg_length=leg_length, foot_home=feet, nb_worlds=nb, dt=dt)


def test_diagonal_feet_swing_together_and_the_feet_of_a_biped_in_turn():
    assert leg_offsets(QUADRUPED).tolist() == [0.0, 0.5, 0.5, 0.0]
    assert leg_offsets(QUADRUPED[[1, 0, 3, 2]]).tolist() == [0.5, 0.0, 0.0, 0.5]
    shifted = QUADRUPED + np.array([0.3, 0.0, 0.0])  # a base frame at the hind legs
    assert leg_offsets(shifted).tolist() == [0.0, 0.5, 0.5, 0.0]
    biped = np.array([[0.01, 0.1, -0.8], [-0.01, -0.1, -0.8]])
    assert leg_offsets(biped).tolist() == [0.0, 0.5]


def test_a_swing_is_cubic_up_and_cubic_down():
    share = torch.linspace(0.0, 1.0, 1001, dtype=torch.float64)
    height = swing_height(share)
    # Lee et al.: with t = 2 share, up -2 t^3 + 3 t^2; down 2 s^3 - 3 s^2 + 1 with s = t - 1
    t = 2.0 * share
    s = t - 1.0
    expected = torch.where(t < 1, -2 * t**3 + 3 * t**2, 2 * s**3 - 3 * s**2 + 1)
    torch.testing.assert_close(height, expected)
    assert height.argmax() == 500 and height[500] == 1.0  # the peak is in the middle
    torch.testing.assert_close(height, height.flip(0))
    speed = height.diff() / share.diff()
    assert speed[0].abs() < 0.02 and speed[-1].abs() < 0.02  # at rest at both ends
    assert speed.diff().abs().max() < 0.03  # no jump: at most 24 per share^2 times 0.001
    outside = torch.tensor([-0.3, 1.0, 1.7])
    assert swing_height(outside).tolist() == [0.0, 0.0, 0.0]


def test_the_rhythm_scales_with_the_legs():
    # sqrt(9.81 / 0.25) = 6.264; a pendulum four times as long swings half as often
    assert _gait(frequency=0.4).frequency == pytest.approx(0.4 * 6.26418, rel=1e-5)
    assert _gait(leg_length=1.0, frequency=0.4).frequency == pytest.approx(0.2 * 6.26418, rel=1e-5)
    assert _gait(tolerance=0.1).tolerance == pytest.approx(0.025)


def test_a_cycle_takes_its_period_and_a_foot_stands_its_share_of_it():
    gait = _gait(stance=0.6, height=0.2, dt=0.001)
    assert gait.cycle.tolist() == [0.0]
    heights = []
    period = round(1000.0 / gait.frequency)
    for _ in range(2 * period):
        heights.append(gait.foot_heights(MOVING)[0])
        gait.advance()
    heights = torch.stack(heights)
    torch.testing.assert_close(heights[:period], heights[period:], atol=1e-3, rtol=0.0)
    assert heights.max() == pytest.approx(0.2 * 0.25, rel=1e-3)
    on_ground = (heights[:period] == 0.0).float().mean(dim=0)
    assert on_ground.tolist() == pytest.approx([0.6] * 4, abs=0.01)
    # FL and RR swing first, and reach the top after 0.2 cycles; the others half a cycle later
    tops = heights[:period].argmax(dim=0) / period
    assert tops.tolist() == pytest.approx([0.2, 0.7, 0.7, 0.2], abs=0.01)


def test_the_clock_is_an_angle_and_stands_still_for_nobody():
    gait = _gait(nb=3)
    gait.cycle = torch.tensor([0.0, 0.25, 0.5])
    moving = torch.tensor([True, True, False])
    expected = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(gait.signal(moving), expected, atol=1e-6, rtol=0.0)
    assert not gait.foot_heights(moving)[2].any()  # no foot in the air when told to stand
    gait.advance()
    step = gait.frequency * 0.02
    assert gait.cycle.tolist() == pytest.approx([step, 0.25 + step, 0.5 + step], abs=1e-6)
    gait.cycle = torch.full((3,), 1.0 - 0.5 * step)
    gait.advance()
    assert gait.cycle.tolist() == pytest.approx([0.5 * step] * 3, abs=1e-6)


def test_half_a_cycle_later_left_and_right_have_swapped():
    gait = _gait(nb=100)
    gait.cycle = torch.arange(100) / 100.0
    now, moving = gait.foot_heights(torch.ones(100)), torch.ones(100)
    signal = gait.signal(moving)
    gait.cycle = (gait.cycle + 0.5).remainder(1.0)
    torch.testing.assert_close(gait.foot_heights(moving), now[:, [1, 0, 3, 2]])
    torch.testing.assert_close(gait.signal(moving), -signal, atol=1e-6, rtol=0.0)


def test_episodes_begin_anywhere_in_the_cycle():
    gait = _gait(nb=2000)
    gait.reset(torch.arange(1000), torch.Generator().manual_seed(0))
    drawn, others = gait.cycle[:1000], gait.cycle[1000:]
    assert drawn.min() < 0.01 and 0.99 < drawn.max() < 1.0 and not others.any()
    assert abs(drawn.mean() - 0.5) < 4 / math.sqrt(12 * 1000)
