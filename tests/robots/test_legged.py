"""Every legged robot: its mass, its joints, and that it stands."""

import mujoco
import numpy as np
import pytest

from surefoot.errors import MissingPackage
from surefoot.robots.legged import BOLT, G1, GO2, LEGGED
from surefoot.robots.registry import ROBOTS
from surefoot.sim.assembly import FLOOR, build_model, drives

MASSES = {
    "go2": 16.085,
    "go1": 13.1005,
    "a1": 13.741,
    "anymal-b": 30.4754,
    "anymal-c": 52.1349,
    "solo-12": 2.5,
    "bolt": 1.2539,
    "g1": 33.3411,
}
"""Sums of the masses in the URDFs of example-robot-data 6.0.0, kg."""
QUADRUPEDS = [robot for robot in LEGGED if robot not in (BOLT, G1)]


def _ids(robots):
    return [robot.name for robot in robots]


def _at_home(robot, model):
    data = mujoco.MjData(model)
    data.qpos[2] = robot.base_height
    for servo in robot.servos:
        data.qpos[model.joint(servo.joint).qposadr[0]] = servo.home
        data.ctrl[model.actuator(servo.joint).id] = servo.kp * servo.home
    return data


@pytest.mark.parametrize("robot", LEGGED, ids=_ids(LEGGED))
def test_it_weighs_what_its_links_weigh_and_keeps_its_joints(robot):
    model = build_model(robot, timestep=0.005)
    assert model.body_mass.sum() == pytest.approx(MASSES[robot.name], abs=1e-3)
    names = [model.joint(i).name for i in range(1, model.njnt)]
    assert names == [servo.joint for servo in robot.servos]
    touching = {model.geom(i).name.partition(" collision ")[0] for i in range(model.ngeom)}
    assert {*robot.feet, *robot.body} <= touching


@pytest.mark.parametrize("robot", QUADRUPEDS, ids=_ids(QUADRUPEDS))
def test_a_quadruped_stands_on_its_feet_alone(robot):
    model = build_model(robot, timestep=0.005)
    data = _at_home(robot, model)
    for _ in range(600):  # 3 s
        mujoco.mj_step(model, data)
    w, x, y, _ = data.qpos[3:7]
    assert 2.0 * np.arcsin(np.hypot(x, y)) < 0.15 and w > 0.9
    assert np.abs(data.qvel).max() < 0.05
    touching = {model.geom(i).name.partition(" collision ")[0] for i in data.contact.geom.flat}
    assert touching == {FLOOR, *robot.feet}


@pytest.mark.parametrize("robot", LEGGED, ids=_ids(LEGGED))
def test_it_starts_on_the_ground(robot):
    model = build_model(robot, timestep=0.005, collisions="feet")
    data = _at_home(robot, model)
    mujoco.mj_forward(model, data)
    lowest = min(
        data.geom_xpos[i][2] - model.geom_size[i][0]
        for i in range(model.ngeom)
        if model.geom_type[i] == mujoco.mjtGeom.mjGEOM_SPHERE
    )
    assert 0.0 <= lowest < 0.06


@pytest.mark.parametrize("robot", LEGGED, ids=_ids(LEGGED))
def test_homes_lie_within_the_limits(robot):
    for drive in drives(robot):
        assert drive.lower < drive.servo.home < drive.upper
        assert 0.0 < drive.torque_limit < 200.0
        assert 0.0 < drive.velocity_limit <= 100.0


def test_limits_are_the_urdfs_unless_the_robot_says_otherwise():
    calf = next(d for d in drives(GO2) if d.servo.joint == "FL_calf_joint")
    assert (calf.torque_limit, calf.velocity_limit) == (45.43, 15.7)  # go2.urdf
    assert {d.torque_limit for d in drives(ROBOTS["solo-12"])} == {3.0}  # its URDF says 1000


def test_fewer_shapes_touch_the_ground_on_request():
    def shapes(collisions):
        return build_model(GO2, timestep=0.005, collisions=collisions).ngeom - 1  # and the floor

    # go2.urdf: 4 feet; base, 2 rear hips and 4 thighs; 2 shapes on each calf.
    assert [shapes(c) for c in ("feet", "feet + body", "all")] == [4, 11, 19]


def test_meshes_become_primitives():
    model = build_model(GO2, timestep=0.005)
    assert model.nmesh == 0 or mujoco.mjtGeom.mjGEOM_MESH not in model.geom_type
    foot = model.geom("FL_foot collision 0")
    assert foot.type == mujoco.mjtGeom.mjGEOM_SPHERE
    assert 0.018 < foot.size[0] < 0.026  # 22 mm in other models of this robot


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    from importlib import metadata

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(MissingPackage, match=r"'go2' needs.*pip install 'surefoot\[robots\]'"):
        GO2.urdf()
