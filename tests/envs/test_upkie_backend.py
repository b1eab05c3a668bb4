"""Our physics behind the upkie package's environments: servos by hand, signs, and our own task."""

import math

import gymnasium
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from upkie.envs.upkie_pendulum import UpkiePendulum
from upkie.model import JointProperties
from upkie.utils.robot_state import RobotState

from surefoot.deploy import make_env
from surefoot.envs.make import make_batched
from surefoot.envs.upkie_backend import MuJoCoBackend
from surefoot.envs.upkie_gym import register_upkie_environments
from surefoot.errors import InvalidConfig
from surefoot.tasks.upkie_config import ResetRange, UpkiePendulumConfig

NAN = math.nan
JOINTS = ("left_hip", "left_knee", "left_wheel", "right_hip", "right_knee", "right_wheel")


def servo(position=NAN, velocity=0.0, maximum_torque=16.0, **more):
    return {"position": position, "velocity": velocity, "maximum_torque": maximum_torque, **more}


def one_substep(command, *, joint="left_hip", state=None, **settings):
    """Torque of `joint` in the first millisecond after a reset, N m."""
    backend = MuJoCoBackend(0.001, **settings)
    backend.reset(state or RobotState())
    return backend.step({"servo": {joint: command}})["servo"][joint]["torque"]


@pytest.mark.parametrize(
    ("command", "torque"),
    [
        (servo(0.1), 20.0 * 0.1),
        (servo(-0.1, kp_scale=2.5), -20.0 * 2.5 * 0.1),
        (servo(0.1, 3.0, kp_scale=0.5, kd_scale=0.25), 20.0 * 0.5 * 0.1 + 0.25 * 3.0),
        (servo(NAN, 3.0), 3.0),  # no position feedback at all
        (servo(NAN, 3.0, kp_scale=4.0), 3.0),
        (servo(0.1, 3.0, feedforward_torque=-0.5), 2.0 + 3.0 - 0.5),
        (servo(0.5), 10.0),
        (servo(0.9), 16.0),  # 18 N m wanted
        (servo(0.9, maximum_torque=20.0), 16.0),  # the URDF's effort is the last word
        (servo(0.5, maximum_torque=4.0), 4.0),
        (servo(-0.5, maximum_torque=4.0), -4.0),
        (servo(0.1, feedforward_torque=9.0, maximum_torque=4.0), 4.0),  # all of it is clamped
        (servo(0.5, maximum_torque=0.0), 0.0),
        (servo(kp_scale=0.0, kd_scale=0.0), 0.0),
    ],
)
def test_the_servo_law_from_rest(command, torque):
    assert one_substep(command) == pytest.approx(torque, abs=1e-12)


def test_the_servo_law_feels_position_and_velocity():
    state = RobotState(
        joint_configuration=np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.0]),
        joint_velocity=np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    )
    # 20 (0.1 - 0.3) + 1 (0.5 - 2) = -5.5
    assert one_substep(servo(0.1, 0.5), state=state) == pytest.approx(-5.5, abs=1e-12)
    scaled = one_substep(
        servo(0.1, 0.5), state=state, torque_control_kp=10.0, torque_control_kd=2.0
    )
    assert scaled == pytest.approx(10.0 * -0.2 + 2.0 * -1.5, abs=1e-12)


def test_a_wheel_saturates_at_its_effort():
    wheel = {"joint": "left_wheel"}
    assert one_substep(servo(NAN, 1.5), **wheel) == pytest.approx(1.5)
    assert one_substep(servo(NAN, 5.0), **wheel) == pytest.approx(1.7)  # 5 N m wanted
    assert one_substep(servo(NAN, -5.0, maximum_torque=1.0), **wheel) == pytest.approx(-1.0)


def test_friction_and_noise_come_before_the_clamp():
    state = RobotState(joint_velocity=np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    rough = {"joint_properties": {"left_hip": JointProperties(friction=0.5)}, "state": state}
    assert one_substep(servo(NAN, 3.0), **rough) == pytest.approx(3.0 - 2.0 - 0.5)
    assert one_substep(servo(NAN, 9.0, maximum_torque=6.8), **rough) == pytest.approx(6.5)
    assert one_substep(servo(NAN, 9.0, maximum_torque=6.0), **rough) == pytest.approx(6.0)
    at_rest = {"joint_properties": rough["joint_properties"]}
    assert one_substep(servo(NAN, 3.0), **at_rest) == pytest.approx(3.0)
    noisy = {"joint_properties": {"left_hip": JointProperties(torque_control_noise=0.1)}}
    torque = one_substep(servo(NAN, 3.0), **noisy)
    assert torque != 3.0 and torque == pytest.approx(3.0, abs=0.5)  # five standard deviations
    assert one_substep(servo(NAN, 3.0), **noisy) == torque  # the same seed
    assert one_substep(servo(NAN, 3.0), seed=1, **noisy) != torque


def test_measured_torques_may_be_noisy_without_moving_the_robot():
    noisy = {"left_hip": JointProperties(torque_measurement_noise=0.1)}
    backends = [MuJoCoBackend(0.005, joint_properties=p) for p in (None, noisy)]
    seen = []
    for backend in backends:
        backend.reset(RobotState())
        seen.append(backend.step({"servo": {"left_hip": servo(0.1)}})["servo"]["left_hip"])
    assert seen[0]["torque"] != seen[1]["torque"]
    assert seen[0]["position"] == seen[1]["position"]


def test_the_law_is_evaluated_at_every_millisecond():
    command = {"servo": {name: servo(0.3, 1.0) for name in JOINTS}}
    coarse, fine = MuJoCoBackend(0.005), MuJoCoBackend(0.001)
    for backend, nb in ((coarse, 4), (fine, 20)):
        backend.reset(RobotState())
        for _ in range(nb):
            backend.step(command)
    assert coarse.physics.opt.timestep == fine.physics.opt.timestep == 0.001
    np.testing.assert_array_equal(coarse.data.qpos, fine.data.qpos)


def test_commands_that_are_not_finite_are_refused_by_name():
    backend = MuJoCoBackend(0.005)
    backend.reset(RobotState())
    with pytest.raises(InvalidConfig, match="servo 'right_knee' needs finite commands"):
        backend.step({"servo": {"right_knee": servo(0.0, NAN)}})


def test_standing_height_and_mass_are_the_robots():
    env = make_env("Upkie-MuJoCo-Pendulum", frequency=200.0)
    env.reset(seed=0)
    for _ in range(100):  # from 0.60 m it drops, and stands before it can lean
        _, _, _, _, info = env.step(np.zeros(1, np.float32))
    backend = env.unwrapped.backend
    # wheel centre 0.507 m below the base, tire radius 0.05 m
    assert backend.data.qpos[2] == pytest.approx(0.557, abs=0.005)
    assert info["spine_observation"]["floor_contact"]["contact"] is True
    assert backend.physics.body_mass.sum() == pytest.approx(5.339, abs=0.001)


def test_free_fall_feels_like_nothing():
    backend = MuJoCoBackend(0.005)
    backend.reset(RobotState(position_base_in_world=np.array([0.0, 0.0, 2.0])))
    for _ in range(3):
        observation = backend.step({})
    imu = observation["imu"]
    # The IMU looks back and down: x and z are those of the base, turned around
    np.testing.assert_allclose(imu["linear_acceleration"], [0.0, 0.0, 9.81], atol=1e-6)
    np.testing.assert_allclose(imu["raw_linear_acceleration"], [0.0, 0.0, 0.0], atol=1e-6)
    assert observation["floor_contact"]["contact"] is False
    assert observation["base_orientation"]["linear_velocity"][2] == pytest.approx(-9.81 * 0.015)


def test_the_state_it_starts_from_is_the_one_it_shows():
    tilt = Rotation.from_euler("ZYX", [0.0, 0.2, 0.0])
    state = RobotState(
        orientation_base_in_world=tilt,
        angular_velocity_base_in_base=np.array([0.1, 0.2, 0.3]),
        linear_velocity_base_to_world_in_world=np.array([0.4, 0.0, 0.0]),
        joint_configuration=np.array([0.1, 0.2, 3.0, -0.1, -0.2, -1.0]),
    )
    observation = MuJoCoBackend(0.005).reset(state)
    base, imu = observation["base_orientation"], observation["imu"]
    assert base["pitch"] == pytest.approx(0.2)
    assert base["angular_velocity"] == pytest.approx([0.1, 0.2, 0.3])
    assert base["linear_velocity"] == pytest.approx([0.4, 0.0, 0.0])
    np.testing.assert_allclose(base["rotation_base_to_world"], tilt.as_matrix(), atol=1e-12)
    # IMU axes are diag(-1, 1, -1) of the base's; gravity is felt upwards, at rest
    assert imu["angular_velocity"] == pytest.approx([-0.1, 0.2, -0.3])
    up = tilt.inv().apply([0.0, 0.0, 9.81]) * [-1.0, 1.0, -1.0]
    np.testing.assert_allclose(imu["raw_linear_acceleration"], up, atol=1e-9)
    frames = np.diag([1.0, -1.0, -1.0]) @ tilt.as_matrix() @ np.diag([-1.0, 1.0, -1.0])
    found = Rotation.from_quat(imu["orientation"], scalar_first=True).as_matrix()
    np.testing.assert_allclose(found, frames, atol=1e-6)
    assert observation["servo"]["left_wheel"]["position"] == pytest.approx(3.0)
    # 0.5 (3 - -1) 0.05 m
    assert observation["wheel_odometry"] == pytest.approx({"position": 0.1, "velocity": 0.0})


def test_signs_of_pitch_travel_and_yaw():
    env = make_env("Upkie-MuJoCo-Gyropod")
    env.unwrapped.init_state.orientation_base_in_world = Rotation.from_euler("ZYX", [0, 0.1, 0])
    observation, _ = env.reset()
    assert observation[1] == pytest.approx(0.1)
    for _ in range(40):
        observation, *_ = env.step(np.zeros(2, np.float32))
    assert observation[1] > 0.1 and observation[4] > 0.0  # leaning forward, it falls forward

    env.unwrapped.init_state.orientation_base_in_world = Rotation.identity()
    data = env.unwrapped.backend.data
    wheel = env.unwrapped.backend.physics.joint("left_wheel").bodyid[0]
    env.reset()
    start = data.xpos[wheel].copy()
    for _ in range(60):
        observation, *_ = env.step(np.float32([0.5, 0.0]))
    assert observation[0] > 0.05 and data.xpos[wheel][0] - start[0] > 0.05  # forward is +x
    env.reset()
    for _ in range(60):
        observation, *_ = env.step(np.float32([0.0, 1.0]))
    # The package's positive yaw drives the left wheel forward and the right one backward: to the
    # right, which is negative about z, in PyBullet just as well
    assert data.qvel[5] < -0.1
    assert observation[2] == pytest.approx(60 * 0.005, rel=1e-5)  # yaw is the commands' integral


def test_the_same_commands_give_the_trajectory_of_our_own_task():
    config = UpkiePendulumConfig(reset=ResetRange(pitch=0.0, omega_y=0.0, v_x=0.0))
    ours = make_batched("upkie-pendulum", config, nb_envs=1, seed=0, imperfect=False, sim_threads=1)
    theirs = make_env("Upkie-MuJoCo-Pendulum", frequency=200.0, max_ground_velocity=2.0)
    np.testing.assert_array_equal(theirs.reset(seed=0)[0], ours.reset()[0].numpy())
    observation = np.zeros(4, np.float32)
    for step in range(200):
        feedback = observation @ np.float32([20.0, 1.0, 2.0, 1.5]) + 0.3 * np.sin(0.05 * step)
        action = np.clip(feedback, -2.0, 2.0, dtype=np.float32).reshape(1)
        observation, _, terminated, _, _ = theirs.step(action)
        expected = ours.step(torch.from_numpy(action)[None]).final_obs[0].numpy()
        np.testing.assert_allclose(observation, expected, atol=1e-6)
        assert not terminated


def test_pybullet_sees_the_same_fall_at_first():
    """An independent simulator and an independent reading of the sensors, before the contact of
    the wheels makes a difference: the drop from 0.60 m, leaning, with the wheels turning."""
    seen = []
    for backend in ("MuJoCo", "PyBullet"):
        env = make_env(f"Upkie-{backend}-Gyropod")
        env.unwrapped.init_state.orientation_base_in_world = Rotation.from_euler("ZYX", [0, 0.2, 0])
        env.reset(seed=0)
        for _ in range(10):
            observation, _, _, _, info = env.step(np.float32([0.5, 0.5]))
        spine = info["spine_observation"]
        seen.append((observation, spine))
        env.close()
    (ours, spine), (theirs, their_spine) = seen
    # position, pitch, yaw (their wheels' speed chatters in the air: an explicit servo at 1 kHz)
    np.testing.assert_allclose(ours[:3], theirs[:3], atol=2e-3)
    assert ours[4] == pytest.approx(theirs[4], abs=0.05)
    for group in ("base_orientation", "imu", "wheel_odometry", "floor_contact"):
        assert spine[group].keys() == their_spine[group].keys()
    for name in JOINTS:
        assert spine["servo"][name].keys() == their_spine["servo"][name].keys()
    for group, name in (("imu", "orientation"), ("base_orientation", "rotation_base_to_world")):
        np.testing.assert_allclose(spine[group][name], their_spine[group][name], atol=2e-3)
    np.testing.assert_allclose(spine["imu"]["angular_velocity"],
                               their_spine["imu"]["angular_velocity"], atol=0.05)  # fmt: skip


def test_a_diverged_world_stays_visible(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = make_env("Upkie-MuJoCo-Pendulum")
    env.reset()
    env.unwrapped.backend.data.qvel[:] = NAN
    observation, *_ = env.step(np.zeros(1, np.float32))
    assert np.isnan(observation[0])
    assert list(tmp_path.iterdir()) == []  # and the engine leaves no log behind


def test_inertias_vary_by_body_within_their_bounds():
    nominal = MuJoCoBackend(0.005).physics
    varied = MuJoCoBackend(0.005, inertia_variation=0.2, seed=3).physics
    ratio = varied.body_mass[1:] / nominal.body_mass[1:]
    assert np.all(np.abs(ratio - 1.0) <= 0.2) and np.ptp(ratio) > 0.1
    np.testing.assert_allclose(varied.body_inertia[1:] / nominal.body_inertia[1:],
                               np.repeat(ratio[:, None], 3, axis=1))  # fmt: skip


def test_one_word_is_all_that_changes():
    """Every argument of the package's PyBullet environments is taken."""
    arguments = {
        "fall_pitch": 0.5, "frequency": 100.0, "frequency_checks": False, "gui": False,
        "inertia_variation": 0.1, "init_state": RobotState(), "joint_properties": {},
        "max_gain_scale": 2.0, "max_ground_velocity": 1.5, "nb_substeps": 20,
        "regulate_frequency": False, "torque_control_kd": 1.1, "torque_control_kp": 19.0,
    }  # fmt: skip
    env = gymnasium.make("Upkie-MuJoCo-Pendulum", **arguments)  # surefoot.envs registered it
    assert isinstance(env.env, UpkiePendulum)
    assert env.action_space.high == pytest.approx([1.5])
    backend = env.unwrapped.backend
    assert backend.physics.opt.timestep == pytest.approx(0.0005)
    assert (backend.torque_control_kp, backend.torque_control_kd) == (19.0, 1.1)
    env.reset(seed=1)
    env.step(env.action_space.sample())


def test_there_is_no_window_and_it_says_so():
    with pytest.warns(UserWarning, match="no window.*surefoot play"):
        MuJoCoBackend(0.005, gui=True)


def test_servos_and_base_velocity_run():
    servos = make_env("Upkie-MuJoCo-Servos")
    servos.reset(seed=0)
    observation, *_ = servos.step(servos.unwrapped.get_neutral_action())
    assert set(observation) == set(JOINTS)
    base = make_env("Upkie-MuJoCo-BaseVelocity")
    base.reset(seed=0)
    for _ in range(100):
        pose, _, terminated, _, _ = base.step(np.float32([0.3, 0.0]))
    assert not terminated
    np.testing.assert_allclose(pose, [0.15, 0.0, 0.0], atol=1e-6)  # 0.3 m/s for 0.5 s


def test_a_taken_id_is_left_alone(monkeypatch):
    for name in ("Servos", "Pendulum", "Gyropod", "BaseVelocity"):
        monkeypatch.delitem(gymnasium.registry, f"Upkie-MuJoCo-{name}", raising=False)
    theirs = gymnasium.envs.registration.EnvSpec("Upkie-MuJoCo-Gyropod", entry_point="upkie:later")
    monkeypatch.setitem(gymnasium.registry, "Upkie-MuJoCo-Gyropod", theirs)
    register_upkie_environments()
    assert gymnasium.spec("Upkie-MuJoCo-Gyropod").entry_point == "upkie:later"
    mine = gymnasium.spec("Upkie-MuJoCo-Pendulum").entry_point
    assert mine == "surefoot.envs.upkie_gym:make_pendulum"


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(InvalidConfig, match="needs dt > 0 and nb_substeps >= 1"):
        MuJoCoBackend(-0.005)
    with pytest.raises(InvalidConfig, match=r"nb_substeps >= 1, got 0\.005, 0"):
        MuJoCoBackend(0.005, nb_substeps=0)
