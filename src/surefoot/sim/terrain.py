"""One height field of tiles, levels x columns: for MuJoCo to collide with, and to look up."""

from __future__ import annotations

from collections.abc import Sequence

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
_LEAST = 1e-3
"""Height of a field that is flat, m; MuJoCo wants one."""
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

    def nearest_heights(self, x: Tensor, y: Tensor) -> Tensor:
        """Height of the grid's point nearest to points at x, y (...), (...), m: faster."""
        i, j = (
            ((place - start) / self.config.step).round_().to(torch.int32).clamp_(0, nb - 1)
            for place, start, nb in zip((x, y), self.corner, self.heights.shape, strict=True)
        )
        flat = i.mul_(self.heights.shape[1]).add_(j).view(-1)
        return self.heights.view(-1).index_select(0, flat).view(x.shape)

    def _read(self, i: Tensor, j: Tensor) -> Tensor:
        nb_x, nb_y = self.heights.shape
        return self.heights.view(-1)[i.clamp(0, nb_x - 1) * nb_y + j.clamp(0, nb_y - 1)]

    def lay(self, spec: mujoco.MjSpec, *, every: int = 1) -> mujoco.MjSpec:
        """Make the floor of a model this terrain; the model is changed in place, and returned.

        Args:
            spec: The model.
            every: Take every so many points along x and y: more than one is for the eye only.
        """
        heights = self.heights[::every, ::every]
        field = _add_field(spec, heights.shape, every * self.config.step, *self.range)
        rows: NDArray[np.float32] = heights.numpy().T  # MuJoCo's rows lie along y
        field.userdata = rows.ravel()
        half = 0.5 * every * self.config.step * (torch.tensor(heights.shape) - 1)
        spec.geom(FLOOR).pos[:2] = (self.corner + half).numpy()
        return spec

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest point, m."""
        return float(self.heights.min()), float(self.heights.max())


class TerrainWindow:
    """The tile that a robot is on, and its border, for pictures: all of a field takes seconds.

    Args:
        terrain: What is looked at.
    """

    def __init__(self, terrain: Terrain) -> None:
        self._terrain, config = terrain, terrain.config
        self._width = config.points + 2 * config.border_points
        self._tile = (-1, -1)

    def lay(self, spec: mujoco.MjSpec) -> mujoco.MjSpec:
        """Make the floor of a model a field of this size; it is changed in place, and returned."""
        low, high = self._terrain.range
        size = (self._width, self._width)
        _add_field(spec, size, self._terrain.config.step, low, high).userdata = np.zeros(
            size[0] ** 2
        )
        return spec

    def follow(self, model: mujoco.MjModel, shown: mujoco.MjModel, xy: Tensor) -> bool:
        """Move the window to the tile at `xy` (2,), m.

        Args:
            model: Where the field's place is written.
            shown: Where its heights are written; the same model, or its copy in a renderer.
            xy: Where the robot is.

        Returns:
            Whether it has moved: the heights have to be shown anew.
        """
        terrain = self._terrain
        n, edge = terrain.config.points, terrain.config.border_points
        place = ((xy - terrain.corner) / terrain.config.step - edge).div(n, rounding_mode="floor")
        levels, columns = terrain.origins.shape[:2]
        level = int(place[0].clamp(0, levels - 1))
        column = int(place[1].clamp(0, columns - 1))
        if (level, column) == self._tile:
            return False
        self._tile = level, column
        x, y = level * n, column * n
        low, high = terrain.range
        part = terrain.heights[x : x + self._width, y : y + self._width]
        shown.hfield_data[:] = ((part.T - low) / max(high - low, _LEAST)).ravel()
        model.geom(FLOOR).pos[:2] = terrain.origins[level, column]
        return True


def _add_field(
    spec: mujoco.MjSpec, size: Sequence[int], step: float, low: float, high: float
) -> mujoco.MjsHField:
    """Make the floor a height field of (X, Y) points between two heights."""
    half_x, half_y = (0.5 * step * (n - 1) for n in size)
    floor = spec.geom(FLOOR)
    floor.type, floor.hfieldname = mujoco.mjtGeom.mjGEOM_HFIELD, FLOOR
    floor.pos[2] = low
    return spec.add_hfield(
        name=FLOOR,
        size=[half_x, half_y, max(high - low, _LEAST), _THICKNESS],
        nrow=size[1],
        ncol=size[0],
    )
