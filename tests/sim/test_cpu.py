"""Batched worlds against single ones, and what happens when one of them breaks."""

import math

import mujoco
import numpy as np
import pytest
import torch

from surefoot.robots.upkie import UPKIE
from surefoot.sim.assembly import build_model
from surefoot.sim.cpu import CpuWorlds


@pytest.fixture(scope="module")
def model():
    return build_model(UPKIE, timestep=0.001, collisions="feet")


def _start(worlds, pitch):
    nb = len(pitch)
    qpos = torch.zeros(nb, 13, dtype=torch.float64)
    qpos[:, 2] = 0.56
    qpos[:, 3], qpos[:, 5] = torch.cos(pitch / 2), torch.sin(pitch / 2)
    worlds.set_state(torch.arange(nb), qpos, torch.zeros(nb, 12, dtype=torch.float64))


def test_batch_equals_a_loop_over_single_simulations(model):
    worlds = CpuWorlds(model, 3, nb_threads=2)
    pitch = torch.tensor([0.0, 0.1, -0.2], dtype=torch.float64)
    _start(worlds, pitch)
    worlds.ctrl[:, 2] = 3.0
    for _ in range(20):
        assert not worlds.step(5).any()
    for i in range(3):
        data = mujoco.MjData(model)
        data.qpos[:] = 0.0
        half = float(pitch[i]) / 2
        data.qpos[[2, 3, 5]] = 0.56, math.cos(half), math.sin(half)
        data.ctrl[2] = 3.0
        for _ in range(100):
            mujoco.mj_step(model, data)
        assert worlds.qpos[i].numpy().tobytes() == data.qpos.tobytes()


def test_subset_reset_leaves_the_others(model):
    worlds = CpuWorlds(model, 3)
    _start(worlds, torch.zeros(3, dtype=torch.float64))
    worlds.step(10)
    before = worlds.qpos.clone()
    worlds.set_state(
        torch.tensor([1]), torch.full((1, 13), 0.5).double(), torch.ones(1, 12).double()
    )
    assert torch.equal(worlds.qpos[[0, 2]], before[[0, 2]])
    assert worlds.qpos[1].tolist() == [0.5] * 13 and worlds.qvel[1].tolist() == [1.0] * 12


def test_derived_fields_describe_the_instant_of_the_state(model):
    worlds = CpuWorlds(model, 2)
    xpos = worlds.derived("xpos")
    _start(worlds, torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(xpos[:, 1], worlds.qpos[:, :3])  # the base body, after a reset
    worlds.step(7)
    torch.testing.assert_close(xpos[:, 1], worlds.qpos[:, :3])  # and after a step


@pytest.mark.parametrize("name", ["xpos", "geom_xpos", "xmat", "subtree_com", "cvel"])
def test_a_field_asked_for_alone_is_current(model, name):
    worlds = CpuWorlds(model, 2)
    field = worlds.derived(name)
    _start(worlds, torch.tensor([0.1, 0.2], dtype=torch.float64))
    worlds.step(7)
    data = mujoco.MjData(model)
    for i in range(2):
        data.qpos[:], data.qvel[:] = worlds.qpos[i], worlds.qvel[i]
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(field[i].numpy(), getattr(data, name), atol=1e-12)


def test_sensors_of_velocity_are_current_and_forces_are_the_last_steps():
    model = mujoco.MjModel.from_xml_string("""
        <mujoco>
          <worldbody>
            <body>
              <joint name="j" type="slide"/> <geom size="0.1"/> <site name="s"/>
            </body>
          </worldbody>
          <actuator> <motor joint="j"/> </actuator>
          <sensor> <jointvel joint="j"/> <accelerometer site="s"/> </sensor>
        </mujoco>""")
    worlds = CpuWorlds(model, 1)
    sensors, force = worlds.derived("sensordata"), worlds.derived("actuator_force")
    worlds.ctrl[:] = 3.0
    worlds.step(5)
    assert float(sensors[0, 0]) == float(worlds.qvel[0, 0]) != 0.0
    assert float(force[0, 0]) == 3.0


def test_per_world_masses_change_only_their_world(model):
    worlds = CpuWorlds(model, 2)
    _start(worlds, torch.tensor([0.1, 0.1], dtype=torch.float64))
    worlds.parameter("body_mass")[1] *= 1.2
    worlds.parameter("body_inertia")[1] *= 1.2
    worlds.update_constants()
    reference = CpuWorlds(model, 1)
    _start(reference, torch.tensor([0.1], dtype=torch.float64))
    for w in (worlds, reference):
        w.step(200)
    assert torch.equal(worlds.qpos[0], reference.qpos[0])
    assert not torch.equal(worlds.qpos[1], worlds.qpos[0])


@pytest.mark.parametrize("broken", [float("nan"), 1e20])
def test_a_diverged_world_is_reported_once_and_touches_nobody(model, broken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worlds, healthy = CpuWorlds(model, 3), CpuWorlds(model, 3)
    pitch = torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64)
    for w in (worlds, healthy):
        _start(w, pitch)
        w.step(5)
    worlds.qvel[1] = broken
    assert worlds.step(5).tolist() == [False, True, False]
    healthy.step(5)
    for i in (0, 2):
        assert torch.equal(worlds.qpos[i], healthy.qpos[i])
    _restart = torch.zeros(1, 13, dtype=torch.float64)
    _restart[0, [2, 3]] = torch.tensor([0.56, 1.0], dtype=torch.float64)
    worlds.set_state(torch.tensor([1]), _restart, torch.zeros(1, 12, dtype=torch.float64))
    assert worlds.step(5).tolist() == [False, False, False]
    assert list(tmp_path.iterdir()) == []  # no log file of the engine


def test_state_dict_continues_bit_for_bit(model):
    worlds = CpuWorlds(model, 2)
    worlds.parameter("body_mass")[1] *= 1.1
    worlds.update_constants()
    _start(worlds, torch.tensor([0.1, -0.1], dtype=torch.float64))
    worlds.step(50)
    saved = worlds.state_dict()
    worlds.step(50)
    other = CpuWorlds(model, 2)
    other.load_state_dict(saved)
    other.step(50)
    assert torch.equal(worlds.qpos, other.qpos) and torch.equal(worlds.qvel, other.qvel)
