"""The operator's sliders and what they do to the task."""

import numpy as np

from surefoot.cli.play import _follow, _sliders
from surefoot.envs.make import make_batched
from surefoot.tasks.catalog import TASKS


def _make(task):
    return make_batched(task, TASKS[task].config(), nb_envs=1, seed=0, imperfect=False)


def test_a_task_without_commands_has_no_sliders():
    assert _sliders(_make("upkie-pendulum")) == ()


def test_turning_left_is_a_negative_yaw_command_and_a_positive_rotation_about_z():
    env = _make("upkie-gyropod")
    env.reset()
    forward, left = _sliders(env)
    assert (forward.high, forward.keys, left.high, left.keys) == (0.5, "up-down", 1.0, "left-right")
    _follow(env, np.array([0.25, 0.5]))
    target = env.task.observe()[0, 6:].tolist()
    assert target == [0.25, -0.5]


def test_a_robot_on_legs_also_walks_to_the_left():
    env = _make("quadruped-flat")
    env.reset()
    sliders = _sliders(env)
    assert [(s.name, s.high) for s in sliders] == [
        ("forward", 1.0), ("turn left", 1.0), ("walk left", 0.5)
    ]  # fmt: skip
    _follow(env, np.array([0.5, -0.25, 0.125]))
    command = [env.interface.observation.slice(f"target_{n}") for n in
               ("velocity_x", "velocity_y", "yaw_velocity")]  # fmt: skip
    assert [env.task.observe()[0, c].item() for c in command] == [0.5, 0.125, -0.25]


def test_a_negative_yaw_command_turns_the_robot_to_its_left():
    """Wheels at opposite ground speeds: the heading about z grows, and the reward sees it."""
    import torch

    env = _make("upkie-gyropod")
    env.reset()
    for _ in range(60):
        env.step(torch.tensor([[0.0, -1.0]]))
    w, _, _, z = env.worlds.qpos[0, 3:7].tolist()
    assert 2.0 * np.arctan2(z, w) > 0.05
    assert env.task.yaw_velocity.item() < -0.5
