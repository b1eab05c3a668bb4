"""The course's pendulum through Gymnasium."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

import surefoot.envs  # noqa: F401 - registers
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.course_pendulum import CoursePendulum, next_state
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig

ID = "Surefoot/CoursePendulum-v0"


@pytest.mark.parametrize("settings", [{}, {"pushes": True, "cost": "homework"}])
def test_gymnasiums_own_checker_is_content(settings):
    check_env(gymnasium.make(ID, **settings).unwrapped)


@pytest.mark.parametrize("cost", ["lecture", "homework"])
def test_it_is_the_task_with_minus_its_cost_as_the_reward(cost):
    env = gymnasium.make(ID, cost=cost)
    task = CoursePendulum(CoursePendulumConfig(cost=cost))
    state, (observation, _) = task.start(), env.reset(seed=0)
    for action in (2, 2, 0, 1, 0, 2):
        np.testing.assert_allclose(observation, state, rtol=1e-6)
        signal, state = task.step(state, torch.tensor(action))
        observation, reward, terminated, truncated, _ = env.step(action)
        assert reward == pytest.approx(-signal.item()) and not terminated and not truncated
    assert env.unwrapped.dt == 0.1


def test_time_is_up_after_100_steps():
    env = gymnasium.make(ID)
    for _ in range(2):
        env.reset()
        ends = [env.step(1)[2:4] for _ in range(100)]
        assert ends == [(False, False)] * 99 + [(False, True)]


def test_pushes_are_seen_at_steps_45_and_70_and_belong_to_the_seed():
    env = gymnasium.make(ID, pushes=True)
    runs = []
    for seed in (3, 3, 4):
        observations = [env.reset(seed=seed)[0]] + [env.step(1)[0] for _ in range(100)]
        runs.append(np.array(observations))
    assert np.array_equal(runs[0], runs[1]) and not np.array_equal(runs[0], runs[2])
    undisturbed = next_state(torch.tensor(runs[0][:-1]), torch.zeros(100)).numpy()
    pushed = np.abs(undisturbed[:, 1] - runs[0][1:, 1]) > 1e-3
    assert (1 + np.flatnonzero(pushed)).tolist() == [45, 70]


def test_many_of_them():
    envs = gymnasium.make_vec(ID, num_envs=3)
    assert envs.reset(seed=0)[0].shape == (3, 2)


def test_an_unknown_length_or_cost_is_refused():
    with pytest.raises(InvalidConfig, match="episode_steps"):
        gymnasium.make(ID, episode_steps=0)
    with pytest.raises(UnknownName, match=r"no cost named 'lectur' in .* Did you mean 'lecture'"):
        gymnasium.make(ID, cost="lectur")
