"""URDFs with quirks: masses on fixed joints, meshes that nobody can read."""

import mujoco
import numpy as np
import pytest

from surefoot.robots.registry import ROBOTS
from surefoot.sim.urdf import Inertial, read_urdf

HELD = """
<robot name="held">
  <link name="base"/>
  <link name="rod">
    <inertial><origin xyz="0.5 0 0"/><mass value="2"/>
      <inertia ixx="0.01" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <link name="weight">
    <inertial><origin xyz="0 0 0.1"/><mass value="1"/>
      <inertia ixx="0" iyy="0" izz="0" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="hold" type="fixed"><parent link="base"/><child link="rod"/>
    <origin xyz="0 0 1" rpy="0 0 1.5707963267948966"/></joint>
  <joint name="hang" type="fixed"><parent link="rod"/><child link="weight"/>
    <origin xyz="1 0 0"/></joint>
</robot>
"""


def _model(text):
    spec = mujoco.MjSpec.from_string(text)
    spec.worldbody.first_body().add_freejoint()
    return spec.compile()


def test_what_is_fixed_counts_to_what_holds_it(tmp_path):
    path = tmp_path / "held.urdf"
    path.write_text(HELD)
    urdf = read_urdf(path, {})
    model = _model(urdf.text)
    # The rod lies along y at z = 1: 2 kg at (0, 0.5, 1). The weight: 1 kg at (0, 1, 1.1).
    assert urdf.mass == 3.0
    assert model.body_mass[1] == pytest.approx(3.0)
    np.testing.assert_allclose(model.body_ipos[1], [0.0, 2 / 3, 1 + 0.1 / 3], atol=1e-12)
    # About the common centre the two are d = (0, 0.5, 0.1) apart, reduced mass 2/3: they add
    # 2/3 (d.d 1 - d d^T); the rod's own 0.1 is now about x and z, its 0.01 about y.
    d = np.array([0.0, 0.5, 0.1])
    expected = np.diag([0.1, 0.01, 0.1]) + 2 / 3 * (d @ d * np.eye(3) - np.outer(d, d))
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.body_iquat[1])
    turn = turn.reshape(3, 3)
    np.testing.assert_allclose(turn @ np.diag(model.body_inertia[1]) @ turn.T, expected, atol=1e-12)


@pytest.mark.parametrize("name", ["upkie", "a1", "go2", "solo-12", "g1"])
def test_masses_are_gathered_as_mujoco_fuses_them(name, monkeypatch):
    """Where MuJoCo's own fusing can read the description, it is the oracle."""
    robot = ROBOTS[name]
    ours = _model(read_urdf(robot.urdf(), robot.packages()).text)
    monkeypatch.setattr("surefoot.sim.urdf._gather_masses", lambda root: None)
    theirs = _model(read_urdf(robot.urdf(), robot.packages()).text)
    np.testing.assert_allclose(ours.body_mass, theirs.body_mass, rtol=1e-9)
    np.testing.assert_allclose(ours.body_ipos, theirs.body_ipos, atol=1e-9)
    np.testing.assert_allclose(ours.body_inertia, theirs.body_inertia, rtol=1e-5, atol=1e-9)


def test_an_inertia_about_another_point():
    body = Inertial(mass=2.0, com=np.zeros(3), inertia=np.eye(3))
    # 2 kg, 3 m away along x: 18 more about y and z, none about x.
    np.testing.assert_allclose(body.about(np.array([3.0, 0, 0])), np.diag([1.0, 19.0, 19.0]))


def test_a_link_whose_looks_cannot_be_read_shows_what_it_collides_with():
    robot = ROBOTS["go2"]  # Collada throughout
    urdf = read_urdf(robot.urdf(), robot.packages(), visuals=True)
    model = mujoco.MjModel.from_xml_string(urdf.text)
    seen = (model.geom_contype == 0) & (model.geom_conaffinity == 0)
    assert seen.sum() == (~seen).sum() == 19
    assert ".dae" not in urdf.text
