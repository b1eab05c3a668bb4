"""A memory that learns what to keep: LSTM or GRU, for what one observation does not show."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.config import AgentConfig
from surefoot.agent.mirrored import Reflect
from surefoot.signals import Mirror

_STATES = {"none": 0, "gru": 1, "lstm": 2}
"""How many vectors of its width each kind carries from step to step; the first is its output."""


def state_size(config: AgentConfig) -> int:
    """M, the values that a memory carries from one decision to the next."""
    nb = 1 if config.mirror == "none" else 2
    return nb * _STATES[config.memory] * config.memory_size


class Memory(nn.Module):
    r"""One recurrent layer whose state is a flat tensor, all zeros when an episode begins.

    Letters in shapes: T steps, N agents, F features, W width, M state values (2 W for an LSTM, its
    output h before its cell c; W for a GRU).

    Args:
        config: Kind and width; not "none".
        nb_features: F.
        generator: Where the weights are drawn from.

    Source: Hochreiter and Schmidhuber 1997 (LSTM); Cho et al. 2014, arXiv:1406.1078 (GRU). Huang et
        al. 2022, details 32 to 34 of PPO: orthogonal weights of gain 1 and zero biases, zero
        initial state, reset at the end of an episode inside the segment.
    """

    def __init__(self, config: AgentConfig, nb_features: int, generator: Generator) -> None:
        super().__init__()
        self._lstm, self.width = config.memory == "lstm", config.memory_size
        kind = nn.LSTM if self._lstm else nn.GRU
        self.layer = kind(nb_features, self.width)
        bound = 1.0 / math.sqrt(self.width)
        for name, parameter in self.layer.named_parameters():
            if not config.ortho_init:
                nn.init.uniform_(parameter, -bound, bound, generator=generator)
            elif name.startswith("weight"):
                nn.init.orthogonal_(parameter, 1.0, generator=generator)  # detail 32
            else:
                nn.init.zeros_(parameter)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take in consecutive features (T, N, F), with no episode ending between them.

        Returns:
            Outputs (T, N, W), and the state afterwards (N, M).
        """
        if self._lstm:
            h, c = state[None].chunk(2, dim=2)
            output, (h, c) = self.layer(features, (h.contiguous(), c.contiguous()))
            return output, torch.cat([h[0], c[0]], dim=1)
        output, h = self.layer(features, state[None])
        return output, h[0]

    def unroll(self, features: Tensor, state: Tensor, done: Tensor) -> Tensor:
        """What it recalls along segments that cross the ends of episodes.

        Args:
            features: (T, N, F).
            state: Before the first step, (N, M).
            done: Whether an episode ended after each step but the last, bool (T - 1, N).

        Returns:
            Outputs, (T, N, W).
        """
        outputs: list[Tensor] = []
        begins = [0, *(done.any(dim=1).nonzero().flatten() + 1).tolist()]
        for begin, end in zip(begins, [*begins[1:], len(features)], strict=True):
            if begin > 0:
                state = state * ~done[begin - 1][:, None]  # detail 34
            output, state = self(features[begin:end], state)
            outputs.append(output)
        return torch.cat(outputs)


class MirroredMemory(Memory):
    """One memory for what is seen and one for its mirror image, with the same weights.

    In the mirror the two change places, and nothing else happens. Their width counts both.

    Args:
        config: Kind and width of each; not "none".
        mirror: Of the features.
        generator: Where the weights are drawn from.
    """

    def __init__(self, config: AgentConfig, mirror: Mirror, generator: Generator) -> None:
        super().__init__(config, len(mirror.order), generator)
        self.width = 2 * config.memory_size
        self.reflect = Reflect(mirror)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As `Memory.forward`; outputs (T, N, W) and states (N, M) hold both halves."""
        nb = features.shape[1]
        both = torch.cat([features, self.reflect(features)], dim=1)
        output, after = super().forward(both, torch.cat(state.chunk(2, dim=1)))
        outputs = torch.cat([output[:, :nb], output[:, nb:]], dim=2)
        return outputs, torch.cat([after[:nb], after[nb:]], dim=1)
