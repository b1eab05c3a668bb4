"""Upkie drives and turns as commanded: two actions, ground velocity and yaw velocity."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from surefoot.signals import Layout, Signal
from surefoot.sim.backend import Worlds
from surefoot.sim.randomizer import Randomizer
from surefoot.tasks.upkie import Upkie
from surefoot.tasks.upkie_config import UpkieGyropodConfig
from surefoot.tasks.upkie_reward import gyropod_terms


class UpkieGyropod(Upkie):
    """The task `upkie-gyropod` over E worlds.

    Yaw is dead-reckoned from the commands, as in the upkie package's environment; the reward looks
    at the true yaw rate. Commands are drawn per world and redrawn every `command_s`.
    """

    name = "upkie-gyropod"

    def __init__(
        self, config: UpkieGyropodConfig, worlds: Worlds, randomizer: Randomizer, *, seed: int
    ) -> None:
        speed, yaw = config.max_ground_velocity, config.max_yaw_velocity
        observation = Layout(
            (
                Signal(name="ground_position", unit="m"),
                Signal(name="pitch", unit="rad", low=-math.pi, high=math.pi),
                Signal(name="yaw", unit="rad"),
                Signal(name="ground_velocity", unit="m/s", low=-speed, high=speed),
                Signal(name="pitch_velocity", unit="rad/s", low=-1000.0, high=1000.0),
                Signal(name="yaw_velocity", unit="rad/s", low=-yaw, high=yaw),
                Signal(
                    name="target_velocity",
                    unit="m/s",
                    low=-config.command_velocity,
                    high=config.command_velocity,
                    source="operator",
                ),
                Signal(
                    name="target_yaw_velocity",
                    unit="rad/s",
                    low=-config.command_yaw,
                    high=config.command_yaw,
                    source="operator",
                ),
            )
        )
        action = Layout(
            (
                Signal(name="ground_velocity", unit="m/s", low=-speed, high=speed),
                Signal(name="yaw_velocity", unit="rad/s", low=-yaw, high=yaw),
            )
        )
        super().__init__(config, worlds, randomizer, seed, action, observation)
        self._gyropod = config
        self._yaw = torch.zeros(worlds.nb_worlds)
        self._age = torch.zeros(worlds.nb_worlds, dtype=torch.int64)
        self._target = torch.zeros(worlds.nb_worlds, 2)

    def reset(self, ids: Tensor, scale: float, *, imperfect: bool) -> None:
        """As `Upkie.reset`, with yaw at zero and a new command."""
        super().reset(ids, scale, imperfect=imperfect)
        self._yaw[ids] = 0.0
        self._draw_targets(ids)

    def _draw_targets(self, ids: Tensor) -> None:
        c, nb = self._gyropod, len(ids)
        bound = torch.tensor([c.command_velocity, c.command_yaw])
        target = bound * (2.0 * torch.rand(nb, 2, generator=self._random) - 1.0)
        stands = torch.rand(nb, 1, generator=self._random) < c.standing_share
        self._target[ids] = torch.where(stands, 0.0, target)
        self._age[ids] = 0

    def set_targets(self, target: Tensor) -> None:
        """Command every world, (E, 2) m/s and rad/s, until the next draw: for play."""
        self._target.copy_(target)
        self._age.zero_()

    def apply(self, action: Tensor, *, imperfect: bool) -> None:
        """As `Upkie.apply`; yaw follows the command."""
        super().apply(action, imperfect=imperfect)
        self._yaw = self._yaw + self._command[:, 1] * self._dt

    def observe(self) -> Tensor:
        """The gyropod's six values and the two commands to follow, (E, 8)."""
        self._sense()
        return torch.stack(
            [self.ground_position, self.pitch, self._yaw, self.ground_velocity,
             self.pitch_velocity, self._command[:, 1], *self._target.unbind(1)], dim=1,
        )  # fmt: skip

    def disturb(self, observation: Tensor) -> Tensor:
        """Noise on what is sensed; the operator's commands arrive exactly."""
        noisy = super().disturb(observation)
        noisy[:, 6:] = observation[:, 6:]
        return noisy

    def reward_terms(self) -> dict[str, Tensor]:
        """Drive as commanded, turn as commanded, command smooth."""
        smoothness = self._smoothness.term(self._command)
        return gyropod_terms(self._gyropod, self, self._target, smoothness)

    def advance(self) -> None:
        """As `Upkie.advance`; old commands are replaced."""
        super().advance()
        self._age += 1
        stale = (self._age >= round(self._gyropod.command_s / self._dt)).nonzero().squeeze(1)
        if len(stale):
            self._draw_targets(stale)

    _STATE = (*Upkie._STATE, "_yaw", "_age", "_target")
