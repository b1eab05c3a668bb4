"""Where the feet of a legged robot are for given joint angles: forward kinematics of its legs."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.errors import InvalidConfig

_BASE = 1  # the body of the free joint


@dataclass(frozen=True)
class _Hinge:
    """A hinge and the link behind it, which takes points from the link to its parent."""

    joint: int  # number among the robot's joints
    axis: NDArray[np.float64]  # in the link, (3,)
    rotation: NDArray[np.float64]  # of the link in its parent at angle zero, (3, 3)
    place: NDArray[np.float64]  # of the link in its parent, (3,), m


class FootKinematics:
    """The legs of a robot with J joints and F feet, chains of hinges of the same length.

    Args:
        model: The robot, with a free base.
        foot_geoms: Numbers of the spheres that make up each foot, (F, G).
    """

    def __init__(self, model: mujoco.MjModel, foot_geoms: NDArray[np.int64]) -> None:
        chains = [_chain(model, int(model.geom_bodyid[geoms[0]])) for geoms in foot_geoms]
        self._steps = [  # from the feet up, all legs at once
            (
                torch.tensor([hinge.joint for hinge in level]),
                *(
                    torch.from_numpy(np.stack([getattr(hinge, name) for hinge in level])).float()
                    for name in ("axis", "rotation", "place")
                ),
            )
            for level in zip(*chains, strict=True)
        ]
        self._feet = torch.from_numpy(model.geom_pos[foot_geoms].mean(axis=1)).float()

    def __call__(self, angles: Tensor) -> Tensor:
        """Middles of the feet in the frame of the base, (N, F, 3) m, at angles (N, J) rad."""
        feet = self._feet.expand(len(angles), -1, -1)
        for joint, axis, rotation, place in self._steps:
            turned = _rotate(feet, axis.expand_as(feet), angles[:, joint, None])
            feet = torch.einsum("fij,nfj->nfi", rotation, turned) + place
        return feet


def _rotate(points: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    """Points (..., 3) turned by an angle (..., 1) about a unit vector (..., 3): Rodrigues."""
    along = axis * (axis * points).sum(dim=-1, keepdim=True)
    across = torch.linalg.cross(axis, points)
    return along + torch.cos(angle) * (points - along) + torch.sin(angle) * across


def _chain(model: mujoco.MjModel, body: int) -> list[_Hinge]:
    """The hinges from a body up to the base.

    Raises:
        InvalidConfig: A link on the way does not turn about a hinge at its own origin.
    """
    hinges: list[_Hinge] = []
    while body != _BASE:
        link = model.body(body)
        joint = int(link.jntadr[0])
        is_hinge = link.jntnum[0] == 1 and model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_HINGE
        if not is_hinge or model.jnt_pos[joint].any():
            raise InvalidConfig(f"the link '{link.name}' of a leg must turn about a hinge")
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, link.quat)
        hinges.append(
            _Hinge(
                joint=joint - 1,  # the free joint is the first
                axis=model.jnt_axis[joint],
                rotation=rotation.reshape(3, 3),
                place=link.pos,
            )
        )
        body = int(link.parentid[0])
    return hinges
