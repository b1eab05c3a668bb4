"""The laws that actions are drawn from, each as small as the formula in the lecture."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

_LOG_2PI = math.log(2.0 * math.pi)


class DiagonalGaussian:
    r"""Independent normal laws.

    $\log\pi(a) = -\frac12\sum[(a-\mu)^2/\sigma^2 + 2\log\sigma + \log 2\pi]$

    Args:
        mean: (N, A).
        log_std: (A,) or (N, A).
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
        return -0.5 * (z.square() + 2.0 * self.log_std + _LOG_2PI).sum(dim=1)

    def entropy(self) -> Tensor:
        """Differential entropy, nats, (N,); may be negative."""
        per_dimension = self.log_std + 0.5 * (1.0 + _LOG_2PI)
        return per_dimension.expand_as(self.mean).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The most likely action, (N, A)."""
        return self.mean


class Categorical:
    """A choice among n actions with soft-max probabilities.

    Args:
        logits: Preferences, (N, n).
    """

    def __init__(self, logits: Tensor) -> None:
        self.log_p = torch.log_softmax(logits, dim=1)

    def sample(self, generator: Generator) -> Tensor:
        """One draw per row, as a float for one storage of all actions, (N, 1)."""
        return torch.multinomial(self.log_p.exp(), 1, generator=generator).float()

    def log_prob(self, action: Tensor) -> Tensor:
        """Log probability of the choices (N, 1), nats, (N,)."""
        return self.log_p.gather(1, action.long()).squeeze(1)

    def entropy(self) -> Tensor:
        """Nats, (N,)."""
        return -(self.log_p.exp() * self.log_p).sum(dim=1)

    @property
    def mode(self) -> Tensor:
        """The most likely choice, (N, 1)."""
        return self.log_p.argmax(dim=1, keepdim=True).float()


Distribution = DiagonalGaussian | Categorical
"""Either law."""
