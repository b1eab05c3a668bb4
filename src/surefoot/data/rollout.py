"""A fixed-length piece of experience from many environments, for on-policy learning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(kw_only=True)
class Rollout:
    """T steps of E environments; segments cross the ends of episodes.

    F features, A action values, M values of recurrent memory. Values and advantages are filled in
    by the learner.
    """

    features: Tensor
    """What was observed for each decision, (T, E, F)."""
    action: Tensor
    """What the policy drew, before any clipping, (T, E, A)."""
    log_prob: Tensor
    """Log probability of `action` when it was drawn, nats, (T, E)."""
    reward: Tensor
    """(T, E)."""
    terminated: Tensor
    """bool (T, E)."""
    done: Tensor
    """terminated or truncated, bool (T, E)."""
    last_features: Tensor
    """Features after the last step, of the new episode where one ended, (E, F)."""
    truncated_at: Tensor
    """Where time ran out: (K, 2) of step and environment."""
    truncated_features: Tensor
    """Features of those states, before their reset, (K, F)."""
    memory: Tensor
    """The memory before the first step, (E, M)."""
    truncated_memory: Tensor
    """The memory with which those states were reached, (K, M)."""

    @property
    def nb_samples(self) -> int:
        """T x E."""
        return self.reward.numel()


def minibatches(nb_samples: int, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Every sample once, in random order, in batches of `batch_size` (the last may be smaller)."""
    order = torch.randperm(nb_samples, generator=generator)
    yield from order.split(batch_size)
