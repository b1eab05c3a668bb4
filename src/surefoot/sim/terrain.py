"""One height field of tiles, levels x columns: for MuJoCo to collide with, and to look up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.sim.assembly import FLOOR
from surefoot.sim.terrain_config import TerrainConfig
from surefoot.sim.terrain_tiles import TILES, Tile

ANYMAL_LEGS = 0.55
"""Length of the legs for which the heights are given, m."""
_THICKNESS = 1.0
"""Of the ground under its lowest point, m."""


class Terrain:
    """Heights on a grid whose first point is at (x, y) = `corner`.

    Letters in shapes: X, Y points along the world's x and y.

    Args:
        config: Tiles and sizes.
        leg_length: Of the robot, m; heights are in proportion.
    """

    def __init__(self, config: TerrainConfig, *, leg_length: float = ANYMAL_LEGS) -> None:
        self.config, self.kinds = config, config.kinds
        n, edge = config.points, config.border_points
        tile = Tile(
            points=n, step=config.step, platform=config.platform, tread=config.tread,
            scale=leg_length / ANYMAL_LEGS,
        )  # fmt: skip
        size = (config.levels * n + 2 * edge, config.columns * n + 2 * edge)
        heights = np.zeros(size, dtype=np.float32)
        middle = np.zeros((config.levels, config.columns, 2))
        for level, column in np.ndindex(config.levels, config.columns):
            rng = np.random.default_rng((config.seed, level, column))
            make = TILES[self.kinds[column]]
            x, y = edge + level * n, edge + column * n
            heights[x : x + n, y : y + n] = make(level / config.levels, rng, tile)
            middle[level, column] = x + 0.5 * (n - 1), y + 0.5 * (n - 1)
        self.corner = -0.5 * config.step * (torch.tensor(size) - 1)
        """Where the grid begins, (2,), m; its middle is the world's origin."""
        self.heights = torch.from_numpy(heights)
        """(X, Y), m."""
        self.origins = torch.from_numpy(middle).float() * config.step + self.corner
        """Middles of the tiles, (levels, columns, 2), m; the ground there is at height 0."""

    def heights_at(self, xy: Tensor) -> Tensor:
        """Height of the ground at points (..., 2), (...), m, as MuJoCo's contacts have it.

        Each cell is two triangles that meet in the diagonal from its lowest x and y to its highest.
        Beyond the field the ground goes on as it ends.
        """
        place = (xy - self.corner) / self.config.step
        cell = place.floor()
        u, v = (place - cell).clamp(0.0, 1.0).unbind(dim=-1)
        i, j = cell.long().unbind(dim=-1)
        here, there = self._read(i, j), self._read(i + 1, j + 1)
        aside = torch.where(u > v, self._read(i + 1, j), self._read(i, j + 1))
        more, less = torch.maximum(u, v), torch.minimum(u, v)
        return (1.0 - more) * here + (more - less) * aside + less * there

    def nearest_heights(self, xy: Tensor) -> Tensor:
        """Height of the grid's point nearest to each of (..., 2), (...), m: faster."""
        i, j = ((xy - self.corner) / self.config.step).round().long().unbind(dim=-1)
        return self._read(i, j)

    def _read(self, i: Tensor, j: Tensor) -> Tensor:
        nb_x, nb_y = self.heights.shape
        return self.heights.view(-1)[i.clamp(0, nb_x - 1) * nb_y + j.clamp(0, nb_y - 1)]

    def lay(self, spec: mujoco.MjSpec) -> mujoco.MjSpec:
        """Make the floor of a model this terrain; the model is changed in place, and returned."""
        low, high = float(self.heights.min()), float(self.heights.max())
        nb_x, nb_y = self.heights.shape
        half = 0.5 * self.config.step * np.array([nb_x - 1, nb_y - 1])
        rows: NDArray[np.float32] = self.heights.numpy().T  # MuJoCo's rows lie along y
        spec.add_hfield(
            name=FLOOR,
            size=[*half, max(high - low, 1e-3), _THICKNESS],
            nrow=nb_y,
            ncol=nb_x,
            userdata=cast("Sequence[float]", rows.ravel()),
        )
        floor = spec.geom(FLOOR)
        floor.type, floor.hfieldname = mujoco.mjtGeom.mjGEOM_HFIELD, FLOOR
        floor.pos[2] = low
        return spec
