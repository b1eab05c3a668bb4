"""The weighted terms of the walking reward."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from surefoot.tasks.walking_config import WalkingReward
from surefoot.terms import walking
from surefoot.terms.walking import WalkingView


def walking_terms(
    weights: WalkingReward, view: WalkingView, gait_tolerance: float, nominal_height: float
) -> dict[str, Tensor]:
    """Every term with a weight, by name, each (E,)."""
    w = weights
    terms: dict[str, Callable[[], Tensor]] = {
        "linear_velocity": lambda: walking.move_as_commanded(view, tolerance=w.linear_tolerance),
        "yaw_velocity": lambda: walking.turn_as_commanded(view, tolerance=w.yaw_tolerance),
        "gait": lambda: walking.step_with_the_clock(view, tolerance=gait_tolerance),
        "vertical_velocity": lambda: walking.no_bouncing(view),
        "tilt_velocity": lambda: walking.no_rocking(view),
        "orientation": lambda: walking.stay_level(view),
        "height": lambda: walking.keep_height(view, nominal=nominal_height),
        "torque": lambda: walking.low_torques(view),
        "energy": lambda: walking.low_power(view),
        "joint_acceleration": lambda: walking.smooth_joints(view),
        "action_rate": lambda: walking.smooth_actions(view),
        "pose": lambda: walking.near_home(view),
        "stand_still": lambda: walking.stand_when_told(view),
        "slip": lambda: walking.no_slipping(view),
        "air_time": lambda: walking.long_steps(view),
        "collision": lambda: walking.only_feet_touch(view),
        "joint_limit": lambda: walking.within_limits(view),
        "direction": lambda: walking.follow_direction(view),
        "turn_direction": lambda: walking.turn_to_side(view),
        "steady_base": lambda: walking.steady_base(view),
        "foot_clearance": lambda: walking.clear_feet(view),
        "foot_smoothness": lambda: walking.smooth_feet(view),
        "torque_sum": lambda: walking.low_torque_sum(view),
    }
    weight_of = vars(weights)
    return {name: weight_of[name] * term() for name, term in terms.items() if weight_of[name]}
