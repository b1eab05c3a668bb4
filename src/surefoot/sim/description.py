"""A robot as data: where its description comes from, and what the description leaves out."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Servo:
    """The drive of one joint: tau = clamp(kp (q* - q) + kd (qd* - qd) + tau_ff, +-limit)."""

    joint: str
    """Name of the joint in the robot description."""
    kp: float
    """Position gain, N m/rad; 0 for a velocity-controlled joint."""
    kd: float
    """Velocity gain, N m s/rad."""
    torque_limit: float | None = None
    """N m; None: the URDF's effort."""
    velocity_limit: float | None = None
    """rad/s; None: the URDF's."""
    armature: float = 0.0
    """Inertia of the rotor seen from the joint, kg m^2."""
    home: float = 0.0
    """Where the joint is at the start of an episode, rad."""
    reach: float = 1.0
    """How far from home a policy may send the joint, +-, rad."""


@dataclass(frozen=True, kw_only=True)
class Robot:
    """A robot whose geometry, masses and limits come from its published URDF."""

    name: str
    """Name on the command line."""
    title: str
    """What it is, in a few words."""
    urdf: Callable[[], Path]
    """Finds the URDF file; raises `MissingPackage` when its package is not installed."""
    packages: Callable[[], dict[str, Path]]
    """Folders that `package://NAME/` stands for in the URDF."""
    servos: tuple[Servo, ...]
    """Drives in the order of the joints; the torque limit is the URDF's effort."""
    feet: tuple[str, ...]
    """URDF links that touch the floor while the robot stands: feet, or tires."""
    body: tuple[str, ...] = ()
    """URDF links that the collision set "feet + body" adds: what hits the ground in a fall."""
    base_height: float
    """Height of the base frame above the floor at the start of an episode, m."""
    source: str
    """Where the numbers of this description come from."""

    @property
    def mass(self) -> float:
        """Of all links, kg."""
        return links_mass(ElementTree.parse(self.urdf()).getroot())


def links_mass(urdf: ElementTree.Element) -> float:
    """Sum over the links of a URDF, kg."""
    return sum(float(m.get("value", "0")) for m in urdf.iterfind("link/inertial/mass"))
