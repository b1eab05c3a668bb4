"""Where the parts of a legged robot stand in the tensors of its worlds."""

from dataclasses import replace

import numpy as np
import pytest

from surefoot.envs.make import walking_model
from surefoot.errors import InvalidConfig
from surefoot.robots.legged import ANYMAL_C, BOLT, G1, GO2, LEGGED
from surefoot.robots.upkie import UPKIE
from surefoot.sim.anatomy import add_contact_sensors, anatomy
from surefoot.sim.assembly import build_spec
from surefoot.tasks.walking_config import WalkingConfig


def _anatomy(robot, collisions="feet"):
    model = walking_model(WalkingConfig(collisions=collisions), robot)
    return model, anatomy(model, robot)


def test_go2_by_its_urdf():
    _, body = _anatomy(GO2)
    assert body.home.tolist() == [0.1, 0.8, -1.5, -0.1, 0.8, -1.5, 0.1, 1.0, -1.5, -0.1, 1.0, -1.5]
    assert body.torque_limits.tolist() == [23.7, 23.7, 45.43] * 4
    assert body.joint_limits[:3].tolist() == [[-1.0472, 1.0472], [-1.5708, 3.4907],
                                              [-2.7227, -0.83776]]  # fmt: skip
    np.testing.assert_allclose(body.axes, [[1, 0, 0], [0, 1, 0], [0, 1, 0]] * 4, atol=1e-9)
    assert body.foot_geoms.shape == body.foot_sensors.shape == (4, 1)
    assert body.mass == pytest.approx(16.085, abs=1e-3)
    assert body.foot_radius == pytest.approx(0.022, abs=1e-3)


def test_feet_stand_where_two_links_of_a_leg_put_them():
    """Go2's hips are at 0.1934 and 0.0465 m, thighs 0.0955 m beside them and 0.213 m long.

    The middle of its foot's mesh is 6.6 mm behind the calf's line and 0.2201 m down.
    """
    _, body = _anatomy(GO2)
    for foot, (x, y, thigh) in enumerate(
        ((0.1934, 1.0, 0.8), (0.1934, -1.0, 0.8), (-0.1934, 1.0, 1.0), (-0.1934, -1.0, 1.0))
    ):
        hip, calf = 0.1 * y, thigh - 1.5
        forward = -0.213 * np.sin(thigh) - 0.2201 * np.sin(calf) - 0.0066 * np.cos(calf)
        down = 0.213 * np.cos(thigh) + 0.2201 * np.cos(calf) - 0.0066 * np.sin(calf)
        # the hip turns about x: the leg hangs 0.0955 m to the side, then down
        side = y * 0.0955 * np.cos(hip) + down * np.sin(hip)
        height = y * 0.0955 * np.sin(hip) - down * np.cos(hip)
        expected = [x + forward, y * 0.0465 + side, height]
        np.testing.assert_allclose(body.foot_home[foot], expected, atol=2e-4)


@pytest.mark.parametrize("robot", LEGGED, ids=[robot.name for robot in LEGGED])
def test_sensors_count_the_shapes_of_each_foot(robot):
    model, body = _anatomy(robot, "all")
    names = [model.geom(i).name for i in range(model.ngeom)]
    assert len(body.foot_geoms) == len(robot.feet)
    for foot, spheres, columns in zip(robot.feet, body.foot_geoms, body.foot_sensors, strict=True):
        shapes = [name for name in names if name.partition(" collision ")[0] == foot]
        assert {names[i] for i in spheres} <= set(shapes)
        assert [model.sensor(f"contact {name}").adr[0] for name in shapes] == columns.tolist()
    columns = [body.floor_sensor, body.base_sensor, *body.foot_sensors.flat]
    assert sorted(columns) == list(range(model.nsensordata))


def test_the_tube_of_a_foot_is_foot_too():
    _, body = _anatomy(ANYMAL_C, "all")
    assert body.foot_geoms.shape == (4, 1) and body.foot_sensors.shape == (4, 2)


def test_feet_may_stand_on_many_spheres():
    _, body = _anatomy(G1)
    assert body.foot_geoms.shape == (2, 4)
    assert _anatomy(BOLT)[1].foot_geoms.shape == (2, 1)


def test_axes_are_those_of_the_base_frame():
    _, body = _anatomy(ANYMAL_C)
    assert np.abs(np.linalg.norm(body.axes, axis=1) - 1.0).max() < 1e-9
    # LF_HAA and RF_HAA swing out about x, HFE and KFE fold about y, whatever their signs
    for joint, axis in ((0, 0), (1, 1), (2, 1), (3, 0), (4, 1), (5, 1)):
        assert abs(body.axes[joint, axis]) > 0.999


def test_servos_in_another_order_are_refused():
    odd = replace(GO2, servos=(*GO2.servos[3:], *GO2.servos[:3]))
    model = walking_model(WalkingConfig(), odd)
    with pytest.raises(InvalidConfig, match=r"servos of go2 must be in the order of \['FL_hip_jo"):
        anatomy(model, odd)


@pytest.mark.parametrize(
    ("robot", "sentence"),
    [(UPKIE, "the foot 'left_wheel_tire' of upkie has no sphere to stand on"),
     (replace(GO2, feet=()), "the robot 'go2' has no feet: declare the links it stands on")],
)  # fmt: skip
def test_a_robot_without_feet_is_refused(robot, sentence):
    spec = build_spec(robot, timestep=0.005)
    with pytest.raises(InvalidConfig, match=sentence):
        add_contact_sensors(spec, robot)
