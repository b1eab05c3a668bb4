"""DDPG, TD3 and SAC: targets, delays, directions, by hand or by finite differences."""

import math

import pytest
import torch

from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.agent.distributions import SquashedGaussian
from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig, TD3Config
from surefoot.algos.critics import Critics
from surefoot.algos.ddpg import DDPG
from surefoot.algos.exploration import gaussian
from surefoot.algos.sac import SAC
from surefoot.algos.td3 import TD3
from surefoot.data.replay import Batch
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal

INTERFACE = Interface(
    observation=Layout((Signal(name="x", unit="1"),)),
    action=Layout((Signal(name="u", unit="1", low=-1.0, high=1.0),)),
    dt=1.0,
)


def _learner(cls, config, hidden=()):
    """Without hidden layers: a critic is weights times (feature, action), plus a bias."""
    random = torch.Generator().manual_seed(0)
    agent = Agent(
        AgentConfig(net_arch_pi=hidden, net_arch_vf=hidden), INTERFACE, random, head=config.head
    )
    return cls(agent, config, generator=random)


def _critic(critics, *lines):
    """Critic i says feature * f + action * a + bias for lines[i] = (f, a, bias)."""
    with torch.no_grad():
        for i, (feature, action, bias) in enumerate(lines):
            critics.weights[0][i, :, 0] = torch.tensor([feature, action])
            critics.biases[0][i] = bias


def _actor(network, weight, bias=0.0):
    with torch.no_grad():
        network[0].weight.fill_(weight)
        network[0].bias.fill_(bias)


def _batch(nb=1, discount=0.5):
    return Batch(
        features=torch.ones(nb, 1), action=torch.full((nb, 1), 0.25), reward=torch.ones(nb),
        discount=torch.full((nb,), discount), next_features=torch.full((nb, 1), 2.0),
    )  # fmt: skip


def test_exploration_is_normal_noise_within_bounds():
    outputs = torch.tensor([0.0, 1.0]).repeat(20_000, 1)
    tried = gaussian(outputs, 0.25, torch.Generator().manual_seed(0)).double()
    middle, edge = tried.unbind(dim=1)
    # 4 standard errors; 0.25 reaches a bound only at four of its own
    assert float(middle.mean()) == pytest.approx(0.0, abs=4 * 0.25 / 20_000**0.5)
    assert float(middle.std()) == pytest.approx(0.25, abs=4 * 0.25 / 40_000**0.5)
    assert float(edge.max()) == 1.0
    assert float((edge == 1.0).double().mean()) == pytest.approx(0.5, abs=4 * 0.5 / 20_000**0.5)


@pytest.mark.parametrize(("cls", "config"), [(DDPG, DDPGConfig), (TD3, TD3Config)])
def test_a_deterministic_actor_explores_with_the_noise_that_was_asked_for(cls, config):
    learner = _learner(cls, config(action_noise=0.1))
    _actor(learner.agent.actor, 0.5)
    with torch.no_grad():
        tried = learner.explore(torch.ones(20_000, 1), 0.0)
    assert tried.mean().item() == pytest.approx(math.tanh(0.5), abs=0.003)
    assert tried.std().item() == pytest.approx(0.1, abs=0.003)


def test_critics_are_independent_networks():
    random = torch.Generator().manual_seed(0)
    agent = Agent(AgentConfig(net_arch_vf=(5, 4)), INTERFACE, random)
    critics = Critics(agent, 2, random)
    features, action = torch.rand(7, 1), torch.rand(7, 1)
    x = torch.cat([features, action], dim=1)
    for i in range(2):  # layer by layer, in float64
        y = x.double()
        for n, (weight, bias) in enumerate(zip(critics.weights, critics.biases, strict=True)):
            y = y @ weight[i].double() + bias[i].double()
            y = y.clamp(min=0.0) if n < 2 else y
        torch.testing.assert_close(critics(features, action)[i].double(), y.squeeze(1))


def test_ddpg_targets_value_the_target_actors_action():
    learner = _learner(DDPG, DDPGConfig())
    _actor(learner.actor_target.network, 0.3)
    _critic(learner.critic_target.network, (1.0, 4.0, 0.5))
    # action tanh(0.6); Q = 2 + 4 a + 0.5; y = 1 + 0.5 Q
    y = 1.0 + 0.5 * (2.5 + 4.0 * math.tanh(0.6))
    assert float(learner.targets(_batch())) == pytest.approx(y)
    assert float(learner.targets(_batch(discount=0.0))) == 1.0  # terminated


@pytest.mark.parametrize(("slope", "direction"), [(3.0, 1.0), (-3.0, -1.0)])
def test_the_actor_climbs_the_critic(slope, direction):
    learner = _learner(DDPG, DDPGConfig(learning_rate=0.01))
    _actor(learner.agent.actor, 0.0)
    _critic(learner.critic, (0.0, slope, 0.0))
    learner.learn(_batch())
    # Adam's first step: the learning rate, towards actions that the critic likes more
    assert learner.agent.actor[0].weight.item() == pytest.approx(0.01 * direction, rel=1e-3)


@pytest.mark.parametrize(
    ("cls", "config"),
    [(DDPG, DDPGConfig), (TD3, TD3Config), (SAC, SACConfig)],
)
def test_targets_follow_by_tau(cls, config):
    learner = _learner(cls, config(tau=0.25, learning_rate=0.1))
    followed = [(learner.critic_target.network.weights[0], learner.critic.weights[0])]
    if cls is not SAC:  # its actor has none
        followed += [(learner.actor_target.network[0].weight, learner.agent.actor[0].weight)]
    before = [target.clone() for target, _ in followed]
    learner.learn(_batch())
    if cls is TD3:  # they follow when the actor moves, every second step
        assert all(torch.equal(a, b) for a, (b, _) in zip(before, followed, strict=True))
        learner.learn(_batch())
    for first, (target, source) in zip(before, followed, strict=True):
        assert not torch.equal(first, source)
        torch.testing.assert_close(target, 0.75 * first + 0.25 * source)


def test_td3_targets_take_the_smaller_critic_of_a_noisy_action():
    learner = _learner(TD3, TD3Config(target_policy_noise=0.2, target_noise_clip=0.3))
    _actor(learner.actor_target.network, 0.0)  # action 0: what is left is the noise
    _critic(learner.critic_target.network, (0.0, 1.0, 0.0), (0.0, -1.0, 0.0))  # a and -a: min -|a|
    target = learner.targets(_batch(nb=40_000))
    noise = (1.0 - target) / 0.5  # y = 1 - 0.5 |noise|
    assert float(noise.min()) >= 0.0
    assert float(noise.max()) == pytest.approx(0.3, abs=1e-6)  # clipped at 1.5 sigma
    # P(|N| > 1.5) = 0.1336, and E|clipped| = 0.2 sqrt(2/pi) (1 - exp(-1.5^2/2)) + 0.3 * 0.1336
    mean = 0.2 * math.sqrt(2.0 / math.pi) * (1.0 - math.exp(-1.125)) + 0.3 * 0.133614
    assert float((noise > 0.29999).float().mean()) == pytest.approx(0.1336, abs=0.007)
    assert float(noise.mean()) == pytest.approx(mean, abs=0.002)


def test_td3_keeps_the_noisy_action_within_bounds():
    learner = _learner(TD3, TD3Config(target_policy_noise=5.0, target_noise_clip=5.0))
    _actor(learner.actor_target.network, 0.0)
    _critic(learner.critic_target.network, (0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
    target = learner.targets(_batch(nb=1000))
    assert float(target.min()) == 0.5 and float(target.max()) == 1.5  # actions -1 and 1


def test_td3_moves_actor_and_targets_every_second_step_only():
    learner = _learner(TD3, TD3Config(policy_delay=2))
    _critic(learner.critic, (1.0, 1.0, 0.0), (1.0, 1.0, 0.0))
    actor, target = learner.agent.actor[0].weight, learner.critic_target.network.weights[0]
    before = actor.clone(), target.clone(), learner.critic.weights[0].clone()
    learner.learn(_batch())
    assert torch.equal(actor, before[0]) and torch.equal(target, before[1])
    assert not torch.equal(learner.critic.weights[0], before[2])
    learner.learn(_batch())
    assert not torch.equal(actor, before[0]) and not torch.equal(target, before[1])


@pytest.mark.parametrize(("slope", "direction"), [(3.0, 1.0), (-3.0, -1.0)])
def test_td3s_actor_climbs_the_first_critic(slope, direction):
    learner = _learner(TD3, TD3Config(learning_rate=0.01, policy_delay=1))
    _actor(learner.agent.actor, 0.0)
    _critic(learner.critic, (0.0, slope, 0.0), (0.0, -2.0 * slope, 0.0))
    learner.learn(_batch())
    assert learner.agent.actor[0].weight.item() == pytest.approx(0.01 * direction, rel=1e-3)


@pytest.mark.parametrize("smaller", [0, 1])
def test_sacs_actor_climbs_the_smaller_critic(smaller):
    learner = _learner(SAC, SACConfig(learning_rate=0.01, ent_coef=1e-6))
    _actor(learner.agent.actor, 0.0)
    lines = [(0.0, -3.0, 20.0), (0.0, -3.0, 20.0)]
    lines[smaller] = (0.0, 3.0, 0.0)  # below the other one for all actions
    _critic(learner.critic, *lines)
    learner.learn(_batch(nb=64))
    mean = learner.agent.actor[0].weight[0]
    assert mean.item() == pytest.approx(0.01, rel=1e-3)


def test_sac_targets_value_entropy():
    learner = _learner(SAC, SACConfig())
    _actor(learner.agent.actor, 0.0)  # mean 0, log std 0: sigma 1
    _critic(learner.critic_target.network, (0.0, 0.0, 3.0), (0.0, 0.0, 2.0))
    nb, alpha = 200_000, 0.7
    target = learner.targets(_batch(nb=nb), torch.tensor(alpha)).double()
    # y = 1 + 0.5 (min(3, 2) + 0.7 H), H the entropy of tanh of a standard normal:
    # 1.41894 + E[log(1 - tanh(u)^2)], the mean by quadrature
    u = torch.linspace(-12.0, 12.0, 200_001, dtype=torch.float64)
    density = torch.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi)
    stretch = torch.trapezoid(density * torch.log1p(-(torch.tanh(u) ** 2) + 1e-300), u)
    entropy = 0.5 * math.log(2.0 * math.pi * math.e) + float(stretch)
    expected = 1.0 + 0.5 * (2.0 + alpha * entropy)
    error = float(target.std()) / math.sqrt(nb)
    assert float(target.mean()) == pytest.approx(expected, abs=4.0 * error)
    assert error < 0.001
    assert bool((learner.targets(_batch(discount=0.0), torch.tensor(alpha)) == 1.0).all())


@pytest.mark.parametrize(
    ("log_std", "goal", "rises"), [(-3.0, None, True), (0.0, None, False), (0.0, 1.0, True)]
)
def test_the_temperature_rises_where_the_policy_is_too_sure(log_std, goal, rises):
    learner = _learner(SAC, SACConfig(target_entropy=goal, learning_rate=0.01))
    with torch.no_grad():  # entropies about 1.42 - 3 = -1.6, and 0.6; None: -1, for one action
        learner.agent.actor[0].weight.zero_()
        learner.agent.actor[0].bias.copy_(torch.tensor([0.0, log_std]))
    learner.learn(_batch(nb=256))
    change = learner.temperature.log_alpha.item()
    assert change == pytest.approx(0.01 if rises else -0.01, rel=1e-3)
    assert learner.report()["train/ent_coef"] == 1.0  # in force before the step


def test_a_temperature_that_is_given_stays():
    learner = _learner(SAC, SACConfig(ent_coef=0.2))
    learner.learn(_batch(nb=8))
    report = learner.report()
    assert report["train/ent_coef"] == pytest.approx(0.2)
    assert learner.temperature.log_alpha.item() == pytest.approx(math.log(0.2))
    assert "train/ent_coef_loss" not in report


def test_sacs_actor_settles_where_the_value_of_entropy_balances_the_critic():
    """The best law for Q = k a at temperature alpha is proportional to exp(k a / alpha)."""
    learner = _learner(SAC, SACConfig(ent_coef=0.5, learning_rate=0.02))
    k = 0.5
    batch = _batch(nb=512, discount=0.0)
    for _ in range(400):
        _critic(learner.critic, (0.0, k, 0.0), (0.0, k, 0.0))
        learner.learn(batch)
    a = torch.linspace(-1.0, 1.0, 20_001, dtype=torch.float64)
    law = torch.exp(k * a / 0.5)
    best = float((a * law).sum() / law.sum())  # 0.313
    actions = SquashedGaussian(learner.agent.actor(torch.ones(20_000, 1))).sample(
        torch.Generator().manual_seed(1)
    )
    assert actions.mean().item() == pytest.approx(best, abs=0.05)


@pytest.mark.parametrize(
    ("cls", "settings", "message"),
    [
        (DDPGConfig, {"tau": 1.5}, r"algo.tau must be in \[0, 1\], got 1.5"),
        (DDPGConfig, {"action_noise": -0.1}, "algo.action_noise must not be negative"),
        (TD3Config, {"policy_delay": 0}, "algo.policy_delay must be at least 1, got 0"),
        (TD3Config, {"target_noise_clip": -1.0}, "algo.target_noise_clip must not be negative"),
        (SACConfig, {"ent_coef": 0.0}, "algo.ent_coef must be positive and finite, got 0.0"),
        (SACConfig, {"target_entropy": math.nan}, "algo.target_entropy must be finite, got nan"),
        (SACConfig, {"n_steps": 0}, "algo.n_steps must be at least 1, got 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(cls, settings, message):
    with pytest.raises(InvalidConfig, match=message):
        cls(**settings)
