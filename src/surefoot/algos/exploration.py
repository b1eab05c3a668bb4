"""How learners off policy try what they do not know yet."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from surefoot.algos.dqn_config import C51Config, DQNConfig


def epsilon(config: DQNConfig | C51Config, progress: float) -> float:
    """Probability of a random choice, with `progress` of the training behind, in [0, 1]."""
    first, last = config.exploration_initial_eps, config.exploration_final_eps
    if progress >= config.exploration_fraction:
        return last
    return first + progress / config.exploration_fraction * (last - first)


def epsilon_greedy(greedy: Tensor, nb_choices: int, eps: float, generator: Generator) -> Tensor:
    """The greedy choices (E, 1), each replaced by a uniform one with probability `eps`."""
    random = torch.randint(nb_choices, greedy.shape, generator=generator).float()
    return torch.where(torch.rand(greedy.shape, generator=generator) < eps, random, greedy)


def gaussian(output: Tensor, std: float, generator: Generator) -> Tensor:
    """Outputs (E, A) in [-1, 1] with normal noise, clipped to where they belong."""
    noise = torch.empty_like(output).normal_(generator=generator)
    return (output + std * noise).clamp(-1.0, 1.0)
