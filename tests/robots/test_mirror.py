"""Left and right: names, axes, and a simulation that goes on mirrored when it begins mirrored."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from surefoot.agent.mirrored import Reflect
from surefoot.envs.make import make_batched, walking_model
from surefoot.errors import InvalidConfig
from surefoot.robots.legged import GO2, LEGGED
from surefoot.robots.mirror import mirror_of_joints, pairs, partner
from surefoot.sim.anatomy import anatomy
from surefoot.tasks.walking_config import CommandConfig, WalkingConfig
from surefoot.tasks.walking_interface import walking_interface


@pytest.mark.parametrize(
    ("name", "other"),
    [("FL_hip_joint", "FR_hip_joint"), ("RL_calf_joint", "RR_calf_joint"),
     ("HL_KFE", "HR_KFE"), ("LF_HAA", "RF_HAA"), ("LH_FOOT", "RH_FOOT"),
     ("left_ankle_roll_link", "right_ankle_roll_link")],
)  # fmt: skip
def test_partners_are_each_others(name, other):
    assert (partner(name), partner(other)) == (other, name)


@pytest.mark.parametrize("name", ["waist_yaw_joint", "FLOOR", "tail_left_", "RLX", "LEFT_FOOT"])
def test_a_name_without_a_side_is_its_own_partner(name):
    assert partner(name) == name


def test_partners_are_found_by_their_numbers():
    assert pairs(("FR_a", "FL_a", "waist", "RL_a", "RR_a")) == (1, 0, 2, 4, 3)
    with pytest.raises(InvalidConfig, match="'FR_a' has no partner 'FL_a' to mirror it"):
        pairs(("FR_a", "RL_a", "RR_a"))


def test_signs_by_hand():
    """Hips about x change sides; thighs about y do not; a flipped axis flips the sign."""
    names = ("FL_hip", "FL_thigh", "FR_hip", "FR_thigh", "waist_yaw", "waist_pitch", "neck_roll")
    axes = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 1, 0],
                     [-1, 0, 0]])  # fmt: skip
    mirror = mirror_of_joints(names, axes.astype(float))
    assert mirror.order == (2, 3, 0, 1, 4, 5, 6)
    assert mirror.sign == (-1.0, -1.0, -1.0, -1.0, -1.0, 1.0, -1.0)
    with pytest.raises(InvalidConfig, match="axes of 'L_a' and 'L_a' are not mirror images: this "
                                            "robot's left and right differ"):  # fmt: skip
        mirror_of_joints(("L_a",), np.array([[0.6, 0.8, 0.0]]))


def test_a_robot_that_lacks_a_partner_is_refused():
    model = walking_model(WalkingConfig(), GO2)
    body = anatomy(model, GO2)
    three_legged = replace(GO2, servos=GO2.servos[:9])
    with pytest.raises(InvalidConfig, match="'RL_hip_joint' has no partner 'RR_hip_joint'"):
        walking_interface(WalkingConfig(), three_legged, body, None)
    lame = replace(GO2, feet=GO2.feet[:3])
    with pytest.raises(InvalidConfig, match="'RL_foot' has no partner 'RR_foot' to mirror it"):
        walking_interface(WalkingConfig(), lame, body, None)


def _mirrored_base(qpos, qvel):
    """Base pose and velocity in the mirror y -> -y: MuJoCo's free joint, by hand.

    A rotation about (x, y, z) becomes one about (-x, y, -z).
    """
    pose = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    velocity = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    return qpos * pose, qvel * velocity


LOPSIDED = {"go1", "a1", "anymal-b", "anymal-c"}
"""Robots whose trunk has its centre of mass beside the middle: A1 by 4.1 mm, Go1 by 1.9."""
TOLERANCES = {
    "base_linear_velocity": 0.02, "base_angular_velocity": 0.15, "gravity": 0.01,
    "target_velocity_y": 1e-9, "target_yaw_velocity": 1e-9, "gait_clock": 1e-4,
    "joint_angle": 0.008, "base_height": 5e-4, "foot_height": 1.5e-3,
}  # fmt: skip
"""Twice what A1 needs after 0.1 s; the others get a tenth. Targets wander by 0.2 rad and more."""


# Two worlds, one the mirror image of the other, driven by mirrored targets. The horizon is short
# because a lopsided robot drifts away from its mirror image, and long enough to touch the ground.
@pytest.mark.parametrize("robot", [robot.name for robot in LEGGED])
def test_what_begins_mirrored_goes_on_mirrored(robot):
    config = WalkingConfig(robot=robot, command=CommandConfig(redraw_s=(9.0, 9.0)))
    env = make_batched("quadruped-flat", config, nb_envs=2, seed=0, imperfect=False, sim_threads=1)
    env.reset()
    action_mirror, observation_mirror = (
        Reflect(mirror)
        for mirror in (env.interface.action_mirror, env.interface.observation_mirror)
    )
    generator = torch.Generator().manual_seed(0)
    q, v = env.worlds.qpos.clone(), env.worlds.qvel.clone()
    nb = env.interface.action_size
    q[0, 2] = env.task.leg_length - 0.002  # on its feet
    q[0, 7:] = torch.from_numpy(env.task.body.home)
    q[0, 7:] += 0.1 * torch.randn(nb, generator=generator)
    lean = torch.tensor([1.0, 0.05, -0.08, 0.4], dtype=torch.float64)
    q[0, 3:7] = lean / lean.norm()
    v[0] = 0.3 * torch.randn(6 + nb, generator=generator)
    q[1, :7], v[1, :6] = _mirrored_base(q[0, :7], v[0, :6])
    q[1, 7:] = action_mirror(q[0, 7:])
    v[1, 6:] = action_mirror(v[0, 6:])
    env.worlds.set_state(torch.arange(2), q, v)
    command = torch.tensor([0.4, 0.3, -0.5])
    env.task.commands.set(torch.stack([command, command * torch.tensor([1.0, -1.0, -1.0])]))
    env.task.gait.cycle = torch.tensor([0.2, 0.7])  # half a cycle apart
    home = torch.from_numpy(env.task.body.home).float()
    begin = env.observe()
    torch.testing.assert_close(observation_mirror(begin[0]), begin[1], atol=2e-4, rtol=0.0)
    touched, share = False, 1.0 if robot in LOPSIDED else 0.1
    for _ in range(5):
        action = home + 0.2 * torch.randn(nb, generator=generator)
        both = torch.stack([action, action_mirror(action)])
        step = env.step(both)
        touched |= bool(env.task.foot_contact.any())
        expected, found = observation_mirror(step.final_obs[0]), step.final_obs[1]
        for name, tolerance in TOLERANCES.items():
            part = env.interface.observation.slice(name)
            apart = float((expected[part] - found[part]).abs().max())
            assert apart <= share * tolerance, (name, apart)
        rewards = {name: term.tolist() for name, term in step.terms.items()}
        for name in ("linear_velocity", "yaw_velocity", "action_rate"):
            assert rewards[name][0] == pytest.approx(rewards[name][1], abs=0.05), name
    assert touched
    joints = env.interface.observation.slice("joint_angle")
    assert (step.final_obs[0] - begin[0])[joints].abs().max() > 0.1  # something happened


@pytest.mark.parametrize("robot", [robot.name for robot in LEGGED])
def test_the_mirror_puts_each_foot_where_its_partner_was(robot):
    """Kinematics alone: exact, so that a wrong sign of any joint shows."""
    config = WalkingConfig(robot=robot)
    env = make_batched("quadruped-flat", config, nb_envs=1, seed=0, sim_threads=1)
    model, body = env.worlds.model, env.task.body
    mirror, feet = env.interface.action_mirror, pairs(
        tuple(model.geom(int(geoms[0])).name.partition(" collision ")[0]
              for geoms in body.foot_geoms)
    )  # fmt: skip
    joints = body.home + 0.4 * np.random.default_rng(0).standard_normal(len(body.home))
    places = []
    for angles in (joints, np.array(mirror.sign) * joints[list(mirror.order)]):
        data = mujoco.MjData(model)
        data.qpos[7:] = angles
        mujoco.mj_forward(model, data)
        places.append(data.geom_xpos[body.foot_geoms].mean(axis=1))
    expected = places[0][list(feet)] * np.array([1.0, -1.0, 1.0])
    np.testing.assert_allclose(places[1], expected, atol=2e-3)
