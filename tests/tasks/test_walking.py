"""The walking task in real physics, against MuJoCo's own functions and numbers by hand."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from support import assert_same_state
from surefoot.envs.make import make_batched, walking_model
from surefoot.errors import InvalidConfig
from surefoot.robots.registry import find_robot
from surefoot.tasks.walking_config import CommandConfig, SensorNoise, WalkingConfig, WalkingReward

SETTLE = 50
QUIET = CommandConfig(standing_share=0.0, heading_share=0.0, redraw_s=(100.0, 100.0))


def _env(robot="go2", nb_envs=4, *, imperfect=False, seed=0, **settings):
    config = WalkingConfig(robot=robot, **settings)
    env = make_batched(
        "quadruped-flat", config, nb_envs=nb_envs, seed=seed, imperfect=imperfect, sim_threads=1
    )
    env.reset()
    return env


def _home(env):
    return torch.from_numpy(env.task.body.home).float().repeat(env.nb_worlds, 1)


def _wriggle(env, nb_steps, *, seed=1, size=0.3):
    """Random joint targets near home; returns the last transition."""
    generator = torch.Generator().manual_seed(seed)
    home = _home(env)
    for _ in range(nb_steps):
        noise = torch.randn(home.shape, generator=generator)
        step = env.step(home + size * noise)
    return step


def _part(env, observation, name):
    return observation[:, env.interface.observation.slice(name)]


class Oracle:
    """One world of an environment, copied into MuJoCo's own data."""

    def __init__(self, env, world):
        self.model = walking_model(env.task.config, find_robot(env.task.config.robot))
        self.data = mujoco.MjData(self.model)
        self.data.qpos[:] = env.worlds.qpos[world]
        self.data.qvel[:] = env.worlds.qvel[world]
        mujoco.mj_forward(self.model, self.data)

    def seen(self):
        """Linear and angular velocity, gravity, all in the base frame, and the base's height."""
        velocity = np.zeros(6)
        base = self.model.body(1).id
        mujoco.mj_objectVelocity(
            self.model, self.data, mujoco.mjtObj.mjOBJ_XBODY, base, velocity, 1
        )
        gravity, inverse = np.zeros(3), np.zeros(4)
        mujoco.mju_negQuat(inverse, self.data.xquat[base])
        mujoco.mju_rotVecQuat(gravity, np.array([0.0, 0.0, -1.0]), inverse)
        return velocity[3:], velocity[:3], gravity, self.data.xpos[base][2]

    def feet(self, robot):
        """Lowest point of each foot's spheres, (F,), and whether each touches the ground."""
        heights, contacts = [], []
        for foot in find_robot(robot).feet:
            spheres = [
                i for i in range(self.model.ngeom)
                if self.model.geom(i).name.partition(" collision ")[0] == foot
                and self.model.geom_type[i] == mujoco.mjtGeom.mjGEOM_SPHERE
            ]  # fmt: skip
            heights.append(min(self.data.geom_xpos[i][2] - self.model.geom_size[i][0]
                               for i in spheres))  # fmt: skip
            contacts.append(any(i in self.data.contact.geom for i in spheres))
        return heights, contacts


@pytest.mark.parametrize("robot", ["go2", "anymal-c", "solo-12", "g1"])
def test_the_observation_is_what_mujoco_says(robot):
    env = _env(robot, nb_envs=3)
    step = _wriggle(env, 12, size=0.1)
    for world in range(3):
        oracle = Oracle(env, world)
        linear, angular, gravity, height = oracle.seen()
        row = step.final_obs[world : world + 1]
        for name, expected in (
            ("base_linear_velocity", linear),
            ("base_angular_velocity", angular),
            ("gravity", gravity),
            ("joint_angle", oracle.data.qpos[7:]),
            ("joint_velocity", oracle.data.qvel[6:]),
            ("base_height", [height]),
            ("foot_height", oracle.feet(robot)[0]),
        ):
            found = _part(env, row, name)[0].numpy()
            np.testing.assert_allclose(found, expected, atol=2e-5, err_msg=name)


def test_foot_targets_bend_by_the_last_three_actions():
    env = _env("anymal-c", nb_envs=2)
    feet_at, home = env.task.body.feet_at, _home(env)
    assert (env.task.foot_target_bend == 0.0).all()
    targets = [home, home + 0.1, home - 0.2, home + 0.3]
    for target in targets[1:]:
        env.step(target)
    feet = [feet_at(target) for target in targets]
    torch.testing.assert_close(env.task.foot_target_bend, feet[3] - 2.0 * feet[2] + feet[1])
    env.task.reset(torch.tensor([1]), 1.0, imperfect=False)
    assert (env.task.foot_target_bend[1] == 0.0).all()
    assert (env.task.foot_target_bend[0] != 0.0).any()


def test_contacts_are_counted_foot_by_foot():
    env = _env(nb_envs=6)
    for _ in range(SETTLE):
        env.step(_home(env))
    assert env.task.foot_contact.all() and not env.task.other_contacts.any()
    seen = torch.zeros(2)
    for k in range(40):
        step = _wriggle(env, 1, seed=k, size=0.5)
        touching = _part(env, step.final_obs, "foot_contact")
        for world in (~step.done).nonzero()[:, 0].tolist():
            oracle = Oracle(env, world)
            for found, now in zip(touching[world], oracle.feet("go2")[1], strict=True):
                assert bool(found) == now
                seen[int(now)] += 1
    assert seen[0] > 50  # feet were in the air too


def test_what_else_touches_the_ground_is_counted():
    env = _env(nb_envs=1, collisions="all", fall_tilt=3.0, fall_height=1e-3)
    on_its_side = env.worlds.qpos.clone()
    on_its_side[0, 2:7] = torch.tensor([0.2, 0.5**0.5, 0.5**0.5, 0.0, 0.0])
    env.worlds.set_state(torch.tensor([0]), on_its_side, 0.0 * env.worlds.qvel)
    for _ in range(12):  # later it rolls onto its feet
        step = env.step(_home(env))
    assert not step.done.any()
    pairs = Oracle(env, 0).data.contact.geom.tolist()
    spheres = set(env.task.body.foot_geoms.flat)
    others = [pair for pair in pairs if not spheres & set(pair)]
    assert len(others) == 2  # a thigh and the base; no foot
    assert float(env.task.other_contacts) == len(others)
    assert float(step.terms["collision"]) == -float(len(others))


def test_joint_targets_in_radians_reach_the_servos():
    env = _env(nb_envs=2)
    home, reach = _home(env), 1.0
    target = home.clone()
    target[0, 3] += 0.25
    target[1, 5] += 7.0  # beyond the reach of one radian
    env.step(target)
    kp = torch.tensor([servo.kp for servo in find_robot("go2").servos])
    sent = (env.worlds.ctrl.float() / kp) - home  # the servo's law: ctrl is kp q*
    expected = torch.zeros(2, 12)
    expected[0, 3], expected[1, 5] = 0.25, reach
    torch.testing.assert_close(sent, expected, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(env.task.action_change, expected, atol=1e-5, rtol=0.0)
    env.step(home)
    torch.testing.assert_close(env.task.action_change, -expected, atol=1e-5, rtol=0.0)
    action = env.interface.action
    assert action.names == tuple(servo.joint for servo in find_robot("go2").servos)
    assert {signal.unit for signal in action} == {"rad"}


def test_a_held_target_is_reached_but_for_the_weight():
    env = _env("anymal-c", nb_envs=1)
    target = _home(env)
    target[0, 0] += 0.1  # the left fore hip swings out: hardly any weight is on that axis
    for _ in range(2 * SETTLE):
        step = env.step(target)
    angle = _part(env, step.obs, "joint_angle")
    assert abs(float(angle[0, 0] - target[0, 0])) < 0.05


def test_torques_and_powers_are_shares():
    env = _env(nb_envs=2)
    torques = env.worlds.derived("actuator_force")
    for _ in range(3):
        before = env.worlds.qvel.float()[:, 6:].clone()
        _wriggle(env, 1)
        task, torque = env.task, torques.float()
        limits = torch.tensor([23.7, 23.7, 45.43]).repeat(4)  # go2.urdf
        torch.testing.assert_close(task.torque_share, torque / limits)
        assert task.torque_share.abs().max() <= 1.0 + 1e-6
        now = env.worlds.qvel.float()[:, 6:]
        # 16.085 kg, see tests/robots/test_legged.py
        torch.testing.assert_close(task.power, torque * now / (16.085 * 9.81), rtol=1e-4, atol=0.0)
        torch.testing.assert_close(task.joint_acceleration, (now - before) / 0.02)
        torch.testing.assert_close(task.joint_position, env.worlds.qpos.float()[:, 7:] - _home(env))


def test_feet_in_the_air_are_timed_until_they_land():
    env = _env(nb_envs=8, episode_s=100.0)
    timer = torch.zeros(8, 4)
    landings, nb_steps = 0, 60
    for k in range(nb_steps):
        step = _wriggle(env, 1, seed=k, size=0.5)
        task = env.task
        running = ~step.done
        contact = task.foot_contact
        expected = torch.where(contact, timer, 0.0)
        torch.testing.assert_close(task.landed_after[running], expected[running])
        landings += int((task.landed_after[running] > 0.0).sum())
        timer = torch.where(contact, 0.0, timer + 0.02)
        timer[step.done] = 0.0
    assert landings > 20


def test_feet_slide_as_fast_as_their_spheres_move():
    env = _env(nb_envs=2)
    places = []
    for k in range(3):
        _wriggle(env, 1, seed=k)
        feet = env.worlds.derived("geom_xpos")[:, env.task.body.foot_geoms[:, 0]]
        places.append(feet[..., :2].float().clone())
    speed = (places[2] - places[1]).norm(dim=2) / 0.02
    torch.testing.assert_close(env.task.foot_speed, speed, atol=1e-3, rtol=1e-3)
    assert speed.max() > 0.05


def test_the_reward_follows_the_command_that_the_action_saw():
    """Command and clock of an observation decide on the reward of the step that follows it."""
    env = _env(nb_envs=50, command=replace(QUIET, redraw_s=(0.05, 0.1), standing_share=0.3))
    obs, changes = env.reset(), 0
    weights = env.task.config.reward
    for k in range(40):
        shown = env.interface.observation.slice("target_velocity_x").start
        command = obs[:, shown : shown + 3].clone()
        step = _wriggle(env, 1, seed=k, size=0.1)
        running = ~step.done
        velocity = _part(env, step.final_obs, "base_linear_velocity")[:, :2]
        error = (command[:, :2] - velocity).norm(dim=1)
        expected = weights.linear_velocity * torch.exp(-((error / weights.linear_tolerance) ** 2))
        torch.testing.assert_close(step.terms["linear_velocity"], expected)
        stands = (command == 0.0).all(dim=1)
        assert torch.equal(step.terms["stand_still"] != 0.0, stands)
        # and the feet are compared with the clock of the instant that they have reached
        clock = _part(env, step.final_obs, "gait_clock")
        changes += int((_part(env, step.final_obs, "target_velocity_x")[:, 0] != command[:, 0])
                       .sum())  # fmt: skip
        both = running & ~stands & (clock != 0.0).any(dim=1)
        cycle = (torch.atan2(clock[:, 0], clock[:, 1]) / (2.0 * torch.pi)).remainder(1.0)
        late = (cycle[:, None] + torch.tensor([0.0, 0.5, 0.5, 0.0])).remainder(1.0)
        wanted = env.task.foot_height_wanted
        swings = late < 1.0 - env.task.config.gait.stance - 1e-4
        stays = late > 1.0 - env.task.config.gait.stance + 1e-4
        assert (wanted[both][swings[both] & (late[both] > 1e-2)] > 0.0).all()
        assert (wanted[both][stays[both]] == 0.0).all()
        obs = step.obs
    assert changes > 50


def test_the_clock_never_stops_from_the_first_observation_on():
    env = _env(nb_envs=5, command=QUIET)
    obs, cycles = env.reset(), []
    for _ in range(10):
        sine, cosine = _part(env, obs, "gait_clock").unbind(dim=1)
        cycles.append(torch.atan2(sine, cosine) / (2.0 * torch.pi))
        obs = env.step(_home(env)).obs
    gained = torch.stack(cycles).diff(dim=0).remainder(1.0)
    expected = env.task.gait.frequency * 0.02
    torch.testing.assert_close(gained, torch.full_like(gained, expected), atol=1e-5, rtol=0.0)


def test_a_heading_is_steered_to_from_the_first_observation_on():
    env = _env(nb_envs=40, command=CommandConfig(heading_share=1.0, standing_share=0.0))
    obs = env.reset()
    error = env.task.commands.state_dict()["heading"] - env.task.yaw
    error = (error + torch.pi).remainder(2.0 * torch.pi) - torch.pi
    expected = (0.5 * error).clamp(-1.0, 1.0)
    found = _part(env, obs, "target_yaw_velocity")[:, 0]
    torch.testing.assert_close(found, expected)


def test_noise_is_within_its_bounds_and_commands_and_clock_are_exact():
    amplitudes = SensorNoise(
        linear_velocity=0.3, angular_velocity=0.4, gravity=0.06, joint_position=0.02,
        joint_velocity=2.0,
    )  # fmt: skip
    env = _env(nb_envs=500, imperfect=True, noise=amplitudes)
    clean = env.task.observe()
    noise = env.task.disturb(clean) - clean
    for name, bound in (
        ("base_linear_velocity", 0.3), ("base_angular_velocity", 0.4), ("gravity", 0.06),
        ("joint_angle", 0.02), ("joint_velocity", 2.0),
    ):  # fmt: skip
        found = _part(env, noise, name)
        assert (found.abs().amax(dim=0) > 0.97 * bound).all(), name  # 500 draws fill it
        assert found.abs().max() <= bound + 1e-6, name
        assert found.mean().abs() < 0.1 * bound, name
    for signal in env.interface.observation:
        if signal.source != "sensor":
            assert not _part(env, noise, signal.name).any(), signal.name


def test_pushes_change_the_horizontal_velocity_and_nothing_else():
    settings = {"push_s": 0.2, "push_velocity": 0.7}
    env = _env(nb_envs=1000, imperfect=True, **settings)
    before = env.worlds.qvel.clone()
    env.task.apply(_home(env), imperfect=True)
    change = env.worlds.qvel - before
    assert not change[:, 2:].any()
    pushed = change[:, :2].any(dim=1)
    assert abs(pushed.float().mean() - 0.1) < 4 * (0.09 / 1000) ** 0.5  # 0.02 s of 0.2 s
    assert 0.6 < change.abs().max() <= 0.7
    assert (change[pushed, :2] < 0.0).any() and (change[pushed, :2] > 0.0).any()
    quiet = _env(nb_envs=100, imperfect=True, push_s=0.0)
    for env_, imperfect in ((env, False), (quiet, True)):
        before = env_.worlds.qvel.clone()
        env_.task.apply(_home(env_), imperfect=imperfect)
        assert torch.equal(env_.worlds.qvel, before)


def test_a_robot_begins_near_home_looking_anywhere():
    env = _env(nb_envs=1000)
    q, v = env.worlds.qpos, env.worlds.qvel
    assert not q[:, :2].any() and torch.allclose(q[:, 3:7].norm(dim=1), torch.ones(1000).double())
    assert not q[:, 4:6].any()  # upright
    yaw = 2.0 * torch.atan2(q[:, 6], q[:, 3])
    assert yaw.min() < -3.1 and yaw.max() > 3.1
    away = (q[:, 7:] - _home(env)).abs().amax(dim=0)
    assert (away > 0.145).all() and (away <= 0.15 + 1e-6).all()
    fast = v[:, :6].abs().amax(dim=0)
    assert (fast > 0.29).all() and (fast <= 0.3 + 1e-6).all()
    assert not v[:, 6:].any()
    heights = _part(env, env.task.observe(), "foot_height")
    assert abs(float(heights.mean()) - 0.02) < 0.01  # set down from two centimetres
    env.task.reset(torch.arange(1000), 0.0, imperfect=False)
    torch.testing.assert_close(env.worlds.qpos[:, 7:].float(), _home(env))
    assert not env.worlds.qvel.any()


def test_resets_touch_only_the_robots_that_they_name():
    env = _env(nb_envs=6)
    _wriggle(env, 5)
    before = {name: value.clone() for name, value in env.task.state_dict().items()}
    qpos = env.worlds.qpos.clone()
    env.task.reset(torch.tensor([2, 4]), 1.0, imperfect=False)
    assert (env.worlds.qpos != qpos).any(dim=1).nonzero()[:, 0].tolist() == [2, 4]
    for name, value in env.task.state_dict().items():
        if value.ndim and len(value) == 6:
            same = (value == before[name]).reshape(6, -1).all(dim=1)
            assert same[[0, 1, 3, 5]].all(), name
    torch.testing.assert_close(env.task.state_dict()["_targets"][0, [2, 4]], _home(env)[[2, 4]])
    assert not env.task.state_dict()["_air_time"][[2, 4]].any()


def test_a_robot_that_lies_down_or_leans_has_fallen():
    env = _env(nb_envs=4)
    high = env.task.leg_length
    q = env.worlds.qpos.clone()
    q[:, 2] = torch.tensor([0.41, 0.39, 1.0, 1.0]) * high
    q[:, 3:7] = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    for world, angle in ((2, 0.99), (3, -1.01)):
        half = torch.tensor(0.5 * angle)
        q[world, 3:7] = torch.tensor([torch.cos(half), torch.sin(half), 0.0, 0.0])
    env.worlds.set_state(torch.arange(4), q, 0.0 * env.worlds.qvel)
    env.task.observe()
    causes = {name: ended.tolist() for name, ended in env.task.terminations().items()}
    assert causes["too_low"] == [False, True, False, False]
    assert causes["tilted"] == [False, False, False, True]


@pytest.mark.parametrize("height", [0.2, 0.05])
def test_a_base_on_the_ground_is_a_fall_whatever_its_height(height):
    env = _env(nb_envs=1, fall_height=0.01)
    q = env.worlds.qpos.clone()
    q[:, 2] = height  # the trunk of a Go2 is 0.11 m high
    env.worlds.set_state(torch.arange(1), q, 0.0 * env.worlds.qvel)
    env.task.observe()
    ended = env.task.terminations()
    assert ended["base_contact"].item() == (height == 0.05)
    assert not ended["tilted"].item() and not ended["too_low"].item()


@pytest.mark.parametrize("robot", ["go2", "bolt"])
def test_going_on_from_a_saved_state_is_never_having_stopped(robot):
    settings = {"robot": robot, "imperfect": True, "push_s": 0.1, "episode_s": 0.3,
                "command": CommandConfig(redraw_s=(0.05, 0.2)),
                "reward": WalkingReward(energy=0.1, joint_acceleration=1e-4, air_time=1.0,
                                        height=1.0, pose=0.1)}  # fmt: skip
    env, other = _env(**settings), _env(**settings, seed=7)
    _wriggle(env, 20)
    state = env.state_dict()
    state = {k: dict(v) if isinstance(v, dict) else v for k, v in state.items()}
    other.load_state_dict(state)
    for k in range(30):
        ours, theirs = _wriggle(env, 1, seed=k), _wriggle(other, 1, seed=k)
        assert_same_state(vars(ours), vars(theirs))
    assert_same_state(env.state_dict(), other.state_dict())


def test_training_practises_with_coarser_physics_and_ends_falls_earlier():
    config = WalkingConfig()
    train = make_batched("quadruped-flat", config, nb_envs=4, seed=0, training=True, sim_threads=1)
    play = make_batched("quadruped-flat", config, nb_envs=4, seed=0, sim_threads=1)
    assert (train.task.nb_substeps, play.task.nb_substeps) == (2, 4)
    assert train.worlds.timestep == pytest.approx(0.01)
    assert train.worlds.model.ngeom == 5 and play.worlds.model.ngeom == 12  # with the floor
    assert train.task.config.fall_height == 0.65 and play.task.config.fall_height == 0.4
    assert train.interface == play.interface
    # the first episodes of a training end one after the other, not all at once
    train.reset()
    ends = torch.zeros(4, dtype=torch.int64)
    home = _home(train)
    for k in range(1, 1001):
        step = train.step(home)
        ends = torch.where((ends == 0) & step.truncated, k, ends)
    assert ends.tolist() == [1000, 750, 500, 250]


@pytest.mark.parametrize("robot", ["go2", "go1", "a1", "anymal-b", "anymal-c", "solo-12"])
def test_legs_are_as_long_as_the_robot_stands_high(robot):
    env = _env(robot, nb_envs=1)
    data = Oracle(env, 0).data
    model = walking_model(env.task.config, find_robot(robot))
    data = mujoco.MjData(model)
    data.qpos[2], data.qpos[7:] = env.task.leg_length, env.task.body.home
    mujoco.mj_forward(model, data)
    feet = env.task.body.foot_geoms[:, 0]
    lowest = data.geom_xpos[feet][:, 2] - model.geom_size[feet][:, 0]
    assert abs(lowest.mean()) < 1e-6 and np.ptp(lowest) < 0.03


def test_a_robot_without_feet_is_refused(monkeypatch):
    go2 = find_robot("go2")
    with pytest.raises(InvalidConfig, match="the foot 'left_wheel_tire' of upkie has no sphere"):
        _env("upkie")
    monkeypatch.setattr("surefoot.envs.make.find_robot", lambda _: replace(go2, feet=()))
    with pytest.raises(InvalidConfig, match="'go2' has no feet: declare the links it stands on"):
        _env()
