"""What robots walk on: a plane, or a field of tiles on which each robot has its own.

Letters in shapes: E robots, N of them, H points of the height scan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Generator, Tensor

from surefoot.signals import Mirror, Signal
from surefoot.sim.terrain import ANYMAL_LEGS, Terrain
from surefoot.tasks.walking_curriculum import Curriculum, Game, Particles, Trial
from surefoot.tasks.walking_rough_config import RoughWalkingConfig, ScanConfig

_SPREAD = 0.3
"""How far from the middle of a tile a robot may start, as a share of the platform's half width."""


class Ground(Protocol):
    """What a walking task asks of the ground."""

    task: str
    """Name of the task on this ground."""

    @property
    def scan(self) -> HeightScan | None:
        """What is known of its shape, if anything."""
        ...

    def heights_at(self, xy: Tensor) -> Tensor:
        """Height at points (..., 2), (...), m."""
        ...

    def begin(self, ids: Tensor, xy: Tensor, fell: Tensor, generator: Generator) -> Tensor:
        """Where the robots `ids` (N,), which ended at `xy` (N, 2) m, start next, (N, 2), m."""
        ...

    def advance(self, velocity: Tensor, command: Tensor, yaw: Tensor) -> None:
        """One policy step with velocities (E, 2) as the command (E, 3) asks, heading yaw (E,)."""
        ...

    def crossed(self, xy: Tensor) -> Tensor:
        """Whether robots at (E, 2) m have crossed their tiles, bool (E,)."""
        ...

    def report(self) -> dict[str, float]:
        """Metrics."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """For a bit-for-bit continuation."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        ...


class Plane:
    """Flat ground without end."""

    task = "quadruped-flat"
    scan = None

    def heights_at(self, xy: Tensor) -> Tensor:
        """Zero."""
        return torch.zeros(xy.shape[:-1])

    def begin(self, ids: Tensor, xy: Tensor, fell: Tensor, generator: Generator) -> Tensor:
        """At the origin."""
        return torch.zeros(len(ids), 2)

    def advance(self, velocity: Tensor, command: Tensor, yaw: Tensor) -> None:
        """It does not matter where robots go."""

    def crossed(self, xy: Tensor) -> Tensor:
        """Nobody has."""
        return torch.zeros(len(xy), dtype=torch.bool)

    def report(self) -> dict[str, float]:
        """Nothing to say."""
        return {}

    def state_dict(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Nothing to do."""


class HeightScan:
    """How far the ground around a robot lies below its nominal place, on a grid.

    Args:
        config: The grid, and who sees it.
        terrain: Where.
        leg_length: Nominal height of the base over the ground, m.

    Source: legged_gym (Rudin et al. 2022); reading the nearest point of the field as well.
    """

    def __init__(self, config: ScanConfig, terrain: Terrain, leg_length: float) -> None:
        self._terrain, self._leg_length = terrain, leg_length
        x, y = (
            config.spacing * torch.arange(-n, n + 1)
            for n in (round(reach / config.spacing) for reach in (config.length, config.width))
        )
        self.points = torch.cartesian_prod(x, y)
        """In the robot's heading frame, (H, 2), m; x first, so that a row has all y."""
        nb_x, nb_y = len(x), len(y)
        self.signal = Signal(
            name="height_scan", unit="m", low=-1.0, high=1.0, size=nb_x * nb_y,
            source="sensor" if config.known_to == "policy" else "simulator",
        )  # fmt: skip
        self.noise = config.noise * leg_length / ANYMAL_LEGS
        """Of each height, +-, m."""
        self.mirror = Mirror(
            tuple(row * nb_y + column for row in range(nb_x) for column in reversed(range(nb_y))),
            (1.0,) * (nb_x * nb_y),
        )
        """Left and right of each row change places."""

    def read(self, xy: Tensor, yaw: Tensor, z: Tensor) -> Tensor:
        """The scan of robots at (E, 2), heading yaw (E,), base at z (E,) in the world, (E, H)."""
        cos, sin = torch.cos(yaw)[:, None], torch.sin(yaw)[:, None]
        x, y = self.points.unbind(dim=1)
        ground = self._terrain.nearest_heights(
            torch.addcmul(xy[:, :1], cos, x).addcmul_(sin, y, value=-1.0),
            torch.addcmul(xy[:, 1:], sin, x).addcmul_(cos, y),
        )
        return (z[:, None] - self._leg_length - ground).clamp_(-1.0, 1.0)


class Course:
    """A field of tiles; a curriculum says on which one a robot starts.

    While one trains, a robot keeps to its column, and with it to its kind of terrain; without a
    curriculum it starts anywhere, unless it is sent to a tile.

    Args:
        config: Terrain, scan and curriculum.
        terrain: The field.
        nb_worlds: E.
        leg_length: m.
    """

    task = "quadruped-rough"

    def __init__(
        self, config: RoughWalkingConfig, terrain: Terrain, nb_worlds: int, leg_length: float
    ) -> None:
        self.terrain, self._config = terrain, config
        self._dt, self._max_steps = 1.0 / config.frequency, config.max_episode_steps
        self.scan = HeightScan(config.scan, terrain, leg_length)
        self.kinds = tuple(dict.fromkeys(terrain.kinds))
        """Kinds of terrain, once each."""
        self._kind_of_column = torch.tensor([self.kinds.index(kind) for kind in terrain.kinds])
        nb_columns = len(terrain.kinds)
        self.level = torch.zeros(nb_worlds, dtype=torch.int64)
        """Of each robot's tile, (E,)."""
        self.column = torch.arange(nb_worlds) * nb_columns // nb_worlds
        """Of each robot's tile, (E,)."""
        self._sent = False
        kind_of = self._kind_of_column[self.column]
        rule, nb_levels = config.curriculum, config.terrain.levels
        self.curriculum: Curriculum | None = {
            "game": lambda: Game(rule, nb_levels),
            "particles": lambda: Particles(rule, nb_levels, kind_of),
            "none": lambda: None,
        }[rule.rule]()
        self._asked = torch.zeros(nb_worlds, 2)  # way that the commands would have led, m
        self._steps = torch.zeros(nb_worlds)
        self._moving = torch.zeros(nb_worlds)  # steps with a command to move
        self._progress = torch.zeros(nb_worlds)  # those of them with progress

    @property
    def origin(self) -> Tensor:
        """Middles of the robots' tiles, (E, 2), m."""
        return self.terrain.origins[self.level, self.column]

    def send(self, level: Tensor, column: Tensor) -> None:
        """From the next episode on, let each robot start on its own tile: levels, columns (E,)."""
        self.level, self.column, self._sent = level.clone(), column.clone(), True

    def heights_at(self, xy: Tensor) -> Tensor:
        """Height of the ground at points (..., 2), (...), m."""
        return self.terrain.heights_at(xy)

    def begin(self, ids: Tensor, xy: Tensor, fell: Tensor, generator: Generator) -> Tensor:
        """The curriculum hears how it went and says where to go on; see `Ground`."""
        nb = len(ids)
        if self.curriculum is None:
            if not self._sent:
                nb_levels, nb_columns = self.terrain.origins.shape[:2]
                self.level[ids] = torch.randint(nb_levels, (nb,), generator=generator)
                self.column[ids] = torch.randint(nb_columns, (nb,), generator=generator)
        else:
            first = self._steps[ids] == 0.0
            new, old = ids[first], ids[~first]
            if len(new):
                self.level[new] = self.curriculum.start(new, generator)
            if len(old):
                trial = self._trial(old, xy[~first], fell[~first])
                self.level[old] = self.curriculum.next_level(old, self.level[old], trial, generator)
        for count in (self._asked, self._steps, self._moving, self._progress):
            count[ids] = 0.0
        bound = _SPREAD * 0.5 * self._config.terrain.platform
        aside = bound * (2.0 * torch.rand(nb, 2, generator=generator) - 1.0)
        return self.origin[ids] + aside

    def _trial(self, ids: Tensor, xy: Tensor, fell: Tensor) -> Trial:
        covered = (xy - self.origin[ids]).norm(dim=1)
        after_fall = (self._max_steps - self._steps[ids]) * fell
        return Trial(
            crossed=covered > self._half_tile,
            fell=fell,
            covered=covered,
            asked=self._asked[ids].norm(dim=1),
            traversability=self._progress[ids] / (self._moving[ids] + after_fall),
        )

    @property
    def _half_tile(self) -> float:
        return 0.5 * self._config.terrain.tile

    def advance(self, velocity: Tensor, command: Tensor, yaw: Tensor) -> None:
        """Keep account of the way asked and of the progress; see `Ground`."""
        x, y = command[:, 0], command[:, 1]
        cos, sin = torch.cos(yaw), torch.sin(yaw)
        self._asked += self._dt * torch.stack([cos * x - sin * y, sin * x + cos * y], dim=1)
        speed = command[:, :2].norm(dim=1)
        along = (velocity * command[:, :2]).sum(dim=1) / speed.clamp(min=1e-6)
        moving = speed > 0.0
        self._steps += 1.0
        self._moving += moving
        self._progress += moving & (along > self._config.curriculum.progress)

    def crossed(self, xy: Tensor) -> Tensor:
        """Whether robots are further from the middle of their tiles than its edge."""
        return (xy - self.origin).norm(dim=1) > self._half_tile

    def report(self) -> dict[str, float]:
        """Mean level of the robots on each kind of terrain."""
        kind = self._kind_of_column[self.column]
        return {
            f"curriculum/level_{name}": float(self.level[kind == i].float().mean())
            for i, name in enumerate(self.kinds)
            if bool((kind == i).any())
        }

    _STATE = ("level", "column", "_asked", "_steps", "_moving", "_progress")

    def state_dict(self) -> dict[str, Tensor]:
        """Tiles, accounts and the curriculum's state."""
        own = {f"course.{name}": getattr(self, name).clone() for name in self._STATE}
        rule = self.curriculum.state_dict() if self.curriculum else {}
        return own | {f"curriculum.{name}": value for name, value in rule.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        for name in self._STATE:
            setattr(self, name, state[f"course.{name}"].clone())
        if self.curriculum:
            prefix = "curriculum."
            self.curriculum.load_state_dict(
                {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            )


def without_curriculum(config: RoughWalkingConfig) -> RoughWalkingConfig:
    """The same task with robots anywhere on the field: for play and evaluation."""
    return replace(config, curriculum=replace(config.curriculum, rule="none"))
