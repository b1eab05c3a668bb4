"""A rollout as what gradient steps learn from: segments of experience, flat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import torch
from torch import Generator, Tensor

from surefoot.data.rollout import Rollout


class Samples:
    """N transitions in G segments of L steps each: sample n is step n // G of segment n % G.

    A subclass may add tensors of its own: everything but `memory` has a row for each transition.

    Args:
        rollout: What happened.
        advantage: (T, E).
        value: Estimated when the rollout was made, (T, E).
        length: L: T, to learn from each environment's whole segment, or 1.
    """

    def __init__(self, rollout: Rollout, advantage: Tensor, value: Tensor, *, length: int) -> None:
        self.length = length
        self.features = rollout.features.flatten(0, 1)
        """(N, F)."""
        self.memory = rollout.memory.repeat(len(rollout.reward) // length, 1)
        """The memory before the first step of each segment, (G, M)."""
        self.done = rollout.done.flatten()
        """bool (N,)."""
        self.action = rollout.action.flatten(0, 1)
        """(N, A)."""
        self.log_prob = rollout.log_prob.flatten()
        """(N,)."""
        self.advantage = advantage.flatten()
        """(N,)."""
        self.value = value.flatten()
        """(N,)."""
        self.value_target = self.advantage + self.value  # detail 5 of PPO
        """(N,)."""

    @property
    def nb_segments(self) -> int:
        """G."""
        return len(self.memory)

    def pick(self, segments: Tensor) -> Self:
        """The samples of some segments, by number (B,)."""
        steps = torch.arange(self.length)[:, None] * self.nb_segments
        rows = (steps + segments).flatten()
        return self.of(
            {
                name: value[segments if name == "memory" else rows]
                if isinstance(value, Tensor)
                else value
                for name, value in vars(self).items()
            }
        )

    def minibatches(self, nb_segments: int, generator: Generator) -> Iterator[Self]:
        """All samples once, in random order of segments, so many segments at a time.

        The last may have fewer.
        """
        order = torch.randperm(self.nb_segments, generator=generator)
        shuffled = vars(self.pick(order))
        parts: dict[str, Any] = {}
        for name, value in shuffled.items():
            if name == "memory":
                parts[name] = value.split(nb_segments)
            elif isinstance(value, Tensor):
                split = self.in_order(value).split(nb_segments, dim=1)
                parts[name] = [part.flatten(0, 1) for part in split]
        for values in zip(*parts.values(), strict=True):
            yield self.of({**shuffled, **dict(zip(parts, values, strict=True))})

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        """Samples from `vars` of others: some of them, or those of a checkpoint."""
        samples = object.__new__(cls)
        vars(samples).update(fields)
        return samples

    def in_order(self, samples: Tensor) -> Tensor:
        """What belongs to the samples (N, ...), as (L, G, ...)."""
        return samples.unflatten(0, (self.length, -1))
