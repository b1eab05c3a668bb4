"""The standard evaluation of walking: its commands, what is recorded, and who fails it."""

import math

import numpy as np
import pytest
import torch

from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig, NotFinite
from surefoot.tasks.upkie_config import UpkiePendulumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.walking_evaluate import evaluate_walking, record_walk, standard_commands


class Hold:
    """Sends every joint home, and NaN after so many steps."""

    def __init__(self, env, *, nan_from=10**9):
        self._home = torch.from_numpy(env.task.body.home).float()
        self._nan_from, self.nb, self.forgotten, self.seen = nan_from, 0, [], []

    def reset(self, nb_worlds):
        self.nb = 0

    def reset_worlds(self, done):
        self.forgotten.append(done.clone())

    def act(self, observation):
        self.nb += 1
        self.seen.append(observation.clone())
        action = self._home.repeat(len(observation), 1)
        return action * (torch.nan if self.nb > self._nan_from else 1.0)


def _env(nb_envs=4, **settings):
    config = WalkingConfig(**settings)
    return make_batched(
        "quadruped-flat", config, nb_envs=nb_envs, seed=0, imperfect=False, sim_threads=1
    )


def test_three_quarters_of_the_commands_are_fast_and_all_are_from_the_grid():
    commands = standard_commands(4, 32, seed=0, leg_length=0.4)
    assert commands.shape == (4, 32, 3)
    speed = commands[..., :2].norm(dim=2)
    assert int((speed >= 0.5).sum()) == 96 and int((speed == 0.0).sum()) == 32
    assert set(commands[..., 0].unique().tolist()) == {-1.0, -0.5, 0.0, 0.5, 1.0}
    assert set(commands[..., 1].unique().tolist()) == {-0.5, 0.0, 0.5}
    assert set(commands[..., 2].unique().tolist()) == {-1.0, 0.0, 1.0}
    # every fast command of the grid: 5 x 3 x 3 less the 3 that only turn
    assert len({tuple(row) for row in commands[speed >= 0.5].tolist()}) > 30
    for nb_robots, nb_fast in ((1, 3), (2, 6), (3, 9)):
        few = standard_commands(4, nb_robots, seed=0, leg_length=0.4)
        assert int((few[..., :2].norm(dim=2) >= 0.5).sum()) == nb_fast


def test_the_seed_decides_the_commands():
    first = standard_commands(4, 8, seed=0, leg_length=0.4)
    assert torch.equal(first, standard_commands(4, 8, seed=0, leg_length=0.4))
    assert not torch.equal(first, standard_commands(4, 8, seed=1, leg_length=0.4))


def test_short_legs_walk_in_proportion_and_turn_as_fast():
    full, short = (standard_commands(4, 32, seed=0, leg_length=length) for length in (0.32, 0.16))
    torch.testing.assert_close(short[..., :2], 0.5 * full[..., :2])
    assert torch.equal(short[..., 2], full[..., 2])
    assert torch.equal(standard_commands(4, 32, seed=0, leg_length=0.6), full)


def test_a_robot_that_stands_still_scores_worse_than_half_a_metre_per_second():
    env = _env(16)
    result = evaluate_walking(Hold(env), env, seed=0)
    assert result.falls == 0 and result.falls_per_minute == 0.0
    # the mean speed of the fast commands is 0.81 m/s, and a quarter of all is 0: 0.61 m/s
    assert 0.5 < result.tracking_error_linear < 0.9
    assert 0.4 < result.tracking_error_yaw < 0.95  # two of three commands turn at 1 rad/s
    assert {"air time between 0.1 and 0.5 s", "feet lifted by 3 cm"} <= set(result.flaws)
    assert (result.episodes, result.length_mean) == (16, 1000.0)
    assert result.reward_per_step == pytest.approx(result.return_mean / 1000.0)


def test_the_record_follows_the_commands_and_leaves_out_the_first_second():
    env = _env(2, episode_s=9.0)  # the time limit, after step 450, is in the second hold
    commands = torch.tensor([[[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.5, 1.0]] * 2])
    policy = Hold(env)
    record = record_walk(policy, env, commands)
    assert record.command.shape == (500, 2, 3) and record.dt == pytest.approx(0.02)
    assert record.nominal_height == pytest.approx(env.task.leg_length)
    for step in (0, 249, 250, 499):
        np.testing.assert_array_equal(record.command[step], commands[step // 250])
    # the policy saw the command in the same step
    shown = env.interface.observation.slice("target_velocity_x").start
    seen = torch.stack(policy.seen)[..., shown : shown + 3]
    np.testing.assert_array_equal(seen.numpy(), record.command)
    # 50 steps after each new command, and after the time limit, do not count; nor does that step,
    # whose numbers belong to the next episode already
    left_out = np.flatnonzero(~record.settled[:, 0]).tolist()
    assert left_out == [*range(50), *range(250, 300), 449, *range(450, 500)]
    assert not record.fell.any()
    assert policy.forgotten[449].all() and sum(bool(f.any()) for f in policy.forgotten) == 1
    # measured velocities are those of the robot's frame, in the order of the command
    assert np.abs(record.velocity[100:249]).max() < 0.1


def test_falls_are_counted_and_the_robot_stands_up_again():
    env = _env(3, fall_height=0.95)  # whoever sinks into the knees a little has fallen
    record = record_walk(Hold(env), env, torch.zeros(1, 3, 3))
    falls = record.fell.sum(axis=0)
    assert (falls >= 2).all()
    for robot in range(3):
        when = np.flatnonzero(record.fell[:, robot])
        assert when[0] >= 3 and np.diff(when).min() >= 3  # it stood in between
        for step in when:
            assert not record.settled[step : step + 51, robot].any()
    result = evaluate_walking(Hold(env), env, seed=0)
    assert result.falls == 3  # of three episodes
    assert result.falls_per_minute > 6.0
    assert math.isnan(result.tracking_error_linear) and result.flaws


def test_actions_that_are_nan_are_refused():
    env = _env(2)
    with pytest.raises(NotFinite, match=r"the policy's action is not finite in 2 worlds"):
        record_walk(Hold(env, nan_from=3), env, torch.zeros(1, 2, 3))


def test_only_walkers_are_evaluated_so():
    env = make_batched("upkie-pendulum", UpkiePendulumConfig(), nb_envs=1, seed=0, sim_threads=1)
    with pytest.raises(InvalidConfig, match="needs a walking task, not upkie-pendulum"):
        record_walk(Hold(_env(1)), env, torch.zeros(1, 1, 3))
