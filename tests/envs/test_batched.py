"""The contract of every task's environment: limits, resets, sums, divergence."""

from dataclasses import replace

import pytest
import torch

from surefoot.envs.batched import BatchedEnv
from surefoot.envs.make import make_batched
from surefoot.errors import NotFinite, SurefootError, UnknownName
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.upkie_config import UpkiePendulumConfig

UPKIE = [task for task in TASKS if task.startswith("upkie")]


def _make(task="upkie-pendulum", nb_envs=8, imperfect=True, **settings):
    config = replace(TASKS[task].config(), **settings)
    env = make_batched(task, config, nb_envs=nb_envs, seed=0, imperfect=imperfect, sim_threads=1)
    env.reset()
    return env


def _action(env, value=0.0):
    return torch.full((env.nb_worlds, env.interface.action_size), value)


@pytest.mark.parametrize("task", TASKS)
def test_reward_is_the_sum_of_the_weighted_terms(task):
    env = _make(task)
    for _ in range(5):
        t = env.step(_action(env, 0.3))
        total = sum(t.terms.values())
        torch.testing.assert_close(t.reward, total)
        assert t.reward.shape == (8,) and len(t.terms) >= 3


@pytest.mark.parametrize("task", TASKS)
def test_a_time_limit_truncates_and_shows_the_state_before_the_reset(task):
    env = _make(task, imperfect=False, episode_s=10.0 / TASKS[task].config().frequency)
    rest = torch.from_numpy(env.task.action.low + env.task.action.high).repeat(8, 1) / 2
    for k in range(1, 11):
        t = env.step(rest)
        assert t.truncated.all() == (k == 10) and not t.terminated.any()
        if k < 10:
            assert torch.equal(t.obs, t.final_obs)
    assert not torch.equal(t.obs, t.final_obs)
    if task in UPKIE:
        pitch = env.interface.observation.slice("pitch")
        assert (t.obs[:, pitch].abs() <= 0.25 + 1e-6).all()  # a fresh start
    for k in range(1, 11):  # and the clock began anew
        assert env.step(rest).truncated.all() == (k == 10)


@pytest.mark.parametrize("task", UPKIE)
def test_falls_terminate_and_never_truncate_too(task):
    env = _make(task, nb_envs=64, episode_s=1.0)
    fallen = torch.zeros(64, dtype=torch.bool)
    pitch = env.interface.observation.slice("pitch")
    for _ in range(400):
        t = env.step(_action(env, 1.5))
        assert not (t.terminated & t.truncated).any()
        beyond = t.final_obs[:, pitch].squeeze(1).abs() > 1.02  # noise is +-0.01
        assert (t.terminated | ~beyond).all()
        fallen |= t.terminated
    assert fallen.all()


def test_only_ended_worlds_are_reset():
    env = _make(nb_envs=32, imperfect=False, episode_s=100.0)
    while True:
        before = env.worlds.qpos.clone()
        t = env.step(_action(env, 2.0))
        if t.done.any() and not t.done.all():
            break
    moved = (env.worlds.qpos - before).abs().amax(dim=1)
    assert (moved[~t.done] < 0.5).all()
    assert torch.equal(t.obs[~t.done], t.final_obs[~t.done])
    assert (env.worlds.qpos[t.done, 2] == 0.6).all()


def test_the_reset_range_grows_with_the_curriculum():
    config = UpkiePendulumConfig(curriculum_steps=1000)
    env = make_batched("upkie-pendulum", config, nb_envs=10, seed=0, training=True)
    assert env.reset()[:, 0].abs().max() <= 0.01 + 1e-6  # upright, but for the sensor noise
    for k in range(1, 151):
        env.step(_action(env))
        assert env.reset_scale == pytest.approx(min(1.0, k / 100))


@pytest.mark.parametrize(("training", "steps"), [(True, 40), (False, 2000)])
def test_training_episodes_may_be_shorter_than_those_that_count(training: bool, steps: int):
    config = UpkiePendulumConfig(practice_s=0.2)
    env = make_batched("upkie-pendulum", config, nb_envs=2, seed=0, training=training)
    assert env.task.max_episode_steps == steps  # 0.2 s or 10 s, at 200 Hz


def test_a_nan_action_breaks_only_its_own_world():
    env, healthy = _make(nb_envs=40, imperfect=False), _make(nb_envs=40, imperfect=False)
    bad = _action(env)
    bad[3] = float("nan")
    t, reference = env.step(bad), healthy.step(_action(healthy))
    others = torch.arange(40) != 3
    assert t.terminated[3] and env.nb_diverged == 1 and env.report()["worlds/diverged"] == 1.0
    assert torch.equal(t.obs[others], reference.obs[others])
    assert torch.isfinite(t.obs).all() and torch.isfinite(t.final_obs).all()
    assert torch.isfinite(t.reward).all()
    t = env.step(_action(env))
    assert not t.terminated[3] and torch.isfinite(t.obs).all()


def test_a_broken_state_is_isolated_counted_and_reset():
    env = _make(nb_envs=40)
    env.worlds.qvel[5, 0] = float("nan")
    t = env.step(_action(env))
    assert t.terminated.nonzero().tolist() == [[5]] and env.nb_diverged == 1
    assert torch.isfinite(t.obs).all() and torch.isfinite(env.worlds.qpos).all()


def test_too_many_diverged_worlds_stop_the_training():
    env = _make(nb_envs=40)
    env.worlds.qvel[:3, 0] = float("nan")  # 3 of 40 are more than 5 %
    with pytest.raises(SurefootError, match="3 of 40 worlds diverged"):
        env.step(_action(env))


def test_a_term_that_is_not_finite_names_itself_and_its_worlds(monkeypatch):
    env = _make(nb_envs=4)
    terms = env.task.reward_terms

    def broken():
        values = terms()
        values["velocity"][2] = float("inf")
        return values

    monkeypatch.setattr(env.task, "reward_terms", broken)
    with pytest.raises(NotFinite, match=r"reward term 'velocity' is not finite in 1 world \(2\)"):
        env.step(_action(env))


def test_balancing_on_the_published_feedback_falls_at_the_predicted_rate():
    """v = 10 pitch on an exact roller grows at about g / 10 = 0.96 1/s (derivation in the docs)."""
    env = _make(nb_envs=1, imperfect=False, reset=replace(UpkiePendulumConfig().reset, pitch=0.0,
                v_x=0.0, omega_y=0.0), max_ground_velocity=3.0)  # fmt: skip
    obs, pitches = env.reset(), []
    for _ in range(2000):
        t = env.step(10.0 * obs[:, :1])
        obs = t.obs
        if t.done.any():
            break
        pitches.append(obs[0, 0].item())
    lean = torch.tensor(pitches).abs()
    growing = (lean > 0.03) & (lean < 0.15) & (torch.arange(len(lean)) > 100)
    time = torch.arange(len(lean))[growing] * 0.005
    rate = torch.linalg.lstsq(
        torch.stack([time, torch.ones_like(time)], 1), lean[growing].log()[:, None]
    ).solution[0].item()  # fmt: skip
    assert t.terminated.all()
    assert rate == pytest.approx(0.96, rel=0.2)


def test_zero_action_falls_within_ten_seconds():
    reset = replace(UpkiePendulumConfig().reset, pitch=0.0, v_x=0.0, omega_y=0.0)
    env = _make(nb_envs=20, imperfect=False, reset=reset)
    qpos = env.worlds.qpos.clone()
    lean = torch.linspace(0.02, 0.25, 10, dtype=torch.float64)
    lean = torch.cat([lean, -lean])
    qpos[:, 3], qpos[:, 5] = torch.cos(lean / 2), torch.sin(lean / 2)
    env.worlds.set_state(torch.arange(20), qpos, torch.zeros(20, 12, dtype=torch.float64))
    fallen = torch.zeros(20, dtype=torch.bool)
    for _ in range(1999):
        fallen |= env.step(_action(env)).terminated
    assert fallen.all()


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'upkie-pendulum'"):
        make_batched("upkie-pendulm", UpkiePendulumConfig(), nb_envs=1, seed=0)


def test_env_is_the_env_protocol():
    assert isinstance(_make(), BatchedEnv)
