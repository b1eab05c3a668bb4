"""Several copies of a robot in one model, side by side, to watch several worlds at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One model that shows N worlds; it is for the eye only, and not meant to be stepped."""

    model: mujoco.MjModel
    """N copies of every body; floor, sky and lights once."""
    offsets: NDArray[np.float64]
    """Where the origin of each world lies in the model, (N, 3), m."""
    floating: NDArray[np.int64]
    """Index in a world's Q positions of the x coordinate of each free joint, (F,)."""

    @property
    def shift(self) -> NDArray[np.float64]:
        """What `qpos` adds to the positions of the worlds, (N, Q)."""
        shift = np.zeros((len(self.offsets), self.model.nq // len(self.offsets)))
        for x in self.floating:
            shift[:, x : x + 3] = self.offsets
        return shift

    def qpos(self, rows: ArrayLike) -> NDArray[np.float64]:
        """The positions of the whole model from those of the worlds, (N, Q) to (N * Q,)."""
        placed = np.array(rows, dtype=np.float64, ndmin=2)
        if placed.shape != self.shift.shape:
            raise ValueError(f"expected positions (N, Q) {self.shift.shape}, got {placed.shape}")
        return (placed + self.shift).ravel()


def tile(spec: mujoco.MjSpec, nb_worlds: int, *, spacing: float = 1.5) -> Grid:
    """Put copies of all bodies of a model on a grid, meshes and the rest of the scene shared.

    Args:
        spec: The model of one world; it stays as it is.
        nb_worlds: How many copies, N.
        spacing: Distance between neighbours, m.
    """
    columns = math.ceil(math.sqrt(nb_worlds))
    cells = np.arange(nb_worlds)
    offsets = np.zeros((nb_worlds, 3))
    offsets[:, 0], offsets[:, 1] = spacing * (cells // columns), spacing * (cells % columns)
    whole, part = _bodies_only(spec.copy()), _bodies_only(spec.copy())
    _delete(part, part.worldbody.geoms, part.lights, part.cameras, _skies(part))
    shared = {mesh.name for mesh in spec.meshes}
    whole.copy_during_attach = True
    for world in range(1, nb_worlds):
        whole.attach(part, frame=whole.worldbody.add_frame(pos=offsets[world]), prefix=f"{world}/")
    for geom in whole.geoms:  # attaching copied the meshes too: go back to the first ones
        original = geom.meshname.split("/", 1)[-1]
        if geom.meshname not in shared and original in shared:
            geom.meshname = original
    _delete(whole, [mesh for mesh in whole.meshes if mesh.name not in shared])
    single = spec.compile()
    free = single.jnt_qposadr[single.jnt_type == mujoco.mjtJoint.mjJNT_FREE]
    return Grid(model=whole.compile(), offsets=offsets, floating=free.astype(np.int64))


def _bodies_only(spec: mujoco.MjSpec) -> mujoco.MjSpec:
    """Delete what connects or drives bodies: a model that is only looked at needs none of it."""
    _delete(spec, spec.actuators, spec.sensors, spec.equalities, spec.tendons)
    _delete(spec, spec.pairs, spec.excludes, spec.keys)
    return spec


def _skies(spec: mujoco.MjSpec) -> list[mujoco.MjsTexture]:
    return [t for t in spec.textures if t.type == mujoco.mjtTexture.mjTEXTURE_SKYBOX]


def _delete(spec: mujoco.MjSpec, *elements: Iterable[Any]) -> None:
    for element in [e for group in elements for e in group]:
        spec.delete(element)
