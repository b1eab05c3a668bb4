"""Forward kinematics of legs against MuJoCo's own."""

import mujoco
import numpy as np
import pytest
import torch

from surefoot.envs.make import walking_model
from surefoot.errors import InvalidConfig
from surefoot.robots.legged import LEGGED
from surefoot.sim.anatomy import anatomy
from surefoot.sim.kinematics import FootKinematics
from surefoot.tasks.walking_config import WalkingConfig


@pytest.mark.parametrize("robot", LEGGED, ids=lambda robot: robot.name)
def test_feet_are_where_mujoco_puts_them(robot):
    model = walking_model(WalkingConfig(collisions="feet"), robot)
    body = anatomy(model, robot)
    data = mujoco.MjData(model)
    angles = np.random.default_rng(0).uniform(-1.5, 1.5, (5, len(robot.servos)))
    feet = body.feet_at(torch.from_numpy(angles).float())
    for i, q in enumerate(angles):
        data.qpos[:7], data.qpos[7:] = [0, 0, 0, 1, 0, 0, 0], q
        mujoco.mj_forward(model, data)
        expected = data.geom_xpos[body.foot_geoms].mean(axis=1)
        np.testing.assert_allclose(feet[i].numpy(), expected, atol=1e-6)


def test_a_leg_with_a_slider_is_refused():
    model = mujoco.MjModel.from_xml_string("""<mujoco><worldbody><body name="base"><freejoint/>
        <geom size="0.1"/><body name="leg"><joint type="slide"/><geom size="0.1"/></body></body>
        </worldbody></mujoco>""")
    with pytest.raises(InvalidConfig, match="the link 'leg' of a leg must turn about a hinge"):
        FootKinematics(model, np.array([[1]]))
