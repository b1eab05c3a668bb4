"""PPO's update on rollouts made by hand, and its identities."""

from dataclasses import replace

import pytest
import torch

from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo import PPO
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.schedule import Schedule
from surefoot.data.rollout import Rollout, minibatches
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal


def _interface():
    return Interface(
        observation=Layout((Signal(name="x", unit="1", size=3),)),
        action=Layout((Signal(name="u", unit="1", low=-1.0, high=1.0, size=2),)),
        dt=1.0,
    )


def _learner(**settings):
    random = torch.Generator().manual_seed(0)
    agent = Agent(AgentConfig(net_arch_pi=(8,), net_arch_vf=(8,)), _interface(), random)
    config = replace(PPOConfig(n_steps=16, batch_size=32, n_epochs=1), **settings)
    return PPO(agent, config, total_updates=10, generator=random)


def _rollout(agent, T=16, E=4):
    random = torch.Generator().manual_seed(1)
    features = torch.randn(T, E, 3, generator=random)
    with torch.no_grad():
        law = agent.distribution(features.flatten(0, 1))
        action = law.sample(random)
        log_prob = law.log_prob(action)
    none = torch.zeros(T, E, dtype=torch.bool)
    return Rollout(
        features=features,
        action=action.unflatten(0, (T, E)),
        log_prob=log_prob.unflatten(0, (T, E)),
        reward=torch.randn(T, E, generator=random),
        terminated=none,
        done=none,
        last_features=torch.randn(E, 3, generator=random),
        truncated_at=torch.zeros(0, 2, dtype=torch.int64),
        truncated_features=torch.zeros(0, 3),
        memory=torch.zeros(E, 0),
        truncated_memory=torch.zeros(0, 0),
    )


def test_first_minibatch_has_ratio_one():
    learner = _learner(batch_size=64)  # one step: all samples at once
    metrics = learner.update(_rollout(learner.agent))
    assert metrics["train/approx_kl"] == pytest.approx(0.0, abs=1e-7)
    assert metrics["train/clip_fraction"] == 0.0
    # ratio 1 and normalised advantages: the surrogate is minus their mean, zero
    assert metrics["train/policy_gradient_loss"] == pytest.approx(0.0, abs=1e-6)


def test_time_limits_bootstrap_from_the_truncated_state_and_terminations_do_not():
    learner = _learner(gamma=0.5, gae_lambda=0.0)
    rollout = _rollout(learner.agent, T=1, E=3)
    rollout.done = torch.tensor([[True, True, False]])
    rollout.terminated = torch.tensor([[True, False, False]])
    rollout.truncated_at = torch.tensor([[0, 1]])
    rollout.truncated_features = torch.full((1, 3), 2.0)
    rollout.truncated_memory = torch.zeros(1, 0)
    advantage, value = learner.advantages(rollout)
    with torch.no_grad():
        late = learner.agent.value(rollout.truncated_features)[0]
        following = learner.agent.value(rollout.last_features)[2]
    next_value = torch.stack([torch.tensor(0.0), late, following])
    torch.testing.assert_close(advantage[0], rollout.reward[0] + 0.5 * next_value - value[0])


def test_clipped_samples_stop_pushing():
    """Beyond the clip, in the direction of the advantage, the gradient is zero."""
    learner = _learner(batch_size=64, normalize_advantage=False, vf_coef=0.0, clip_range=0.2)
    rollout = _rollout(learner.agent)
    rollout.log_prob = rollout.log_prob - 1.0  # ratio e > 1.2 everywhere
    rollout.reward = torch.full_like(rollout.reward, 5.0)  # advantages are all positive
    before = [p.detach().clone() for p in learner.agent.actor.parameters()]
    metrics = learner.update(rollout)
    assert metrics["train/clip_fraction"] == 1.0
    for old, new in zip(before, learner.agent.actor.parameters(), strict=True):
        assert torch.equal(old, new)


def test_target_kl_stops_an_update_early():
    learner = _learner(target_kl=1e-9, n_epochs=10, learning_rate=1e-2)
    learner.update(_rollout(learner.agent))
    # the second minibatch already sees a policy that moved
    assert learner.state_dict()["optimizer"]["nb_steps"] == 1


def test_policy_learns_which_action_pays():
    """A bandit: reward is minus the squared distance of the first action to 0.5."""
    learner = _learner(n_epochs=4, learning_rate=3e-2, batch_size=128)
    random = torch.Generator().manual_seed(5)
    for _ in range(60):
        rollout = _rollout(learner.agent, T=32, E=16)
        with torch.no_grad():
            law = learner.agent.distribution(rollout.features.flatten(0, 1))
            action = law.sample(random)
            rollout.action = action.unflatten(0, (32, 16))
            rollout.log_prob = law.log_prob(action).unflatten(0, (32, 16))
        rollout.reward = -((rollout.action[..., 0] - 0.5) ** 2)
        rollout.done = rollout.terminated = torch.ones(32, 16, dtype=torch.bool)
        learner.update(rollout)
    with torch.no_grad():
        mean = learner.agent.distribution(torch.randn(200, 3, generator=random)).mode[:, 0]
    assert (mean - 0.5).abs().mean() < 0.1
    assert learner.agent.log_std[0].exp() < 0.5  # and it became sure of it


def test_surrogate_gradient_is_the_finite_difference():
    learner = _learner(batch_size=64, normalize_advantage=False, vf_coef=0.0)
    rollout = _rollout(learner.agent)
    agent = learner.agent.double()
    features, action = rollout.features.flatten(0, 1).double(), rollout.action.flatten(0, 1)
    old = rollout.log_prob.flatten().double() + 0.05
    advantage = rollout.reward.flatten().double()

    def surrogate():
        ratio = (agent.distribution(features).log_prob(action.double()) - old).exp()
        return torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()

    weight = agent.actor[0].weight
    (gradient,) = torch.autograd.grad(surrogate(), weight)
    for i, j in ((0, 0), (3, 2), (7, 1)):
        with torch.no_grad():
            weight[i, j] += 1e-6
            up = surrogate()
            weight[i, j] -= 2e-6
            down = surrogate()
            weight[i, j] += 1e-6
        assert gradient[i, j].item() == pytest.approx(((up - down) / 2e-6).item(), rel=1e-4)


def test_schedules():
    linear = Schedule("linear", 3e-3, 1e-3, None)
    linear.follow_progress(0.5)
    assert linear.value == pytest.approx(2e-3)
    linear.follow_kl(1.0)
    assert linear.value == pytest.approx(2e-3)
    adaptive = Schedule("adaptive", 1e-3, 0.0, 0.01)
    adaptive.follow_kl(0.021)
    assert adaptive.value == pytest.approx(1e-3 / 1.5)
    adaptive.follow_kl(0.004)
    assert adaptive.value == pytest.approx(1e-3)
    adaptive.follow_kl(0.01)
    assert adaptive.value == pytest.approx(1e-3)


def test_clip_range_vf_keeps_the_value_near_its_old_estimate():
    """Every error lies beyond the clip, so the value function receives no gradient at all."""
    learner = _learner(clip_range_vf=1e-6, batch_size=64, n_epochs=2)
    rollout = _rollout(learner.agent)
    free = _learner(batch_size=64, n_epochs=2)
    before = [p.detach().clone() for p in learner.agent.critic.parameters()]
    learner.update(rollout)
    free.update(_rollout(free.agent))
    moved = [
        sum((p - q).abs().sum().item() for p, q in zip(before, a.critic.parameters(), strict=True))
        for a in (learner.agent, free.agent)
    ]
    assert moved[0] < moved[1]  # only the first step, from ratio zero, could move it


def test_minibatches_use_every_sample_once():
    batches = list(minibatches(10, 4, torch.Generator().manual_seed(0)))
    assert [len(b) for b in batches] == [4, 4, 2]
    assert sorted(torch.cat(batches).tolist()) == list(range(10))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clip_range": 1.0}, "clip_range must be below 1"),
        ({"gamma": 1.1}, r"gamma must be in \[0, 1\]"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"n_epochs": 0}, "n_epochs must be at least 1"),
        ({"learning_rate_schedule": "adaptive"}, "need desired_kl set"),
        ({"desired_kl": 0.01}, "need desired_kl None"),
    ],
)
def test_impossible_settings_name_themselves(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        PPOConfig(**settings)


def test_a_spread_from_a_network_begins_as_set_and_becomes_what_each_state_needs():
    """A bandit: any action will do where the first feature is positive, elsewhere it should be 0;
    entropy is welcome, so the spread is to grow there and to shrink here."""
    random = torch.Generator().manual_seed(0)
    config = AgentConfig(net_arch_pi=(8,), net_arch_vf=(8,), log_std="network", log_std_init=-0.5)
    learner = PPO(
        Agent(config, _interface(), random),
        PPOConfig(n_steps=16, batch_size=512, n_epochs=4, learning_rate=1e-2, ent_coef=0.02),
        total_updates=10, generator=random,
    )  # fmt: skip
    sides = torch.tensor([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    law = learner.agent.distribution(sides)
    assert law.log_std.shape == (2, 2)
    torch.testing.assert_close(law.log_std, torch.full((2, 2), -0.5), atol=0.05, rtol=0.0)
    for _ in range(60):
        rollout = _rollout(learner.agent, T=32, E=16)
        features = rollout.features.flatten(0, 1)
        with torch.no_grad():
            law = learner.agent.distribution(features)
            action = law.sample(random)
            rollout.action = action.unflatten(0, (32, 16))
            rollout.log_prob = law.log_prob(action).unflatten(0, (32, 16))
        matters = (rollout.features[..., 0] < 0.0).float()
        rollout.reward = -matters * rollout.action.square().sum(dim=2)
        rollout.done = rollout.terminated = torch.ones(32, 16, dtype=torch.bool)
        metrics = learner.update(rollout)
    with torch.no_grad():
        there, here = learner.agent.distribution(sides).log_std[:, 0].exp()
    assert here < 0.4 and there > 0.7  # from 0.61
    assert here < metrics["train/std"] < there
