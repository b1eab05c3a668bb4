"""What differs from world to world, as data: field, law, range, unit, when. No physics here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from surefoot.errors import InvalidConfig

Law = Literal["set", "scale", "add"]
"""The drawn number replaces the nominal one, multiplies it, or is added to it."""
Range = tuple[float, float]
"""Lowest and highest value of a uniform law."""


@dataclass(frozen=True, kw_only=True)
class Variation:
    """One line of the table: what is drawn, and how."""

    field: str
    law: Law
    unit: str
    nominal: float
    """Value at which nothing is changed; ranges grow from here."""


IMPERFECTIONS = ("action_delay", "encoder_bias")
"""What belongs to lag and noise, and is left out where they are."""
VARIATIONS = {
    v.field: v
    for v in (
        Variation(field="friction", law="set", unit="1", nominal=1.0),
        Variation(field="base_mass", law="add", unit="of the robot's mass", nominal=0.0),
        Variation(field="link_mass", law="scale", unit="1", nominal=1.0),
        Variation(field="base_com", law="add", unit="m, each axis", nominal=0.0),
        Variation(field="link_length", law="scale", unit="1", nominal=1.0),
        Variation(field="wheel_radius", law="scale", unit="1", nominal=1.0),
        Variation(field="motor_strength", law="scale", unit="1", nominal=1.0),
        Variation(field="stiffness", law="scale", unit="1", nominal=1.0),
        Variation(field="damping", law="scale", unit="1", nominal=1.0),
        Variation(field="joint_friction", law="set", unit="of the torque limit", nominal=0.0),
        Variation(field="joint_damping", law="set", unit="N m s/rad", nominal=0.0),
        Variation(field="armature", law="scale", unit="1", nominal=1.0),
        Variation(field="action_delay", law="set", unit="s", nominal=0.0),
        Variation(field="encoder_bias", law="add", unit="rad, each joint", nominal=0.0),
        Variation(field="gravity", law="add", unit="m/s2, each axis", nominal=0.0),
    )
}  # fmt: skip
"""Everything that is drawn at the start of an episode, by its name in `Randomization`."""


@dataclass(frozen=True, kw_only=True)
class Randomization:
    """Ranges of what differs from world to world; None leaves it as it is.

    Source: what varies is that of legged_gym (friction, mass), MuJoCo Playground (link masses,
        armature, joint friction) and mjlab 1.6.0 (centre of mass, encoder bias).
    """

    friction: Range | None = None
    """Coefficient of friction of the ground."""
    base_mass: Range | None = None
    """Added to the base, as a share of the robot's mass."""
    link_mass: Range | None = None
    """Masses and inertias of all links, times this; one number for each link."""
    base_com: Range | None = None
    """Added to each coordinate of the base's centre of mass, m."""
    link_length: Range | None = None
    """Distances from joint to joint and to the foot, times this; one number for all legs."""
    wheel_radius: Range | None = None
    """Radii of the wheels, times this; one number for all of them."""
    motor_strength: Range | None = None
    """Torques and their limits, times this; one number for each joint."""
    stiffness: Range | None = None
    """Position gains, times this; one number for each joint."""
    damping: Range | None = None
    """Velocity gains, times this; one number for each joint."""
    joint_friction: Range | None = None
    """Dry friction, as a share of the torque limit; one number for each joint."""
    joint_damping: Range | None = None
    """Viscous friction, N m s/rad; one number for each joint."""
    armature: Range | None = None
    """Inertia of the rotors, times this; one number for each joint."""
    action_delay: Range | None = None
    """Time until a command reaches the servos, s."""
    encoder_bias: Range | None = None
    """Added to the angle that a joint reports, rad; one number for each joint."""
    gravity: Range | None = None
    """Added to each component of gravity, m/s2."""
    grows: bool = False
    """Begin without any variation, and widen the ranges while the policy copes with them."""

    def __post_init__(self) -> None:
        for name, (low, high) in self.ranges():
            variation = VARIATIONS[name]
            if not -math.inf < low <= high < math.inf:
                raise InvalidConfig(
                    f"task.randomize.{name} must be a range from low to high, got {low} to {high}"
                )
            is_positive = variation.law == "scale" or name == "friction"
            floor = 0.0 if variation.nominal == 0.0 and variation.law == "set" else None
            if (is_positive and low <= 0.0) or (floor is not None and low < floor):
                need = "positive" if is_positive else "at least 0"
                raise InvalidConfig(f"task.randomize.{name} must be {need}, got {low} to {high}")

    def ranges(self) -> Iterator[tuple[str, Range]]:
        """What is drawn, with its range."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in VARIATIONS and value is not None:
                yield field.name, value

    def table(self) -> list[dict[str, str]]:
        """What a run randomizes, one line each: field, law, range, unit, when."""
        return [
            {
                "field": name.replace("_", " "),
                "law": VARIATIONS[name].law,
                "range": f"{low:g} to {high:g}",
                "unit": VARIATIONS[name].unit,
                "when": "each episode",
            }
            for name, (low, high) in self.ranges()
        ]


def spread(field: str, law: Law, bound: float, unit: str, when: str) -> list[dict[str, str]]:
    """A line of the same table for what is drawn from -bound to bound; none where bound is 0."""
    if not bound:
        return []
    span = f"{-bound:g} to {bound:g}"
    return [{"field": field, "law": law, "range": span, "unit": unit, "when": when}]
