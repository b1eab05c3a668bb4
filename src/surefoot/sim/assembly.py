"""From a robot description to a model that MuJoCo can step: URDF, free base, servos, floor."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Literal

import mujoco

from surefoot.errors import BadFile, UnknownName
from surefoot.sim.description import Robot, Servo

FLOOR = "floor"
"""Name of the ground's geom."""
Collisions = Literal["all", "feet"]
"""Which published shapes touch the floor: all of them, or the feet alone."""
_COLLISION_GROUP, _VISUAL_GROUP = 3, 2


def build_spec(
    robot: Robot, *, timestep: float, collisions: Collisions = "all", visuals: bool = False
) -> mujoco.MjSpec:
    """The robot on a floor, editable, ready to compile.

    Masses, inertias, joint limits, torque limits and collision shapes are the URDF's. The robot
    touches the floor, not itself, as in the simulation of the `upkie` package. The servo law lives
    in the engine (an affine actuator), so it is evaluated at every physics step.

    Args:
        robot: What to build.
        timestep: Physics step, s.
        collisions: Shapes that touch the floor. "feet" is a third faster and exact for a robot that
            only ever stands on its feet before its episode ends.
        visuals: Keep the visual meshes, for rendering; they have no mass and touch nothing.

    Raises:
        BadFile: The URDF cannot be read, or the model lost mass on the way.
    """
    path = robot.urdf()
    keep = robot.feet if collisions == "feet" else None
    text, urdf_mass = _prepare_urdf(path, robot.packages(), keep_collisions=keep, visuals=visuals)
    try:
        spec = mujoco.MjSpec.from_string(text)
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
    _add_floor(spec)
    for servo in robot.servos:
        _add_servo(spec, servo, robot)
    mass = float(spec.compile().body_mass.sum())
    if abs(mass - urdf_mass) > 1e-6 * urdf_mass:
        raise BadFile(path, f"the model weighs {mass:.4f} kg, its links {urdf_mass:.4f} kg",
                      "A link was lost on the way; report this description.")  # fmt: skip
    return spec


def build_model(
    robot: Robot, *, timestep: float, collisions: Collisions = "all", visuals: bool = False
) -> mujoco.MjModel:
    """`build_spec`, compiled."""
    spec = build_spec(robot, timestep=timestep, collisions=collisions, visuals=visuals)
    return spec.compile()


def _prepare_urdf(
    path: Path,
    packages: dict[str, Path],
    *,
    keep_collisions: tuple[str, ...] | None,
    visuals: bool,
) -> tuple[str, float]:
    """The URDF's text with its mesh paths resolved and MuJoCo's options set; its mass, kg."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise BadFile(path, f"not a readable URDF ({error})", "Reinstall its package.") from None
    for mesh in root.iter("mesh"):
        filename = mesh.get("filename", "")
        for package, folder in packages.items():
            filename = filename.replace(f"package://{package}/", f"{folder}/")
        mesh.set("filename", filename)
    for link in root.iter("link"):
        if keep_collisions is not None and link.get("name") not in keep_collisions:
            for collision in link.findall("collision"):
                link.remove(collision)
        # Virtual links carry boxes without size, which MuJoCo refuses.
        for visual in [v for v in link.findall("visual") if _is_empty(v)]:
            link.remove(visual)
    options = ElementTree.SubElement(root, "mujoco")
    ElementTree.SubElement(
        options,
        "compiler",
        discardvisual=str(not visuals).lower(),
        fusestatic="true",
        strippath="false",
    )
    mass = sum(float(m.get("value", "0")) for m in root.iterfind("link/inertial/mass"))
    return ElementTree.tostring(root, encoding="unicode"), mass


def _is_empty(visual: ElementTree.Element) -> bool:
    box = visual.find("geometry/box")
    return box is not None and not any(float(x) for x in box.get("size", "0").split())


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
    spec.add_actuator(
        name=servo.joint,
        target=servo.joint,
        trntype=mujoco.mjtTrn.mjTRN_JOINT,
        gaintype=mujoco.mjtGain.mjGAIN_FIXED,
        gainprm=[1.0] + [0.0] * 9,
        biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        biasprm=[0.0, -servo.kp, -servo.kd] + [0.0] * 7,
        forcelimited=True,
        forcerange=known[servo.joint].actfrcrange.tolist(),
    )
