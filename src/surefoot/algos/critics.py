"""Critics of an action, several networks as one."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.agent import Agent


class Critics(nn.Module):
    """K independent networks (features, action) -> Q, multiplied in one go; ReLU between layers.

    Args:
        agent: Whose actions they value: its features, `net_arch_vf`.
        nb: K.
        generator: Where the weights are drawn from, each as PyTorch does for a linear layer.
    """

    def __init__(self, agent: Agent, nb: int, generator: Generator) -> None:
        super().__init__()
        hidden = agent.config.net_arch_vf
        sizes = (agent.pipeline.feature_size + agent.pipeline.action_size, *hidden, 1)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width_in, width_out in itertools.pairwise(sizes):
            bound = 1.0 / math.sqrt(width_in)
            for tensors, shape in (
                (self.weights, (nb, width_in, width_out)),
                (self.biases, (nb, 1, width_out)),
            ):
                tensors.append(
                    nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
                )
        self._layers = list(zip(self.weights, self.biases, strict=True))

    def forward(self, features: Tensor, action: Tensor) -> Tensor:
        """Values of actions (N, A) in states of features (N, F), by each network, (K, N)."""
        *hidden, (weight, bias) = self._layers
        x = torch.cat([features, action], dim=1).expand(len(weight), -1, -1)
        for hidden_weight, hidden_bias in hidden:
            x = torch.baddbmm(hidden_bias, x, hidden_weight).relu_()
        return torch.baddbmm(bias, x, weight).squeeze(2)
