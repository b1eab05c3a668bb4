"""Several copies of a robot in one model, side by side, to watch several worlds at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    whole, part = spec.copy(), _bodies_only(spec.copy())
    columns = math.ceil(math.sqrt(nb_worlds))
    cells = np.arange(nb_worlds)
    offsets = np.zeros((nb_worlds, 3))
    offsets[:, 0], offsets[:, 1] = spacing * (cells // columns), spacing * (cells % columns)
    shared, lights = {mesh.name for mesh in spec.meshes}, {light.name for light in spec.lights}
    _bodies_only(whole).copy_during_attach = True
    for world in range(1, nb_worlds):
        frame = whole.worldbody.add_frame(pos=offsets[world])
        for body in part.worldbody.bodies:
            frame.attach_body(body, f"{world}/", "")
    for geom in whole.geoms:  # attaching copied the meshes too: go back to the first ones
        original = geom.meshname.split("/", 1)[-1]
        if geom.meshname not in shared and original in shared:
            geom.meshname = original
    for light in [i for i in whole.lights if i.name not in lights]:
        whole.delete(light)
    for mesh in [m for m in whole.meshes if m.name not in shared]:
        whole.delete(mesh)
    single = spec.compile()
    free = single.jnt_qposadr[single.jnt_type == mujoco.mjtJoint.mjJNT_FREE]
    return Grid(model=whole.compile(), offsets=offsets, floating=free.astype(np.int64))


def _bodies_only(spec: mujoco.MjSpec) -> mujoco.MjSpec:
    """Delete what connects or drives bodies: a model that is only looked at needs none of it."""
    unseen = (spec.actuators, spec.sensors, spec.equalities, spec.tendons, spec.pairs,
              spec.excludes, spec.keys)  # fmt: skip
    for elements in unseen:
        for element in list(elements):
            spec.delete(element)
    return spec
