"""What an agent sees of a walking robot, what it sends, and both in the mirror."""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.robots.mirror import mirror_of_joints, pairs
from surefoot.signals import Interface, Layout, Mirror, Signal
from surefoot.sim.anatomy import Anatomy
from surefoot.sim.description import Robot
from surefoot.tasks.walking_config import SensorNoise, WalkingConfig

_VECTOR, _PSEUDOVECTOR = (1.0, -1.0, 1.0), (-1.0, 1.0, -1.0)  # seen in the mirror y -> -y


def walking_interface(config: WalkingConfig, robot: Robot, body: Anatomy) -> Interface:
    """Observation, action, rate and mirrors of a robot with J joints and F feet.

    Raises:
        InvalidConfig: A joint or a foot has no mirror image.
    """
    nb, feet = len(robot.servos), len(robot.feet)
    c = config.command
    observation = Layout(
        (
            Signal(name="base_linear_velocity", unit="m/s", size=3),
            Signal(name="base_angular_velocity", unit="rad/s", size=3),
            Signal(name="gravity", unit="1", size=3),
            *(
                Signal(name=name, unit=unit, low=-bound, high=bound, source="operator")
                for name, unit, bound in (
                    ("target_velocity_x", "m/s", _widest(c.forward)),
                    ("target_velocity_y", "m/s", _widest(c.sideways)),
                    ("target_yaw_velocity", "rad/s", _widest(c.turn)),
                )
            ),
            Signal(name="gait_clock", unit="1", low=-1.0, high=1.0, size=2, source="clock"),
            Signal(name="joint_angle", unit="rad", size=nb),
            Signal(name="joint_velocity", unit="rad/s", size=nb),
            Signal(name="base_height", unit="m", source="simulator"),
            Signal(name="foot_height", unit="m", size=feet, source="simulator"),
            Signal(name="foot_contact", unit="1", size=feet, source="simulator"),
        )
    )
    action = Layout(
        tuple(
            Signal(name=s.joint, unit="rad", low=s.home - s.reach, high=s.home + s.reach)
            for s in robot.servos
        )
    )
    joints = mirror_of_joints([s.joint for s in robot.servos], body.axes)
    swapped_feet = Mirror(pairs(robot.feet), (1.0,) * feet)
    mirror = _signs(_VECTOR + _PSEUDOVECTOR + _VECTOR)  # velocities and gravity
    mirror += _signs((1.0, -1.0, -1.0))  # the command
    mirror += _signs((-1.0, -1.0))  # half a cycle later, left and right have swapped
    mirror += joints + joints + _signs((1.0,)) + swapped_feet + swapped_feet
    return Interface(
        observation=observation,
        action=action,
        dt=1.0 / config.frequency,
        observation_mirror=mirror,
        action_mirror=joints,
    )


def _widest(bounds: tuple[float, float]) -> float:
    return max(abs(bounds[0]), abs(bounds[1]), 1e-3)


def _signs(signs: tuple[float, ...]) -> Mirror:
    return Mirror(tuple(range(len(signs))), signs)


def noise_amplitudes(noise: SensorNoise, layout: Layout) -> Tensor:
    """Of each observed value, (O,), in its unit; 0 for what no sensor reads."""
    amplitudes = torch.zeros(layout.size)
    for name, amplitude in (
        ("base_linear_velocity", noise.linear_velocity),
        ("base_angular_velocity", noise.angular_velocity),
        ("gravity", noise.gravity),
        ("joint_angle", noise.joint_position),
        ("joint_velocity", noise.joint_velocity),
    ):
        amplitudes[layout.slice(name)] = amplitude
    return amplitudes
