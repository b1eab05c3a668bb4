"""Whole episodes of the same length, several for each of several seeds."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """T steps of E episodes for each of S seeds, from their start until time is up."""

    features: Tensor
    """What policy and value saw, and what they would see at the end, (T + 1, S, E, F)."""
    action: Tensor
    """Which actions were taken, int64 (T, S, E)."""
    signal: Tensor
    """The cost or the reward of each step, (T, S, E)."""

    def rows(self, what: Tensor, steps: slice) -> Tensor:
        """Some steps of (T, S, E, ...), each seed's in a row: (S, steps x E, ...)."""
        return what[steps].transpose(0, 1).flatten(1, 2)


def blocks_backwards(nb_steps: int, size: int) -> list[slice]:
    """The steps 0 to `nb_steps` in blocks of `size`, the last block first."""
    return [slice(max(end - size, 0), end) for end in range(nb_steps, 0, -size)]
