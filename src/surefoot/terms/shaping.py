"""The lecture's two forms of a reward: a motivation draws an error to zero, a penalty pushes it."""

from __future__ import annotations

import torch
from torch import Tensor


def motivation(error: Tensor, *, tolerance: float) -> Tensor:
    """exp(-(e/w)^2): 1 at zero error, 1/e at the tolerance, flat far away.

    Args:
        error: e, any shape.
        tolerance: w, unit of the error.

    Returns:
        Dimensionless score in (0, 1], shape of `error`.
    """
    return torch.exp(-((error / tolerance) ** 2))


def absolute_penalty(error: Tensor) -> Tensor:
    """-|e|: the same pull everywhere. Unit and shape of `error`."""
    return -error.abs()


def squared_penalty(error: Tensor) -> Tensor:
    """-e^2: forgives small errors. Unit of `error` squared, its shape."""
    return -(error**2)
