"""A robot as data: where its description comes from, and what the description leaves out."""

from __future__ import annotations

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
    base_height: float
    """Height of the base frame above the floor at the start of an episode, m."""
    source: str
    """Where the numbers of this description come from."""
