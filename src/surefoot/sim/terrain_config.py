"""Settings of rough terrain: which tiles there are, and how large they are; no physics."""

from __future__ import annotations

import math
from dataclasses import dataclass

from surefoot.errors import InvalidConfig

LARGEST = 30_000_000
"""Points that a field may have: it then takes about a quarter of a gigabyte."""


@dataclass(frozen=True, kw_only=True)
class TerrainMix:
    """Shares of the kinds of terrain, in proportion to their sum.

    Source: legged_gym (Rudin et al. 2022) for the first five; the others are there to be asked for.
    """

    smooth_slope: float = 0.1
    """Pyramids and funnels."""
    rough_slope: float = 0.1
    """The same with bumps."""
    stairs_up: float = 0.35
    """Stairs that rise on all sides."""
    stairs_down: float = 0.25
    """Stairs that fall on all sides."""
    discrete_obstacles: float = 0.2
    """Blocks and hollows of one to two metres."""
    hills: float = 0.0
    """Perlin noise."""
    steps: float = 0.0
    """Square blocks of random height, side by side."""
    stepping_stones: float = 0.0
    """Stones between deep holes."""
    gaps: float = 0.0
    """A ditch around the start."""

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0.0 <= share < math.inf:
                raise InvalidConfig(f"task.terrain.mix.{name} must not be negative, got {share}")
        if not any(vars(self).values()):
            raise InvalidConfig("task.terrain.mix needs at least one share above zero")


@dataclass(frozen=True, kw_only=True)
class TerrainConfig:
    """One field of tiles: levels of difficulty along x, kinds of terrain along y.

    Heights and ditches are those of ANYmal's legs of 0.55 m, and in proportion for others.

    Source: legged_gym (Rudin et al. 2022) for numbers and sizes; the finer grid is ours, as a
        height field has no vertical walls: a riser is one cell wide.
    """

    mix: TerrainMix = TerrainMix()
    """Shares of the kinds."""
    levels: int = 10
    """Tiles from the easiest to the hardest; the difficulty is the level over their number."""
    columns: int = 20
    """Tiles of each level."""
    tile: float = 8.0
    """Width and length of a tile, m; it is crossed when half of this lies behind."""
    platform: float = 2.0
    """Width of the flat start in its middle, m."""
    tread: float = 0.31
    """Depth of a stair, m."""
    step: float = 0.05
    """Distance of the points of the field, m."""
    border: float = 2.0
    """Flat ground around the field, m."""
    seed: int = 0
    """Seed of the tiles: equal settings are equal fields."""

    def __post_init__(self) -> None:
        for name in ("levels", "columns"):
            if getattr(self, name) < 1:
                raise InvalidConfig(
                    f"task.terrain.{name} must be at least 1, got {getattr(self, name)}"
                )
        for name in ("tile", "platform", "tread", "step", "border"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidConfig(
                    f"task.terrain.{name} must be positive, got {getattr(self, name)}"
                )
        if self.platform >= self.tile:
            raise InvalidConfig(
                f"task.terrain.platform of {self.platform} m must be smaller than the tile of "
                f"{self.tile} m that it lies in"
            )
        if self.step > 0.5 * self.tread:
            raise InvalidConfig(
                f"task.terrain.step of {self.step} m is too coarse for stairs of {self.tread} m: "
                "at most half of it"
            )
        if self.nb_points > LARGEST:
            raise InvalidConfig(
                f"the field of {self.levels} x {self.columns} tiles of {self.tile} m would have "
                f"{self.nb_points:,} points, more than {LARGEST:,}: take smaller tiles, fewer, or "
                "a larger task.terrain.step"
            )
        self.kinds  # noqa: B018 - it raises where a kind gets no column

    @property
    def points(self) -> int:
        """Points of a tile along one side."""
        return max(2, round(self.tile / self.step))

    @property
    def border_points(self) -> int:
        """Points of the border's width."""
        return max(1, round(self.border / self.step))

    @property
    def nb_points(self) -> int:
        """Points of the whole field."""
        edge = 2 * self.border_points
        return (self.levels * self.points + edge) * (self.columns * self.points + edge)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of terrain of each column; shares are rounded by the largest remainder.

        Raises:
            InvalidConfig: A kind with a share gets no column.
        """
        shares = {name: share for name, share in vars(self.mix).items() if share}
        total = sum(shares.values())
        exact = {name: share / total * self.columns for name, share in shares.items()}
        counts = {name: math.floor(value + 1e-9) for name, value in exact.items()}
        rest = sorted(exact, key=lambda name: counts[name] - exact[name])
        for name in rest[: self.columns - sum(counts.values())]:
            counts[name] += 1
        empty = [name for name, count in counts.items() if not count]
        if empty:
            raise InvalidConfig(
                f"task.terrain.mix.{empty[0]} of {shares[empty[0]]} is less than one of "
                f"{self.columns} columns: raise it, or task.terrain.columns"
            )
        return tuple(name for name, count in counts.items() for _ in range(count))
