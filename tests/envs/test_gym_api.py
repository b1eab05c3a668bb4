"""Our tasks through Gymnasium: its own checker, seeds, vectors, time limits."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import surefoot.envs  # noqa: F401 - registers
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.catalog import TASKS

IDS = [entry.gym_id for entry in TASKS.values()]


# Gymnasium recommends actions in [-1, 1] and finite observations; ours are in the robot's units
# (the agent rescales), and a ground position has no bound, as in the upkie package.
@pytest.mark.filterwarnings("ignore:.*A Box observation space m.* value is -?infinity")
@pytest.mark.filterwarnings("ignore:.*recommend using a symmetric and normalized space")
@pytest.mark.parametrize("env_id", IDS)
def test_gymnasiums_own_checker_is_content(env_id):
    env = gymnasium.make(env_id)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("env_id", IDS)
def test_same_seed_same_episode(env_id):
    env = gymnasium.make(env_id)
    action = env.action_space.high * 0.3
    episodes = []
    for seed in (5, 5, 6):
        observations = [env.reset(seed=seed)[0]]
        observations += [env.step(action)[0] for _ in range(20)]
        episodes.append(np.array(observations))
    assert np.array_equal(episodes[0], episodes[1])
    assert not np.array_equal(episodes[0], episodes[2])


def test_the_pendulum_has_the_published_spaces():
    env = gymnasium.make("Surefoot/UpkiePendulum-v0", max_ground_velocity=3.0)
    assert env.action_space.low.tolist() == [-3.0] and env.action_space.high.tolist() == [3.0]
    high = env.observation_space.high
    assert high[[0, 2, 3]].tolist() == pytest.approx([np.pi, 1000.0, 3.0]) and np.isinf(high[1])


def test_frequency_sets_the_step_and_the_time_limit_follows():
    env = gymnasium.make("Surefoot/UpkiePendulum-v0", frequency=100.0, episode_s=0.1)
    env.reset(seed=0)
    assert env.unwrapped.dt == 0.01
    ends = [env.step(np.zeros(1, np.float32))[3] for _ in range(10)]
    assert ends == [False] * 9 + [True]


def test_an_unknown_setting_is_refused():
    with pytest.raises(UnknownName, match="no setting named 'colour' in task 'upkie-pendulum'"):
        gymnasium.make("Surefoot/UpkiePendulum-v0", colour="red")
    with pytest.raises(InvalidConfig, match="of the wrong kind"):
        gymnasium.make("Surefoot/UpkiePendulum-v0", episode_s="long")


@pytest.mark.parametrize("env_id", IDS)
def test_vector_environments_reset_in_the_same_step_and_keep_the_final_observation(env_id):
    envs = gymnasium.make_vec(env_id, num_envs=3, episode_s=0.02, imperfect=False)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    obs, _ = envs.reset(seed=0)
    assert obs.shape == envs.observation_space.shape
    for _ in range(4):
        obs, reward, terminated, truncated, info = envs.step(np.zeros(envs.action_space.shape))
    assert truncated.all() and not terminated.any() and reward.shape == (3,)
    assert info["_final_obs"].all()
    assert all(not np.array_equal(info["final_obs"][i], obs[i]) for i in range(3))


def test_single_and_vector_agree_on_what_happens():
    single = gymnasium.make("Surefoot/UpkiePendulum-v0", imperfect=False)
    vector = gymnasium.make_vec("Surefoot/UpkiePendulum-v0", num_envs=1, imperfect=False)
    a, b = single.reset(seed=1)[0], vector.reset(seed=1)[0][0]
    for _ in range(10):
        np.testing.assert_array_equal(a, b)
        action = np.array([0.4], np.float32)
        a, b = single.step(action)[0], vector.step(action[None])[0][0]


def test_pictures_show_the_robot():
    env = gymnasium.make("Surefoot/UpkiePendulum-v0", render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    env.close()
    assert picture.shape == (480, 640, 3) and picture.std() > 10.0
