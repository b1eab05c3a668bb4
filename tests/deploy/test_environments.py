"""Environments by name, and the loop in those of the upkie package: two simulators and a mock."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest

from support_deploy import FAST, STABILISING, Puppet, write_linear_policy
from surefoot.deploy import OnnxPolicy, deploy, make_env
from surefoot.errors import InvalidConfig, MissingPackage, SurefootError, UnknownName


@pytest.mark.parametrize("backend", ["PyBullet", "MuJoCo"])
def test_a_stabilising_feedback_as_onnx_stands_in_both_simulators(tmp_path, backend):
    policy = OnnxPolicy(write_linear_policy(tmp_path, STABILISING, limit=2.9, card=FAST))
    env = make_env(f"Upkie-{backend}-Pendulum", frequency=policy.card.rate_hz)
    report = deploy(policy, env, duration_s=3.0, realtime=False, seed=0)
    assert (report.stop_reason, report.steps) == ("duration", 600)
    assert report.time_upright_s == pytest.approx(3.0)
    assert (report.missed_deadlines, report.clamped) == (0, 0)


def test_a_robot_that_does_nothing_falls_and_the_loop_says_when(tmp_path):
    policy = OnnxPolicy(write_linear_policy(tmp_path, [0.0] * 4, limit=1.0))
    env = make_env("Upkie-MuJoCo-Pendulum")
    env.unwrapped.update_init_rand(pitch=0.1)
    report = deploy(policy, env, realtime=False, seed=0)
    assert report.stop_reason == "terminated"
    assert 0.3 < report.time_upright_s == report.duration_s < 3.0
    # theta = theta0 cosh(w t) with w = 4.1 1/s takes 0.9 s from 0.05 rad to 1 rad


def test_the_loop_drives_the_mock_though_nothing_ever_changes_there():
    env = make_env("Upkie-Mock-Pendulum")
    commanded = []

    def watch(record):
        servo = record.info["spine_observation"]["servo"]
        commanded.append((servo["left_wheel"]["velocity"], servo["right_wheel"]["velocity"]))

    report = deploy(Puppet(0.5, FAST), env, duration_s=1.0, realtime=False, on_step=watch)
    assert (report.stop_reason, report.steps, report.time_upright_s) == ("duration", 200, 1.0)
    # 0.5 m/s with tires of 0.05 m are 10 rad/s, mirrored on the right
    np.testing.assert_allclose(commanded, [[10.0, -10.0]] * 200, rtol=1e-5)


ROBOT = """
import sys
class Robot:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "mujoco", "onnx", "rich", "tyro", "matplotlib", "tensorboard"):
            raise ModuleNotFoundError(f"there is no {name} on the robot", name=name)
sys.meta_path.insert(0, Robot())
from surefoot.deploy import OnnxPolicy, deploy, make_env
policy = OnnxPolicy(sys.argv[1])
env = make_env("Upkie-Mock-Pendulum", frequency=policy.card.rate_hz)
report = deploy(policy, env, duration_s=0.1, realtime=False)
print(report.steps, report.message)
"""


def test_the_robot_needs_neither_torch_nor_mujoco(tmp_path):
    path = write_linear_policy(tmp_path, STABILISING, limit=2.0)
    command = [sys.executable, "-W", "error", "-c", ROBOT, str(path)]
    child = subprocess.run(command, capture_output=True, text=True)
    assert (child.stdout, child.returncode) == ("20 time is up\n", 0), child.stderr


def test_pybullet_opens_no_window_and_nobody_sleeps_inside():
    env = make_env("Upkie-PyBullet-Pendulum")
    assert env.spec is not None
    assert env.spec.kwargs == {"regulate_frequency": False, "gui": False}
    assert env.unwrapped.frequency == 200.0
    env.close()
    assert make_env("Upkie-Mock-Pendulum", frequency=100.0).unwrapped.dt == 0.01


def test_our_tasks_are_environments_like_any_other():
    assert make_env("Surefoot/UpkiePendulum-v0").observation_space.shape == (4,)
    assert make_env("surefoot.envs:Surefoot/UpkiePendulum-v0").observation_space.shape == (4,)
    assert make_env("CartPole-v1").action_space == gymnasium.spaces.Discrete(2)


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("Upkie-Pybullet-Pendulum", r"Did you mean 'Upkie-PyBullet-Pendulum'\?"),
        ("upkie-mujoco-pendulum", r"Did you mean 'Upkie-MuJoCo-Pendulum'\?"),
        ("Surefoot/UpkiePendullum-v0", r"Did you mean 'Surefoot/UpkiePendulum-v0'\?"),
        ("UpkieGroundVelocity-v1", r"is now Upkie-BACKEND-Pendulum\).*Upkie-PyBullet-Pendulum"),
        ("Cartpole-v1", r"Did you mean 'CartPole-v1'\?"),
    ],
)
def test_an_unknown_environment_gets_the_nearest_name(env_id, message):
    with pytest.raises(UnknownName, match=f"no environment named '{env_id}'.*{message}"):
        make_env(env_id)


def test_arguments_it_does_not_take_are_named():
    with pytest.raises(InvalidConfig, match=r"does not take these arguments.*gravity"):
        make_env("Upkie-Mock-Pendulum", gravity=1.62)


def test_a_missing_package_comes_with_its_install_line(monkeypatch):
    for name in [n for n in gymnasium.registry if n.startswith(("Upkie-", "Cookie-"))]:
        monkeypatch.delitem(gymnasium.registry, name)
    monkeypatch.setitem(sys.modules, "upkie.envs", None)
    with pytest.raises(MissingPackage, match=r'Install it: pip install "surefoot\[upkie\]"'):
        make_env("Upkie-PyBullet-Pendulum")
    with pytest.raises(MissingPackage, match=r"needs the package 'nowhere'.*pip install nowhere"):
        make_env("nowhere:Env-v0")


def test_a_robot_without_a_spine_gets_one_clear_sentence():
    with pytest.raises(SurefootError, match=r"none answers \(.*/surefoot_test.*start the spine"):
        make_env("Upkie-Spine-Pendulum", shm_name="/surefoot_test")


def test_a_missing_pybullet_comes_with_its_install_line(monkeypatch):
    from upkie.envs.backends import pybullet_backend

    monkeypatch.setattr(pybullet_backend, "pybullet", None)
    monkeypatch.setitem(sys.modules, "pybullet", None)
    with pytest.raises(MissingPackage, match=r"package 'pybullet'.*surefoot\[upkie\]"):
        make_env("Upkie-PyBullet-Pendulum")
