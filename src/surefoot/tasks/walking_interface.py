"""What an agent sees of a walking robot, what it sends, and both in the mirror."""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.robots.mirror import mirror_of_joints, pairs
from surefoot.signals import Interface, Layout, Mirror, Signal
from surefoot.sim.anatomy import Anatomy
from surefoot.sim.description import Robot
from surefoot.tasks.walking_config import SensorNoise, WalkingConfig
from surefoot.tasks.walking_ground import HeightScan

_VECTOR, _PSEUDOVECTOR = (1.0, -1.0, 1.0), (-1.0, 1.0, -1.0)  # seen in the mirror y -> -y


def walking_interface(
    config: WalkingConfig, robot: Robot, body: Anatomy, scan: HeightScan | None
) -> Interface:
    """Observation, action, rate and mirrors of a robot with J joints and F feet.

    Args:
        config: Rate and range of the commands.
        robot: Its joints and their reach.
        body: Their axes.
        scan: What is known of the ground's shape, if anything.

    Raises:
        InvalidConfig: A joint or a foot has no mirror image.
    """
    nb, feet = len(robot.servos), len(robot.feet)
    c = config.command
    joints = mirror_of_joints([s.joint for s in robot.servos], body.axes)
    swapped_feet = Mirror(pairs(robot.feet), (1.0,) * feet)
    command = (
        ("target_velocity_x", "m/s", _widest(c.forward), 1.0),
        ("target_velocity_y", "m/s", _widest(c.sideways), -1.0),
        ("target_yaw_velocity", "rad/s", _widest(c.turn), -1.0),
    )
    sensed = [
        (Signal(name="base_linear_velocity", unit="m/s", size=3), _signs(_VECTOR)),
        (Signal(name="base_angular_velocity", unit="rad/s", size=3), _signs(_PSEUDOVECTOR)),
        (Signal(name="gravity", unit="1", size=3), _signs(_VECTOR)),
        *(
            (Signal(name=name, unit=unit, low=-bound, high=bound, source="operator"),
             _signs((sign,)))
            for name, unit, bound, sign in command
        ),
        (Signal(name="gait_clock", unit="1", low=-1.0, high=1.0, size=2, source="clock",
                clock_hz=config.gait.hertz(body.leg_length)),
         _signs((-1.0, -1.0))),  # half a cycle later, left and right have swapped
        (Signal(name="joint_angle", unit="rad", size=nb), joints),
        (Signal(name="joint_velocity", unit="rad/s", size=nb), joints),
    ]  # fmt: skip
    secret = [
        (Signal(name="base_height", unit="m", source="simulator"), _signs((1.0,))),
        (Signal(name="foot_height", unit="m", size=feet, source="simulator"), swapped_feet),
        (Signal(name="foot_contact", unit="1", size=feet, source="simulator"), swapped_feet),
    ]
    if scan is not None:
        part = sensed if scan.signal.source == "sensor" else secret
        part.append((scan.signal, scan.mirror))
    action = Layout(
        tuple(
            Signal(name=s.joint, unit="rad", low=s.home - s.reach, high=s.home + s.reach)
            for s in robot.servos
        )
    )
    return Interface(
        observation=Layout(tuple(signal for signal, _ in sensed + secret)),
        action=action,
        dt=1.0 / config.frequency,
        observation_mirror=sum((mirror for _, mirror in sensed + secret), start=_signs(())),
        action_mirror=joints,
    )


def _widest(bounds: tuple[float, float]) -> float:
    return max(abs(bounds[0]), abs(bounds[1]), 1e-3)


def _signs(signs: tuple[float, ...]) -> Mirror:
    return Mirror(tuple(range(len(signs))), signs)


def noise_amplitudes(noise: SensorNoise, layout: Layout, scan: HeightScan | None) -> Tensor:
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
    if scan is not None and scan.signal.source == "sensor":
        amplitudes[layout.slice(scan.signal.name)] = scan.noise
    return amplitudes
