"""Evaluation: figures by hand, each world's first episode alone, and what is refused."""

import math

import numpy as np
import pytest
import torch

from surefoot.envs.batched import Transition
from surefoot.errors import InvalidConfig, NotFinite
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.evaluate import check_finite, evaluate, summarize

ONE = Layout((Signal(name="x", unit="1"),))


def test_summary_by_hand():
    result = summarize(
        np.array([1.0, 2.0, 6.0]), np.array([1.0, 10.0, 100.0]), np.array([True, False, True]),
        {"good": 111.0, "bad": -22.2}, wall_s=0.5, nb_diverged=1,
    )  # fmt: skip
    assert (result.episodes, result.falls, result.nb_diverged) == (3, 2, 1)
    assert result.return_mean == 3.0
    assert result.length_mean == 37.0
    assert result.reward_per_step == pytest.approx(9.0 / 111.0)  # not the mean of three ratios
    assert result.terms == pytest.approx({"good": 1.0, "bad": -0.2})
    # deviations -2, -1, 3: variance (4 + 1 + 9) / 2 = 7; Student's t for 2 degrees and 97.5 %, from
    # a table: 4.30265; half = t sqrt(7 / 3)
    half = 4.302652729911275 * math.sqrt(7.0 / 3.0)
    assert result.return_ci95 == pytest.approx((3.0 - half, 3.0 + half))


def test_the_interval_of_fifty_equal_episodes_has_no_width_and_of_one_neither():
    for returns in (np.full(50, 2.5), np.array([2.5])):
        nb = len(returns)
        result = summarize(returns, np.ones(nb), np.zeros(nb, dtype=bool), {}, wall_s=0.0)
        assert result.return_ci95 == (2.5, 2.5)


class Script:
    """Three worlds whose every step pays 1, 10 or 100; each begins anew when it has ended."""

    def __init__(self, *, ends: dict[int, dict[int, str]]) -> None:
        self.interface = Interface(observation=ONE, action=ONE, dt=1.0)
        self.nb_worlds, self._ends, self._step = 3, ends, 0
        self.seen: list[list[float]] = []

    def reset(self):
        return torch.zeros(3, 1)

    def step(self, action):
        self._step += 1
        self.seen.append(action[:, 0].tolist())
        ends = self._ends.get(self._step, {})
        reward = torch.tensor([1.0, 10.0, 100.0])
        return Transition(
            obs=torch.full((3, 1), float(self._step)),
            final_obs=torch.zeros(3, 1),
            reward=reward,
            terminated=torch.tensor([ends.get(i) == "falls" for i in range(3)]),
            truncated=torch.tensor([ends.get(i) == "time" for i in range(3)]),
            terms={"half": 0.5 * reward, "rest": 0.5 * reward},
        )

    def report(self):
        return {"worlds/diverged": 2.0}


class Follow:
    """Sends what it saw, or NaN in chosen worlds from a chosen step on."""

    def __init__(self, nan_in: int | None = None, nan_from: int = 0) -> None:
        self.nb_resets, self.forgotten = 0, []
        self._nan_in, self._nan_from = nan_in, nan_from

    def reset(self, nb_worlds):
        self.nb_resets += 1
        assert nb_worlds == 3

    def reset_worlds(self, done):
        self.forgotten.append(done.nonzero()[:, 0].tolist())

    def act(self, observation):
        action = observation.clone()
        if self._nan_in is not None and float(observation[0, 0]) >= self._nan_from:
            action[self._nan_in] = torch.nan
        return action


def test_the_first_episode_of_each_world_counts_and_a_fall_counts_once():
    # world 0 falls at step 2, again at 3 and 4; world 1 runs out of time at 3, then falls at 4;
    # world 2 falls at 5, and nobody is left to watch what comes then
    ends = {2: {0: "falls"}, 3: {0: "falls", 1: "time"}, 4: {0: "falls", 1: "falls"},
            5: {2: "falls"}, 6: {0: "falls"}}  # fmt: skip
    env, policy = Script(ends=ends), Follow()
    result = evaluate(policy, env, episodes=3, max_steps=100)
    assert (result.episodes, result.falls) == (3, 2)
    # returns 2 x 1, 3 x 10 and 5 x 100; lengths 2, 3 and 5
    assert result.return_mean == pytest.approx(532.0 / 3.0)
    assert result.length_mean == pytest.approx(10.0 / 3.0)
    assert result.reward_per_step == pytest.approx(53.2)
    assert result.terms == pytest.approx({"half": 26.6, "rest": 26.6})
    assert result.nb_diverged == 2
    assert len(env.seen) == 5  # it stops with the last first episode
    assert env.seen[2] == [2.0, 2.0, 2.0]  # the policy goes on from `obs`, not from `final_obs`
    assert policy.nb_resets == 1
    assert policy.forgotten == [[], [0], [0, 1], [0, 1], [2]]  # its memory too, in each new episode


def test_the_time_limit_ends_what_does_not_end_by_itself():
    env = Script(ends={})
    result = evaluate(Follow(), env, episodes=3, max_steps=4)
    assert (result.falls, result.length_mean, len(env.seen)) == (0, 4.0, 4)
    assert result.return_mean == pytest.approx((4.0 + 40.0 + 400.0) / 3.0)


def test_an_action_that_is_nan_names_its_worlds_while_they_count():
    with pytest.raises(NotFinite, match=r"the policy's action is not finite in 1 world \(1\)"):
        evaluate(Follow(nan_in=1), Script(ends={}), episodes=3, max_steps=9)
    # world 1 is over after the first step; what its policy does later is nobody's business
    env = Script(ends={1: {1: "falls"}})
    result = evaluate(Follow(nan_in=1, nan_from=1), env, episodes=3, max_steps=9)
    assert (result.falls, result.length_mean) == (1, 19.0 / 3.0)


def test_infinite_actions_are_not_finite_either():
    running = torch.tensor([True, False, True])
    action = torch.tensor([[0.0, math.inf], [math.nan, 0.0], [0.0, -math.inf]])
    with pytest.raises(NotFinite, match=r"in 2 worlds \(0, 2\)"):
        check_finite(action, running)
    check_finite(action[1:2], torch.tensor([False]))


def test_a_world_for_each_episode_and_a_step_in_each():
    with pytest.raises(InvalidConfig, match="one world per episode, got 3 worlds and 4 episodes"):
        evaluate(Follow(), Script(ends={}), episodes=4, max_steps=9)
    with pytest.raises(InvalidConfig, match="an episode must have at least 1 step, got 0"):
        evaluate(Follow(), Script(ends={}), episodes=3, max_steps=0)
