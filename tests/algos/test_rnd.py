"""Curiosity: what is new, how it is scaled, that it does not end, and that it finds the goal."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from support import short_run
from surefoot.algos.rnd import RND, Curiosity
from surefoot.algos.rnd_config import RNDConfig
from surefoot.data.rollout import Rollout
from surefoot.errors import InvalidConfig
from surefoot.train.session import Session


def _session(**settings):
    run = short_run("CartPole-v1", algo="rnd")
    algo = replace(run.config.algo, **settings)
    return Session(replace(run, config=replace(run.config, algo=algo)))


def _rollout(agent, T=3, E=2):
    random = torch.Generator().manual_seed(1)
    features = torch.randn(T + 1, E, 4, generator=random)
    done = torch.zeros(T, E, dtype=torch.bool)
    done[1, 0] = True
    with torch.no_grad():
        law = agent.distribution(features[:-1].flatten(0, 1))
        action = law.sample(random)
        log_prob = law.log_prob(action)
    return Rollout(
        features=features[:-1], action=action.unflatten(0, (T, E)),
        log_prob=log_prob.unflatten(0, (T, E)), reward=torch.randn(T, E, generator=random),
        terminated=done, done=done, last_features=features[-1],
        truncated_at=torch.zeros(0, 2, dtype=torch.int64), truncated_features=features[0, :0],
        memory=torch.zeros(E, 0), truncated_memory=torch.zeros(0, 0),
    )  # fmt: skip


def test_novelty_is_the_mean_square_error_at_normalised_clipped_features():
    curiosity = Curiosity(2, RNDConfig(), torch.Generator().manual_seed(0))
    curiosity.moments.update(torch.tensor([[0.0, 10.0], [2.0, 30.0]]))  # mean 1, 20; std 1, 10
    x = torch.tensor([[1.0, 20.0], [3.0, 10.0], [99.0, 20.0]])
    z = torch.tensor([[0.0, 0.0], [2.0, -1.0], [5.0, 0.0]])
    expected = ((curiosity.predictor(z) - curiosity.target(z)) ** 2).mean(dim=1)
    torch.testing.assert_close(curiosity(x), expected)
    assert expected[0] == 0.0  # zero biases: both networks give 0 at 0


def test_what_is_met_often_is_no_longer_new():
    session = _session(rnd_learning_rate=1e-2)
    learner = session.learning.learner
    assert isinstance(learner, RND)
    random = torch.Generator().manual_seed(0)
    familiar, strange = torch.randn(64, 4, generator=random), torch.randn(64, 4, generator=random)
    curiosity = learner._curiosity
    target = [p.clone() for p in curiosity.target.parameters()]
    before = curiosity(familiar).mean(), curiosity(strange).mean()
    for _ in range(40):
        learner._learn_to_predict(familiar)
    after = curiosity(familiar).mean(), curiosity(strange).mean()
    assert after[0] < 0.1 * before[0] and after[1] > 4.0 * after[0]
    assert all(
        torch.equal(a, b) for a, b in zip(target, curiosity.target.parameters(), strict=True)
    )


def test_the_intrinsic_return_goes_on_after_an_episode_and_is_scaled_by_its_spread():
    learner = _session(int_gamma=0.5).learning.learner
    learner.config = replace(learner.config, gae_lambda=1.0)
    rollout = _rollout(learner.agent)
    met = torch.cat([rollout.features[1:], rollout.last_features[None]])
    with torch.no_grad():
        novelty = learner._curiosity(met)  # (3, 2), of what each step led to
        values = learner.own(torch.cat([rollout.features, rollout.last_features[None]]))[..., 0]
    # discounted from the past: e_t = 0.5 e_(t-1) + n_t, through the end of an episode at step 1
    e0, e1 = novelty[0], 0.5 * novelty[0] + novelty[1]
    e2 = 0.5 * e1 + novelty[2]
    r = novelty / torch.stack([e0, e1, e2]).std(unbiased=False)
    advantage, value = learner.intrinsic_advantages(rollout)
    # lambda 1: the whole rest of the segment and the last value, through the end of an episode
    first = r[0] + 0.5 * r[1] + 0.25 * r[2] + 0.125 * values[3] - values[0]
    torch.testing.assert_close(advantage[0], first, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(value, values[:3])


def test_advantages_are_weighted_and_the_values_learn_apart():
    learner = _session(int_coef=3.0, ext_coef=5.0).learning.learner
    rollout = _rollout(learner.agent)
    extrinsic, value = learner.advantages(rollout)
    state = learner.state_dict()
    intrinsic, intrinsic_value = learner.intrinsic_advantages(rollout)
    learner.load_state_dict(state)  # the running moments as they were
    samples = learner.samples(rollout)
    torch.testing.assert_close(samples.advantage, (5.0 * extrinsic + 3.0 * intrinsic).flatten())
    torch.testing.assert_close(samples.value_target, (extrinsic + value).flatten())
    torch.testing.assert_close(samples.intrinsic_target, (intrinsic + intrinsic_value).flatten())
    batch = samples.pick(torch.tensor([4, 1]))
    seen = learner.see(batch)
    errors = (
        learner.agent.value(seen) - batch.value_target,
        learner.own(seen)[:, 0] - samples.intrinsic_target[[4, 1]],
    )
    expected = sum(error.square().mean() for error in errors)
    torch.testing.assert_close(learner.value_loss(batch, seen), expected)


def test_the_first_rollouts_only_set_the_normalisation():
    session = _session(warmup_updates=2)
    weights = [p.clone() for p in session.agent.parameters()]
    session.update()
    metrics = session.update()
    assert metrics["train/n_updates"] == 2 and "train/approx_kl" not in metrics
    assert session.learning.learner._curiosity.moments.count == 2 * 12 * 4
    unmoved = zip(weights, session.agent.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in unmoved)
    assert "train/prediction_error" in session.update()


class Corridor(gymnasium.Env):
    """Forty cells in a row, left or right, 60 steps: the last cell pays 1.

    A random walk of 60 steps goes that far in one of five million episodes (5.2 standard
    deviations).
    """

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = self.nb = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.cell = max(0, self.cell + 2 * int(action) - 1)
        self.nb += 1
        found = self.cell == 40
        seen = np.array([self.cell / 40.0], np.float32)
        return seen, float(found), found, self.nb == 60 and not found, {}


@pytest.mark.parametrize(("algo", "finds"), [("rnd", True), ("ppo", False)])
def test_curiosity_finds_what_chance_does_not(algo, finds):
    if "Corridor-v0" not in gymnasium.registry:
        gymnasium.register("Corridor-v0", entry_point=Corridor)
    run = short_run("Corridor-v0", algo=algo)
    settings = replace(
        run.config.algo, n_steps=32, batch_size=256, n_epochs=4, learning_rate=2e-3,
        learning_rate_schedule="constant", normalize_return=False,
    )  # fmt: skip
    agent = replace(run.config.agent, normalize_observation=True)
    config = replace(run.config, agent=agent, algo=settings, nb_envs=16, steps=16 * 32 * 60)
    session = Session(replace(run, config=config))
    best = 0.0
    while not session.finished:
        best = max(best, session.update().get("rollout/ep_rew_mean", 0.0))
    assert best > 0.8 if finds else best == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"int_gamma": 1.5}, r"int_gamma must be in \[0, 1\]"),
        ({"int_coef": -1.0}, "int_coef must be finite and >= 0"),
        ({"rnd_net_arch": ()}, "rnd_net_arch and rnd_outputs need positive widths"),
        ({"rnd_learning_rate": 0.0}, "rnd_learning_rate must be positive"),
        ({"warmup_updates": -1}, "warmup_updates must not be negative"),
    ],
)
def test_impossible_settings_name_themselves(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        RNDConfig(**settings)
