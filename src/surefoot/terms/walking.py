"""What a legged robot is rewarded for while it walks, and when it has fallen.

Source: legged_gym (Rudin et al. 2022) unless a term says otherwise.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from surefoot.terms.shaping import absolute_penalty, motivation, squared_penalty

AIR_TIME = 0.5
"""Time in the air from which a step is a long one, s."""
SOFT_LIMIT = 0.9
"""Share of a joint's range that is free of penalty."""


def soft_limits(limits: Tensor) -> tuple[Tensor, Tensor]:
    """Lower and upper angles, (J,) rad, of the middle 90 % between joint limits (J, 2), rad."""
    lower, upper = limits.float().unbind(dim=1)
    margin = 0.5 * (1.0 - SOFT_LIMIT) * (upper - lower)
    return lower + margin, upper - margin


class WalkingView(Protocol):
    """The quantities of E legged robots that the terms read; J joints, F feet.

    Torques belong to the last physics step, all else to the instant after it.
    """

    linear_velocity: Tensor
    """Of the base, in its own frame, (E, 3), m/s."""
    angular_velocity: Tensor
    """Of the base, in its own frame, (E, 3), rad/s."""
    gravity: Tensor
    """Direction of gravity in the base frame, (E, 3); (0, 0, -1) when level."""
    height: Tensor
    """Of the base above the ground under it, (E,), m."""
    joint_position: Tensor
    """Away from home, (E, J), rad."""
    joint_velocity: Tensor
    """(E, J), rad/s."""
    joint_acceleration: Tensor
    """Mean over the step, (E, J), rad/s2."""
    torque: Tensor
    """(E, J), N m."""
    torque_share: Tensor
    """Torques as shares of their limits, (E, J)."""
    power: Tensor
    """Mechanical power of each joint over the robot's weight, (E, J), m/s."""
    beyond_limit: Tensor
    """Angle beyond the soft limits, (E, J), rad."""
    action_change: Tensor
    """Change of the joint targets in this step, as shares of the joints' reach, (E, J)."""
    command: Tensor
    """Velocity along x and y in m/s and yaw rate in rad/s to follow, (E, 3)."""
    moving: Tensor
    """Whether the command says to move, bool (E,)."""
    foot_height: Tensor
    """Of the soles above the ground, (E, F), m."""
    foot_height_wanted: Tensor
    """By the clock, (E, F), m."""
    foot_speed: Tensor
    """Horizontal speed of the feet, (E, F), m/s."""
    foot_contact: Tensor
    """Whether a foot touches the ground, bool (E, F)."""
    landed_after: Tensor
    """Time in the air of the feet that have just touched down, 0 for the others, (E, F), s."""
    base_contact: Tensor
    """Whether the base touches the ground, bool (E,)."""
    other_contacts: Tensor
    """How many contacts with the ground are not a foot's, (E,)."""

    @property
    def foot_target_bend(self) -> Tensor:
        """Second difference of where the joint targets put the feet, (E, F, 3), m."""
        ...

    @property
    def foot_clearance(self) -> Tensor:
        """Of the soles above the highest ground around them, (E, F), m."""
        ...


def move_as_commanded(view: WalkingView, *, tolerance: float) -> Tensor:
    """1 at the commanded horizontal velocity, 1/e at `tolerance` m/s beside it, (E,)."""
    error = view.command[:, :2] - view.linear_velocity[:, :2]
    return motivation(error.norm(dim=1), tolerance=tolerance)


def turn_as_commanded(view: WalkingView, *, tolerance: float) -> Tensor:
    """1 at the commanded yaw rate, 1/e at `tolerance` rad/s beside it, (E,)."""
    return motivation(view.command[:, 2] - view.angular_velocity[:, 2], tolerance=tolerance)


def step_with_the_clock(view: WalkingView, *, tolerance: float) -> Tensor:
    """1 with all feet as high as the clock wants them, mean of 1/e each at `tolerance` m, (E,).

    Source: MuJoCo Playground, feet_phase; one score per foot instead of one for all is ours.
    """
    error = view.foot_height - view.foot_height_wanted
    return motivation(error, tolerance=tolerance).mean(dim=1)


def stay_level(view: WalkingView) -> Tensor:
    """Minus the squared tilt: the horizontal part of the direction of gravity, (E,)."""
    return squared_penalty(view.gravity[:, :2]).sum(dim=1)


def no_bouncing(view: WalkingView) -> Tensor:
    """Minus the squared vertical velocity of the base, m2/s2, (E,)."""
    return squared_penalty(view.linear_velocity[:, 2])


def no_rocking(view: WalkingView) -> Tensor:
    """Minus the squared rates of roll and pitch, rad2/s2, (E,)."""
    return squared_penalty(view.angular_velocity[:, :2]).sum(dim=1)


def keep_height(view: WalkingView, *, nominal: float) -> Tensor:
    """Minus the squared error of the base's height as a share of `nominal` m, (E,)."""
    return squared_penalty(view.height / nominal - 1.0)


def low_torques(view: WalkingView) -> Tensor:
    """Minus the sum of the squared torques as shares of their limits, (E,). Shares are ours."""
    return squared_penalty(view.torque_share).sum(dim=1)


def low_power(view: WalkingView) -> Tensor:
    """Minus the absolute mechanical power over the robot's weight, m/s, (E,).

    Over the speed this is the mechanical cost of transport.
    """
    return -view.power.abs().sum(dim=1)


def smooth_joints(view: WalkingView) -> Tensor:
    """Minus the sum of the squared joint accelerations, rad2/s4, (E,)."""
    return squared_penalty(view.joint_acceleration).sum(dim=1)


def smooth_actions(view: WalkingView) -> Tensor:
    """Minus the sum of the squared changes of the targets as shares of their reach, (E,)."""
    return squared_penalty(view.action_change).sum(dim=1)


def near_home(view: WalkingView) -> Tensor:
    """Minus the squared distance of the joints from home, rad2, (E,)."""
    return squared_penalty(view.joint_position).sum(dim=1)


def stand_when_told(view: WalkingView) -> Tensor:
    """`near_home` while the command says to stand, (E,)."""
    return near_home(view) * ~view.moving


def no_slipping(view: WalkingView) -> Tensor:
    """Minus the squared speeds of the feet that touch the ground, m2/s2, (E,).

    Source: MuJoCo Playground, feet_slip.
    """
    return (squared_penalty(view.foot_speed) * view.foot_contact).sum(dim=1)


def long_steps(view: WalkingView) -> Tensor:
    """Time in the air beyond 0.5 s of the feet that touch down while moving, s, (E,)."""
    landed = (view.landed_after - AIR_TIME) * (view.landed_after > 0.0)
    return landed.sum(dim=1) * view.moving


def only_feet_touch(view: WalkingView) -> Tensor:
    """Minus the number of contacts that are not a foot's, (E,)."""
    return -view.other_contacts


def within_limits(view: WalkingView) -> Tensor:
    """Minus the angle beyond the soft limits of the joints, rad, (E,)."""
    return -view.beyond_limit.sum(dim=1)


# What follows is the reward of Lee et al. 2020, as the lecture has it. A foot swings while it does
# not touch the ground; clocks that make it swing are another matter.

LEE_SPEED = 0.6
"""m/s and rad/s that are fast enough."""


def follow_direction(view: WalkingView) -> Tensor:
    """r_lv: exp(-2 (v - 0.6)^2) of the velocity v along the command, 1 beyond 0.6 m/s, (E,).

    0 where no direction is commanded.
    """
    direction = _direction(view)
    slow = (_along(view, direction) - LEE_SPEED).clamp(max=0.0)
    return motivation(slow, tolerance=2.0**-0.5) * direction.any(dim=1)


def turn_to_side(view: WalkingView) -> Tensor:
    """r_av: exp(-1.5 (w - 0.6)^2) of the yaw rate w to the commanded side, 1 beyond, (E,)."""
    to_side = view.angular_velocity[:, 2] * view.command[:, 2].sign()
    return motivation((to_side - LEE_SPEED).clamp(max=0.0), tolerance=1.5**-0.5)


def steady_base(view: WalkingView) -> Tensor:
    """r_b: exp(-1.5 v_o^2) + exp(-1.5 |w_xy|^2), (E,); v_o is the velocity beside the command."""
    direction = _direction(view)
    aside = view.linear_velocity[:, :2] - _along(view, direction)[:, None] * direction
    rocking = view.angular_velocity[:, :2]
    steady, level = (motivation(v.norm(dim=1), tolerance=1.5**-0.5) for v in (aside, rocking))
    return steady + level


def clear_feet(view: WalkingView) -> Tensor:
    """r_fc: share of the swinging feet above the highest ground around them, (E,)."""
    swings = ~view.foot_contact
    clears = swings & (view.foot_clearance > 0.0)
    return clears.sum(dim=1) / swings.sum(dim=1).clamp(min=1)


def smooth_feet(view: WalkingView) -> Tensor:
    """r_s: minus the length of the second difference of the foot targets, m, (E,)."""
    return absolute_penalty(view.foot_target_bend.flatten(1).norm(dim=1))


def low_torque_sum(view: WalkingView) -> Tensor:
    """r_tau: minus the sum of the torques' sizes, N m, (E,)."""
    return absolute_penalty(view.torque).sum(dim=1)


def _direction(view: WalkingView) -> Tensor:
    """Unit vector of the commanded horizontal velocity, zero for none, (E, 2)."""
    return torch.nn.functional.normalize(view.command[:, :2], dim=1)


def _along(view: WalkingView, direction: Tensor) -> Tensor:
    """Horizontal velocity along a direction, (E,), m/s."""
    return (view.linear_velocity[:, :2] * direction).sum(dim=1)


def falls(view: WalkingView, *, tilt: float, height: float) -> dict[str, Tensor]:
    """Whether the base leans further than `tilt` rad, is lower than `height` m, or touches down.

    By name, each bool (E,).
    """
    return {
        "tilted": -view.gravity[:, 2] < torch.cos(torch.tensor(tilt)),
        "too_low": view.height < height,
        "base_contact": view.base_contact,
    }
