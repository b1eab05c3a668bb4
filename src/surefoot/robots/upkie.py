"""Upkie, a wheeled biped by the community of the `upkie` project: data only."""

from __future__ import annotations

from pathlib import Path

from surefoot.errors import MissingPackage
from surefoot.sim.description import Robot, Servo

WHEEL_RADIUS = 0.05
"""Radius of the tires, m. Source: collision cylinder of upkie_description 2.2.0."""
WHEEL_BASE = 0.3048
"""Distance between the wheels' contact points, m. Source: upkie_description 2.2.0."""
LEG_JOINTS = ("left_hip", "left_knee", "right_hip", "right_knee")
"""Position-controlled joints."""
WHEEL_JOINTS = ("left_wheel", "right_wheel")
"""Velocity-controlled joints; forward is positive for the left one, negative for the right."""


def _folder() -> Path:
    try:
        import upkie_description
    except ImportError:
        raise MissingPackage(
            "upkie_description", "the robot 'upkie'", "pip install upkie_description"
        ) from None
    return Path(upkie_description.PATH)


UPKIE = Robot(
    name="upkie",
    title="wheeled biped, 6 joints",
    urdf=lambda: _folder() / "urdf" / "upkie.urdf",
    packages=lambda: {"upkie_description": _folder()},
    # Gains of the simulated servos of the upkie package: kp 20 N m/rad, kd 1 N m s/rad at every
    # joint; the wheels receive no position target.
    servos=(
        Servo(joint="left_hip", kp=20.0, kd=1.0),
        Servo(joint="left_knee", kp=20.0, kd=1.0),
        Servo(joint="left_wheel", kp=0.0, kd=1.0),
        Servo(joint="right_hip", kp=20.0, kd=1.0),
        Servo(joint="right_knee", kp=20.0, kd=1.0),
        Servo(joint="right_wheel", kp=0.0, kd=1.0),
    ),
    # An ankle reaches the floor at a pitch of 0.48 rad, before the fall counts; nothing else does.
    feet=("left_wheel_tire", "right_wheel_tire", "left_ankle_base", "right_ankle_base"),
    base_height=0.60,
    source="upkie_description 2.2.0 (URDF), upkie 13.1.0 (servo gains, reset height)",
)
