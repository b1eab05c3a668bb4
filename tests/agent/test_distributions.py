"""Log-probabilities against SciPy, gradients against finite differences."""

import math

import pytest
import torch
from scipy import stats

from surefoot.agent.distributions import Categorical, DiagonalGaussian, EpsilonGreedy


def test_gaussian_log_density_and_entropy_are_scipys():
    mean, std = torch.tensor([[0.3, -1.0]]), torch.tensor([0.5, 2.0])
    law = DiagonalGaussian(mean, std.log())
    action = torch.tensor([[1.0, 1.0]])
    expected = stats.norm.logpdf([1.0, 1.0], [0.3, -1.0], [0.5, 2.0]).sum()
    assert law.log_prob(action).item() == pytest.approx(expected, rel=1e-6)
    assert law.entropy().item() == pytest.approx(stats.norm.entropy(0, [0.5, 2.0]).sum(), rel=1e-6)


def test_gaussian_gradients_are_the_closed_forms():
    mean = torch.tensor([[0.4]], dtype=torch.float64, requires_grad=True)
    std = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    action = torch.tensor([[1.0]], dtype=torch.float64)
    DiagonalGaussian(mean, std.log()).log_prob(action).sum().backward()
    # d/dmu = (a - mu) / s^2; d/ds = (a - mu)^2 / s^3 - 1 / s
    assert mean.grad.item() == pytest.approx(0.6 / 0.49)
    assert std.grad.item() == pytest.approx(0.36 / 0.343 - 1.0 / 0.7)
    assert torch.autograd.gradcheck(
        lambda m, s: DiagonalGaussian(m, s.log()).log_prob(action), (mean, std)
    )


def test_soft_max_example_of_the_lecture():
    # e / (e + e^5 + 1) = 0.01787 and so on
    law = Categorical(torch.tensor([[1.0, 5.0, 0.0]]))
    probabilities = [law.log_prob(torch.tensor([[float(i)]])).exp().item() for i in range(3)]
    assert probabilities == pytest.approx([0.01787, 0.97556, 0.00657], abs=5e-6)
    assert law.mode.item() == 1.0
    assert law.entropy().item() == pytest.approx(-sum(p * math.log(p) for p in probabilities))


def test_samples_have_the_law_they_were_drawn_from():
    random = torch.Generator().manual_seed(0)
    draws = DiagonalGaussian(torch.full((20000, 1), 2.0), torch.tensor([0.5]).log()).sample(random)
    assert abs(draws.mean() - 2.0) < 4 * 0.5 / math.sqrt(20000)
    assert abs(draws.std() - 0.5) < 0.01
    choices = Categorical(torch.tensor([[0.0, math.log(3.0)]]).expand(20000, 2)).sample(random)
    assert abs(choices.mean() - 0.75) < 4 * math.sqrt(0.1875 / 20000)


def test_gaussian_with_a_spread_from_a_network_has_the_right_gradients():
    random = torch.Generator().manual_seed(0)
    mean, log_std, action = (
        torch.randn(5, 3, generator=random, dtype=torch.float64) for _ in range(3)
    )
    inputs = (mean.requires_grad_(), log_std.requires_grad_())
    assert torch.autograd.gradcheck(
        lambda m, s: DiagonalGaussian(m, s).log_prob(action), inputs, atol=1e-8, rtol=1e-4
    )
    expected = stats.norm.logpdf(action, mean.detach(), log_std.detach().exp()).sum(axis=1)
    assert DiagonalGaussian(*inputs).log_prob(action).tolist() == pytest.approx(expected)


def test_soft_max_has_the_right_gradients():
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 4, generator=random, dtype=torch.float64, requires_grad=True)
    action = torch.randint(4, (6, 1), generator=random)
    assert torch.autograd.gradcheck(
        lambda h: Categorical(h).log_prob(action), (logits,), atol=1e-8, rtol=1e-4
    )


def test_soft_max_quantiles_cut_the_interval_in_probabilities():
    law = Categorical(torch.tensor([[0.2, 0.5, 0.3]] * 6, dtype=torch.float64).log())
    dice = torch.tensor([0.0, 0.1999, 0.2001, 0.6999, 0.7001, 0.9999], dtype=torch.float64)
    assert law.quantile(dice)[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_epsilon_greedy():
    preferences = torch.tensor([[1.0, 3.0, 3.0, 0.0]])
    law = EpsilonGreedy(preferences, 0.2)
    # 0.2 / 4 each, and 0.8 more for the first of the best
    assert law.probs[0].tolist() == pytest.approx([0.05, 0.85, 0.05, 0.05])
    assert law.mode.tolist() == [[1.0]]
    assert law.log_prob(torch.tensor([[1.0]])).item() == pytest.approx(math.log(0.85))
    assert law.entropy().item() == pytest.approx(-0.85 * math.log(0.85) - 0.15 * math.log(0.05))
    costs = EpsilonGreedy(-preferences, 0.0)  # action values that are costs
    assert costs.mode.item() == 3.0 and costs.entropy().item() == 0.0
    assert costs.log_prob(torch.tensor([[0.0]])).item() == -math.inf
    random = torch.Generator().manual_seed(0)
    draws = EpsilonGreedy(preferences.expand(20000, 4), 0.2).sample(random)
    assert draws.shape == (20000, 1)
    assert abs((draws == 1.0).float().mean() - 0.85) < 4 * math.sqrt(0.85 * 0.15 / 20000)
