"""What rows say of actions, observations and ends: by hand, and in short trainings."""

import math

import numpy as np
import pytest
import torch

from support import short_run
from surefoot.agent.config import AgentConfig
from surefoot.agent.pipeline import Pipeline
from surefoot.envs.batched import Transition
from surefoot.errors import NotFinite
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.log import read_progress
from surefoot.train.loop import train
from surefoot.train.player import EpisodeStatistics, Player
from surefoot.train.run_folder import create_run_folder
from surefoot.train.session import Session
from surefoot.train.vital_signs import action_signs, observation_signs


def _pipeline(low=-1.0, high=3.0, **settings):
    seen = Layout((Signal(name="a", unit="1"), Signal(name="b", unit="1")))
    action = Layout((Signal(name="u", unit="1", low=low, high=high),))
    return Pipeline(AgentConfig(**settings), Interface(observation=seen, action=action, dt=0.1))


def test_saturation_and_size_are_of_outputs_in_their_range():
    mode = torch.tensor([[0.5], [-0.99], [7.0], [0.989]])
    signs = action_signs(_pipeline(), mode, torch.zeros(0))
    assert list(signs) == ["action/spread", "action/saturation", "action/size"]
    assert signs["action/saturation"] == 0.5
    clipped = (0.5**2 + 0.99**2 + 1.0 + 0.989**2) / 4
    assert signs["action/size"] == pytest.approx(math.sqrt(clipped))


def test_what_rates_add_up_to_has_a_range_of_its_own():
    pipeline = _pipeline(action_rates=(10.0,))
    state = pipeline.initial_state(2)
    # in a range from -1 to 3, a tenth of a second at 10 per second: to 1, and to 0.5
    _, state = pipeline.act(torch.tensor([[1.0], [0.5]]), state)
    signs = action_signs(pipeline, torch.zeros(2, 1), state)
    assert signs["action/command_saturation"] == 0.0
    # from the middle, 1, by half the range, 2: shares 0 and -0.25
    assert signs["action/command_size"] == pytest.approx(math.sqrt(0.25**2 / 2))
    for _ in range(3):
        _, state = pipeline.act(torch.tensor([[1.0], [0.0]]), state)
    signs = action_signs(pipeline, torch.zeros(2, 1), state)
    assert signs["action/command_saturation"] == 0.5


def test_the_largest_input_has_any_sign_and_clipping_needs_normalisation():
    features = torch.tensor([[1.0, -10.0], [3.0, 9.99]])
    assert observation_signs(_pipeline(), features) == {"observation/largest": 10.0}
    signs = observation_signs(_pipeline(normalize_observation=True), features)
    assert signs == {"observation/largest": 10.0, "observation/clipped": 0.25}


def test_spread_is_over_states_and_not_over_actions():
    mode = torch.tensor([[[0.0, 5.0]], [[2.0, 5.0]]])  # (T, E, A)
    # standard deviations 1 and 0
    assert action_signs(_pipeline(high=math.inf), mode, torch.zeros(0)) == {"action/spread": 0.5}


def _step(reward, ended, causes):
    """A step of two worlds."""
    nothing = torch.zeros(2, 1)
    return Transition(
        obs=nothing, final_obs=nothing, reward=torch.tensor(reward),
        terminated=torch.tensor(ended), truncated=torch.zeros(2, dtype=torch.bool),
        causes={name: torch.tensor(worlds) for name, worlds in causes.items()},
    )  # fmt: skip


def test_the_first_cause_that_holds_counts_for_an_episode():
    episodes = EpisodeStatistics(2)
    causes = {"fallen": [True, True], "drifted": [True, False], "time_limit": [False, True]}
    episodes.add(_step([1.0, 2.0], [False, True], causes))
    causes = {"fallen": [False, True], "drifted": [True, True], "time_limit": [False, True]}
    episodes.add(_step([5.0, 2.0], [True, True], causes))
    report = episodes.report()
    # world 1 fell twice, world 0 drifted; a cause without an end does not count
    assert report["ends/fallen"] == pytest.approx(2 / 3)
    assert report["ends/drifted"] == pytest.approx(1 / 3)
    assert report["ends/time_limit"] == 0.0
    # returns 2, 6 and 2 after 1, 2 and 1 steps
    assert report["rollout/ep_rew_mean"] == pytest.approx(10 / 3)
    assert report["rollout/ep_rew_std"] == pytest.approx(np.std([2.0, 6.0, 2.0]))
    assert report["rollout/ep_len_max_share"] == pytest.approx(1 / 3)


def test_causes_survive_a_checkpoint_and_older_ones_have_none():
    episodes, resumed = EpisodeStatistics(2), EpisodeStatistics(2)
    episodes.add(_step([1.0, 2.0], [True, True], {"fallen": [True, False], "other": [True, True]}))
    state = episodes.state_dict()
    resumed.load_state_dict(state)
    assert resumed.state_dict()["causes"] == ["fallen", "other"]
    del state["causes"]
    resumed.load_state_dict(state)
    resumed.add(_step([1.0, 2.0], [False, False], {"fallen": [True, True]}))
    assert resumed.report()["ends/fallen"] == 0.0


def _rows(tmp_path, task, algo, updates=3):
    run = short_run(task, updates=updates, algo=algo)
    folder = create_run_folder(tmp_path, run)
    train(Session(run), folder)
    return read_progress(folder.progress)


@pytest.mark.parametrize(
    ("task", "algo", "logged"),
    [
        (
            "upkie-pendulum",
            "ppo",
            {"spread", "saturation", "size", "command_saturation", "command_size"},
        ),
        ("Pendulum-v1", "ppo", {"spread", "saturation", "size"}),
        ("Pendulum-v1", "td3", {"spread", "saturation", "size"}),
        ("CartPole-v1", "dqn", {"spread"}),
        ("CartPole-v1", "ppo", set()),
    ],
)
def test_a_training_logs_what_its_actions_have(task, algo, logged, tmp_path):
    row = _rows(tmp_path, task, algo)[-1]
    names = {name.removeprefix("action/") for name in row if name.startswith("action/")}
    assert names == logged
    assert all(0.0 <= float(row[f"action/{name}"]) <= 1.0 for name in names)
    assert float(row["observation/largest"]) > 0.0


def test_a_training_says_why_its_episodes_ended(tmp_path):
    row = _rows(tmp_path, "CartPole-v1", "dqn", updates=9)[-1]
    assert float(row["ends/terminated"]) == 1.0 and float(row["ends/time_limit"]) == 0.0


class _Broken:
    """An environment whose last sensor reads NaN in world 2 from some step on."""

    def __init__(self, env, *, at, last):
        self._env, self._at, self._last, self._steps = env, at, last, 0
        self.interface, self.nb_worlds = env.interface, env.nb_worlds

    def reset(self):
        return self._env.reset()

    def step(self, action):
        step = self._env.step(action)
        self._steps += 1
        if self._steps < self._at:
            return step
        final = step.final_obs.clone()
        final[2, -1] = math.nan
        if self._last:  # only what the episode ended with
            step.terminated[2] = True
            step.final_obs = final
        else:
            step.obs = step.final_obs = final
        return step


@pytest.mark.parametrize("last", [False, True])
def test_a_sensor_that_reads_nan_is_named_before_anything_is_learned_from_it(last):
    session = Session(short_run("upkie-pendulum"))
    player = Player(_Broken(session.env, at=5, last=last), session.agent)
    player.begin()
    output = torch.zeros(session.env.nb_worlds, 1)
    with pytest.raises(NotFinite) as error:
        for _ in range(10):
            player.hold(output)
    assert str(error.value) == (
        "observation 'ground_velocity' is not finite in 1 world (2). Check the sensor and what it "
        "is computed from."
    )


def test_a_training_that_breaks_off_leaves_its_reason_until_it_goes_on(tmp_path):
    run = short_run("CartPole-v1", updates=4)
    folder = create_run_folder(tmp_path, run)
    train(Session(run), folder, stop_after=2)
    assert not folder.failure.exists()
    session = Session(run, load_checkpoint(folder.last))
    session.learning.learner._optimizer.learning_rate = math.nan
    session.learning.learner._schedules["learning_rate"].follow_progress = lambda _: None
    session.learning.learner._schedules["learning_rate"].value = math.nan
    with pytest.raises(NotFinite):
        train(session, folder)
    assert (
        "is not finite. Train again with a lower algo.learning_rate" in folder.failure.read_text()
    )
    train(Session(run, load_checkpoint(folder.last)), folder)
    assert not folder.failure.exists()
