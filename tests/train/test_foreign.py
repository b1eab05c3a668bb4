"""The same policy in somebody else's environment: what is sent, what counts, what is refused."""

import math
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

import surefoot.envs  # noqa: F401 - registers our environments
from surefoot.deploy.environments import make_env
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig, Mismatch, NotFinite
from surefoot.signals import Interface, Layout, Signal
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.upkie_config import ResetRange, UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.train.foreign import (
    check_fit,
    evaluate_foreign,
    foreign_arguments,
    randomize_start,
)

SPEED = Signal(name="speed", unit="m/s", low=-2.0, high=2.0)
COMMANDED = Interface(
    observation=Layout(
        (
            Signal(name="wish", unit="m/s", source="operator"),
            Signal(name="place", unit="m", size=2),
        )
    ),
    action=Layout((SPEED,)),
    dt=0.005,
)
"""The operator's command comes first, so that its place matters."""


class Theirs(gymnasium.Env):
    """Pays its step's number; the episodes end as told."""

    def __init__(self, ends=(), *, size=2, action=None, dt=None, observation=0.0):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self.action_space = action or gymnasium.spaces.Box(-3.0, 3.0, (1,), np.float32)
        self._ends, self._observation, self._episode = ends, observation, -1
        if dt is not None:
            self.dt = dt
        self.seeds, self.sent = [], []

    def reset(self, *, seed=None, options=None):
        self._episode, self._step = self._episode + 1, 0
        self.seeds.append(seed)
        return self._show(), {}

    def _show(self):
        return np.full(self.observation_space.shape, self._observation + self._step, np.float32)

    def step(self, action):
        self._step += 1
        self.sent.append(action)
        length, kind = self._ends[self._episode]
        over = self._step == length
        return (self._show(), float(self._step), over and kind in ("falls", "both"),
                over and kind in ("time", "both"), {})  # fmt: skip


class Puppet:
    """Sends a fixed action and remembers what it saw."""

    def __init__(self, *answer: float) -> None:
        self._answer, self.seen, self.nb_resets = answer, [], 0

    def reset(self, nb_worlds):
        assert nb_worlds == 1
        self.nb_resets += 1

    def reset_worlds(self, done):
        raise AssertionError("episodes begin with reset here")

    def act(self, observation):
        self.seen.append(observation[0].tolist())
        return torch.tensor([self._answer])


def test_returns_falls_and_lengths_by_hand():
    env = Theirs([(3, "falls"), (2, "time"), (4, "both"), (99, "falls")])
    done: list[int] = []
    policy = Puppet(0.5)
    result = evaluate_foreign(policy, COMMANDED, None, env, episodes=4, max_steps=5, seed=11,
                              on_episode=done.append)  # fmt: skip
    # 1+2+3, 1+2, 1+2+3+4, and 1+2+3+4+5 until our limit; both at once is a fall
    assert (result.episodes, result.falls) == (4, 2)
    assert result.return_mean == (6.0 + 3.0 + 10.0 + 15.0) / 4.0
    assert result.length_mean == (3 + 2 + 4 + 5) / 4
    assert result.reward_per_step == 34.0 / 14.0
    assert (result.terms, result.nb_diverged) == ({}, 0)
    assert env.seeds == [11, None, None, None]  # one sequence of episodes
    assert policy.nb_resets == 4 and done == [1, 2, 3, 4]


def test_commands_that_the_environment_does_not_show_are_zero():
    policy = Puppet(0.5)
    env = Theirs([(3, "time")])
    evaluate_foreign(policy, COMMANDED, None, env, episodes=1, max_steps=9)
    assert policy.seen == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 2.0, 2.0]]
    policy, env = Puppet(0.5), Theirs([(2, "time")], size=3)  # this one shows them
    evaluate_foreign(policy, COMMANDED, None, env, episodes=1, max_steps=9)
    assert policy.seen == [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]


def test_actions_have_the_environments_form_and_stay_within_the_policys_bounds():
    env = Theirs([(1, "time")])
    evaluate_foreign(Puppet(9.0), COMMANDED, None, env, episodes=1, max_steps=9)
    assert env.sent[0].dtype == np.float32 and env.sent[0].tolist() == [2.0]
    square = gymnasium.spaces.Box(-3.0, 3.0, (2, 2), np.float32)
    four = replace(COMMANDED, action=Layout((replace(SPEED, size=4),)))
    env = Theirs([(1, "time")], action=square)
    evaluate_foreign(Puppet(0.0, 1.0, -1.0, -9.0), four, None, env, episodes=1, max_steps=9)
    assert env.sent[0].tolist() == [[0.0, 1.0], [-1.0, -2.0]]
    choice = replace(COMMANDED, action=3)
    env = Theirs([(1, "time")], action=gymnasium.spaces.Discrete(3, start=5))
    evaluate_foreign(Puppet(2.0), choice, None, env, episodes=1, max_steps=9)
    assert env.sent == [7] and type(env.sent[0]) is int


@pytest.mark.parametrize(
    ("interface", "env", "sentence"),
    [
        (COMMANDED, Theirs(size=4), "the policy reads 2 or 3 values .wish, place., Theirs shows 4"),
        (COMMANDED, Theirs(action=gymnasium.spaces.Box(-3.0, 3.0, (2,))), "policy sends 1 values"),
        (COMMANDED, Theirs(action=gymnasium.spaces.Discrete(2)), r"takes Discrete\(2\)"),
        (COMMANDED, Theirs(action=gymnasium.spaces.Box(-3.0, 1.0, (1,))), "takes only"),
        (COMMANDED, Theirs(action=gymnasium.spaces.Box(-1.0, 3.0, (1,))), "takes only"),
        (replace(COMMANDED, action=3), Theirs(), "the policy has 3 choices"),
        (replace(COMMANDED, action=3), Theirs(action=gymnasium.spaces.Discrete(4)), "3 choices"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_sent(interface, env, sentence):
    with pytest.raises(Mismatch, match=sentence):
        evaluate_foreign(Puppet(0.0), interface, None, env, episodes=1, max_steps=9)
    assert env.seeds == []


def test_our_policies_are_refused_at_another_rate_and_theirs_have_none():
    ours = make_batched("upkie-pendulum", UpkiePendulumConfig(), nb_envs=1, seed=0).interface
    env = make_env("Upkie-Mock-Pendulum", frequency=100.0)
    with pytest.raises(Mismatch, match="runs at 200 Hz, Upkie-Mock-Pendulum at 100 Hz"):
        check_fit(ours, env, UpkiePendulumConfig())
    env.close()
    config = GymnasiumConfig(env_id="Pendulum-v1")
    theirs = make_gymnasium(config, nb_envs=1, seed=0).interface
    check_fit(theirs, gymnasium.make("Pendulum-v1"), config)


def test_numbers_that_are_not_finite_stop_the_evaluation():
    env = Theirs([(9, "time")])
    with pytest.raises(NotFinite, match="the policy's action is not finite"):
        evaluate_foreign(Puppet(math.nan), COMMANDED, None, env, episodes=1, max_steps=9)
    assert env.sent == []
    env = Theirs([(9, "time")], observation=math.inf)
    with pytest.raises(NotFinite, match="the environment's observation is not finite"):
        evaluate_foreign(Puppet(0.0), COMMANDED, None, env, episodes=1, max_steps=9)
    with pytest.raises(InvalidConfig, match="at least 1 step, got 0"):
        evaluate_foreign(Puppet(0.0), COMMANDED, None, Theirs(), episodes=1, max_steps=0)


class Wave:
    """Commands that change all the time, faster than the robot may drive now and then."""

    def reset(self, nb_worlds):
        self._step = 0

    def reset_worlds(self, done):
        raise AssertionError

    def act(self, observation):
        self._step += 1
        return torch.tensor([[2.5 * math.sin(0.3 * self._step)]])


class Record(gymnasium.Wrapper):
    """Remembers the reward and its terms, as the environment itself counts them."""

    def __init__(self, env):
        super().__init__(env)
        self.rewards, self.terms, self.falls = [], [], 0

    def step(self, action):
        result = self.env.step(action)
        self.rewards.append(result[1])
        self.terms.append(result[4]["reward_terms"])
        self.falls += result[2]
        return result


def test_the_reward_seen_from_outside_is_the_environments_own():
    config = UpkiePendulumConfig(approach_weight=0.5, episode_s=0.5)
    env = Record(gymnasium.make("Surefoot/UpkiePendulum-v0", imperfect=False, approach_weight=0.5))
    interface = make_batched("upkie-pendulum", config, nb_envs=1, seed=0).interface
    result = evaluate_foreign(Wave(), interface, config, env, episodes=3, max_steps=100, seed=5)
    assert len(env.rewards) == round(result.length_mean * 3)
    assert result.return_mean * 3 == pytest.approx(sum(env.rewards), rel=1e-5)
    own = {name: np.mean([terms[name] for terms in env.terms]) for name in env.terms[0]}
    assert result.terms == pytest.approx(own, rel=1e-4)
    assert {*own} == {"position", "velocity", "smoothness", "approach"}
    assert own["smoothness"] < -0.1  # the command did change, and did reach its bounds
    assert result.falls == env.falls


def test_a_reward_that_needs_more_than_an_observation_is_theirs():
    config = UpkieGyropodConfig()
    interface = make_batched("upkie-gyropod", config, nb_envs=1, seed=0).interface
    env = Record(gymnasium.make("Surefoot/UpkieGyropod-v0", imperfect=False))
    result = evaluate_foreign(Puppet(0.0, 0.0), interface, config, env, episodes=1, max_steps=20)
    assert result.terms == {} and result.length_mean == 20.0
    assert result.return_mean == pytest.approx(sum(env.rewards))


def test_known_environments_get_the_policys_rate_and_our_own_no_imperfections():
    config = UpkiePendulumConfig(frequency=250.0, max_ground_velocity=1.5)
    assert foreign_arguments("Upkie-PyBullet-Pendulum", config) == {"frequency": 250.0}
    assert foreign_arguments("Surefoot/UpkiePendulum-v0", config) == {
        "frequency": 250.0, "max_ground_velocity": 1.5, "imperfect": False,
    }  # fmt: skip
    assert foreign_arguments("CartPole-v1", config) == {}
    assert foreign_arguments("Upkie-PyBullet-Pendulum", GymnasiumConfig(env_id="CartPole-v1")) == {}
    assert foreign_arguments("Upkie-PyBullet-Pendulum", None) == {}


def test_an_upkie_starts_where_ours_do():
    config = UpkiePendulumConfig(reset=ResetRange(pitch=0.3, v_x=0.2, omega_y=0.4, z=0.01))
    env = make_env("Upkie-PyBullet-Pendulum", frequency=200.0)
    assert randomize_start(env, config)
    pitches = np.array([env.reset(seed=seed)[0][0] for seed in range(20)])
    env.close()
    # uniform in +-0.3, and a little further by what the first observation integrates; that all of
    # 20 lie within 0.2 has a chance of (2 / 3)^20 = 3e-4
    assert 0.2 < np.abs(pitches).max() < 0.35
    assert pitches.min() < 0.0 < pitches.max()
    assert not randomize_start(gymnasium.make("CartPole-v1"), config)
    assert not randomize_start(env, GymnasiumConfig(env_id="CartPole-v1"))
