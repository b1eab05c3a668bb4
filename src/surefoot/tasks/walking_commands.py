"""What robots are told to do while they walk: velocities, headings, standing."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from surefoot.tasks.walking_config import CommandConfig

_SMALL = 0.1
"""Commands slower than this, m/s and rad/s, say: stand."""


class Commands:
    """Commands of E robots, drawn anew from time to time.

    Args:
        config: Ranges and shares.
        nb_worlds: E.
        dt: Policy step, s.
    """

    def __init__(self, config: CommandConfig, nb_worlds: int, dt: float) -> None:
        self._config, self._dt = config, dt
        ranges = torch.tensor([config.forward, config.sideways, config.turn])
        self._low, self._span = ranges[:, 0], ranges[:, 1] - ranges[:, 0]
        self.value = torch.zeros(nb_worlds, 3)
        """Velocity along x and y in m/s and yaw rate in rad/s, in the base frame, (E, 3)."""
        self._left = torch.zeros(nb_worlds)  # until the next command, s
        self._heading = torch.zeros(nb_worlds)
        self._has_heading = torch.zeros(nb_worlds, dtype=torch.bool)

    @property
    def moving(self) -> Tensor:
        """Whether a robot is to move, bool (E,)."""
        return (self.value != 0.0).any(dim=1)

    def draw(self, ids: Tensor, yaw: Tensor, generator: Generator) -> None:
        """New commands for the robots `ids` (N,) among those that look along `yaw`, (E,) rad."""
        c, nb = self._config, len(ids)
        u = torch.rand(nb, 7, generator=generator)
        value = self._low + self._span * u[:, :3]
        stands = (u[:, 3] < c.standing_share) | (value.abs() < _SMALL).all(dim=1)
        self.value[ids] = torch.where(stands[:, None], 0.0, value)
        self._has_heading[ids] = (u[:, 4] < c.heading_share) & ~stands
        self._heading[ids] = torch.pi * (2.0 * u[:, 5] - 1.0)
        low, high = c.redraw_s
        self._left[ids] = low + (high - low) * u[:, 6]
        self._steer(ids, yaw)

    def set(self, value: Tensor) -> None:
        """Command every robot, (E, 3), until somebody does so again: for play and evaluation."""
        self.value.copy_(value)
        self._has_heading.zero_()
        self._left.fill_(float("inf"))

    def advance(self, yaw: Tensor, generator: Generator) -> None:
        """One policy step later: replace old commands, steer towards headings.

        Args:
            yaw: Heading of each base, (E,), rad.
            generator: What new commands are drawn from.
        """
        self._left = self._left - self._dt
        old = (self._left <= 0.0).nonzero().squeeze(1)
        if len(old):
            self.draw(old, yaw, generator)
        self._steer(self._has_heading.nonzero().squeeze(1), yaw)

    def _steer(self, ids: Tensor, yaw: Tensor) -> None:
        """Turn those of the robots `ids` that have a heading towards it."""
        error = (self._heading[ids] - yaw[ids] + torch.pi).remainder(2.0 * torch.pi) - torch.pi
        low, high = self._config.turn
        rate = (self._config.heading_gain * error).clamp(low, high)
        self.value[ids, 2] = torch.where(self._has_heading[ids], rate, self.value[ids, 2])

    def state_dict(self) -> dict[str, Tensor]:
        """Commands, headings and times."""
        return {
            "command": self.value.clone(),
            "command_left": self._left.clone(),
            "heading": self._heading.clone(),
            "has_heading": self._has_heading.clone(),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        self.value = state["command"].clone()
        self._left = state["command_left"].clone()
        self._heading = state["heading"].clone()
        self._has_heading = state["has_heading"].clone()
