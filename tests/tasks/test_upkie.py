"""The world's side of the Upkie tasks, through a fake physics that only remembers."""

import math
from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig
from surefoot.robots.upkie import UPKIE
from surefoot.sim.assembly import build_model
from surefoot.sim.randomization import Randomization
from surefoot.sim.randomizer import Randomizer
from surefoot.tasks.upkie import lag_step
from surefoot.tasks.upkie_config import ResetRange, UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.tasks.upkie_gyropod import UpkieGyropod
from surefoot.tasks.upkie_pendulum import UpkiePendulum
from surefoot.tasks.upkie_reward import Smoothness


class StillWorlds:
    """Worlds in which nothing moves: what was written is what is read."""

    def __init__(self, nb_worlds: int) -> None:
        self.nb_worlds, self.timestep = nb_worlds, 0.001
        self.qpos = torch.zeros(nb_worlds, 13, dtype=torch.float64)
        self.qpos[:, 3] = 1.0
        self.qvel = torch.zeros(nb_worlds, 12, dtype=torch.float64)
        self.ctrl = torch.zeros(nb_worlds, 6, dtype=torch.float64)

    def set_state(self, ids, qpos, qvel):
        self.qpos[ids], self.qvel[ids] = qpos, qvel


MODEL = build_model(UPKIE, timestep=0.001, collisions="feet")


def _alike(worlds):
    return Randomizer(Randomization(), MODEL, worlds)


def _pendulum(nb_worlds=1, **settings):
    worlds = StillWorlds(nb_worlds)
    task = UpkiePendulum(UpkiePendulumConfig(**settings), worlds, _alike(worlds), seed=0)
    task.reset(torch.arange(nb_worlds), 0.0, imperfect=True)
    return task, worlds


def test_observation_reads_pitch_position_and_velocities_forward_positive():
    task, worlds = _pendulum()
    pitch = 0.3
    worlds.qpos[0, 3:7] = torch.tensor([math.cos(pitch / 2), 0.0, math.sin(pitch / 2), 0.0])
    worlds.qvel[0, 3:6] = torch.tensor([9.0, 0.7, 9.0])  # body frame: only y is pitch
    worlds.qpos[0, 7 + 2], worlds.qpos[0, 7 + 5] = 4.0, -2.0  # wheels, left and right
    worlds.qvel[0, 6 + 2], worlds.qvel[0, 6 + 5] = 10.0, -6.0
    # 0.5 * (4 + 2) * 0.05 = 0.15 m; 0.5 * (10 + 6) * 0.05 = 0.4 m/s
    torch.testing.assert_close(task.observe(), torch.tensor([[0.3, 0.15, 0.7, 0.4]]))


def test_velocity_command_turns_the_wheels_against_each_other():
    task, worlds = _pendulum()
    task.apply(torch.tensor([[1.5]]), imperfect=False)
    # kd = 1: the control is the wheel speed, v / r = 1.5 / 0.05
    assert worlds.ctrl[0, [2, 5]].tolist() == pytest.approx([30.0, -30.0])


def test_yaw_command_adds_the_same_speed_to_both_wheels():
    worlds = StillWorlds(1)
    task = UpkieGyropod(UpkieGyropodConfig(), worlds, _alike(worlds), seed=0)
    task.reset(torch.arange(1), 0.0, imperfect=True)
    task.apply(torch.tensor([[1.0, 0.5]]), imperfect=False)
    turn = 0.5 * 0.5 * 0.3048 / 0.05  # 0.5 rad/s at half the wheel base
    assert worlds.ctrl[0, [2, 5]].tolist() == pytest.approx([20.0 + turn, -20.0 + turn])


def test_commands_are_clipped_to_the_bound():
    task, worlds = _pendulum(max_ground_velocity=2.0)
    task.apply(torch.tensor([[99.0]]), imperfect=False)
    assert worlds.ctrl[0, 2].item() == pytest.approx(2.0 / 0.05)


def test_lag_of_a_tenth_of_a_second_reaches_63_percent_in_a_tenth_of_a_second():
    lagged, target, dt = torch.zeros(1, 1), torch.ones(1, 1), 0.005
    steps = 0
    while lagged.item() < 1.0 - 1.0 / math.e:
        lagged = lag_step(lagged, target, torch.tensor([[0.1]]), dt)
        steps += 1
    assert abs(steps * dt - 0.1) <= dt


def test_lag_shorter_than_two_steps_is_no_lag():
    lagged = lag_step(torch.zeros(1, 1), torch.ones(1, 1), torch.tensor([[0.01]]), 0.005)
    assert lagged.item() == 1.0


def test_lag_is_drawn_within_its_range_at_each_reset():
    task, _ = _pendulum(2000, lag_min_s=0.05, lag_max_s=0.15)
    first = task.state_dict()["_lag"].clone()
    assert first.min() >= 0.05 and first.max() <= 0.15
    assert first.min() < 0.051 and first.max() > 0.149  # 2000 draws fill the range
    task.reset(torch.tensor([7]), 1.0, imperfect=True)
    second = task.state_dict()["_lag"]
    assert second[7] != first[7] and torch.equal(second[8:], first[8:])


def test_noise_stays_within_its_bounds_and_fills_them():
    task, worlds = _pendulum(5000, observation_noise=0.01, action_noise=0.05, lag_min_s=0.0,
                             lag_max_s=0.0)  # fmt: skip
    clean = task.observe()
    noise = task.disturb(clean) - clean
    assert 0.0099 < noise.abs().max() <= 0.01 + 1e-6
    task.apply(torch.zeros(5000, 1), imperfect=True)
    speed = 0.05 * worlds.ctrl[:, 2]
    assert 0.0495 < speed.abs().max() <= 0.05 + 1e-6
    assert abs(speed.mean()) < 0.002  # mean of 5000 draws: std 0.05 / sqrt(3 * 5000) = 0.0004


def test_legs_return_to_straight_with_a_time_constant_of_one_second():
    task, worlds = _pendulum()
    task.load_state_dict({**task.state_dict(), "_legs": torch.full((1, 4), 0.4)})
    for _ in range(200):
        task.apply(torch.zeros(1, 1), imperfect=False)
    # kp 20 N m/rad times the target 0.4 (1 - 0.005)^200
    assert worlds.ctrl[0, 0].item() == pytest.approx(20.0 * 0.4 * 0.995**200, rel=1e-5)


def test_smoothness_compares_with_the_filtered_past_and_not_in_the_first_step():
    smoothness = Smoothness(UpkiePendulumConfig(), 1, 1)
    one, two = torch.tensor([[1.0]]), torch.tensor([[2.0]])
    assert smoothness.term(one).item() == 0.0
    smoothness.advance(one)  # filtered: 1
    assert smoothness.term(two).item() == pytest.approx(-100.0)
    smoothness.advance(two)  # filtered: 0.4 * 2 + 0.6 * 1 = 1.4
    assert smoothness.term(two).item() == pytest.approx(-100.0 * 0.36)
    smoothness.reset(torch.tensor([0]))
    assert smoothness.term(one).item() == 0.0


def test_resets_fill_the_range_and_scale_with_the_curriculum():
    bounds = ResetRange(pitch=0.25, omega_y=0.1, v_x=0.1, x=0.5, z=0.2)
    task, worlds = _pendulum(3000, reset=bounds)
    for scale in (1.0, 0.5):
        task.reset(torch.arange(3000), scale, imperfect=True)
        pitch = task.observe()[:, 0]
        assert 0.98 * 0.25 * scale < pitch.abs().max() <= 0.25 * scale + 1e-6
        assert 0.98 * 0.1 * scale < worlds.qvel[:, 0].abs().max() <= 0.1 * scale + 1e-9
        assert 0.98 * 0.1 * scale < worlds.qvel[:, 4].abs().max() <= 0.1 * scale + 1e-9
        height = worlds.qpos[:, 2]
        assert height.min() >= 0.6 - 1e-9 and 0.98 * 0.2 * scale < height.max() - 0.6
        assert worlds.qpos[:, 3:7].norm(dim=1).sub(1.0).abs().max() < 1e-12


def test_odometry_starts_anywhere_within_its_offset_in_an_imperfect_world_only():
    task, _ = _pendulum(2000, odometry_offset=0.3)
    position = task.observe()[:, 1]
    assert 0.297 < position.abs().max() <= 0.3 + 1e-6
    task.reset(torch.arange(2000), 1.0, imperfect=False)
    assert task.observe()[:, 1].abs().max() == 0.0


def test_spine_rate_must_be_a_multiple_of_the_policy_rate():
    with pytest.raises(InvalidConfig, match=r"integer multiple.*1000.* Hz and 300.* Hz"):
        UpkiePendulumConfig(frequency=300.0)
    assert UpkiePendulumConfig(frequency=250.0).nb_substeps == 4


@pytest.mark.parametrize(
    ("setting", "value"),
    [("frequency", -200.0), ("fall_pitch", 0.0), ("observation_noise", -0.1), ("smoothing", 0.0)],
)
def test_impossible_settings_name_themselves(setting, value):
    with pytest.raises(InvalidConfig, match=setting):
        replace(UpkiePendulumConfig(), **{setting: value})


def test_commands_are_redrawn_and_some_stand_still():
    worlds = StillWorlds(1000)
    config = UpkieGyropodConfig(command_s=0.01, standing_share=0.3)
    task = UpkieGyropod(config, worlds, _alike(worlds), seed=0)
    task.reset(torch.arange(1000), 1.0, imperfect=True)
    before = task.observe()[:, 6:].clone()
    standing = (before == 0.0).all(dim=1).float().mean()
    assert abs(standing - 0.3) < 0.06  # 4 standard errors of 1000 draws
    assert before[:, 0].abs().max() <= 0.5 and before[:, 1].abs().max() <= 1.0
    task.advance()
    assert torch.equal(task.observe()[:, 6:], before)
    task.advance()  # 0.01 s are over
    assert not torch.equal(task.observe()[:, 6:], before)


def _env(**ranges):
    config = UpkiePendulumConfig(randomize=Randomization(**ranges))
    env = make_batched("upkie-pendulum", config, nb_envs=4, seed=0, sim_threads=1)
    env.reset()
    return env


def _as_built(env, world, nb_steps):
    """Where a model compiled with a world's parameters goes from its state, (Q,)."""
    model = build_model(UPKIE, timestep=env.worlds.timestep, collisions="feet")
    for name in ("geom_size", "geom_pos", "geom_friction", "body_pos", "body_mass",
                 "body_inertia", "actuator_biasprm"):  # fmt: skip
        getattr(model, name)[:] = env.worlds.parameter(name)[world].numpy()
    wheels = model.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER
    assert wheels.sum() == 2
    model.geom_rbound[wheels] = np.hypot(*model.geom_size[wheels, :2].T)
    data = mujoco.MjData(model)
    mujoco.mj_setConst(model, data)
    data.qpos[:], data.qvel[:] = env.worlds.qpos[world], env.worlds.qvel[world]
    data.ctrl[:] = env.worlds.ctrl[world]
    for _ in range(nb_steps):
        mujoco.mj_step(model, data)
    return data.qpos


def test_worlds_with_other_wheels_limbs_and_drives_move_as_if_built_so():
    env = _env(
        wheel_radius=(0.95, 1.05), link_length=(0.9, 1.1), damping=(0.7, 1.3),
        base_mass=(0.0, 0.2), friction=(0.6, 1.2),
    )  # fmt: skip
    env.worlds.ctrl.fill_(0.5)
    expected = [_as_built(env, world, 300) for world in range(4)]
    env.worlds.step(300)  # 0.3 s: they have landed
    np.testing.assert_allclose(env.worlds.qpos.numpy(), expected, atol=1e-9)


def test_a_compiled_cylinder_has_the_bound_that_is_written():
    wheels = MODEL.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER
    radius, half = MODEL.geom_size[wheels, :2].T
    np.testing.assert_allclose(MODEL.geom_rbound[wheels], np.hypot(radius, half), rtol=1e-12)


def test_larger_wheels_lift_the_robot_and_odometry_does_not_know():
    small, large = _env(wheel_radius=(0.9, 0.9)), _env(wheel_radius=(1.1, 1.1))
    radius = large.worlds.parameter("geom_size")[
        0, MODEL.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER, 0
    ]
    torch.testing.assert_close(radius, torch.full((2,), 0.055, dtype=torch.float64))
    for env in (small, large):
        env.worlds.qpos[:, 7 + 2], env.worlds.qpos[:, 7 + 5] = 1.0, -1.0
    # one radian of the nominal radius, whatever the wheels are
    assert small.task.observe()[0, 1] == large.task.observe()[0, 1] == pytest.approx(0.05)


def test_what_is_not_for_upkie_is_refused_and_all_else_is_listed():
    with pytest.raises(InvalidConfig, match=r"task\.randomize\.action_delay is for walking robots"):
        UpkiePendulumConfig(randomize=Randomization(action_delay=(0.0, 0.02)))
    config = UpkiePendulumConfig(randomize=Randomization(wheel_radius=(0.95, 1.05)))
    lines = {line["field"]: line for line in config.variations()}
    assert lines["wheel radius"]["range"] == "0.95 to 1.05"
    assert lines["lag of the command"]["range"] == "0.05 to 0.15"
    assert lines["pitch"] == {"field": "pitch", "law": "set", "range": "-0.25 to 0.25",
                              "unit": "rad", "when": "each start"}  # fmt: skip
    assert "odometry" not in lines and "roll" not in lines  # they do not vary


def test_ranges_grow_on_upkie_too():
    config = UpkiePendulumConfig(randomize=Randomization(wheel_radius=(0.9, 0.9), grows=True))
    training, evaluation = (
        make_batched("upkie-pendulum", config, nb_envs=2, seed=0, training=t, sim_threads=1)
        for t in (True, False)
    )
    for env in (training, evaluation):
        env.reset()
    wheels = MODEL.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER
    assert training.worlds.parameter("geom_size")[0, wheels, 0].tolist() == pytest.approx(
        [0.05] * 2
    )
    narrow = evaluation.worlds.parameter("geom_size")[0, wheels, 0].tolist()
    assert narrow == pytest.approx([0.045] * 2)
    before = training.task.state_dict()["width"].clone()
    training.step(torch.zeros(2, 1))
    assert training.task.state_dict()["width"][1] < before[1]  # nobody fell
