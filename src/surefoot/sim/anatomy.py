"""Where the parts of a legged robot stand in the tensors of its worlds."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from surefoot.errors import InvalidConfig
from surefoot.sim.assembly import FLOOR
from surefoot.sim.description import Robot
from surefoot.sim.kinematics import FootKinematics
from surefoot.sim.urdf import SEPARATOR

_SPHERE = mujoco.mjtGeom.mjGEOM_SPHERE
_CONTACT = "contact "
_BASE = 1  # the body of the free joint
_FIRST_Q = 7  # the joints follow the free base in qpos


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """A legged robot's joints, limits and feet.

    J joints, F feet, G spheres of a foot, S shapes of a foot's link, spheres included.
    """

    home: NDArray[np.float64]
    """Joint angles at the start of an episode, (J,), rad."""
    joint_limits: NDArray[np.float64]
    """Lower and upper, (J, 2), rad."""
    torque_limits: NDArray[np.float64]
    """(J,), N m."""
    axes: NDArray[np.float64]
    """Unit vectors of the joints' axes in the base frame, all joints at zero, (J, 3)."""
    foot_geoms: NDArray[np.int64]
    """Numbers of the spheres that the robot stands on, (F, G)."""
    foot_sensors: NDArray[np.int64]
    """Columns of the sensor data that count the contacts of the feet's links, (F, S)."""
    base_sensor: int
    """Column that counts the contacts of the base with the ground."""
    floor_sensor: int
    """Column that counts all contacts with the ground."""
    foot_radius: float
    """Of the spheres, m."""
    foot_home: NDArray[np.float64]
    """Middle of each foot in the base frame, joints at home, (F, 3), m."""
    feet_at: FootKinematics
    """Where the feet are for given joint angles."""
    mass: float
    """kg."""

    @property
    def leg_length(self) -> float:
        """Height of the base over the ground when the robot stands at home, m."""
        return self.foot_radius - float(self.foot_home[:, 2].mean())


def add_contact_sensors(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Count the contacts of the ground with each foot, with the base, and with everything."""
    _check_feet(spec, robot)
    _add_contact_sensor(spec, "", mujoco.mjtObj.mjOBJ_UNKNOWN)
    _add_contact_sensor(spec, spec.worldbody.first_body().name, mujoco.mjtObj.mjOBJ_BODY)
    for geom in spec.geoms:
        if geom.contype and geom.name.partition(SEPARATOR)[0] in robot.feet:
            _add_contact_sensor(spec, geom.name, mujoco.mjtObj.mjOBJ_GEOM)


def _add_contact_sensor(spec: mujoco.MjSpec, name: str, kind: mujoco.mjtObj) -> None:
    found = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND)
    spec.add_sensor(
        name=f"{_CONTACT}{name}",
        type=mujoco.mjtSensor.mjSENS_CONTACT,
        objtype=mujoco.mjtObj.mjOBJ_GEOM,
        objname=FLOOR,
        reftype=kind,
        refname=name,
        intprm=[found, 0, 1],  # unsorted, one slot
    )


def _check_feet(spec: mujoco.MjSpec, robot: Robot) -> None:
    if not robot.feet:
        raise InvalidConfig(f"the robot '{robot.name}' has no feet: declare the links it stands on")
    spheres = {g.name.partition(SEPARATOR)[0] for g in spec.geoms if g.type == _SPHERE}
    for foot in robot.feet:
        if foot not in spheres:
            raise InvalidConfig(f"the foot '{foot}' of {robot.name} has no sphere to stand on")


def anatomy(model: mujoco.MjModel, robot: Robot) -> Anatomy:
    """The anatomy of a model with contact sensors.

    Raises:
        InvalidConfig: The servos are not in the order of the joints.
    """
    joints = [model.joint(servo.joint) for servo in robot.servos]
    nb = len(joints)
    if [int(j.qposadr[0]) for j in joints] != list(range(_FIRST_Q, _FIRST_Q + nb)):
        names = [model.joint(i).name for i in range(1, model.njnt)]
        raise InvalidConfig(f"the servos of {robot.name} must be in the order of {names}")
    shapes = [
        [i for i in range(model.ngeom) if model.geom(i).name.partition(SEPARATOR)[0] == foot
         and model.geom_contype[i]]
        for foot in robot.feet
    ]  # fmt: skip
    geoms = [[i for i in foot if model.geom_type[i] == _SPHERE] for foot in shapes]
    data = mujoco.MjData(model)
    data.qpos[2] = 0.0
    mujoco.mj_forward(model, data)
    axes = data.xaxis[[int(j.id) for j in joints]]
    data.qpos[_FIRST_Q:] = [servo.home for servo in robot.servos]
    mujoco.mj_forward(model, data)
    column = {model.sensor(i).name: int(model.sensor_adr[i]) for i in range(model.nsensor)}
    return Anatomy(
        home=np.array([servo.home for servo in robot.servos]),
        joint_limits=np.array([j.range for j in joints]),
        torque_limits=model.actuator_forcerange[:, 1].copy(),
        axes=axes.copy(),
        foot_geoms=np.array(geoms),
        foot_sensors=np.array([[column[_CONTACT + model.geom(i).name] for i in f] for f in shapes]),
        base_sensor=column[_CONTACT + model.body(_BASE).name],
        floor_sensor=column[_CONTACT],
        foot_radius=float(model.geom_size[geoms[0][0], 0]),
        foot_home=data.geom_xpos[geoms].mean(axis=1),
        feet_at=FootKinematics(model, np.array(geoms)),
        mass=float(model.body_mass.sum()),
    )
