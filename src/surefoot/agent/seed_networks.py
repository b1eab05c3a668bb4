"""Networks in the place of linear policies and values, for S seeds at once.

Each seed has weights of its own along the first dimension. Steps are Adam's, whose size does not
depend on the scale of costs or rewards. Shapes: S seeds, N samples, F features, n actions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.distributions import Categorical


class SeedNetwork:
    """S perceptrons of the same shape, tanh between the layers, and their optimizer.

    Args:
        sizes: Widths from input to output.
        output_gain: Gain of the last layer's orthogonal weights; hidden ones have sqrt 2.
        generators: Where each seed's weights are drawn from, S of them.
    """

    def __init__(
        self, sizes: Sequence[int], *, output_gain: float, generators: Sequence[Generator]
    ) -> None:
        self.parameters: list[Tensor] = []
        """Weights (S, in, out) and biases (S, 1, out), layer by layer."""
        last = len(sizes) - 2
        for i, (width_in, width_out) in enumerate(itertools.pairwise(sizes)):
            gain = output_gain if i == last else math.sqrt(2.0)
            weight = torch.empty(len(generators), width_in, width_out, dtype=torch.float64)
            for one, generator in zip(weight, generators, strict=True):
                nn.init.orthogonal_(one, gain, generator=generator)
            self.parameters += [
                weight,
                torch.zeros(len(generators), 1, width_out, dtype=torch.float64),
            ]
        for parameter in self.parameters:
            parameter.requires_grad_()
        self._optimizer = torch.optim.Adam(self.parameters, eps=1e-5)

    def __call__(self, features: Tensor) -> Tensor:
        """Features (S, N, F) to outputs (S, N, out)."""
        layers = [*zip(self.parameters[::2], self.parameters[1::2], strict=True)]
        for weight, bias in layers[:-1]:
            features = torch.baddbmm(bias, features, weight).tanh()
        return torch.baddbmm(layers[-1][1], features, layers[-1][0])

    def ascend(self, objective: Tensor, rate: float) -> None:
        """One step of Adam that raises a sum over seeds and samples."""
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        (-objective).backward()
        self._optimizer.step()


class NetworkSoftmax:
    """A soft-max policy whose preferences come from a network; as `LinearSoftmax`.

    Args:
        sizes: Widths from features to actions.
        generators: Where each seed's weights are drawn from.
    """

    def __init__(self, sizes: Sequence[int], generators: Sequence[Generator]) -> None:
        self._network = SeedNetwork(sizes, output_gain=0.01, generators=generators)
        self.parameters = self._network.parameters

    def law(self, features: Tensor) -> Categorical:
        """Law of the actions, given features (S, N, F), for all S N samples in a row."""
        return Categorical(self._network(features).flatten(0, 1))

    @torch.enable_grad()
    def ascend(self, features: Tensor, action: Tensor, weight: Tensor, rate: float) -> None:
        """Follow the gradient of the sum of weight (S, N) times log pi(action (S, N))."""
        log_prob = self.law(features).log_prob(action.reshape(-1, 1))
        self._network.ascend((weight.flatten() * log_prob).sum(), rate)


class NetworkValue:
    """A value function from a network; as `LinearValue`.

    Args:
        sizes: Widths from features to 1.
        generators: Where each seed's weights are drawn from.
        scale: Unit of the output: values are of this size.
    """

    def __init__(
        self, sizes: Sequence[int], generators: Sequence[Generator], *, scale: float = 1.0
    ) -> None:
        self._network = SeedNetwork(sizes, output_gain=1.0, generators=generators)
        self._scale = scale
        self.parameters = self._network.parameters

    @torch.no_grad()
    def __call__(self, features: Tensor) -> Tensor:
        """Values of features (S, N, F), (S, N)."""
        return self._value(features)

    @torch.enable_grad()
    def ascend(self, features: Tensor, weight: Tensor, rate: float) -> None:
        """Follow the gradient of the sum of weight (S, N) times V."""
        self._network.ascend((weight * self._value(features)).sum(), rate)

    def _value(self, features: Tensor) -> Tensor:
        return self._scale * self._network(features).squeeze(2)
