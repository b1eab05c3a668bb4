"""What a wheeled inverted pendulum is rewarded for, and when it has fallen."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from surefoot.terms.shaping import absolute_penalty, motivation, squared_penalty


class BalanceView(Protocol):
    """The quantities of E balancing robots that the terms read, each (E,)."""

    pitch: Tensor
    """rad, positive forward."""
    pitch_velocity: Tensor
    """Body-frame angular velocity about y, rad/s."""
    ground_position: Tensor
    """Wheel odometry, m."""
    ground_velocity: Tensor
    """Wheel odometry, m/s."""
    yaw_velocity: Tensor
    """Body-frame angular velocity about z, rad/s."""


def tip_position(view: BalanceView, *, height: float) -> Tensor:
    """Horizontal position of a point `height` m above the wheel axis, m, (E,)."""
    return view.ground_position + height * torch.sin(view.pitch)


def tip_velocity(view: BalanceView, *, height: float) -> Tensor:
    """Horizontal velocity of a point `height` m above the wheel axis, m/s, (E,)."""
    return view.ground_velocity + height * view.pitch_velocity * torch.cos(view.pitch)


def keep_tip_in_place(view: BalanceView, *, height: float, tolerance: float) -> Tensor:
    """1 with the tip at the origin, 1/e at `tolerance` m from it, (E,).

    Source: ppo_balancer, position term.
    """
    return motivation(tip_position(view, height=height), tolerance=tolerance)


def come_back(
    view: BalanceView, *, height: float, rate: float, max_speed: float, tolerance: float
) -> Tensor:
    """1 when the tip moves towards the origin at rate x distance, 1/e at `tolerance` m/s beside it.

    The speed answers the wheels at once while the position takes seconds, so this is learned long
    before `keep_tip_in_place` pays. Shape (E,). Ours.

    Args:
        view: The robots.
        height: Height of the tip above the wheel axis, m.
        rate: 1/s.
        max_speed: The fitting speed is never above this, m/s.
        tolerance: m/s.
    """
    fitting = (-rate * tip_position(view, height=height)).clamp(-max_speed, max_speed)
    return motivation(tip_velocity(view, height=height) - fitting, tolerance=tolerance)


def still_tip(view: BalanceView, *, height: float) -> Tensor:
    """Minus the tip's speed, m/s, (E,). Source: ppo_balancer, velocity term."""
    return absolute_penalty(tip_velocity(view, height=height))


def smooth_command(command: Tensor, filtered: Tensor) -> Tensor:
    """Minus the squared change of the commands against their filtered selves, (E, A) -> (E,).

    Source: ppo_balancer, smoothness term.
    """
    return squared_penalty(command - filtered).sum(dim=1)


def drive_as_commanded(
    view: BalanceView, target: Tensor, *, height: float, tolerance: float
) -> Tensor:
    """1 with the tip at the target velocity (E,) m/s, 1/e at `tolerance` m/s beside it, (E,)."""
    return motivation(tip_velocity(view, height=height) - target, tolerance=tolerance)


def turn_as_commanded(view: BalanceView, target: Tensor, *, tolerance: float) -> Tensor:
    """1 at the target yaw rate (E,) rad/s, 1/e at `tolerance` rad/s beside it, (E,)."""
    return motivation(view.yaw_velocity - target, tolerance=tolerance)


def fallen(view: BalanceView, *, fall_pitch: float) -> Tensor:
    """Whether the base leans further than `fall_pitch` rad, bool (E,)."""
    return view.pitch.abs() > fall_pitch


def drifted(view: BalanceView, *, max_drift: float) -> Tensor:
    """Whether the wheels are further than `max_drift` m from where they began, bool (E,)."""
    return view.ground_position.abs() > max_drift
