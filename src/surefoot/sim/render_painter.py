"""From a state of a model to a picture, with a camera that follows the robot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import InvalidConfig
from surefoot.sim.render_gl import open_renderer
from surefoot.sim.terrain import TerrainWindow

_SUPERSAMPLE = 2  # pixels drawn per pixel shown, each way: cheaper than multisampling on a CPU
_FOLLOW_TIME = 0.1  # s, time constant of the camera
_MARGIN = 1.1  # distance of the camera over the least that shows all of the robot
_HIDDEN_GROUP = 3  # MuJoCo draws geoms of the groups below

Frame = NDArray[np.uint8]
"""A picture, (H, W, 3), red, green and blue."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """Where the camera stands; it follows the robot's base."""

    azimuth: float = 130.0
    """Direction the camera looks along, degrees about the vertical; 90 looks along +y."""
    elevation: float = -12.0
    """Angle of the view above the horizon, degrees; negative looks down."""
    distance: float | None = None
    """Metres from the robot; None takes what shows all of it."""


class Painter:
    """Draws the model at any state, from a camera that follows its base.

    Use it in one thread, and close it (it is a context manager).

    Args:
        model: What to draw; see `decorate` for a good look.
        width: Pixels, even.
        height: Pixels, even.
        shot: Where the camera stands.
        fps: Frames per second that the states are apart, for the camera's smoothing.
        shadows: Draw them. Without a graphics card they take most of the time.
        window: The floor, where it is a terrain that the model has laid this window on.

    Raises:
        InvalidConfig: A size that is odd or not positive.
        MissingPackage: No OpenGL can be had.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        *,
        width: int = 854,
        height: int = 480,
        shot: Shot | None = None,
        fps: float = 30.0,
        shadows: bool = True,
        window: TerrainWindow | None = None,
    ) -> None:
        if min(width, height) < 2 or width % 2 or height % 2:
            raise InvalidConfig(f"a picture's size must be even and positive, got {width}x{height}")
        shot = shot or Shot()
        self.size = width, height
        self._renderer = open_renderer(model, _SUPERSAMPLE * width, _SUPERSAMPLE * height)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
        self._model, self._data, self._window = model, mujoco.MjData(model), window
        mujoco.mj_kinematics(model, self._data)
        self._base = base_body(model)
        center, radius = bounds(model, self._data)
        self._offset = center - self._data.xpos[self._base]
        self._jump = 2.0 * radius
        self._smoothing = math.exp(-1.0 / (fps * _FOLLOW_TIME))
        self._camera = camera = mujoco.MjvCamera()
        camera.azimuth, camera.elevation = shot.azimuth, shot.elevation
        camera.distance = shot.distance or _distance(model, radius)
        camera.lookat = center

    def draw(self, qpos: ArrayLike) -> Frame:
        """The picture of one state.

        Args:
            qpos: (Q,), the model's positions.
        """
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        if self._window is not None:
            self._look_at_tile(self._window)
        mujoco.mj_comPos(self._model, self._data)  # the sun follows a center of mass
        mujoco.mj_camlight(self._model, self._data)
        self._follow(self._data.xpos[self._base] + self._offset)
        self._renderer.update_scene(self._data, self._camera)
        return _shrink(self._renderer.render())

    def _look_at_tile(self, window: TerrainWindow) -> None:
        renderer = self._renderer
        here = torch.from_numpy(self._data.xpos[self._base, :2])
        if window.follow(self._model, renderer.model, here):
            context = renderer._mjr_context  # pyright: ignore[reportAttributeAccessIssue] - private
            mujoco.mjr_uploadHField(renderer.model, context, 0)
            mujoco.mj_kinematics(self._model, self._data)

    def _follow(self, target: NDArray[np.float64]) -> None:
        """Move the camera's aim to the target: smoothly, or at once when the robot was reset."""
        lag = self._camera.lookat - target
        smoothing = self._smoothing if np.linalg.norm(lag) < self._jump else 0.0
        self._camera.lookat = target + smoothing * lag

    def close(self) -> None:
        """Give the graphics memory back."""
        self._renderer.close()

    def __enter__(self) -> Painter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def aim(camera: mujoco.MjvCamera, model: mujoco.MjModel, *, follow: bool) -> None:
    """Point the camera of a live viewer as `Painter` points its own.

    Args:
        camera: Changed in place.
        model: What is shown.
        follow: Keep to the base, which the viewer does from then on; else stand still.
    """
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    center, radius = bounds(model, data)
    shot = Shot()
    camera.azimuth, camera.elevation = shot.azimuth, shot.elevation
    camera.distance, camera.lookat = _distance(model, radius), center
    if follow and model.nbody > 1:
        camera.type = int(mujoco.mjtCamera.mjCAMERA_TRACKING)
        camera.trackbodyid = base_body(model)


def base_body(model: mujoco.MjModel) -> int:
    """Number of the body that a camera should follow: the first that floats, else the first."""
    free = np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_FREE)
    return int(model.jnt_bodyid[free[0]]) if len(free) else min(1, model.nbody - 1)


def bounds(model: mujoco.MjModel, data: mujoco.MjData) -> tuple[NDArray[np.float64], float]:
    """Center (3,) and radius, m, of everything drawn that can move or stands in the world."""
    seen = (model.geom_group < _HIDDEN_GROUP) & (model.geom_bodyid > 0)
    if not seen.any():
        return np.array(model.stat.center), float(model.stat.extent)
    box = model.geom_aabb[seen]
    rotation = data.geom_xmat[seen].reshape(-1, 3, 3)
    middle = data.geom_xpos[seen] + np.einsum("gij,gj->gi", rotation, box[:, :3])
    half = np.einsum("gij,gj->gi", np.abs(rotation), box[:, 3:])
    low, high = (middle - half).min(axis=0), (middle + half).max(axis=0)
    return (low + high) / 2, float(np.linalg.norm(high - low)) / 2


def _distance(model: mujoco.MjModel, radius: float) -> float:
    """How far the camera must be to see a ball of this radius, m."""
    return _MARGIN * radius / math.sin(math.radians(model.vis.global_.fovy) / 2)


def _shrink(frame: Frame) -> Frame:
    """The mean of each 2 x 2 square of pixels, (2H, 2W, 3) to (H, W, 3)."""
    sums = frame.astype(np.uint16)
    sums = sums[0::2] + sums[1::2]
    return ((sums[:, 0::2] + sums[:, 1::2] + 2) >> 2).astype(np.uint8)
