"""Every robot by name."""

from __future__ import annotations

from surefoot.errors import UnknownName
from surefoot.robots.legged import LEGGED
from surefoot.robots.upkie import UPKIE
from surefoot.sim.description import Robot

ROBOTS: dict[str, Robot] = {robot.name: robot for robot in (UPKIE, *LEGGED)}
"""Robots by their name on the command line."""


def find_robot(name: str) -> Robot:
    """The robot called `name`.

    Raises:
        UnknownName: There is none; the error has the nearest name.
    """
    if name not in ROBOTS:
        raise UnknownName("robot", name, ROBOTS, "Surefoot")
    return ROBOTS[name]
