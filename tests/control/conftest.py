"""A robot that is exactly the controllers' model, but not linearised: no physics engine needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import pytest
import torch
from torch import Tensor


class Policy(Protocol):
    """What the controllers have in common."""

    def reset(self, nb_worlds: int) -> None:
        """Forget everything."""
        ...

    def act(self, observation: Tensor) -> Tensor:
        """Observation (E, 4) to command (E, 1)."""
        ...


def _roll(
    policy: Policy,
    start: Tensor,
    *,
    seconds: float,
    length: float,
    gravity: float = 9.81,
    period: float = 0.005,
    max_acceleration: float = 10.0,
) -> Tensor:
    """Drive wheeled inverted pendulums, and say what was observed before every command.

    The wheels reach the commanded velocity within a period as far as `max_acceleration` lets them.

    Args:
        policy: Who drives.
        start: First observations (pitch, position, pitch velocity, ground velocity), shape (E, 4).
        seconds: How long.
        length: Of the pendulums, m.
        gravity: m/s².
        period: Time between commands, s.
        max_acceleration: Of the ground velocity, m/s².

    Returns:
        Observations, shape (T, E, 4).

    Source: specs/upkie.md, end of section 4: upkie 5.1.0's environment without physics engine.
    """
    pitch, position, rate, velocity = start.double().unbind(dim=1)
    policy.reset(len(start))
    seen: list[Tensor] = []
    for _ in range(math.ceil(seconds / period)):
        seen.append(torch.stack([pitch, position, rate, velocity], dim=1))
        wanted = policy.act(seen[-1])[:, 0]
        a = ((wanted - velocity) / period).clamp(-max_acceleration, max_acceleration)
        alpha = (gravity * pitch.sin() - a * pitch.cos()) / length
        position = position + period * (velocity + period * a / 2)
        pitch = pitch + period * (rate + period * alpha / 2)
        velocity, rate = velocity + period * a, rate + period * alpha
    return torch.stack(seen)


def _full_randomisation(nb_worlds: int, seed: int = 0) -> Tensor:
    """Draw first observations from pitch ±0.25 rad, rate ±0.1 rad/s and velocity ±0.1 m/s."""
    draw = torch.Generator().manual_seed(seed)
    bounds = torch.tensor([0.25, 0.0, 0.1, 0.1], dtype=torch.float64)
    return (2 * torch.rand(nb_worlds, 4, generator=draw, dtype=torch.float64) - 1) * bounds


@pytest.fixture
def roll() -> Callable[..., Tensor]:
    """The simulation, `_roll`."""
    return _roll


@pytest.fixture
def full_randomisation() -> Callable[..., Tensor]:
    """The draw of first observations, `_full_randomisation`."""
    return _full_randomisation
