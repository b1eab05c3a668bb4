"""The lecture's example: stands in one simulator, falls in the other, as the specs say."""

import importlib.util
from pathlib import Path

import pytest

from surefoot.deploy import make_env

PATH = Path(__file__).parents[2] / "examples" / "first_policy.py"
SPEC = importlib.util.spec_from_file_location("first_policy", PATH)
assert SPEC is not None and SPEC.loader is not None
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)


def test_in_mujoco_the_lecture_falls_and_the_stabilising_feedback_stands():
    env = make_env("Upkie-MuJoCo-Pendulum")
    assert 3.0 < example.time_upright(example.lecture, env) < 8.0
    assert example.time_upright(example.stabilising, env) == 10.0


def test_in_pybullet_the_lecture_stands():
    env = make_env("Upkie-PyBullet-Pendulum")
    assert example.time_upright(example.lecture, env) == 10.0
    env.close()


def test_in_the_mock_nobody_falls():
    env = make_env("Upkie-Mock-Pendulum")
    assert example.time_upright(example.lecture, env, duration=1.0) == pytest.approx(1.0)
