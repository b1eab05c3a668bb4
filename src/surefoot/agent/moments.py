"""Running mean and standard deviation, for observations and returns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLIP = 10.0
"""Standard deviations beyond which a normalised value is clipped."""


class RunningMoments(nn.Module):
    """Mean and variance of everything seen so far, merged batch by batch.

    Source: Chan, Golub and LeVeque 1979, parallel update of mean and variance.
    """

    mean: Tensor
    var: Tensor
    count: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("var", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def update(self, samples: Tensor) -> None:
        """Take in samples, (N, size). Rows that are not finite are left out."""
        samples = samples.double()
        samples = samples[torch.isfinite(samples).all(dim=1)]
        nb = len(samples)
        if nb == 0:
            return
        mean, var = samples.mean(dim=0), samples.var(dim=0, unbiased=False)
        total = self.count + nb
        delta = mean - self.mean
        spread = self.var * self.count + var * nb + delta**2 * (self.count * nb / total)
        self.mean.copy_(self.mean + delta * (nb / total))
        self.var.copy_(spread / total)
        self.count.copy_(total)

    @property
    def std(self) -> Tensor:
        """Standard deviation, never below 1e-4, float32 (size,)."""
        return self.var.sqrt().clamp(min=1e-4).float()

    def normalize(self, samples: Tensor) -> Tensor:
        """(x - mean) / std clipped to +-10, float32, shape of `samples` (..., size).

        Source: Huang et al. 2022, details 28 and 29 of PPO.
        """
        return ((samples - self.mean.float()) / self.std).clamp(-CLIP, CLIP)
