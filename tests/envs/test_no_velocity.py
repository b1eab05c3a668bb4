"""The hidden velocities are hidden, and nothing else changes."""

import gymnasium
import numpy as np
import pytest

import surefoot.envs  # noqa: F401 - registers our environments
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.tasks.gymnasium_config import GymnasiumConfig


@pytest.mark.parametrize(
    ("gym_id", "full_id", "kept"),
    [
        ("Surefoot/CartPoleNoVel-v0", "CartPole-v1", [0, 2]),
        ("Surefoot/PendulumNoVel-v0", "Pendulum-v1", [0, 1]),
    ],
)
def test_positions_are_those_of_the_full_task(gym_id, full_id, kept):
    env, full = gymnasium.make(gym_id), gymnasium.make(full_id)
    (seen, _), (everything, _) = env.reset(seed=3), full.reset(seed=3)
    full.action_space.seed(0)
    for _ in range(10):
        assert env.observation_space.contains(seen)
        np.testing.assert_array_equal(seen, everything[kept])
        action = full.action_space.sample()
        seen, reward, *_ = env.step(action)
        everything, expected, *_ = full.step(action)
        assert reward == expected
    assert env.spec.max_episode_steps == full.spec.max_episode_steps


def test_an_id_may_name_the_module_that_registers_it():
    config = GymnasiumConfig(env_id="surefoot.envs:Surefoot/PendulumNoVel-v0")
    env = make_gymnasium(config, nb_envs=2, seed=0)
    assert env.reset().shape == (2, 2)
    env.close()
