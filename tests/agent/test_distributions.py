"""Log-probabilities against SciPy, gradients against finite differences."""

import math

import pytest
import torch
from scipy import stats

from surefoot.agent.distributions import Categorical, DiagonalGaussian


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
