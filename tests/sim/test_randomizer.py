"""Worlds that differ: each drawn number against a model that was built with it."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from surefoot.envs.make import make_batched, walking_model
from surefoot.errors import InvalidConfig
from surefoot.robots.registry import find_robot
from surefoot.sim.randomization import VARIATIONS, Randomization
from surefoot.tasks.walking_config import WalkingConfig

NB_JOINTS, NB = 12, 6
GO2 = find_robot("go2")


def _env(randomize, *, imperfect=True, nb_envs=NB, training=False, **settings):
    config = WalkingConfig(randomize=randomize, push_s=0.0, collisions="feet", **settings)
    env = make_batched(
        "quadruped-flat", config, nb_envs=nb_envs, seed=0, imperfect=imperfect,
        training=training, sim_threads=1,
    )  # fmt: skip
    env.reset()
    return env


def _only(**ranges):
    return Randomization(**ranges)


def _parameter(env, name):
    return env.worlds.parameter(name)


def _alone(model, env, world, ctrl, nb_steps):
    """Where a model stepped by MuJoCo's own loop goes from a world's state, (Q,)."""
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = env.worlds.qpos[world], env.worlds.qvel[world]
    data.ctrl[:] = ctrl
    for _ in range(nb_steps):
        mujoco.mj_step(model, data)
    return data.qpos


def _assert_as_built(env, change, *, world=2, nb_steps=20):
    """A world moves as a model does that was changed before MuJoCo compiled it."""
    model = change(walking_model(env.task.config, GO2))
    ctrl = torch.full((NB, NB_JOINTS), 3.0)
    expected = _alone(model, env, world, 3.0, nb_steps)
    env.worlds.ctrl.copy_(ctrl)
    env.worlds.step(nb_steps)
    np.testing.assert_allclose(env.worlds.qpos[world].numpy(), expected, atol=1e-9)


def test_every_range_has_a_line_in_the_table():
    ranges = {name: (1.0, 1.2) for name in VARIATIONS}
    table = Randomization(**ranges).table()
    assert [row["field"] for row in table] == [name.replace("_", " ") for name in VARIATIONS]
    assert table[0] == {
        "field": "friction", "law": "set", "range": "1 to 1.2", "unit": "1", "when": "each episode",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"friction": (1.2, 0.4)}, "friction must be a range from low to high, got 1.2 to 0.4"),
        ({"friction": (0.0, 0.4)}, "friction must be positive, got 0.0 to 0.4"),
        ({"stiffness": (-1.0, 1.0)}, "stiffness must be positive"),
        ({"action_delay": (-0.01, 0.0)}, "action_delay must be at least 0, got -0.01 to 0.0"),
        ({"gravity": (0.0, float("nan"))}, "gravity must be a range"),
    ],
)
def test_a_range_that_cannot_be_is_refused(ranges, message):
    with pytest.raises(InvalidConfig, match=message):
        Randomization(**ranges)


def test_nominal_ranges_change_nothing():
    nominal = {name: (v.nominal, v.nominal) for name, v in VARIATIONS.items()}
    same = [_env(_only()), _env(_only(**nominal))]
    starts = same[0].worlds.qpos.clone(), same[0].worlds.qvel.clone()
    everyone = torch.arange(NB)
    for env in same:
        rest = (env.task._home * env.task._kp).repeat(NB, 1).double()
        env.worlds.set_state(everyone, *starts, rest)
        env.worlds.ctrl.fill_(2.0)
        env.worlds.step(30)
    torch.testing.assert_close(same[0].worlds.qpos, same[1].worlds.qpos, atol=1e-9, rtol=0.0)


def test_each_world_draws_its_own_number_within_the_range():
    env = _env(_only(friction=(0.4, 1.2)), nb_envs=64)
    drawn = _parameter(env, "geom_friction")[:, 0, 0]
    assert drawn.min() >= 0.4 and drawn.max() <= 1.2 and len(drawn.unique()) == 64
    before = drawn.clone()
    env.task.reset(torch.tensor([3]), 1.0, imperfect=True)
    changed = (_parameter(env, "geom_friction")[:, 0, 0] != before).nonzero().flatten()
    assert changed.tolist() == [3]


def test_masses_are_those_of_a_heavier_robot():
    env = _env(_only(base_mass=(0.1, 0.3), link_mass=(0.8, 1.2)))
    mass = _parameter(env, "body_mass")[2].numpy()
    nominal = walking_model(env.task.config, GO2).body_mass

    def heavier(model):
        ratio = np.divide(mass, nominal, out=np.ones_like(mass), where=nominal > 0)
        model.body_mass[:] = mass
        model.body_inertia[:] *= ratio[:, None]
        mujoco.mj_setConst(model, mujoco.MjData(model))
        return model

    # the base gains 0.1 to 0.3 of 15 kg, and every link has 0.8 to 1.2 of its own
    assert (
        0.8 * nominal[1] + 0.1 * nominal.sum() <= mass[1] <= 1.2 * nominal[1] + 0.3 * nominal.sum()
    )
    assert np.all(mass[2:] >= 0.8 * nominal[2:]) and np.all(mass[2:] <= 1.2 * nominal[2:])
    _assert_as_built(env, heavier)


def test_the_centre_of_mass_of_the_base_moves():
    env = _env(_only(base_com=(0.02, 0.03)))
    place = _parameter(env, "body_ipos")[2].numpy()

    def shifted(model):
        moved = place[1] - model.body_ipos[1]
        assert np.all(moved >= 0.02) and np.all(moved <= 0.03)
        model.body_ipos[1] = place[1]
        mujoco.mj_setConst(model, mujoco.MjData(model))
        return model

    _assert_as_built(env, shifted)


def test_legs_grow_from_the_hip_to_the_foot():
    env = _env(_only(link_length=(1.1, 1.1)))
    plain = _env(_only())
    state = plain.worlds.qpos.clone(), torch.zeros_like(plain.worlds.qvel)
    everyone = torch.arange(NB)
    for e in (env, plain):
        e.worlds.set_state(everyone, *state)
    model = walking_model(env.task.config, GO2)
    foot, hip = model.geom("FL_foot collision 0").id, model.body("FL_hip").id

    def leg(e):
        return e.worlds.derived("geom_xpos")[:, foot] - e.worlds.derived("xpos")[:, hip]

    torch.testing.assert_close(leg(env), 1.1 * leg(plain), atol=1e-9, rtol=0.0)
    hips = [e.worlds.derived("xpos")[:, hip] for e in (env, plain)]
    torch.testing.assert_close(hips[0], hips[1])


def test_drives_differ_in_strength_stiffness_and_damping():
    ranges = {"motor_strength": (0.8, 0.9), "stiffness": (1.1, 1.2), "damping": (1.3, 1.5)}
    env = _env(_only(**ranges))
    plain = walking_model(env.task.config, GO2)
    gain, bias = (_parameter(env, f"actuator_{name}prm") for name in ("gain", "bias"))
    limit = _parameter(env, "actuator_forcerange")[..., 1] / torch.from_numpy(
        plain.actuator_forcerange[:, 1]
    )
    kp, kd = (torch.tensor([getattr(s, name) for s in GO2.servos]) for name in ("kp", "kd"))
    stiff = -bias[..., 1] / kp / limit
    damp = -bias[..., 2] / kd / limit
    for ratio, (low, high) in zip((limit, stiff, damp), ranges.values(), strict=True):
        assert ratio.min() >= low - 1e-9 and ratio.max() <= high + 1e-9
        assert ratio.std() > 0.01
    # ctrl is kp q*: it must be amplified as much as the angle is
    torch.testing.assert_close(gain[..., 0], limit * stiff)


def test_friction_damping_and_rotors_of_the_joints():
    ranges = {"joint_friction": (0.01, 0.02), "joint_damping": (0.1, 0.2), "armature": (1.5, 2.0)}
    env = _env(_only(**ranges))
    values = {
        name: _parameter(env, f"dof_{name}")[2].numpy().copy()
        for name in ("frictionloss", "damping", "armature")
    }
    assert all(np.all(value[:6] == 0.0) for value in values.values())  # the base is free
    share = values["frictionloss"][6:] / env.task.body.torque_limits
    assert share.min() >= 0.01 and share.max() <= 0.02

    def stiffer(model):
        for name, value in values.items():
            getattr(model, f"dof_{name}")[:] = value
        mujoco.mj_setConst(model, mujoco.MjData(model))
        return model

    _assert_as_built(env, stiffer)


def test_gravity_pulls_as_drawn():
    env = _env(_only(gravity=(0.5, 1.0)))
    high = env.worlds.qpos.clone()
    high[:, 2] += 5.0
    env.worlds.set_state(torch.arange(NB), high, torch.zeros_like(env.worlds.qvel))
    nb, dt = 20, env.worlds.timestep
    env.worlds.step(nb)
    # the centre of mass falls freely, whatever the legs do: v = g t (drawn: 0.05 m/s or more)
    model = walking_model(env.task.config, GO2)
    data = mujoco.MjData(model)
    pull = _parameter(env, "opt.gravity")
    assert (pull - torch.tensor([0.0, 0.0, -9.81])).min() >= 0.5 - 1e-9
    for world in range(NB):
        data.qpos[:], data.qvel[:] = env.worlds.qpos[world], env.worlds.qvel[world]
        mujoco.mj_forward(model, data)
        mujoco.mj_subtreeVel(model, data)
        np.testing.assert_allclose(data.subtree_linvel[1], pull[world] * nb * dt, atol=1e-2)


def test_a_command_arrives_after_its_delay_and_the_robot_holds_until_then():
    env = _env(_only(action_delay=(0.015, 0.015)))
    home = env.task._home
    bent = (home + 0.5).repeat(NB, 1)
    force = env.worlds.derived("actuator_force")
    env.task.apply(bent, imperfect=True)
    late = []
    for _ in range(5):  # steps of 5 ms
        angle, speed = env.worlds.qpos[:, 7:].clone(), env.worlds.qvel[:, 6:].clone()
        env.worlds.step(1)
        kp, kd = (torch.tensor([getattr(s, name) for s in GO2.servos]) for name in ("kp", "kd"))
        held = kp * (home - angle) - kd * speed
        sent = kp * (bent - angle) - kd * speed
        limit = torch.from_numpy(env.task.body.torque_limits)
        at_home, at_sent = (torch.maximum(torch.minimum(t, limit), -limit) for t in (held, sent))
        close_home = torch.allclose(force, at_home, atol=1e-5)
        assert close_home != torch.allclose(force, at_sent, atol=1e-5)
        late.append(close_home)
    assert late == [True, True, True, False, False]


def test_an_encoder_that_is_wrong_is_wrong_for_the_servo_too():
    env = _env(_only(encoder_bias=(0.05, 0.1)))
    bias = env.task.randomizer.encoder_bias
    assert bias.min() >= 0.05 and bias.max() <= 0.1
    obs = env.task.observe()
    seen = obs[:, env.interface.observation.slice("joint_angle")]
    torch.testing.assert_close(seen - env.worlds.qpos[:, 7:].float(), bias)
    env.task.apply(env.task._home.repeat(NB, 1), imperfect=True)
    kp = env.task._kp
    torch.testing.assert_close(env.worlds.ctrl.float() / kp, env.task._home - bias)


def test_no_lag_and_no_noise_in_a_perfect_world():
    env = _env(
        _only(action_delay=(0.01, 0.02), encoder_bias=(0.05, 0.1), friction=(0.4, 0.5)),
        imperfect=False,
    )
    assert (_parameter(env, "actuator_delay") == 0.0).all()
    assert (env.task.randomizer.encoder_bias == 0.0).all()
    assert (_parameter(env, "geom_friction")[:, 0, 0] <= 0.5).all()  # the world still differs


GROWING = Randomization(friction=(0.4, 0.4), grows=True)
DT = 0.02


def _follow(randomizer, nb_steps, *, share):
    fell = torch.zeros(1000, dtype=torch.bool)
    fell[: round(1000 * share)] = True
    for _ in range(nb_steps):
        randomizer.follow(fell, DT)


def test_the_ranges_grow_while_robots_seldom_fall():
    env = _env(GROWING, training=True)
    randomizer = env.task.randomizer
    friction = _parameter(env, "geom_friction")[:, 0, 0]
    assert randomizer.width == 0.0 and (friction == 1.0).all()
    # 0.05 falls per second at first; 0.05 x 0.998^n < 0.01 from n = ln 5 / -ln 0.998 = 803.9 on
    _follow(randomizer, 803, share=0.0)
    assert randomizer.width == 0.0
    _follow(randomizer, 100, share=0.0)
    assert randomizer.width == pytest.approx(0.1)
    _follow(randomizer, 1000, share=0.0)
    assert env.report()["curriculum/randomization"] == 1.0
    env.task.reset(torch.arange(NB), 1.0, imperfect=True)
    torch.testing.assert_close(friction, torch.full_like(friction, 0.4))


def test_the_ranges_shrink_while_robots_often_fall_and_rest_in_between():
    randomizer = _env(GROWING, training=True).task.randomizer
    _follow(randomizer, 1500, share=0.0)
    wide = randomizer.width
    _follow(randomizer, 3000, share=0.03 * DT)  # 0.03 falls per second: neither
    resting = randomizer.width
    assert resting >= wide
    _follow(randomizer, 500, share=0.03 * DT)
    assert randomizer.width == resting
    _follow(randomizer, 300, share=0.5 * DT)
    assert 0.0 < randomizer.width < resting


def test_starting_an_episode_says_nothing_about_how_the_last_one_went():
    env = _env(GROWING, training=True, nb_envs=64)
    before = env.task.randomizer.state_dict()["width"]
    for _ in range(5):
        env.reset()
    assert torch.equal(env.task.randomizer.state_dict()["width"], before)


def test_evaluation_draws_from_the_whole_range():
    env = _env(replace(GROWING, friction=(0.4, 0.5)))
    friction = _parameter(env, "geom_friction")[:, 0, 0]
    assert (friction >= 0.4).all() and (friction <= 0.5).all()
    assert "curriculum/randomization" not in env.report()


def test_resuming_continues_with_the_same_worlds():
    ranges = _only(friction=(0.4, 1.2), base_mass=(0.0, 0.2), action_delay=(0.0, 0.02),
                   encoder_bias=(-0.02, 0.02), motor_strength=(0.8, 1.2))  # fmt: skip
    growing = replace(ranges, grows=True)
    env, other = (_env(growing, training=True) for _ in range(2))
    action = env.task._home.repeat(NB, 1)
    for _ in range(5):
        env.step(action + 0.3)
    other.load_state_dict(env.state_dict())
    for _ in range(60):  # some fall and start anew
        a, b = env.step(action + 0.9), other.step(action + 0.9)
        assert torch.equal(a.obs, b.obs) and torch.equal(a.reward, b.reward)
    assert env.task.randomizer.width == other.task.randomizer.width
