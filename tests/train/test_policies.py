"""A policy from whatever names it, and every baseline."""

import math
import shutil
from dataclasses import replace

import pytest
import torch

from support import short_run
from surefoot.deploy.card import card_path
from surefoot.envs.make import make_batched
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.export.onnx import export_policy
from surefoot.signals import Layout
from surefoot.tasks.upkie_config import UpkiePendulumConfig
from surefoot.train.card import policy_card
from surefoot.train.checkpoint import load_checkpoint, save_checkpoint
from surefoot.train.policies import BASELINES, load_policy
from surefoot.train.run_folder import RunFolder, create_run_folder
from surefoot.train.session import Session


def saved(tmp_path, run) -> tuple[RunFolder, Session]:
    """A run that was saved before its first update."""
    folder, session = create_run_folder(tmp_path / "runs", run), Session(run)
    save_checkpoint(folder.last, session.state_dict())
    return folder, session


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_plays_the_pendulum_within_its_own_limits(name):
    loaded = load_policy(name)
    assert (loaded.task, loaded.interface, loaded.agent) == ("upkie-pendulum", None, None)
    assert loaded.config.max_ground_velocity == 3.0  # the feedbacks clip at 0.99 and 2.9 themselves
    loaded.policy.reset(3)
    actions = torch.cat(
        [loaded.policy.act(obs) for obs in (torch.zeros(3, 4), torch.full((3, 4), 0.1))]
    )
    assert actions.shape == (6, 1) and actions.dtype == torch.float32
    assert bool((actions.abs() <= 3.0).all())
    loaded.policy.reset_worlds(torch.tensor([True, False, True]))
    assert bool(torch.isfinite(loaded.policy.act(torch.zeros(3, 4))).all())


def test_the_feedbacks_by_hand():
    # pitch 0.02 rad, position 0.5 m, pitch velocity 0.3 rad/s, ground velocity -0.4 m/s
    observation = torch.tensor([[0.02, 0.5, 0.3, -0.4]])
    expected = {
        "zero": 0.0,
        "lecture-feedback": 10 * 0.02,
        "published-feedback": 10 * 0.02 + 1 * 0.5 + 0.1 * 0.3 - 0.1 * 0.4,
        "published-feedback-2.9": 10 * 0.02 + 1 * 0.5 + 0.1 * 0.3 - 0.1 * 0.4,
        "stabilising-feedback": 20 * 0.02 + 1 * 0.5 + 2 * 0.3 - 1.5 * 0.4,
    }
    for name, value in expected.items():
        policy = load_policy(name).policy
        policy.reset(1)
        assert float(policy.act(observation)[0, 0]) == pytest.approx(value, abs=1e-6), name


def test_random_commands_are_spread_over_the_range_and_the_same_in_each_sitting():
    first, second = load_policy("random").policy, load_policy("random").policy
    drawn = first.act(torch.zeros(4000, 4))
    assert torch.equal(drawn, second.act(torch.zeros(4000, 4)))
    assert not torch.equal(drawn, first.act(torch.zeros(4000, 4)))
    # uniform in +-1: mean 0 and variance 1/3, each within 5 standard errors of 4000 draws
    assert abs(float(drawn.mean())) < 5 * math.sqrt(1 / 3 / 4000)
    assert abs(float(drawn.var()) - 1 / 3) < 5 * math.sqrt(4 / 45 / 4000)
    assert float(drawn.abs().max()) <= 1.0


def test_a_baseline_plays_nothing_else():
    with pytest.raises(InvalidConfig, match="'lqr' plays upkie-pendulum, not upkie-gyropod"):
        load_policy("lqr", "upkie-gyropod")
    assert load_policy("lqr", "upkie-pendulum").task == "upkie-pendulum"


def test_a_name_that_is_nothing_comes_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no policy named 'lqg'.*Did you mean 'lqr'\?"):
        load_policy("lqg")


def test_a_file_called_like_a_baseline_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zero").mkdir()
    with pytest.raises(BadFile, match="zero: this is no run folder"):
        load_policy("zero")


@pytest.mark.parametrize("task", ["upkie-pendulum", "upkie-gyropod", "CartPole-v1"])
def test_a_run_and_its_checkpoint_are_the_agent_that_was_trained(tmp_path, task):
    folder, session = saved(tmp_path, short_run(task))
    for source in (folder.path, folder.last):
        loaded = load_policy(str(source), task)
        assert (loaded.task, loaded.config) == (task, session.run.config.task)
        assert loaded.interface == session.env.interface
        assert loaded.agent is not None and not loaded.agent.training
        for name, tensor in session.agent.state_dict().items():
            assert torch.equal(loaded.agent.state_dict()[name], tensor), name
    with pytest.raises(InvalidConfig, match=f"was trained for {task}, not for --task walking"):
        load_policy(str(folder.path), "walking")


def test_an_export_acts_as_its_agent_in_many_worlds_and_forgets_alone(tmp_path):
    folder, session = saved(tmp_path, short_run("upkie-pendulum"))
    with torch.no_grad():  # the last layer begins near zero: make the actions visible
        session.agent.actor[-1].weight.mul_(100.0)
    save_checkpoint(folder.last, session.state_dict())
    export_policy(session.agent, policy_card(session.agent, session.run), folder.policy)
    policies = [load_policy(str(source)).policy for source in (folder.path, folder.policy)]
    generator = torch.Generator().manual_seed(0)
    actions = [[], []]
    for policy in policies:
        policy.reset(3)
    for step in range(8):
        observation = 0.1 * torch.randn(3, 4, generator=generator)
        for policy, acted in zip(policies, actions, strict=True):
            acted.append(policy.act(observation))
            policy.reset_worlds(torch.tensor([False, step == 4, False]))
    ours, theirs = (torch.stack(acted) for acted in actions)
    torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-5)
    assert float(ours.abs().max()) > 0.01


def test_an_export_in_its_run_has_the_runs_settings_and_elsewhere_its_cards(tmp_path):
    task = UpkiePendulumConfig(frequency=250.0, max_ground_velocity=1.5, position_weight=7.0)
    run = short_run("upkie-pendulum")
    folder, session = saved(tmp_path, replace(run, config=replace(run.config, task=task)))
    export_policy(session.agent, policy_card(session.agent, session.run), folder.policy)
    inside = load_policy(str(folder.policy))
    assert inside.config == task
    elsewhere = tmp_path / "policy.onnx"
    shutil.copy(folder.policy, elsewhere)
    shutil.copy(card_path(folder.policy), card_path(elsewhere))
    alone = load_policy(str(elsewhere))
    assert isinstance(alone.config, UpkiePendulumConfig)
    assert (alone.config.frequency, alone.config.max_ground_velocity) == (250.0, 1.5)
    assert alone.config.position_weight == 1.0  # a card does not tell rewards
    for loaded in (inside, alone):
        env = make_batched(loaded.task, loaded.config, nb_envs=1, seed=0)
        assert loaded.interface == env.interface
        assert loaded.interface is not None and isinstance(loaded.interface.action, Layout)
    with pytest.raises(InvalidConfig, match="was trained for upkie-pendulum, not for --task x"):
        load_policy(str(elsewhere), "x")


def test_a_policy_checkpoint_without_a_training_can_be_played(tmp_path):
    folder, session = saved(tmp_path, short_run("upkie-pendulum"))
    save_checkpoint(folder.best, session.policy_content())
    assert load_policy(str(folder.best)).task == "upkie-pendulum"
    with pytest.raises(BadFile, match=r"no_checkpoint\.pt: there is no such checkpoint"):
        load_policy(str(folder.path / "no_checkpoint.pt"))


def test_a_checkpoint_that_does_not_fit_itself_is_refused_by_name(tmp_path):
    folder, _ = saved(tmp_path, short_run("upkie-pendulum"))
    content = load_checkpoint(folder.last)
    for name in ("run", "interface", "agent"):
        save_checkpoint(folder.best, {k: v for k, v in content.items() if k != name})
        with pytest.raises(BadFile, match=rf"best\.pt: this checkpoint is incomplete.*'{name}'"):
            load_policy(str(folder.best))
    weights = dict(content["agent"])
    weights.pop("actor.0.weight")
    save_checkpoint(folder.best, {**content, "agent": weights})
    with pytest.raises(BadFile, match=r"best\.pt: its weights do not fit its own settings"):
        load_policy(str(folder.best))


def test_a_run_that_has_not_saved_yet_says_so(tmp_path):
    folder = create_run_folder(tmp_path, short_run("CartPole-v1"))
    with pytest.raises(BadFile, match="this run has no checkpoint yet"):
        load_policy(str(folder.path))


def test_training_continues_only_with_the_settings_of_its_checkpoint(tmp_path):
    folder, session = saved(tmp_path, short_run("upkie-pendulum"))
    run, config = session.run, session.run.config
    assert folder.read_last(run) is not None
    free = replace(config, steps=7, sim_threads=3, checkpoint_updates=5)
    assert folder.read_last(replace(run, config=free)) is not None
    other = replace(config, seed=1, algo=replace(config.algo, gamma=0.5))
    with pytest.raises(BadFile, match=r"last\.pt: this checkpoint has another algo\.gamma, seed "
                                      r"than config\.yaml"):  # fmt: skip
        folder.read_last(replace(run, config=other))
    folder.last.unlink()
    assert folder.read_last(run) is None
