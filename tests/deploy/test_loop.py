"""The closed loop: what is sent, what is counted, and how it ends, with numbers by hand."""

import dataclasses
import json
import math

import gymnasium
import numpy as np
import pytest

from support_deploy import PENDULUM, FakeClock, Puppet, Rig
from surefoot.deploy.loop import deploy
from surefoot.errors import InvalidConfig, Mismatch
from surefoot.signals import Signal

TARGET = Signal(name="target_velocity", unit="m/s", low=-0.5, high=0.5, source="operator")


def sent(env: Rig) -> list[float]:
    """The commands that the environment received."""
    return [round(float(action[0]), 6) for action in env.actions]


def run(policy, env, **settings):
    return deploy(policy, env, **{"realtime": False, **settings})


def test_time_is_up_and_the_command_comes_down_in_a_straight_line():
    policy, env = Puppet(1.0), Rig()
    report = run(policy, env, duration_s=0.05, seed=7)
    # 0.05 s at 200 Hz are 10 steps; 0.2 s of ramp are 40 more: 0.975, 0.95, ..., 0
    assert sent(env) == pytest.approx([1.0] * 10 + [1.0 - i / 40 for i in range(1, 41)])
    assert (report.stop_reason, report.message) == ("duration", "time is up")
    assert (report.steps, report.ramp_steps) == (10, 40)
    assert report.duration_s == report.time_upright_s == pytest.approx(0.05)
    assert (env.nb_closed, env.seeds, policy.nb_resets) == (1, [7], 1)
    assert not report.is_fault
    # the policy saw the reset first: positions 0, 0.001, ... of the rig
    np.testing.assert_allclose([o[1] for o in policy.seen], 0.001 * np.arange(10), rtol=1e-6)
    json.dumps(report.to_json(), allow_nan=False)


def test_commands_beyond_the_card_are_clamped_and_counted():
    env = Rig(limit=3.0)
    report = run(Puppet(lambda n: 2.5 if n > 6 else 2.0), env, duration_s=0.05)
    assert sent(env)[:10] == [2.0] * 10  # the card's limit, not the environment's 3
    assert report.clamped == 4  # exactly 2 is allowed


def test_positions_are_held_at_the_end_for_zero_is_a_posture():
    action = (Signal(name="knee", unit="rad", low=-2.0, high=2.0),)
    env = Rig()
    report = run(Puppet(0.7, dataclasses.replace(PENDULUM, action=action)), env, duration_s=0.05)
    assert sent(env) == pytest.approx([0.7] * 50)
    assert report.ramp_steps == 40


def test_a_ramp_of_no_length_is_one_zero():
    env = Rig()
    report = run(Puppet(1.0), env, duration_s=0.01, ramp_s=0.0)
    assert sent(env) == [1.0, 1.0, 0.0]
    assert report.ramp_steps == 1


def test_an_observation_that_is_not_finite_stops_the_robot_and_is_named():
    def observe(step):
        return [math.nan, 0.0, 0.0, math.inf] if step == 3 else [0.0, 0.001 * step, 0.0, 0.0]

    env = Rig(observe)
    policy = Puppet(1.0)
    report = run(policy, env)
    assert report.stop_reason == "bad observation" and report.is_fault
    assert report.message == "not finite in the observation: pitch, ground_velocity"
    assert report.steps == 3 and len(policy.seen) == 3  # the policy never saw it
    assert sent(env)[3:] == pytest.approx([1.0 - i / 40 for i in range(1, 41)])
    assert env.nb_closed == 1


def test_an_action_that_is_not_finite_is_never_sent():
    env = Rig()
    report = run(Puppet(lambda n: math.nan if n == 4 else 0.5), env)
    assert report.stop_reason == "bad action" and report.is_fault
    assert "not finite" in report.message
    assert report.steps == 3
    assert np.isfinite(sent(env)).all()
    assert sent(env)[:4] == pytest.approx([0.5, 0.5, 0.5, 0.5 * 39 / 40])


def test_nothing_is_sent_when_the_first_observation_is_bad():
    env = Rig(lambda step: [math.nan, 0.0, 0.0, 0.0])
    report = run(Puppet(1.0), env)
    assert (report.steps, report.ramp_steps, env.actions, env.nb_closed) == (0, 0, [], 1)


def test_a_stale_observation_stops_the_robot():
    env = Rig(lambda step: [0.1, 0.0, 0.0, 0.0])
    report = run(Puppet(1.0), env)
    # 0.1 s are 20 steps of 5 ms; the 21st repetition is one too many
    assert report.stop_reason == "stale observation" and report.is_fault
    assert (report.steps, report.ramp_steps) == (21, 40)
    assert report.message.startswith("the observation has not changed in one bit for 0.1 s")


def test_one_changed_bit_is_fresh():
    env = Rig(lambda step: [0.1, 0.0, 0.0, 1e-30 * (step % 20 == 0)])
    report = run(Puppet(1.0), env, duration_s=1.0)
    assert report.stop_reason == "duration"


def test_a_dead_imu_is_noticed_while_the_wheels_turn():
    imu = {"orientation": [1.0, 0.0, 0.0, 0.0], "angular_velocity": np.zeros(3)}
    info = {"spine_observation": {"imu": imu, "time": 0.0}}
    env = Rig(info=lambda step: info)
    report = run(Puppet(1.0), env, stale_after_s=0.05)
    assert report.message.startswith("the IMU has not changed in one bit for 0.05 s")
    assert report.steps == 11


def test_a_slow_loop_sees_three_repetitions_before_it_gives_up():
    card = dataclasses.replace(PENDULUM, rate_hz=1.0)
    report = run(Puppet(1.0, card), Rig(lambda step: [0.0] * 4, dt=1.0))
    assert report.steps == 4


@pytest.mark.parametrize(
    ("env_id", "settings"),
    [("Upkie-Mock-Pendulum", {}), ("Upkie-PyBullet-Pendulum", {"stale_after_s": math.inf})],
)
def test_staleness_is_not_for_mocks_nor_for_those_who_switch_it_off(env_id, settings):
    env = Rig(lambda step: [0.1, 0.0, 0.0, 0.0], env_id=env_id)
    assert run(Puppet(1.0), env, duration_s=1.0, **settings).stop_reason == "duration"


def test_a_fall_ends_it_without_driving_on():
    env = Rig(lambda step: [0.25 * step, 0.0, 0.0, 0.0], ends=lambda step: (step == 5, False))
    report = run(Puppet(1.0), env)
    assert report.stop_reason == "terminated" and report.is_fault
    assert report.message == "the environment ended the episode at a tilt of 1.25 rad"
    assert (report.steps, report.ramp_steps, env.nb_closed) == (5, 0, 1)
    assert report.time_upright_s == pytest.approx(5 * 0.005)


def test_time_upright_ends_with_the_pitch_even_if_nobody_ends_the_episode():
    env = Rig(lambda step: [0.25 * step if step < 8 else 0.0, 0.001 * step, 0.0, 0.0])
    report = run(Puppet(1.0), env, duration_s=0.1)
    assert report.stop_reason == "duration"
    assert report.time_upright_s == pytest.approx(5 * 0.005)  # 1.25 rad, the first above 1


def test_the_environments_time_limit_is_no_fault():
    env = gymnasium.wrappers.TimeLimit(Rig(), max_episode_steps=6)
    report = run(Puppet(1.0), env)
    assert (report.stop_reason, report.steps, report.is_fault) == ("truncated", 6, False)


def test_an_environment_that_fails_is_closed_and_its_words_are_kept():
    def fail(step):
        if step == 4:
            raise TimeoutError("spine did not answer within 100 ms")

    env = Rig(on_step=fail)
    report = run(Puppet(1.0), env)
    assert report.stop_reason == "environment failed" and report.is_fault
    assert report.message == (
        "the environment failed to step: TimeoutError: spine did not answer within 100 ms"
    )
    assert (report.steps, report.ramp_steps, env.nb_closed) == (3, 0, 1)


def test_an_environment_that_fails_while_it_comes_to_rest_is_closed_and_its_words_are_kept():
    def fail(step):
        if step == 13:  # the third of the ramp
            raise TimeoutError("spine did not answer within 100 ms")

    env = Rig(on_step=fail)
    report = run(Puppet(1.0), env, duration_s=0.05)
    assert (report.steps, report.ramp_steps, env.nb_closed) == (10, 2, 1)
    assert report.stop_reason == "environment failed" and report.is_fault
    assert report.message.endswith(
        "; the environment failed while coming to rest "
        "(TimeoutError: spine did not answer within 100 ms)"
    )


def test_a_reset_or_a_close_that_fails_leaves_a_report():
    class Broken(Rig):
        def reset(self, **kwargs):
            raise OSError("no such bus")

        def close(self):
            super().close()
            raise OSError("no such bus either")

    env = Broken()
    report = run(Puppet(1.0), env)
    assert report.message == (
        "the environment failed to reset: OSError: no such bus; the environment could not be "
        "closed (OSError: no such bus either): check that the motors are off"
    )
    assert (report.steps, env.nb_closed, report.closed, report.is_fault) == (0, 1, False, True)


def test_an_error_of_the_watcher_stops_the_robot_first():
    def watch(record):
        if record.time_s >= 0.01:
            raise ZeroDivisionError("plot")

    env = Rig()
    with pytest.raises(ZeroDivisionError, match="plot"):
        run(Puppet(1.0), env, on_step=watch)
    assert sent(env) == pytest.approx([1.0] * 3 + [1.0 - i / 40 for i in range(1, 41)])
    assert env.nb_closed == 1


def test_every_step_is_shown_to_the_watcher():
    records = []
    run(Puppet(5.0), Rig(info=lambda step: {"k": step}), duration_s=0.015, on_step=records.append)
    assert [r.time_s for r in records] == pytest.approx([0.0, 0.005, 0.01])
    assert [r.action[0] for r in records] == [2.0, 2.0, 2.0]  # as sent, clamped
    assert [r.info["k"] for r in records] == [1, 2, 3]
    np.testing.assert_allclose(records[2].observation, [0.0, 0.002, 0.0, 0.0], rtol=1e-6)


def test_the_operator_fills_in_what_sensors_do_not_show():
    card = dataclasses.replace(PENDULUM, observation=(*PENDULUM.observation[:1], TARGET,
                                                      *PENDULUM.observation[1:]))  # fmt: skip
    policy = Puppet(0.0, card)
    run(policy, Rig(), duration_s=0.02, commands=lambda t: [100.0 * t - 0.75])
    # at 0, 5, 10, 15 ms: -0.75, -0.25, 0.25, 0.75, clipped to what was trained for; the sensors'
    # values move aside to make room
    np.testing.assert_allclose([o[1] for o in policy.seen], [-0.5, -0.25, 0.25, 0.5], rtol=1e-6)
    np.testing.assert_allclose([o[2] for o in policy.seen], [0, 1e-3, 2e-3, 3e-3], rtol=1e-6)

    still = Puppet(0.0, card)
    run(still, Rig(), duration_s=0.02)
    assert [o[1] for o in still.seen] == [0.0] * 4

    env = Rig()
    with pytest.raises(Mismatch, match="must command target_velocity, got 2 values"):
        run(Puppet(0.0, card), env, commands=lambda t: [0.0, 0.0])
    assert env.nb_closed == 1


CLOCK = Signal(name="gait_clock", unit="1", size=2, source="clock", clock_hz=25.0)
STEPPER = dataclasses.replace(PENDULUM, observation=(*PENDULUM.observation, TARGET, CLOCK))
"""A policy that is commanded and reads a clock."""


def test_the_clock_runs_while_the_operator_wants_to_move():
    policy = Puppet(0.0, STEPPER)
    run(policy, Rig(), duration_s=0.03, commands=lambda t: [0.3 if t > 0.004 else 0.0])
    # 25 Hz at 200 steps per second: 45 degrees a step, counted also while it is not shown
    angle = np.deg2rad(45.0 * np.arange(6))
    shown = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    shown[0] = 0.0
    np.testing.assert_allclose([o[5:] for o in policy.seen], shown, atol=1e-6)


def test_without_an_operator_the_clock_stands_still():
    policy = Puppet(0.0, STEPPER)
    run(policy, Rig(), duration_s=0.02)
    assert all((o[4:] == 0.0).all() for o in policy.seen)


def test_an_environment_may_show_the_clock_but_not_the_commands():
    env = Rig(lambda step: [0.0, 0.001 * step, 0.0, 0.0, 0.6, 0.8])
    high = np.append(env.observation_space.high, np.float32([1.0, 1.0]))
    env.observation_space = gymnasium.spaces.Box(-high, high)
    policy = Puppet(0.0, STEPPER)
    run(policy, env, duration_s=0.01)
    np.testing.assert_allclose(policy.seen[1][4:], [0.0, 0.6, 0.8], rtol=1e-6)


def test_a_base_that_tips_over_is_seen_in_the_direction_of_gravity():
    gravity = Signal(name="gravity", unit="1", size=3)
    card = dataclasses.replace(PENDULUM, observation=(gravity, PENDULUM.observation[1]))
    lean = np.deg2rad([10.0, 50.0, 60.0, 170.0])

    def observe(step):
        a = lean[min(step, 3)]
        return [0.0, -np.sin(a), -np.cos(a), 0.001 * step]

    env = Rig(observe, ends=lambda step: (step == 3, False))
    env.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)
    report = run(Puppet(0.0, card), env)
    assert report.message == "the environment ended the episode at a tilt of 2.97 rad"
    assert report.time_upright_s == pytest.approx(2 / 200)  # 60 degrees are more than 1 rad


def test_a_broken_joystick_stops_the_robot():
    card = dataclasses.replace(PENDULUM, observation=(*PENDULUM.observation, TARGET))
    report = run(Puppet(1.0, card), Rig(), commands=lambda t: [math.nan if t > 0.01 else 0.0])
    assert report.message == "not finite in the observation: target_velocity"
    assert (report.steps, report.ramp_steps) == (3, 40)


def test_choices_are_counted_from_where_the_environment_counts():
    card = dataclasses.replace(PENDULUM, action=(), nb_choices=3)
    env = Rig()
    env.action_space = gymnasium.spaces.Discrete(3, start=5)
    report = run(Puppet(lambda n: (n - 1) % 3, card), env, duration_s=0.02)
    assert env.actions == [5, 6, 7, 5]  # and no ramp: there is no half of a choice
    assert report.ramp_steps == 0


def test_missed_deadlines_are_counted_by_the_clock():
    clock = FakeClock()
    env = Rig(on_step=lambda step: clock.work(0.012 if step == 3 else 0.002))
    report = run(
        Puppet(1.0), env, duration_s=0.04, ramp_s=0.0, realtime=True, now=clock.now,
        sleep=clock.sleep,
    )  # fmt: skip
    # Steps at 0, 5, 10 ms; the third takes until 22 ms: ticks 15 and 20 are missed by up to 7 ms,
    # the fourth step goes at 22, the fifth at 25, 30, 35, 40 ms, and the zero at 45 ms.
    assert (report.missed_deadlines, report.realtime) == (2, True)
    assert report.worst_lateness_s == pytest.approx(0.007)
    assert clock.slept == pytest.approx([0.003, 0.003, 0.001, 0.003, 0.003, 0.003, 0.003])
    assert report.wall_s == pytest.approx(0.047)


def test_nobody_sleeps_in_simulation_nor_twice():
    clock = FakeClock()
    run(Puppet(1.0), Rig(), duration_s=0.05, now=clock.now, sleep=clock.sleep)
    env = Rig(
        env_id="Upkie-PyBullet-Pendulum", regulate_frequency=True,
        on_step=lambda step: clock.work(0.005 if step != 4 else 0.008),
    )  # fmt: skip
    report = run(Puppet(1.0), env, duration_s=0.05, realtime=True, now=clock.now, sleep=clock.sleep)
    assert clock.slept == []
    assert (report.missed_deadlines, report.worst_lateness_s) == (1, pytest.approx(0.003))


def test_a_robot_is_never_driven_faster_than_time():
    clock = FakeClock()
    env = Rig(env_id="Upkie-Spine-Pendulum", regulate_frequency=False)
    report = run(Puppet(1.0), env, duration_s=0.05, now=clock.now, sleep=clock.sleep)
    assert report.realtime
    assert report.wall_s == pytest.approx(49 * 0.005)  # 10 steps and 40 of the ramp


@pytest.mark.parametrize(
    ("change", "spaces", "message"),
    [
        ({"observation": PENDULUM.observation[:3]}, {}, r"reads 3 values.*Rig shows 4"),
        (
            {"observation": PENDULUM.observation[::-1]},
            {},
            r"'pitch_velocity' is bounded by -1000.*another order",
        ),
        ({"rate_hz": 100.0}, {}, r"runs at 100 Hz, Rig at 200 Hz: .*frequency=100"),
        ({}, {"limit": 1.0}, r"sends ground_velocity in .*2.* takes only .*1.*wider bounds"),
        ({"action": (), "nb_choices": 2}, {}, r"has 2 choices, Rig takes Box"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused_before_anything_is_sent(change, spaces, message):
    env = Rig(**spaces)
    with pytest.raises(Mismatch, match=message):
        run(Puppet(1.0, dataclasses.replace(PENDULUM, **change)), env)
    assert (env.actions, env.seeds, env.nb_closed) == ([], [], 1)


def test_degrees_in_place_of_radians_are_refused():
    env = Rig()
    high = np.float32([180.0, np.inf, 1000.0, 3.0])
    env.observation_space = gymnasium.spaces.Box(-high, high)
    with pytest.raises(Mismatch, match=r"'pitch' is bounded by -3\.14159.*by -180: another unit"):
        run(Puppet(1.0), env)


def test_dictionaries_and_choices_are_no_vectors():
    env = Rig()
    env.observation_space = gymnasium.spaces.Dict({})
    with pytest.raises(Mismatch, match="reads a vector, Rig shows Dict"):
        run(Puppet(1.0), env)
    env.observation_space = Rig().observation_space
    env.action_space = gymnasium.spaces.Discrete(2)
    with pytest.raises(Mismatch, match=r"sends 1 values \(ground_velocity\), Rig takes Discrete"):
        run(Puppet(1.0), env)


@pytest.mark.parametrize("setting", [{"duration_s": 0.0}, {"duration_s": -1.0}, {"ramp_s": -0.1},
                                     {"stale_after_s": 0.0}, {"ramp_s": math.inf}])  # fmt: skip
def test_durations_that_make_no_sense_are_refused(setting):
    env = Rig()
    with pytest.raises(InvalidConfig, match=f"deploy: {next(iter(setting))} must be"):
        run(Puppet(1.0), env, **setting)
    assert env.nb_closed == 1
