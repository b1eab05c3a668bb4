"""Left and right of a robot, from the names of its joints and the directions of their axes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidConfig
from surefoot.signals import Mirror

_SIDES = (
    (re.compile(r"^([FRH])L(?=_)"), r"\1R"),  # Unitree, Solo: FL, RL, HL
    (re.compile(r"^([FRH])R(?=_)"), r"\1L"),
    (re.compile(r"^L([FH])(?=_)"), r"R\1"),  # ANYmal: LF, LH
    (re.compile(r"^R([FH])(?=_)"), r"L\1"),
    (re.compile(r"^left_"), "right_"),
    (re.compile(r"^right_"), "left_"),
)
"""Words of the left side and of the right side at the beginning of a name."""
_PSEUDOVECTOR = np.array([-1.0, 1.0, -1.0])
"""A rotation's axis, seen in the mirror y -> -y."""
_ALIGNED = 0.99


def partner(name: str) -> str:
    """The name of what stands opposite; a name without a side is its own partner."""
    for side, other in _SIDES:
        if side.match(name):
            return side.sub(other, name)
    return name


def pairs(names: Sequence[str]) -> tuple[int, ...]:
    """For each name, the number of its partner.

    Raises:
        InvalidConfig: A partner is missing.
    """
    missing = [name for name in names if partner(name) not in names]
    if missing:
        raise InvalidConfig(f"'{missing[0]}' has no partner '{partner(missing[0])}' to mirror it")
    return tuple(names.index(partner(name)) for name in names)


def mirror_of_joints(names: Sequence[str], axes: NDArray[np.float64]) -> Mirror:
    """What joint angles become in the mirror that swaps left and right.

    A rotation about an axis becomes one about the mirrored axis; where the partner's axis points
    the other way, the angle changes its sign.

    Args:
        names: Of the joints, J.
        axes: Their axes in the base frame, all joints at zero, (J, 3).

    Raises:
        InvalidConfig: A joint has no partner, or one whose axis is no mirror image.
    """
    order = pairs(names)
    seen = axes * _PSEUDOVECTOR
    along = np.einsum("ij,ij->i", seen[list(order)], axes)
    for name, cosine in zip(names, along, strict=True):
        if abs(cosine) < _ALIGNED:
            raise InvalidConfig(
                f"the axes of '{name}' and '{partner(name)}' are not mirror images: this robot's "
                "left and right differ, and walking needs them alike"
            )
    return Mirror(order, tuple(float(np.sign(cosine)) for cosine in along))
