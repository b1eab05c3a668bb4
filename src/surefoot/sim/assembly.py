"""From a robot description to a model that MuJoCo can step: URDF, free base, servos, floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import mujoco

from surefoot.errors import BadFile, UnknownName
from surefoot.sim.description import Robot, Servo
from surefoot.sim.urdf import SEPARATOR, read_urdf

FLOOR = "floor"
"""Name of the ground's geom."""
Collisions = Literal["all", "feet + body", "feet"]
"""Which published shapes touch the floor: all of them, or fewer, which is faster."""
_COLLISION_GROUP, _VISUAL_GROUP = 3, 2
_SLENDER = 2.0  # length over width from which a box becomes a capsule


def build_spec(
    robot: Robot, *, timestep: float, collisions: Collisions = "all", visuals: bool = False
) -> mujoco.MjSpec:
    """The robot on a floor, editable, ready to compile.

    Masses, inertias, joint limits, torque limits and collision shapes are the URDF's. The robot
    touches the floor, not itself, as in the simulation of the `upkie` package. Meshes that it would
    touch it with become primitives of their size: spheres for feet, capsules for what is slender,
    boxes for the rest. The servo law lives in the engine (an affine actuator), so it is evaluated
    at every physics step.

    Args:
        robot: What to build.
        timestep: Physics step, s.
        collisions: Shapes that touch the floor. "feet" is a third faster and exact for a robot that
            only ever stands on its feet before its episode ends.
        visuals: Add what is to be seen, for rendering; it has no mass and touches nothing.

    Raises:
        BadFile: The URDF cannot be read, or the model lost mass on the way.
    """
    path = robot.urdf()
    keep = {"feet": robot.feet, "feet + body": (*robot.feet, *robot.body), "all": None}[collisions]
    urdf = read_urdf(path, robot.packages(), keep_collisions=keep, visuals=visuals)
    try:
        spec = mujoco.MjSpec.from_string(urdf.text)
    except ValueError as error:
        raise BadFile(path, f"MuJoCo cannot read this URDF: {error}", "Check the file.") from None
    spec.modelname = robot.name
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ISLAND)  # one robot is one island
    for geom in spec.geoms:
        is_visual = geom.contype == 0 and geom.conaffinity == 0
        geom.conaffinity = 0
        geom.group = _VISUAL_GROUP if is_visual else _COLLISION_GROUP
        if not is_visual and visuals:
            geom.rgba = [0.5, 0.5, 0.5, 0.0]
    base = spec.worldbody.first_body()
    base.add_freejoint(name="base")
    base.pos[:] = (0.0, 0.0, robot.base_height)
    _fit_primitives(spec, robot)
    _add_floor(spec)
    for servo in robot.servos:
        _add_servo(spec, servo, robot)
    mass = float(spec.compile().body_mass.sum())
    if abs(mass - urdf.mass) > 1e-6 * urdf.mass:
        raise BadFile(path, f"the model weighs {mass:.4f} kg, its links {urdf.mass:.4f} kg",
                      "A link was lost on the way; report this description.")  # fmt: skip
    return spec


def _fit_primitives(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Replace the meshes that touch the floor."""
    spec.compiler.fitaabb = True
    meshes = [g for g in spec.geoms if g.contype and g.type == mujoco.mjtGeom.mjGEOM_MESH]
    for geom in meshes:
        is_foot = geom.name.partition(SEPARATOR)[0] in robot.feet
        geom.type = mujoco.mjtGeom.mjGEOM_SPHERE if is_foot else mujoco.mjtGeom.mjGEOM_BOX
    if not meshes:
        return
    fitted = spec.compile()
    for geom in meshes:
        sizes = sorted(fitted.geom(geom.name).size)
        if geom.type == mujoco.mjtGeom.mjGEOM_BOX and sizes[2] > _SLENDER * sizes[1]:
            geom.type = mujoco.mjtGeom.mjGEOM_CAPSULE


def build_model(
    robot: Robot, *, timestep: float, collisions: Collisions = "all", visuals: bool = False
) -> mujoco.MjModel:
    """`build_spec`, compiled."""
    spec = build_spec(robot, timestep=timestep, collisions=collisions, visuals=visuals)
    return spec.compile()


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A joint's drive with the limits that it really has, the URDF's where the robot has none."""

    servo: Servo
    lower: float
    """Joint limit, rad."""
    upper: float
    """Joint limit, rad."""
    torque_limit: float
    """N m."""
    velocity_limit: float
    """rad/s."""


def drives(robot: Robot) -> list[Drive]:
    """The robot's drives, in the order of its joints."""
    model = build_model(robot, timestep=0.001, collisions="feet")
    speeds = read_urdf(robot.urdf(), robot.packages()).speeds
    return [
        Drive(
            servo=servo,
            lower=float(model.joint(servo.joint).range[0]),
            upper=float(model.joint(servo.joint).range[1]),
            torque_limit=float(model.actuator(servo.joint).forcerange[1]),
            velocity_limit=servo.velocity_limit or speeds[servo.joint],
        )
        for servo in robot.servos
    ]


def _add_floor(spec: mujoco.MjSpec) -> None:
    spec.worldbody.add_geom(
        name=FLOOR,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 0.05],
        contype=0,
        conaffinity=1,
        priority=1,  # its friction is the contact's, so one number sets the ground
        friction=[1.0, 0.005, 0.0001],
        condim=3,
    )


def _add_servo(spec: mujoco.MjSpec, servo: Servo, robot: Robot) -> None:
    """tau = clamp(ctrl - kp q - kd qd), with ctrl = kp q* + kd qd* + tau_ff."""
    known = {joint.name: joint for joint in spec.joints if joint.name != "base"}
    if servo.joint not in known:
        raise UnknownName("joint", servo.joint, known, f"robot '{robot.name}'")
    joint = known[servo.joint]
    joint.armature = servo.armature
    limit = servo.torque_limit
    spec.add_actuator(
        name=servo.joint,
        target=servo.joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gaintype=mujoco.mjtGain.mjGAIN_FIXED,
        gainprm=[1.0] + [0.0] * 9,
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        biasprm=[0.0, -servo.kp, -servo.kd] + [0.0] * 7,
        forcelimited=True,
        forcerange=joint.actfrcrange.tolist() if limit is None else [-limit, limit],
    )
