"""Settings of walking on rough terrain, beside those of walking."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig
from surefoot.sim.terrain_config import TerrainConfig
from surefoot.tasks.walking_config import (
    Collisions,
    CommandConfig,
    PracticeConfig,
    WalkingConfig,
)


@dataclass(frozen=True, kw_only=True)
class ScanConfig:
    """Heights of the ground around the robot, on a grid that turns with its heading.

    Source: legged_gym (Rudin et al. 2022): 17 x 11 points.
    """

    known_to: Literal["policy", "critic"] = "policy"
    """Who sees them: a policy with a map of its surroundings, or, for one that walks blind, only
    the value function that judges it."""
    length: float = 0.8
    """How far ahead and behind, m."""
    width: float = 0.5
    """How far to each side, m."""
    spacing: float = 0.1
    """Distance of the points, m."""
    noise: float = 0.1
    """Uniform noise on each height, +-, m for legs of 0.55 m and in proportion for others."""

    def __post_init__(self) -> None:
        for name in ("length", "width", "spacing"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidConfig(f"task.scan.{name} must be positive, got {getattr(self, name)}")
        if not 0.0 <= self.noise < math.inf:
            raise InvalidConfig(f"task.scan.noise must not be negative, got {self.noise}")


@dataclass(frozen=True, kw_only=True)
class CurriculumConfig:
    """Which tile a robot starts on while it trains.

    Source: Rudin et al. 2022 for the game; Lee et al. 2020 for the particles.
    """

    rule: Literal["game", "particles", "none"] = "game"
    """A robot moves up when it crosses its tile and down when it does not get far; or particles
    gather where robots neither always nor never get on; or any tile, as in play and evaluation."""
    start_level: int = 5
    """Robots and particles begin on levels from 0 to this, at random."""
    particles: int = 10
    """For each kind of terrain."""
    trials: int = 6
    """Episodes on each particle before they move on."""
    band: tuple[float, float] = (0.5, 0.9)
    """Shares of the time with progress between which a level is worth training on."""
    progress: float = 0.2
    """Speed along the command from which on a robot gets on, m/s."""
    recall: float = 0.05
    """Chance of a particle to go where one was accepted before."""
    transition: float = 0.8
    """Chance of the others to move to a neighbouring level."""

    def __post_init__(self) -> None:
        if self.start_level < 0:
            raise InvalidConfig(
                f"task.curriculum.start_level must not be negative, got {self.start_level}"
            )
        for name in ("particles", "trials"):
            if getattr(self, name) < 1:
                raise InvalidConfig(
                    f"task.curriculum.{name} must be at least 1, got {getattr(self, name)}"
                )
        if not 0.0 <= self.band[0] < self.band[1] <= 1.0:
            raise InvalidConfig(
                "task.curriculum.band must be a range from low to high within [0, 1], got "
                f"{self.band[0]} to {self.band[1]}"
            )
        for name in ("recall", "transition"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidConfig(
                    f"task.curriculum.{name} must be in [0, 1], got {getattr(self, name)}"
                )


_PRACTICE = PracticeConfig(collisions="feet + body", fall_height=0.5)
_COMMAND = CommandConfig(redraw_s=(10.0, 10.0), heading_share=1.0)
_TERRAIN = TerrainConfig()


@dataclass(frozen=True, kw_only=True)
class RoughWalkingConfig(WalkingConfig):
    """Walk as commanded over rough terrain; an episode ends too when a tile is crossed."""

    collisions: Collisions = "all"
    """Which of the robot's shapes touch the ground."""
    practice: PracticeConfig = _PRACTICE
    """What training does differently."""
    command: CommandConfig = _COMMAND
    """What the robot is told to do: as in legged_gym, to go somewhere."""
    terrain: TerrainConfig = _TERRAIN
    """The ground."""
    scan: ScanConfig = ScanConfig()
    """What is known of it."""
    curriculum: CurriculumConfig = CurriculumConfig()
    """Where robots train."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.curriculum.start_level >= self.terrain.levels:
            raise InvalidConfig(
                f"task.curriculum.start_level {self.curriculum.start_level} is beyond the "
                f"{self.terrain.levels} levels, which count from 0"
            )
