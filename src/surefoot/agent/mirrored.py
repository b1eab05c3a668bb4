"""Layers that cannot tell left from right: what they compute of a mirrored input is mirrored.

A linear map $W$ is equivariant under mirrors $M$ of its input and $N$ of its output where
$N W M = W$. Any matrix $V$ becomes one by averaging over the two-element group:
$W = (V + N V M) / 2$. The hidden units of a network come in pairs that the mirror swaps, so that
any activation keeps the property.

Source: van der Pol et al. 2020, "MDP homomorphic networks", arXiv:2006.16908, for the averaging;
pairs of hidden units are the regular representation of the group.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from surefoot.signals import Mirror


def swap_of(width: int) -> Mirror:
    """The mirror of hidden units: the first half changes places with the second."""
    half = width // 2
    return Mirror((*range(half, width), *range(half)), (1.0,) * width)


def nothing(width: int) -> Mirror:
    """The mirror of numbers that have no side."""
    return Mirror(tuple(range(width)), (1.0,) * width)


class Reflect(nn.Module):
    """A mirror of vectors (..., n) of tensors."""

    order: Tensor
    sign: Tensor

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self.register_buffer("order", torch.tensor(mirror.order), persistent=False)
        self.register_buffer("sign", torch.tensor(mirror.sign), persistent=False)

    def forward(self, vectors: Tensor) -> Tensor:
        """The mirrored vectors, (..., n)."""
        return vectors.index_select(-1, self.order) * self.sign

    def average(self, vectors: Tensor) -> Tensor:
        """What of the vectors is equal on both sides, (..., n)."""
        return 0.5 * (vectors + self(vectors))


class MirroredLinear(nn.Linear):
    """A linear layer that maps a mirrored input to the mirrored output.

    Its parameters are those of an ordinary layer, `weight` being V above.

    Args:
        mirror_in: Of the input.
        mirror_out: Of the output.
    """

    def __init__(self, mirror_in: Mirror, mirror_out: Mirror) -> None:
        super().__init__(len(mirror_in.order), len(mirror_out.order))
        self.reflect_in, self.reflect_out = Reflect(mirror_in), Reflect(mirror_out)

    def initialize(self, gain: float, generator: Generator) -> None:
        """Orthogonal V, of such a gain that the averaged weights have `gain`; zero biases."""
        nn.init.orthogonal_(self.weight, math.sqrt(2.0) * gain, generator=generator)
        nn.init.zeros_(self.bias)

    @property
    def averaged(self) -> Tensor:
        """W, (outputs, inputs)."""
        reflected = self.reflect_out(self.reflect_in(self.weight).T).T
        return 0.5 * (self.weight + reflected)

    def forward(self, input: Tensor) -> Tensor:
        """Outputs (..., outputs) of inputs (..., inputs)."""
        return nn.functional.linear(input, self.averaged, self.reflect_out.average(self.bias))
