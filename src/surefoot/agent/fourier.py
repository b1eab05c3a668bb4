"""What a policy sees of a periodic state: a few cosines and sines of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class FourierFeatures:
    r"""Cosines and sines of all whole combinations of the scaled coordinates.

    $\cos(c\cdot x)$ and $\sin(c\cdot x)$ for every $c = (k s_1, l s_2, \dots)$ with k, l, ... in 0
    to `order`. For one coordinate and order 1: $1, \cos sx, 0, \sin sx$.

    Args:
        order: Highest multiple of each coordinate.
        scale: s, what one unit of each coordinate is in rad, D numbers.

    Source: Konidaris, Osentoski and Thomas 2011, "Value function approximation in reinforcement
        learning using the Fourier basis", with the sines of a periodic state.
    """

    def __init__(self, order: int, scale: Sequence[float]) -> None:
        multiples = torch.cartesian_prod(*(torch.arange(order + 1),) * len(scale))
        multiples = multiples.reshape(-1, len(scale)).double()
        self._frequencies = (multiples * torch.tensor(scale, dtype=torch.float64)).T

    @property
    def size(self) -> int:
        """F: twice (order + 1) to the power of D."""
        return 2 * self._frequencies.shape[1]

    def __call__(self, state: Tensor) -> Tensor:
        """States (..., D) to features (..., F), all cosines first."""
        phase = state @ self._frequencies
        return torch.cat([phase.cos(), phase.sin()], dim=-1)
