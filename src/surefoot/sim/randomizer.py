"""Worlds that differ: draws what `Randomization` says and writes it into their parameters."""

from __future__ import annotations

import mujoco
import numpy as np
import torch
from torch import Generator, Tensor

from surefoot.sim.assembly import FLOOR
from surefoot.sim.backend import Worlds
from surefoot.sim.randomization import IMPERFECTIONS, VARIATIONS, Randomization

_CYLINDER = mujoco.mjtGeom.mjGEOM_CYLINDER
_BASE = 1  # the body of the free joint
_WIDEN, _NARROW = 0.01, 0.05  # falls of a robot per second: fewer widen, more narrow
_STEP = 0.001  # change of the width in each step
_MEMORY = 0.002  # weight of the newest step in the rate of falls


class Randomizer:
    """Draws anew for every episode.

    Letters in shapes: E worlds, N of them, J joints, B bodies.

    Args:
        config: Ranges.
        model: The model of the worlds, a robot with a servo for each joint, for its nominal values.
        worlds: Where to write.
    """

    def __init__(self, config: Randomization, model: mujoco.MjModel, worlds: Worlds) -> None:
        self._ranges = dict(config.ranges())
        self._grows, self._worlds = config.grows, worlds
        self._floor = model.geom(FLOOR).id
        self._limits = torch.from_numpy(model.actuator_forcerange[:, 1].copy())
        self._mass = float(model.body_mass.sum())
        self._wheels = torch.from_numpy(np.flatnonzero(model.geom_type == _CYLINDER))
        # links that hang on a leg, and not on the base: their distances are the leg's lengths
        self._hanging = torch.from_numpy(model.body_parentid > _BASE)
        self._on_leg = torch.from_numpy(model.geom_bodyid > _BASE)
        self.encoder_bias = torch.zeros(worlds.nb_worlds, model.nu)
        """What the joints' angles are reported too large by, rad, (E, J)."""
        self.width = 0.0 if config.grows else 1.0
        """Share of the ranges in use, in [0, 1]."""
        self._fall_rate = _NARROW  # of a robot, 1/s
        self._nominal = {
            name: worlds.parameter(name)[0].clone() for name in self._parameters_written()
        }

    def _parameters_written(self) -> set[str]:
        fields = {
            "friction": ("geom_friction",),
            "base_mass": ("body_mass", "body_inertia"),
            "link_mass": ("body_mass", "body_inertia"),
            "base_com": ("body_ipos",),
            "link_length": ("body_pos", "geom_pos"),
            "wheel_radius": ("geom_size", "geom_rbound"),
            "motor_strength": ("actuator_gainprm", "actuator_biasprm", "actuator_forcerange"),
            "stiffness": ("actuator_gainprm", "actuator_biasprm"),
            "damping": ("actuator_biasprm",),
            "joint_friction": ("dof_frictionloss",),
            "joint_damping": ("dof_damping",),
            "armature": ("dof_armature",),
            "action_delay": ("actuator_delay",),
            "gravity": ("opt.gravity",),
        }
        return {name for field in self._ranges for name in fields.get(field, ())}

    def draw(self, ids: Tensor, generator: Generator, *, imperfect: bool) -> None:
        """New differences for the worlds `ids` (N,); no lag and no noise unless `imperfect`."""
        if not self._ranges or len(ids) == 0:
            return
        nb, nb_joints = len(ids), len(self._limits)

        def drawn(field: str, *shape: int) -> Tensor:
            """What was drawn for a field, (N, *shape); its nominal value if it does not vary."""
            nominal = VARIATIONS[field].nominal
            low, high = self._ranges.get(field, (nominal, nominal))
            if field in IMPERFECTIONS and not imperfect:
                low, high = nominal, nominal
            low, high = (nominal + self.width * (bound - nominal) for bound in (low, high))
            u = torch.rand(nb, *shape, generator=generator, dtype=torch.float64)
            return low + (high - low) * u

        varies = self._ranges.keys()
        if "friction" in varies:
            self._write("geom_friction")[ids, self._floor, 0] = drawn("friction")
        if varies & {"base_mass", "link_mass"}:
            self._draw_masses(ids, drawn("base_mass"), drawn("link_mass", self._nb_bodies))
        if "base_com" in varies:
            self._write("body_ipos")[ids, _BASE] = self._nominal["body_ipos"][_BASE] + drawn(
                "base_com", 3
            )
        if "link_length" in varies:
            self._draw_lengths(ids, drawn("link_length", 1, 1))
        if "wheel_radius" in varies:
            self._draw_wheels(ids, drawn("wheel_radius", 1))
        if varies & {"motor_strength", "stiffness", "damping"}:
            self._draw_drives(
                ids,
                *(drawn(f, nb_joints) for f in ("motor_strength", "stiffness", "damping")),
            )
        if "joint_friction" in varies:
            share = drawn("joint_friction", nb_joints)
            self._write("dof_frictionloss")[ids, -nb_joints:] = share * self._limits
        if "joint_damping" in varies:
            self._write("dof_damping")[ids, -nb_joints:] = drawn("joint_damping", nb_joints)
        if "armature" in varies:
            nominal = self._nominal["dof_armature"][-nb_joints:]
            self._write("dof_armature")[ids, -nb_joints:] = nominal * drawn("armature", nb_joints)
        if "action_delay" in varies:
            self._write("actuator_delay")[ids] = drawn("action_delay", 1)
        if "gravity" in varies:
            self._write("opt.gravity")[ids] = self._nominal["opt.gravity"] + drawn("gravity", 3)
        self.encoder_bias[ids] = drawn("encoder_bias", nb_joints).float()
        if varies & {"base_mass", "link_mass", "base_com", "link_length", "armature"}:
            self._worlds.update_constants(ids)

    @property
    def _nb_bodies(self) -> int:
        return len(self._hanging)

    def _write(self, parameter: str) -> Tensor:
        return self._worlds.parameter(parameter)

    def _draw_masses(self, ids: Tensor, added: Tensor, scale: Tensor) -> None:
        nominal = self._nominal["body_mass"]
        mass = nominal * scale
        mass[:, _BASE] = mass[:, _BASE] + added * self._mass
        self._write("body_mass")[ids] = mass
        ratio = torch.where(nominal > 0.0, mass / nominal, 1.0)
        self._write("body_inertia")[ids] = self._nominal["body_inertia"] * ratio[..., None]

    def _draw_lengths(self, ids: Tensor, scale: Tensor) -> None:
        for name, belongs in (("body_pos", self._hanging), ("geom_pos", self._on_leg)):
            nominal = self._nominal[name]
            self._write(name)[ids] = torch.where(belongs[:, None], scale * nominal, nominal)

    def _draw_wheels(self, ids: Tensor, scale: Tensor) -> None:
        """Cylinders of another radius, and the spheres around them that contacts are sought in."""
        size, bound = self._nominal["geom_size"][self._wheels], self._write("geom_rbound")
        radius = scale * size[:, 0]
        self._write("geom_size")[ids[:, None], self._wheels, 0] = radius
        bound[ids[:, None], self._wheels] = torch.hypot(radius, size[:, 1].expand_as(radius))

    def _draw_drives(
        self, ids: Tensor, strength: Tensor, stiffness: Tensor, damping: Tensor
    ) -> None:
        """tau = s (k kp (q* - q) - d kd qd), within s times the limit; each (N, J)."""
        if "actuator_gainprm" in self._nominal:
            gain = self._nominal["actuator_gainprm"][:, 0]
            self._write("actuator_gainprm")[ids, :, 0] = gain * strength * stiffness
        bias = self._write("actuator_biasprm")
        nominal = self._nominal["actuator_biasprm"]
        bias[ids, :, 1] = nominal[:, 1] * strength * stiffness
        bias[ids, :, 2] = nominal[:, 2] * strength * damping
        if "actuator_forcerange" in self._nominal:
            limits = self._nominal["actuator_forcerange"]
            self._write("actuator_forcerange")[ids] = limits * strength[..., None]

    def follow(self, fell: Tensor, dt: float) -> None:
        """Widen the ranges while the robots seldom fall, narrow them when they often do.

        Args:
            fell: Whether each robot has fallen in the step that was just made, bool (E,).
            dt: Duration of that step, s.
        """
        if not self._grows:
            return
        self._fall_rate += _MEMORY * (float(fell.float().mean()) / dt - self._fall_rate)
        if self._fall_rate < _WIDEN:
            self.width = min(1.0, self.width + _STEP)
        elif self._fall_rate > _NARROW:
            self.width = max(0.0, self.width - _STEP)

    def report(self) -> dict[str, float]:
        """The width, where it changes."""
        return {"curriculum/randomization": self.width} if self._grows else {}

    def state_dict(self) -> dict[str, Tensor]:
        """What was drawn that the worlds do not hold, and the width."""
        return {
            "encoder_bias": self.encoder_bias.clone(),
            "width": torch.tensor([self.width, self._fall_rate], dtype=torch.float64),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        self.encoder_bias = state["encoder_bias"].clone()
        self.width, self._fall_rate = state["width"].tolist()
