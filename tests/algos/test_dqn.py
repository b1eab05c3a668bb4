"""DQN and C51: targets, steps and choices by hand."""

from dataclasses import replace

import pytest
import torch

from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig, PolicyHead
from surefoot.agent.heads import Dueling
from surefoot.algos.c51 import C51, project
from surefoot.algos.dqn import DQN
from surefoot.algos.dqn_config import C51Config, DQNConfig
from surefoot.algos.exploration import epsilon, epsilon_greedy
from surefoot.data.replay import Batch
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal

INTERFACE = Interface(observation=Layout((Signal(name="x", unit="1", size=2),)), action=3, dt=1.0)


def _learner(cls, config):
    """Without hidden layers: an action value is a row of weights times the features."""
    random = torch.Generator().manual_seed(0)
    agent = Agent(AgentConfig(net_arch_pi=()), INTERFACE, random, head=config.head)
    return cls(agent, config, generator=random)


def _set(network, weight):
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor(weight))
        network[0].bias.zero_()


def _batch(features, action, reward, discount, following):
    return Batch(
        features=torch.tensor(features), action=torch.tensor(action), reward=torch.tensor(reward),
        discount=torch.tensor(discount), next_features=torch.tensor(following),
    )  # fmt: skip


BATCH = _batch(
    features=[[1.0, 0.0], [0.0, 1.0]], action=[[2.0], [0.0]], reward=[1.0, 5.0],
    discount=[0.5, 0.0], following=[[1.0, 1.0], [1.0, 1.0]],
)  # fmt: skip
ONLINE = [[1.0, 0.0], [0.0, 4.0], [2.0, 1.0]]  # of (1, 1): 1, 4, 3
TARGET = [[7.0, 1.0], [1.0, 1.0], [3.0, 2.0]]  # of (1, 1): 8, 2, 5


@pytest.mark.parametrize(("double", "first"), [(False, 1.0 + 0.5 * 8.0), (True, 1.0 + 0.5 * 2.0)])
def test_targets_take_the_best_value_or_value_the_online_networks_choice(double, first):
    learner = _learner(DQN, DQNConfig(double=double))
    _set(learner.agent.actor, ONLINE)
    _set(learner.target.network, TARGET)
    # the second transition terminated: the reward alone
    assert learner.targets(BATCH).tolist() == [first, 5.0]


@pytest.mark.parametrize(
    ("loss", "value", "gradients"),
    # Q(s, a) = 2 and 0; targets 5 and 5; errors -3 and -5. Mean square: (9 + 25) / 2, gradients
    # 2 e / 2 on the chosen rows only. Huber: |e| - 1/2, gradients sign / 2.
    [("mse", 17.0, [[0.0, -5.0], [0.0, 0.0], [-3.0, 0.0]]),
     ("huber", (2.5 + 4.5) / 2, [[0.0, -0.5], [0.0, 0.0], [-0.5, 0.0]])],
)  # fmt: skip
def test_only_the_action_taken_learns(loss, value, gradients):
    learner = _learner(DQN, DQNConfig(loss=loss, learning_rate=0.01, max_grad_norm=1e9))
    _set(learner.agent.actor, ONLINE)
    _set(learner.target.network, TARGET)
    q = learner.agent.actor(BATCH.features).gather(1, BATCH.action.long()).squeeze(1)
    lost = learner._loss(q, learner.targets(BATCH))
    (gradient,) = torch.autograd.grad(lost, learner.agent.actor[0].weight)
    assert gradient.tolist() == gradients and lost.item() == pytest.approx(value)
    learner.learn(BATCH)
    # Adam's first step is the learning rate against the sign of the gradient
    moved = learner.agent.actor[0].weight - torch.tensor(ONLINE)
    expected = -0.01 * torch.tensor(gradients).sign()
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0.0)
    assert learner.report()["train/loss"] == pytest.approx(value)


def test_without_adam_a_step_is_the_rate_times_the_gradient():
    learner = _learner(DQN, DQNConfig(optimizer="sgd", learning_rate=0.1, max_grad_norm=None))
    _set(learner.agent.actor, ONLINE)
    _set(learner.target.network, TARGET)
    learner.learn(BATCH)
    # Huber, as above: gradients of -1/2 where the errors are -3 and -5
    moved = learner.agent.actor[0].weight - torch.tensor(ONLINE)
    expected = 0.1 * torch.tensor([[0.0, 0.5], [0.0, 0.0], [0.5, 0.0]])
    torch.testing.assert_close(moved, expected)


@pytest.mark.parametrize(("cls", "config"), [(DQN, DQNConfig), (C51, C51Config)])
def test_the_target_network_is_renewed_every_so_many_steps(cls, config):
    learner = _learner(cls, config(target_update_interval=3))
    first = learner.target.network[0].weight.clone()
    for _ in range(2):
        learner.learn(BATCH)
    assert torch.equal(learner.target.network[0].weight, first)
    learner.learn(BATCH)
    assert torch.equal(learner.target.network[0].weight, learner.agent.actor[0].weight)
    assert not torch.equal(learner.target.network[0].weight, first)


def test_duelling_values_have_the_mean_of_the_value():
    # V = 10, A = 1, 2, 6 with mean 3: Q = 10 + A - 3
    assert Dueling()(torch.tensor([[10.0, 1.0, 2.0, 6.0]])).tolist() == [[8.0, 9.0, 13.0]]
    learner = _learner(DQN, DQNConfig(dueling=True))
    assert learner.agent.actor[0].out_features == 4
    assert learner.agent.actor(torch.rand(5, 2)).shape == (5, 3)


def test_the_agent_takes_the_best_choice():
    learner = _learner(DQN, DQNConfig())
    _set(learner.agent.actor, ONLINE)
    # of (1, 0): 1, 0, 2; of (0, 1): 0, 4, 1
    assert learner.agent.mode(BATCH.features).tolist() == [[2.0], [1.0]]


def test_epsilon_falls_on_a_line_and_stays():
    config = DQNConfig(
        exploration_fraction=0.5, exploration_initial_eps=1.0, exploration_final_eps=0.2
    )
    found = [epsilon(config, progress) for progress in (0.0, 0.25, 0.5, 0.9)]
    assert found == pytest.approx([1.0, 0.6, 0.2, 0.2])
    assert epsilon(replace(config, exploration_fraction=0.0), 0.0) == 0.2


def test_epsilon_is_the_share_of_uniform_choices():
    greedy = torch.full((30_000, 1), 2.0)
    chosen = epsilon_greedy(greedy, 3, 0.3, torch.Generator().manual_seed(0))
    # 0.3 random, of which a third is the greedy choice again: 0.8, 0.1, 0.1; 4 standard errors
    share = [float((chosen == k).float().mean()) for k in range(3)]
    assert share == pytest.approx([0.1, 0.1, 0.8], abs=4 * 0.4 / 30_000**0.5)


def test_projection_by_hand():
    atoms = torch.tensor([0.0, 1.0, 2.0])
    p = torch.tensor([[0.2, 0.3, 0.5]] * 4)
    reward, discount = torch.tensor([0.5, 1.0, -5.0, 0.75]), torch.tensor([0.5, 1.0, 1.0, 0.0])
    # 0.5 + 0.5 z = 0.5, 1, 1.5: 0.2 in halves to 0 and 1, 0.3 to 1, 0.5 in halves to 1 and 2
    # 1 + z = 1, 2, 3: 0.2 to 1, 0.3 to 2, and 0.5 beyond the end to 2
    # -5 + z: all below, to 0; 0.75: all of it a quarter to 0 and three quarters to 1
    expected = [[0.1, 0.65, 0.25], [0.0, 0.2, 0.8], [1.0, 0.0, 0.0], [0.25, 0.75, 0.0]]
    found = project(p, reward, discount, atoms)
    torch.testing.assert_close(found, torch.tensor(expected))


def test_c51_targets_take_the_law_of_the_choice_with_the_best_mean():
    learner = _learner(C51, C51Config(n_atoms=3, v_min=0.0, v_max=2.0))
    laws = torch.tensor([[0.2, 0.3, 0.5], [0.0, 0.6, 0.4], [0.1, 0.1, 0.8]])  # means 1.3, 1.4, 1.7
    _set(learner.target.network, torch.zeros(9, 2).tolist())
    with torch.no_grad():
        learner.target.network[0].bias.copy_((laws + 1e-12).log().flatten())
    found = learner.targets(replace(BATCH, reward=torch.tensor([0.5, 1.5])))
    # the third law, moved to 0.5, 1, 1.5; and the reward alone, in halves to 1 and 2
    expected = [[0.05, 0.05 + 0.1 + 0.4, 0.4], [0.0, 0.5, 0.5]]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_c51_learns_the_law_it_is_shown():
    config = C51Config(n_atoms=3, v_min=0.0, v_max=2.0, learning_rate=0.05)
    learner = _learner(C51, config)
    batch = replace(BATCH, reward=torch.tensor([0.5, 1.5]), discount=torch.zeros(2))
    for _ in range(400):
        learner.learn(batch)
    p = learner.agent.actor(batch.features).softmax(dim=2).detach()
    torch.testing.assert_close(p[0, 2], torch.tensor([0.5, 0.5, 0.0]), atol=0.02, rtol=0.0)
    torch.testing.assert_close(p[1, 0], torch.tensor([0.0, 0.5, 0.5]), atol=0.02, rtol=0.0)
    values = learner.agent.action_values(learner.agent.actor(batch.features))
    assert values[0, 2].item() == pytest.approx(0.5, abs=0.03)
    assert values[1, 0].item() == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(
    ("cls", "settings", "message"),
    [
        (DQNConfig, {"train_freq": 0}, "algo.train_freq must be at least 1, got 0"),
        (DQNConfig, {"gradient_steps": 0}, "algo.gradient_steps must be at least 1, or -1, got 0"),
        (DQNConfig, {"gamma": 1.1}, r"algo.gamma must be in \[0, 1\], got 1.1"),
        (DQNConfig, {"learning_starts": -1}, "algo.learning_starts must not be negative, got -1"),
        (DQNConfig, {"learning_rate": float("nan")}, "algo.learning_rate must be positive"),
        (DQNConfig, {"exploration_final_eps": 2.0}, "algo.exploration_final_eps must be in"),
        (DQNConfig, {"target_update_interval": 0}, "algo.target_update_interval must be at least"),
        (C51Config, {"n_atoms": 1}, "algo.n_atoms must be at least 2, got 1"),
        (C51Config, {"v_min": 5.0, "v_max": 5.0}, "algo.v_min must be below algo.v_max"),
    ],
)
def test_settings_that_cannot_work_are_refused(cls, settings, message):
    with pytest.raises(InvalidConfig, match=message):
        cls(**settings)


def test_the_head_says_what_the_network_ends_in():
    assert DQNConfig().head == PolicyHead(kind="greedy")
    assert C51Config().head.atoms == (-100.0, 100.0, 101)
