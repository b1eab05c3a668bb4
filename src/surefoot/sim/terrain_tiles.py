"""Tiles of terrain: heights as a function of a difficulty in [0, 1]. Each starts on flat ground.

Source: legged_gym (Rudin et al. 2022) for slopes, stairs, discrete obstacles, stepping stones and
gaps; Lee et al. 2020, supplement, for hills and steps. How the difficulty moves inside the ranges
of the latter, and of stepping stones, is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Heights = NDArray[np.float64]
_NB_OBSTACLES = 20
_BUMP_SPACING = 0.2
"""Distance of the bumps of a rough slope, m."""
_DEPTH = 1.0
"""Of holes, m."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Size and grid of a square tile, its middle at (0, 0)."""

    points: int
    """Along one side, n."""
    step: float
    """Distance of the points, m."""
    platform: float
    """Width of the flat start, m."""
    tread: float
    """Depth of a stair, m."""
    scale: float = 1.0
    """Of heights and ditches: 1 for legs of 0.55 m."""

    @property
    def axis(self) -> Heights:
        """Where the points are along x, and along y, (n,), m."""
        return (np.arange(self.points, dtype=np.float64) - 0.5 * (self.points - 1)) * self.step

    @property
    def outside(self) -> Heights:
        """How far each point is from the platform, in square rings, (n, n), m; 0 on it."""
        away = np.abs(self.axis)
        ring = np.maximum(away[:, None], away[None, :])
        return np.maximum(ring - 0.5 * self.platform, 0.0)


def smooth_slope(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """Up or down on all sides, 0.4 m per metre at difficulty 1, whatever the robot."""
    return rng.choice((-1.0, 1.0)) * 0.4 * difficulty * tile.outside


def rough_slope(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """`smooth_slope` with bumps of +-0.05 m."""
    heights = smooth_slope(difficulty, rng, tile)
    bound = 0.05 * tile.scale
    spots = int(np.ceil(tile.points * tile.step / _BUMP_SPACING)) + 1
    place = (tile.axis - tile.axis[0]) / _BUMP_SPACING
    bumps = _between(rng.uniform(-bound, bound, (spots, spots)), place)
    return heights + np.where(tile.outside > 0.0, bumps, 0.0)


def _between(values: Heights, place: Heights) -> Heights:
    """Values (m, m) at whole numbers, read at `place` (n,) along both axes by straight lines."""
    low = np.minimum(place.astype(int), len(values) - 2)
    share = place - low
    rows = values[low] * (1.0 - share)[:, None] + values[low + 1] * share[:, None]
    return rows[:, low] * (1.0 - share) + rows[:, low + 1] * share


def stairs_up(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """Stairs that rise on all sides, 0.05 m a step, 0.23 m at difficulty 1."""
    del rng  # there is nothing to draw
    return _step_height(difficulty, tile) * np.ceil(tile.outside / tile.tread - 1e-9)


def stairs_down(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """The same, falling."""
    return -stairs_up(difficulty, rng, tile)


def _step_height(difficulty: float, tile: Tile) -> float:
    return (0.05 + 0.18 * difficulty) * tile.scale


def discrete_obstacles(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """20 blocks and hollows of 1 to 2 m, up to 0.05 m high or deep, 0.25 m at difficulty 1."""
    heights = np.zeros((tile.points, tile.points))
    highest = (0.05 + 0.2 * difficulty) * tile.scale
    for _ in range(_NB_OBSTACLES):
        sides = np.rint(rng.uniform(1.0, 2.0, 2) / tile.step).astype(int)
        sides = np.minimum(sides, tile.points)
        row, column = (rng.integers(0, tile.points - side + 1) for side in sides)
        height = highest * rng.choice((-1.0, -0.5, 0.5, 1.0))
        heights[row : row + sides[0], column : column + sides[1]] = height
    return np.where(tile.outside > 0.0, heights, 0.0)


def hills(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """Perlin noise, 0.2 hills per metre and 0.2 m high, at difficulty 1 0.5 and 1 m, and bumps.

    They grow from the platform within a metre. The paper's steepest hills, of 3 m and one per
    metre, are left out: nothing with legs climbs them.
    """
    place = (tile.axis - tile.axis[0]) * (0.2 + 0.3 * difficulty)
    height = (0.2 + 0.8 * difficulty) * tile.scale
    bump = 0.05 * difficulty * tile.scale
    heights = height * perlin(place, rng) + rng.uniform(-bump, bump, (tile.points,) * 2)
    return heights * np.minimum(tile.outside, 1.0)


def perlin(place: Heights, rng: Generator) -> Heights:
    """One octave of Perlin's gradient noise at `place` (n,) along both axes, (n, n), within +-1.

    Source: Perlin 2002, "Improving noise", for the quintic fade; gradients are unit vectors.
    """
    cell = place.astype(int)
    spots = int(cell.max()) + 2
    angle = rng.uniform(0.0, 2.0 * np.pi, (spots, spots))
    share = place - cell
    fade = share**3 * (share * (6.0 * share - 15.0) + 10.0)
    noise = np.zeros((len(place), len(place)))
    for i, j in np.ndindex(2, 2):
        corner = angle[cell[:, None] + i, cell[None, :] + j]
        slope = np.cos(corner) * (share[:, None] - i) + np.sin(corner) * (share[None, :] - j)
        along_x = fade if i else 1.0 - fade
        along_y = fade if j else 1.0 - fade
        noise += slope * along_x[:, None] * along_y[None, :]
    return np.sqrt(2.0) * noise


def steps(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """Square blocks of random height: 0.5 m wide and up to 0.05 m high, to 0.25 m and 0.3 m."""
    width = 0.5 - 0.25 * difficulty
    block = ((tile.axis - tile.axis[0] + 1e-9) / width).astype(int)
    highest = (0.05 + 0.25 * difficulty) * tile.scale
    blocks = rng.uniform(0.0, highest, (block[-1] + 1, block[-1] + 1))
    return np.where(tile.outside > 0.0, blocks[np.ix_(block, block)], 0.0)


def stepping_stones(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """Level stones of 1.5 m, 0.1 m apart, to 0.3 m and 0.25 m apart; between them holes of 1 m."""
    stone, gap = 1.5 - 1.2 * difficulty, (0.1 + 0.15 * difficulty) * tile.scale
    place = tile.axis[:, None] - rng.uniform(0.0, stone + gap, 2)  # where the pattern begins
    on_stone = place % (stone + gap) < stone
    solid = on_stone[:, None, 0] & on_stone[None, :, 1]
    return np.where(solid | (tile.outside == 0.0), 0.0, -_DEPTH * tile.scale)


def gaps(difficulty: float, rng: Generator, tile: Tile) -> Heights:
    """A ditch around the platform, 1 m wide at difficulty 1, and 1 m deep."""
    del rng  # there is nothing to draw
    out = tile.outside
    ditch = (out > 0.0) & (out <= difficulty * tile.scale)
    return np.where(ditch, -_DEPTH * tile.scale, 0.0)


TILES: dict[str, Callable[[float, Generator, Tile], Heights]] = {
    tile.__name__: tile
    for tile in (
        smooth_slope, rough_slope, stairs_up, stairs_down, discrete_obstacles, hills, steps,
        stepping_stones, gaps,
    )
}  # fmt: skip
"""Tiles by the names of `TerrainMix`."""
