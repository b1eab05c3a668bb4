"""REINFORCE, its baseline and the actor-critic: one update by hand or against autograd.

The listings of the slides themselves are in tests/examples/test_policy_gradients_by_hand.py.
"""

import pytest
import torch

from surefoot.agent.linear import LinearSoftmax, LinearValue
from surefoot.algos.actor_critic import ActorCritic
from surefoot.algos.policy_gradient_config import (
    ActorCriticConfig,
    ReinforceBaselineConfig,
    ReinforceConfig,
)
from surefoot.algos.reinforce import Reinforce
from surefoot.algos.reinforce_baseline import ReinforceBaseline
from surefoot.data.episodes import Episodes
from surefoot.errors import InvalidConfig

T, S, E, F, n = 6, 2, 4, 3, 3


def _episodes():
    random = torch.Generator().manual_seed(0)
    return Episodes(
        features=torch.randn(T + 1, S, E, F, generator=random, dtype=torch.float64),
        action=torch.randint(n, (T, S, E), generator=random),
        signal=torch.rand(T, S, E, generator=random, dtype=torch.float64) + 1.0,
    )


def _policy():
    policy = LinearSoftmax(S, F, n)
    random = torch.Generator().manual_seed(1)
    policy.theta.copy_(torch.randn(S, F, n, generator=random, dtype=torch.float64))
    return policy


def _log_prob(theta, episodes):
    """log pi of all actions by einsum, (T, S, E)."""
    h = torch.einsum("tsef,sfa->tsea", episodes.features[:-1], theta)
    return h.log_softmax(dim=3).gather(3, episodes.action[..., None])[..., 0]


def _weights(episodes, psi, gamma=0.9):
    weights = torch.zeros(T, S, E, dtype=torch.float64)
    for t in range(T):
        for k in range(0 if psi == "total-return" else t, T):
            weights[t] += gamma**k * episodes.signal[k]
    return weights


@pytest.mark.parametrize(("objective", "sign"), [("cost", -1.0), ("reward", 1.0)])
@pytest.mark.parametrize("psi", ["total-return", "return-to-go"])
def test_reinforce_follows_the_mean_gradient_of_its_episodes(psi, objective, sign):
    episodes, policy = _episodes(), _policy()
    theta = policy.theta.clone().requires_grad_()
    ((_weights(episodes, psi) * _log_prob(theta, episodes)).sum() / E).backward()
    config = ReinforceConfig(learning_rate=0.01, gamma=0.9, psi=psi, block_steps=T)
    Reinforce(policy, config, objective).update(episodes)
    torch.testing.assert_close(policy.theta, theta.detach() + sign * 0.01 * theta.grad)


@pytest.mark.parametrize(("objective", "sign"), [("cost", -1.0), ("reward", 1.0)])
def test_a_baseline_is_subtracted_and_learned(objective, sign):
    episodes, policy, value = _episodes(), _policy(), LinearValue(S, F)
    value.theta.copy_(torch.linspace(-1.0, 1.0, S * F, dtype=torch.float64).reshape(S, F, 1))
    before = value.theta.clone()
    baseline = torch.einsum("tsef,sf->tse", episodes.features[:-1], before[..., 0])
    discount = 0.9 ** torch.arange(T, dtype=torch.float64)[:, None, None]
    delta = _weights(episodes, "return-to-go") - discount * baseline
    theta = policy.theta.clone().requires_grad_()
    ((delta * _log_prob(theta, episodes)).sum() / E).backward()
    config = ReinforceBaselineConfig(
        learning_rate=0.01, learning_rate_vf=0.02, gamma=0.9, block_steps=T
    )
    ReinforceBaseline(policy, value, config, objective).update(episodes)
    torch.testing.assert_close(policy.theta, theta.detach() + sign * 0.01 * theta.grad)
    step = 0.02 * torch.einsum("tse,tsef->sf", delta, episodes.features[:-1]) / E
    # the baseline moves towards the returns in both conventions
    torch.testing.assert_close(value.theta[..., 0], before[..., 0] + step)


@pytest.mark.parametrize(("objective", "sign"), [("cost", -1.0), ("reward", 1.0)])
def test_one_actor_critic_step_by_hand(objective, sign):
    """One feature, two actions of probability 1/2, V(x) = 3 x; time step 2, gamma = 1/2."""
    policy, value = LinearSoftmax(1, 1, 2), LinearValue(1, 1)
    value.theta.fill_(3.0)
    config = ActorCriticConfig(learning_rate=0.1, learning_rate_vf=0.01, gamma=0.5)
    learner = ActorCritic(policy, value, config, objective)
    x = torch.tensor([[[1.0], [1.0]]], dtype=torch.float64)
    next_x = torch.tensor([[[2.0], [2.0]]], dtype=torch.float64)
    learner.update(
        2, x, torch.tensor([[0, 1]]), torch.tensor([[8.0, 8.0]], dtype=torch.float64), next_x,
        torch.tensor([[False, True]]),
    )  # fmt: skip
    # A = 8 + 6/2 - 3 = 8, and 8 - 3 = 5 where the task ended; gamma^2 A / E = 1 and 5/8
    assert value.theta.item() == pytest.approx(3.0 + 0.01 * (1.0 + 0.625))
    # score of action 0: (1/2, -1/2), of action 1: (-1/2, 1/2)
    expected = sign * 0.1 * (1.0 * 0.5 - 0.625 * 0.5)
    assert policy.theta.flatten().tolist() == pytest.approx([expected, -expected])


@pytest.mark.parametrize(
    ("config", "settings", "sentence"),
    [
        (ReinforceConfig, {"learning_rate": 0.0}, "algo.learning_rate must be positive"),
        (ActorCriticConfig, {"learning_rate_vf": float("nan")}, "algo.learning_rate_vf must be"),
        (ReinforceBaselineConfig, {"gamma": 1.1}, r"algo.gamma must be in \[0, 1\], got 1.1"),
        (ReinforceConfig, {"block_steps": 0}, "algo.block_steps must be at least 1, got 0"),
    ],
)
def test_settings_that_cannot_work(config, settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        config(**settings)
