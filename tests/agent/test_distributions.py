"""Log-probabilities against SciPy, gradients against finite differences."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from surefoot.agent.distributions import (
    Categorical,
    DiagonalGaussian,
    EpsilonGreedy,
    SquashedGaussian,
)


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


def _squashed(*output):
    """Mean and log standard deviation of one action, in double precision."""
    return torch.tensor([output], dtype=torch.float64)


def test_squashed_density_is_the_slope_of_its_distribution_function():
    mean, log_std = 0.8, -0.5
    law = SquashedGaussian(_squashed(mean, log_std).expand(200, 2))
    action, log_prob = law.sample_with_log_prob(torch.Generator().manual_seed(0))
    a, h = action[:, 0].numpy(), 1e-6
    below, above = (stats.norm.cdf(np.arctanh(x), mean, math.exp(log_std)) for x in (a - h, a + h))
    np.testing.assert_allclose(log_prob.exp(), (above - below) / (2 * h), rtol=1e-6)


def test_squashed_densities_of_several_values_multiply():
    generator = torch.Generator().manual_seed(0)
    law = SquashedGaussian(torch.tensor([[0.5, -1.0, 0.2, 0.1]], dtype=torch.float64))
    action, log_prob = law.sample_with_log_prob(generator)
    u = torch.atanh(action)
    parts = stats.norm.logpdf(u, [0.5, -1.0], np.exp([0.2, 0.1])) - np.log(1 - action.numpy() ** 2)
    assert log_prob.item() == pytest.approx(parts.sum())


def test_squashed_actions_at_their_bounds_keep_a_finite_density():
    action, log_prob = SquashedGaussian(torch.tensor([[30.0, -20.0]])).sample_with_log_prob(
        torch.Generator().manual_seed(0)
    )
    assert action.item() == 1.0  # as far as float32 sees
    # log N(u) about 20 - 0.919 - noise^2 / 2, and log(1 - tanh(30)^2) = log 4 - 60
    assert 20.0 - 0.92 - 8.0 + 60.0 - 1.39 < log_prob.item() < 20.0 - 0.91 + 60.0 - 1.38


def test_squashed_gradients_are_those_of_finite_differences():
    output = torch.tensor([[0.3, -0.7, -0.4, 0.6]], dtype=torch.float64, requires_grad=True)

    def draw(values):
        return SquashedGaussian(values).sample_with_log_prob(torch.Generator().manual_seed(3))

    assert torch.autograd.gradcheck(draw, (output,))
    mode = SquashedGaussian(output.detach()).mode[0].tolist()
    assert mode == pytest.approx([math.tanh(0.3), math.tanh(-0.7)])


def test_squashed_spread_is_kept_within_bounds():
    law = SquashedGaussian(torch.tensor([[0.0, 9.0], [0.0, -90.0]]))
    assert law.log_std.tolist() == [[2.0], [-20.0]]
