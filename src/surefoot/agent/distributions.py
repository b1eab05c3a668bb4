"""The laws that actions are drawn from, each as small as the formula in the lecture."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

_LOG_2PI = math.log(2.0 * math.pi)


class DiagonalGaussian:
    r"""Independent normal laws.

    $\log\pi(a) = -\frac12\sum[(a-\mu)^2/\sigma^2 + 2\log\sigma + \log 2\pi]$

    Args:
        mean: (N, A).
        log_std: (A,), the same in every state, or (N, A), from a network of the state.
    """

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        self.mean, self.log_std = mean, log_std

    def sample(self, generator: Generator) -> Tensor:
        """One draw per row, (N, A)."""
        noise = torch.empty_like(self.mean).normal_(generator=generator)
        return self.mean + self.log_std.exp() * noise

    def log_prob(self, action: Tensor) -> Tensor:
        """Log density of actions (N, A), nats, (N,)."""
        z = (action - self.mean) * (-self.log_std).exp()
        return -0.5 * z.square().sum(dim=1) - (self.log_std + 0.5 * _LOG_2PI).sum(dim=-1)

    def entropy(self) -> Tensor:
        """Differential entropy, nats, (N,); may be negative."""
        per_dimension = self.log_std + 0.5 * (1.0 + _LOG_2PI)
        return per_dimension.expand_as(self.mean).sum(dim=1)

    def kl(self, other: DiagonalGaussian) -> Tensor:
        r"""Divergence KL(self, other), nats, (N,).

        $\sum[\log\sigma'-\log\sigma + (\sigma^2 + (\mu-\mu')^2) / (2\sigma'^2) - \frac12]$
        """
        log_ratio = other.log_std - self.log_std
        error = ((self.mean - other.mean) * (-other.log_std).exp()).square()
        return (log_ratio + 0.5 * ((-2.0 * log_ratio).exp() + error - 1.0)).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The most likely action, (N, A)."""
        return self.mean


class SquashedGaussian:
    r"""The tanh of a diagonal Gaussian: actions within (-1, 1).

    With $u \sim N(\mu, \sigma)$ and $a = \tanh u$: $\log\pi(a) = \log N(u) - \sum\log(1 - a^2)$,
    where $\log(1 - \tanh^2 u) = 2(\log 2 - u - \mathrm{softplus}(-2u))$ does not lose digits.

    Args:
        output: Mean and log standard deviation before the tanh, (N, 2 A); the latter is kept
            within [-20, 2].

    Source: Haarnoja et al. 2018, arXiv:1801.01290, appendix C, eq. 21; the bounds are
        Stable-Baselines3's.
    """

    def __init__(self, output: Tensor) -> None:
        self.mean, log_std = output.chunk(2, dim=1)
        self.log_std = log_std.clamp(-20.0, 2.0)

    def sample(self, generator: Generator) -> Tensor:
        """One draw per row, (N, A)."""
        return self.sample_with_log_prob(generator)[0]

    def sample_with_log_prob(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """One draw per row (N, A), which gradients pass through, and its log density, nats, (N,).

        Source: Kingma and Welling 2014, arXiv:1312.6114, section 2.4, for the reparameterization.
        """
        noise = torch.empty_like(self.mean).normal_(generator=generator)
        u = self.mean + self.log_std.exp() * noise
        gaussian = -0.5 * noise.square() - self.log_std - 0.5 * _LOG_2PI
        stretch = 2.0 * (math.log(2.0) - u - nn.functional.softplus(-2.0 * u))
        return u.tanh(), (gaussian - stretch).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The tanh of the mean, (N, A)."""
        return self.mean.tanh()


class Categorical:
    r"""A choice among n actions with soft-max probabilities, $e^{h_a} / \sum_b e^{h_b}$.

    Args:
        logits: Preferences h, (N, n).
    """

    def __init__(self, logits: Tensor) -> None:
        self.log_p = torch.log_softmax(logits, dim=1)

    @property
    def probs(self) -> Tensor:
        """Probabilities, (N, n)."""
        return self.log_p.exp()

    def sample(self, generator: Generator) -> Tensor:
        """One draw per row, as a float for one storage of all actions, (N, 1)."""
        return self.quantile(torch.rand(len(self.log_p), generator=generator))

    def quantile(self, uniform: Tensor) -> Tensor:
        """The draws that numbers in [0, 1) decide, (N,) to (N, 1): who owns them owns the dice."""
        above = self.probs.cumsum(dim=1)[:, :-1] <= uniform[:, None]
        return above.sum(dim=1, keepdim=True).to(self.log_p.dtype)

    def log_prob(self, action: Tensor) -> Tensor:
        """Log probability of the choices (N, 1), nats, (N,)."""
        return self.log_p.gather(1, action.long()).squeeze(1)

    def entropy(self) -> Tensor:
        """Nats, (N,)."""
        return -(self.probs * self.log_p).sum(dim=1)

    def kl(self, other: Categorical) -> Tensor:
        """Divergence KL(self, other), nats, (N,)."""
        return (self.log_p.exp() * (self.log_p - other.log_p)).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The most likely choice, (N, 1)."""
        return self.log_p.argmax(dim=1, keepdim=True).float()


class EpsilonGreedy:
    r"""The best of n actions, except for a share $\epsilon$ of uniform choices.

    $\pi(a) = (1-\epsilon)\,[a = \arg\max_b h_b] + \epsilon/n$; of equal actions the first is best.

    Args:
        preferences: h, (N, n): action values where these are rewards, minus them where costs.
        epsilon: Share of uniform choices, in [0, 1].
    """

    def __init__(self, preferences: Tensor, epsilon: float) -> None:
        self._best = preferences.argmax(dim=1, keepdim=True)
        nb = preferences.shape[1]
        uniform = torch.full_like(preferences, epsilon / nb)
        self.probs = uniform.scatter(1, self._best, 1.0 - epsilon + epsilon / nb)
        """Probabilities, (N, n)."""

    def sample(self, generator: Generator) -> Tensor:
        """One draw per row, as a float like those of the other laws, (N, 1)."""
        return torch.multinomial(self.probs, 1, generator=generator).float()

    def log_prob(self, action: Tensor) -> Tensor:
        """Log probability of the choices (N, 1), nats, (N,); minus infinity if impossible."""
        return self.probs.gather(1, action.long()).squeeze(1).log()

    def entropy(self) -> Tensor:
        """Nats, (N,)."""
        return -torch.xlogy(self.probs, self.probs).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The greedy choice, (N, 1)."""
        return self._best.float()


Distribution = DiagonalGaussian | Categorical
"""The laws of a stochastic agent; `EpsilonGreedy` has no gradient and explores for values."""


def kl_divergence(old: Distribution, new: Distribution) -> Tensor:
    """KL(old, new) of two laws of one kind, nats, (N,)."""
    if isinstance(old, Categorical) and isinstance(new, Categorical):
        return old.kl(new)
    assert isinstance(old, DiagonalGaussian) and isinstance(new, DiagonalGaussian)
    return old.kl(new)
