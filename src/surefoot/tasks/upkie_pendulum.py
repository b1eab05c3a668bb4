"""Upkie balances on the spot: observe pitch, position and their velocities, command a velocity."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from surefoot.signals import Layout, Signal
from surefoot.sim.backend import Worlds
from surefoot.sim.randomizer import Randomizer
from surefoot.tasks.upkie import Upkie
from surefoot.tasks.upkie_config import UpkiePendulumConfig
from surefoot.tasks.upkie_reward import pendulum_terms


class UpkiePendulum(Upkie):
    """The task `upkie-pendulum` over E worlds. Source: UpkieGroundVelocity and ppo_balancer."""

    name = "upkie-pendulum"

    def __init__(
        self, config: UpkiePendulumConfig, worlds: Worlds, randomizer: Randomizer, *, seed: int
    ) -> None:
        speed = config.max_ground_velocity
        observation = Layout(
            (
                Signal(name="pitch", unit="rad", low=-math.pi, high=math.pi),
                Signal(name="ground_position", unit="m"),
                Signal(name="pitch_velocity", unit="rad/s", low=-1000.0, high=1000.0),
                Signal(name="ground_velocity", unit="m/s", low=-speed, high=speed),
            )
        )
        action = Layout((Signal(name="ground_velocity", unit="m/s", low=-speed, high=speed),))
        super().__init__(config, worlds, randomizer, seed, action, observation)

    def observe(self) -> Tensor:
        """[pitch, ground_position, pitch_velocity, ground_velocity], (E, 4)."""
        self._sense()
        return torch.stack(
            [self.pitch, self.ground_position, self.pitch_velocity, self.ground_velocity], dim=1
        )

    def reward_terms(self) -> dict[str, Tensor]:
        """Tip in place, tip still, command smooth."""
        return pendulum_terms(self.config, self, self._smoothness.term(self._command))
