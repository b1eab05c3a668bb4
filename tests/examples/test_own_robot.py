"""A robot in another process: what it senses, what it does, and what if it falls silent."""

import dataclasses
import importlib.util
from pathlib import Path

import mujoco
import numpy as np
import pytest

from support_deploy import PENDULUM, Puppet
from surefoot.deploy.loop import deploy
from surefoot.errors import SurefootError
from surefoot.robots.registry import find_robot
from surefoot.signals import Signal
from surefoot.sim.assembly import build_model

PATH = Path(__file__).parents[2] / "examples" / "own_robot.py"
SPEC = importlib.util.spec_from_file_location("own_robot", PATH)
assert SPEC is not None and SPEC.loader is not None
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)

GO2 = find_robot("go2")
CARD = dataclasses.replace(
    PENDULUM,
    task="quadruped-flat",
    robot="go2",
    rate_hz=50.0,
    observation=tuple(
        Signal(name=name, unit="1", size=12 if name.startswith("joint") else 3)
        for name in example.SENSORS
    ),
    action=tuple(
        Signal(name=s.joint, unit="rad", low=s.home - 1.0, high=s.home + 1.0) for s in GO2.servos
    ),
)
HOME = np.float32([servo.home for servo in GO2.servos])


BEND = np.tile(np.float32([0.0, 0.1, -0.2]), 4)  # the feet stay where they are


class Crouch(Puppet):
    """Bends hips and knees by a little, and remembers what it saw."""

    def act(self, observation):
        self.seen.append(observation.copy())
        return HOME + BEND


class AlreadyReset:
    """A robot whose reset has been made, so that nobody waits for a packet that will not come."""

    def __init__(self, robot):
        self._robot = robot

    def __getattr__(self, name):
        return getattr(self._robot, name)

    def reset(self, *, seed=None, options=None):
        return self._robot._seen, {}


@pytest.fixture(scope="module")
def crouched():
    """A robot that has crouched for two seconds."""
    policy = Crouch(card=CARD)
    with example.running_driver("go2") as address:
        report = deploy(
            policy, example.MyRobot(CARD, address), duration_s=2.0, stale_after_s=10.0
        )  # a busy machine may starve the driver for a moment
    return report, np.array(policy.seen)


def test_the_servos_of_the_driver_go_where_the_policy_says(crouched):
    report, seen = crouched
    assert report.stop_reason == "duration" and report.steps == 100
    model = build_model(GO2, timestep=0.002, collisions="feet + body")
    data = mujoco.MjData(model)  # the same robot here, sent there by hand
    data.qpos[2], data.qpos[7:] = GO2.base_height, HOME
    data.ctrl[:] = [s.kp for s in GO2.servos] * (HOME + BEND)
    for _ in range(1000):
        mujoco.mj_step(model, data)
    np.testing.assert_allclose(seen[-1][9:21], data.qpos[7:], atol=0.02)


def test_a_standing_robot_feels_gravity_along_its_own_axis_and_no_speed(crouched):
    last = crouched[1][-1]
    np.testing.assert_allclose(last[6:9], [0.0, 0.0, -1.0], atol=0.1)
    np.testing.assert_allclose(last[:6], 0.0, atol=0.05)


def test_the_loop_notices_that_the_driver_is_gone():
    policy = Crouch(card=CARD)
    with example.running_driver("go2") as address:
        robot = example.MyRobot(CARD, address)
        robot.reset()
    report = deploy(policy, AlreadyReset(robot), duration_s=10.0)
    assert report.stop_reason == "stale observation" and report.is_fault


def test_a_policy_that_reads_other_sensors_is_refused():
    with pytest.raises(SurefootError, match=r"robot senses base_linear.*reads pitch"):
        example.MyRobot(dataclasses.replace(CARD, observation=PENDULUM.observation), ("", 0))
