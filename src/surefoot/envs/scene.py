"""The robot as people see it: visual meshes, light and a floor, for pictures and viewers."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.envs.batched import BatchedEnv
from surefoot.robots.registry import find_robot
from surefoot.sim.assembly import FLOOR, build_spec
from surefoot.sim.description import Robot
from surefoot.sim.render_look import decorate
from surefoot.sim.render_painter import Painter
from surefoot.sim.terrain import Terrain, TerrainWindow
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_ground import Course


def scene_spec(robot: str) -> mujoco.MjSpec:
    """The robot called `robot` with its visual meshes, in a decorated scene; for the eye only."""
    return decorate(build_spec(find_robot(robot), timestep=0.001, visuals=True), floor=FLOOR)


def terrain_of(env: BatchedEnv) -> Terrain | None:
    """The terrain of a task that has one."""
    ground = env.task.ground if isinstance(env.task, Walking) else None
    return ground.terrain if isinstance(ground, Course) else None


def scene_model(robot: str, terrain: Terrain | None) -> mujoco.MjModel:
    """The scene for a live viewer; of a terrain it shows every second point."""
    spec = scene_spec(robot)
    if terrain is not None:
        _keep_clipping(spec)
        terrain.lay(spec, every=2)
    return spec.compile()


def open_painter(robot: str, terrain: Terrain | None, **look: Any) -> Painter:
    """A painter of the scene; of a terrain it shows the tile that the robot is on.

    Args:
        robot: Its name.
        terrain: What it walks on, if anything but a plane.
        look: Arguments of `Painter`.
    """
    spec = scene_spec(robot)
    if terrain is None:
        return Painter(spec.compile(), **look)
    _keep_clipping(spec)
    window = TerrainWindow(terrain)
    return Painter(window.lay(spec).compile(), window=window, **look)


def _keep_clipping(spec: mujoco.MjSpec) -> None:
    """Let the camera see as near and as far as without a terrain."""
    spec.stat.extent = spec.compile().stat.extent


def portrait(robot: Robot, *, collisions: bool = False) -> NDArray[np.uint8]:
    """A picture of a robot standing at its home pose, (480, 640, 3).

    Args:
        robot: Whose.
        collisions: Draw the shapes that touch the floor instead of what is to be seen.
    """
    spec = build_spec(robot, timestep=0.001, visuals=not collisions)
    if collisions:
        for geom in spec.geoms:
            geom.group = 0
    model = decorate(spec, floor=FLOOR).compile()
    qpos = model.qpos0.copy()
    for servo in robot.servos:
        qpos[model.joint(servo.joint).qposadr] = servo.home
    with Painter(model, width=640, height=480) as painter:
        return painter.draw(qpos)


class Scene:
    """Pictures of one robot, drawn without a screen."""

    def __init__(self, robot: str, terrain: Terrain | None = None) -> None:
        self._painter = open_painter(robot, terrain, width=640, height=480)

    def picture(self, qpos: ArrayLike) -> NDArray[np.uint8]:
        """The robot at positions (Q,), (480, 640, 3)."""
        return self._painter.draw(qpos)

    def close(self) -> None:
        """Free the renderer."""
        self._painter.close()
