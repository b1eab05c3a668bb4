"""The model of Upkie against its published figures (specs of upkie_description 2.2.0)."""

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from surefoot.errors import BadFile, MissingPackage, UnknownName
from surefoot.robots import upkie
from surefoot.robots.registry import find_robot
from surefoot.robots.upkie import UPKIE, WHEEL_BASE, WHEEL_RADIUS
from surefoot.sim.assembly import build_model, build_spec
from surefoot.sim.description import Servo


def _forward(model, qpos=None):
    data = mujoco.MjData(model)
    if qpos is not None:
        data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    return data


def test_total_mass_wheel_base_tire_radius_and_torque_limits():
    model = build_model(UPKIE, timestep=0.001)
    assert model.body_mass.sum() == pytest.approx(5.34, rel=0.005)
    tires = [
        i for i in range(model.ngeom)
        if model.geom_type[i] == mujoco.mjtGeom.mjGEOM_CYLINDER and model.geom_size[i, 1] == 0.02
        and model.geom_size[i, 0] == pytest.approx(WHEEL_RADIUS)
    ]  # fmt: skip
    data = _forward(model)
    wheels = [i for i in tires if data.geom_xpos[i, 2] < 0.12]
    assert len(wheels) == 2
    distance = np.linalg.norm(data.geom_xpos[wheels[0]] - data.geom_xpos[wheels[1]])
    assert distance == pytest.approx(WHEEL_BASE, abs=1e-3)
    limits = dict(zip((s.joint for s in UPKIE.servos), model.actuator_forcerange, strict=True))
    assert limits["left_knee"].tolist() == [-16.0, 16.0]
    assert limits["right_wheel"].tolist() == [-1.7, 1.7]


def test_straight_legs_rest_with_the_base_557_millimetres_high():
    """Held upright by a constraint on its pitch, the robot settles on its tires."""
    model = build_model(UPKIE, timestep=0.001)
    data = _forward(model)
    for _ in range(2000):
        data.qpos[3:7] = (1.0, 0.0, 0.0, 0.0)
        data.qvel[3:6] = 0.0
        mujoco.mj_step(model, data)
    assert data.qpos[2] == pytest.approx(0.557, abs=0.005)
    assert abs(data.qvel[2]) < 0.01


def test_centre_of_mass_stands_262_millimetres_above_the_wheel_axis():
    data = _forward(build_model(UPKIE, timestep=0.001), [0, 0, 0.507, 1, 0, 0, 0, *[0] * 6])
    assert data.subtree_com[1, 2] == pytest.approx(0.262, abs=0.002)


@pytest.mark.parametrize(
    ("joint", "target", "q", "qd", "expected"),
    [
        (0, 0.5, 0.1, 0.2, 20.0 * 0.4 - 1.0 * 0.2),  # hip: kp e + kd (0 - qd)
        (0, 5.0, 0.0, 0.0, 16.0),  # 100 N m, clamped
        (2, 1.0, 9.0, 0.25, 0.75),  # wheel: the position does not matter
        (2, -99.0, 0.0, 0.0, -1.7),
    ],
)
def test_servo_law(joint, target, q, qd, expected):
    """tau = clamp(kp (q* - q) + kd (qd* - qd)): q* for a leg, qd* for a wheel."""
    model = build_model(UPKIE, timestep=0.001)
    data = mujoco.MjData(model)
    data.qpos[7 + joint], data.qvel[6 + joint] = q, qd
    servo = UPKIE.servos[joint]
    data.ctrl[joint] = (servo.kp or servo.kd) * target
    mujoco.mj_forward(model, data)
    assert data.actuator_force[joint] == pytest.approx(expected)


def test_wheel_torque_saturates_at_1_7_rad_per_second_of_error():
    model = build_model(UPKIE, timestep=0.001)
    data = mujoco.MjData(model)
    for error, torque in ((1.6, 1.6), (1.8, 1.7)):
        data.ctrl[2] = error
        mujoco.mj_forward(model, data)
        assert data.actuator_force[2] == pytest.approx(torque)


def test_only_the_feet_matter_until_the_robot_has_fallen():
    """With all published shapes or tires and ankles alone: the same trajectory, bit for bit."""
    trajectories = []
    for collisions in ("all", "feet"):
        model = build_model(UPKIE, timestep=0.001, collisions=collisions)
        data = mujoco.MjData(model)
        data.qpos[3:7] = (np.cos(0.05), 0.0, np.sin(0.05), 0.0)
        states = []
        while abs(np.arcsin(2 * data.qpos[3] * data.qpos[5])) < 1.0:
            mujoco.mj_step(model, data)
            states.append(data.qpos.copy())
        trajectories.append(np.array(states))
    assert len(trajectories[0]) > 300
    assert trajectories[0].tobytes() == trajectories[1].tobytes()


def test_visual_meshes_weigh_and_touch_nothing():
    plain = build_model(UPKIE, timestep=0.001)
    pretty = build_model(UPKIE, timestep=0.001, visuals=True)
    assert pretty.nmesh > 0 and plain.nmesh == 0
    np.testing.assert_allclose(pretty.body_mass, plain.body_mass)
    assert (pretty.geom_contype > 0).sum() == (plain.geom_contype > 0).sum()


def test_an_unknown_joint_names_the_nearest():
    odd = replace(UPKIE, servos=(Servo(joint="left_knea", kp=1.0, kd=1.0),))
    with pytest.raises(UnknownName, match=r"no joint named 'left_knea' in robot 'upkie'\. Did you "
                                          "mean 'left_knee'"):  # fmt: skip
        build_spec(odd, timestep=0.001)


def test_an_unknown_robot_names_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'upkie'"):
        find_robot("upkei")


@pytest.mark.parametrize(
    "content", [None, "", "<robot", "<robot name='x'><link name='a'/></robot>"]
)
def test_a_bad_urdf_is_one_sentence(tmp_path, content):
    path = tmp_path / "bad.urdf"
    if content is not None:
        path.write_text(content)
    with pytest.raises((BadFile, UnknownName), match=r"bad\.urdf|no joint"):
        build_spec(replace(UPKIE, urdf=lambda: path, packages=dict), timestep=0.001)


def test_a_missing_description_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "upkie_description", None)
    with pytest.raises(MissingPackage, match="pip install upkie_description"):
        build_spec(upkie.UPKIE, timestep=0.001)
    assert isinstance(upkie.UPKIE.source, str) and not isinstance(upkie.UPKIE.source, Path)
