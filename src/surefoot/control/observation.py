"""The four numbers the linear controllers see, and the order their model wants them in."""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.errors import Mismatch

OBSERVATION = ("pitch", "ground_position", "pitch_velocity", "ground_velocity")
"""Order of an observation: rad (forward is positive), m, rad/s, m/s."""
STATE = ("ground_position", "pitch", "ground_velocity", "pitch_velocity")
"""Order of the model's state: m, rad, m/s, rad/s. Source: qpmpc 3.3.0, for the MPC's weights."""

_STATE_FROM_OBSERVATION = [OBSERVATION.index(name) for name in STATE]


def model_state(observation: Tensor, nb_worlds: int, controller: str) -> Tensor:
    """Put an observation into the order of the model's state, in double precision on the CPU.

    The controllers keep their memory there: it is a few numbers a world, and the gains come from
    matrices whose double precision is worth keeping.

    Args:
        observation: Ordered as `OBSERVATION`, shape (E, 4).
        nb_worlds: How many worlds the controller was reset for.
        controller: Who asks, for the error message.

    Returns:
        Ordered as `STATE`, shape (E, 4), float64.

    Raises:
        Mismatch: The shape is not (nb_worlds, 4).
    """
    if observation.shape != (nb_worlds, len(OBSERVATION)):
        raise Mismatch(
            f"{controller} was reset for {nb_worlds} worlds and reads {', '.join(OBSERVATION)} "
            f"of each, got an observation of shape {tuple(observation.shape)}. "
            f"Call reset(nb_worlds) before act(observation)"
        )
    return observation[:, _STATE_FROM_OBSERVATION].to("cpu", torch.float64)
