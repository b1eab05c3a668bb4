"""The robot as people see it: visual meshes, light and a floor, for pictures and viewers."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.robots.registry import find_robot
from surefoot.sim.assembly import FLOOR, build_spec
from surefoot.sim.description import Robot
from surefoot.sim.render_look import decorate
from surefoot.sim.render_painter import Painter


def scene_spec(robot: str) -> mujoco.MjSpec:
    """The robot called `robot` with its visual meshes, in a decorated scene; for the eye only."""
    return decorate(build_spec(find_robot(robot), timestep=0.001, visuals=True), floor=FLOOR)


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

    def __init__(self, robot: str) -> None:
        self._painter = Painter(scene_spec(robot).compile(), width=640, height=480)

    def picture(self, qpos: ArrayLike) -> NDArray[np.uint8]:
        """The robot at positions (Q,), (480, 640, 3)."""
        return self._painter.draw(qpos)

    def close(self) -> None:
        """Free the renderer."""
        self._painter.close()
