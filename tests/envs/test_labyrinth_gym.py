"""The labyrinth through Gymnasium."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import surefoot.envs  # noqa: F401 - registers
from surefoot.errors import InvalidConfig
from surefoot.tasks.labyrinth_config import GYM_ID, SPARSE_GYM_ID


@pytest.mark.parametrize("observation", ["position", "cell", "picture"])
def test_gymnasiums_own_checker_is_content(observation):
    env = gymnasium.make(GYM_ID, observation=observation, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


def test_the_corridor_is_walked_to_its_end():
    env = gymnasium.make(GYM_ID, maze="corridor", random_start=False)
    observation, _ = env.reset(seed=0)
    assert observation.tolist() == [0.0, 0.0]
    steps = [env.step(2) for _ in range(10)]  # east
    assert [step[0].tolist() for step in steps] == [[0.0, column] for column in range(1, 11)]
    assert [step[1] for step in steps] == [-1.0] * 10
    assert [step[2] for step in steps] == [False] * 9 + [True]
    assert not any(step[3] for step in steps)


def test_time_is_up_after_the_limit():
    env = gymnasium.make(GYM_ID, maze="corridor", max_episode_steps=None, random_start=False)
    env.reset(seed=0)
    ends = [env.step(3)[2:4] for _ in range(20)]  # west: into the wall
    assert ends == [(False, False)] * 19 + [(False, True)]


def test_in_the_sparse_labyrinth_only_the_exit_pays_and_the_walker_is_seen_from_above():
    env = gymnasium.make(SPARSE_GYM_ID)
    walk = [2] * 10 + [1] * 2 + [3] * 10 + [1] * 2 + [2] * 10  # east, south, west, south, east
    for _ in range(2):  # each episode begins at the start
        seen, _ = env.reset()
        assert seen.shape == (7, 13) and seen[1, 1] == seen.sum() == 1.0
        steps = [env.step(move) for move in walk]
        assert [step[1] for step in steps] == [0.0] * 33 + [1.0]
        assert [step[2] for step in steps] == [False] * 33 + [True]
        assert steps[9][0][1, 11] == 1.0 and steps[33][0][5, 11] == 1.0
        assert all(step[0].sum() == 1.0 for step in steps)
    env.reset()
    lost = [env.step(0)[1:4] for _ in range(100)]
    assert lost == [(0.0, False, False)] * 99 + [(0.0, False, True)]


def test_an_episode_begins_anywhere_and_slips_by_the_seed():
    env = gymnasium.make(GYM_ID, observation="cell", slip=0.5)
    starts = {env.reset(seed=seed)[0] for seed in range(50)}
    assert len(starts) > 20
    walks = []
    for seed in (1, 1, 2):
        env.reset(seed=seed)
        walks.append([env.step(0)[0] for _ in range(30)])
    assert walks[0] == walks[1] != walks[2]


def test_a_picture_shows_walls_exit_and_walker():
    env = gymnasium.make(GYM_ID, maze="corridor", random_start=False, render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (16, 176, 3)
    walker, free, exit_ = picture[8, 8], picture[8, 24], picture[8, 168]
    assert len(np.unique([walker, free, exit_], axis=0)) == 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"colour": "red"}, "no such setting.*colour"),
        ({"objective": "cost"}, "Gymnasium environments give rewards"),
        ({"observation": "image"}, "must be 'position', 'cell' or 'picture', got 'image'"),
    ],
)
def test_mistakes(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        gymnasium.make(GYM_ID, **settings)
