"""Figures of a walk, from a record that one can follow with a pencil."""

import math
from dataclasses import replace

import numpy as np
import pytest

from surefoot.report.gait_figure import gait_figure, typical_robot
from surefoot.report.walking import WalkingRecord, score, table

T, DT = 40, 0.05
SIDES = (1, 0)


def _swing(*spans):
    """A foot that is in the air in these spans of steps, end excluded: contacts (T, 1)."""
    contact = np.ones((T, 1), dtype=bool)
    for begin, end in spans:
        contact[begin:end] = False
    return contact


# One robot, two feet. Left: in the air for 4 and 6 steps; right: for 4 steps, twice.
LEFT, RIGHT = _swing((5, 9), (20, 26)), _swing((10, 14), (30, 34))


def _record(**changes):
    command = np.zeros((T, 1, 3))
    command[..., 0] = 0.5
    height = np.where(np.stack([LEFT, RIGHT], axis=2), 0.0, 0.04)
    height[6, 0, 0], height[22, 0, 0] = 0.07, 0.05  # tops of the left foot's swings
    record = WalkingRecord(
        dt=DT, nominal_height=0.3, command=command, velocity=command.copy(),
        settled=np.ones((T, 1), dtype=bool), fell=np.zeros((T, 1), dtype=bool),
        foot_contact=np.stack([LEFT, RIGHT], axis=2), foot_height=height,
        foot_speed=np.zeros((T, 1, 2)), other_contacts=np.zeros((T, 1)),
        height=np.full((T, 1), 0.3), torque_share=np.zeros((T, 1, 3)),
        power=np.zeros((T, 1, 3)), beyond_limit=np.zeros((T, 1, 3)), reward=np.zeros((T, 1)),
    )  # fmt: skip
    return replace(record, **changes)


def _twice(record):
    """The same robot beside itself."""
    arrays = {k: v for k, v in vars(record).items() if isinstance(v, np.ndarray)}
    return replace(record, **{k: np.concatenate([v, v], axis=1) for k, v in arrays.items()})


def test_swings_by_hand():
    result = score(_record(), SIDES)
    # left: 4 and 6 steps of 0.05 s, 0.25 s in the mean; right: 4 and 4, 0.2 s
    assert (result.air_time, result.air_time_longest) == pytest.approx((0.2, 0.25))
    # left: tops of 0.07 and 0.05; right: 0.04 and 0.04
    assert result.swing_apex == pytest.approx(0.04)
    # on the ground in 30 and 32 of 40 steps
    assert (result.duty_factor, result.duty_factor_most) == pytest.approx((0.75, 0.8))
    # swings differ by 0.05 of 0.225, duties by 0.05 of 0.775
    assert result.asymmetry == pytest.approx(0.05 / 0.225)
    assert score(_record(), (0, 1)).asymmetry == 0.0  # who is compared with itself is symmetric


def test_swings_that_are_cut_do_not_count():
    """At the ends of the record, and where something does not count in between."""
    cut = np.stack([_swing((0, 3), (8, 12), (36, 40)), _swing((20, 26))], axis=2)
    result = score(_record(foot_contact=cut), SIDES)
    assert (result.air_time, result.air_time_longest) == pytest.approx((0.2, 0.3))
    unsettled = np.ones((T, 1), dtype=bool)
    unsettled[22] = False
    result = score(_record(foot_contact=cut, settled=unsettled), SIDES)
    assert (result.air_time, result.air_time_longest) == pytest.approx((0.0, 0.2))
    for edge, counted in ((7, False), (6, True), (12, False), (13, True)):
        unsettled = np.ones((T, 1), dtype=bool)
        unsettled[edge] = False  # the steps before lift-off and of touch-down belong to a swing
        result = score(_record(foot_contact=cut, settled=unsettled), SIDES)
        assert result.air_time == pytest.approx(0.2 if counted else 0.0), edge
    standing = _record(foot_contact=cut)
    standing.command[8:12] = 0.0
    assert score(standing, SIDES).air_time == 0.0  # nobody asked for a step then


def test_a_foot_that_never_swings_is_a_flaw():
    still = np.ones((T, 1, 2), dtype=bool)
    result = score(_record(foot_contact=still), SIDES)
    assert (result.air_time, result.swing_apex, result.duty_factor) == (0.0, 0.0, 1.0)
    assert result.asymmetry == 0.0
    one = np.stack([LEFT, np.ones_like(RIGHT)], axis=2)
    assert score(_record(foot_contact=one), SIDES).asymmetry == pytest.approx(2.0)  # d over d / 2


def test_tracking_by_hand_and_only_where_it_counts():
    record = _twice(_record())
    settled = record.settled.copy()
    settled[:10] = False
    velocity = record.velocity.copy()
    velocity[:10] = 99.0
    # robot 0 misses (0.5, 0) by (0.3, 0.4) and 0 by 0.2; robot 1 by (0.6, 0.8) and -0.4
    velocity[10:, 0] += np.array([0.3, 0.4, 0.2])
    velocity[10:, 1] += np.array([0.6, -0.8, -0.4])
    result = score(replace(record, velocity=velocity, settled=settled), SIDES)
    assert result.tracking_error_linear == pytest.approx(0.75)
    assert result.tracking_error_yaw == pytest.approx(0.3)
    # two robots at 0.5 and 1.0: deviation sqrt(0.125), Student's t for 1 degree 12.7062
    half = 12.706204736432095 * math.sqrt(0.125) / math.sqrt(2.0)
    assert result.tracking_error_linear_ci95 == pytest.approx((0.75 - half, 0.75 + half))
    half = 12.706204736432095 * math.sqrt(0.02) / math.sqrt(2.0)
    assert result.tracking_error_yaw_ci95 == pytest.approx((0.3 - half, 0.3 + half))


def test_falls_per_minute_with_the_exact_interval():
    record = _twice(_record())
    fell = record.fell.copy()
    assert score(record, SIDES).falls_per_minute == 0.0
    # 2 robots x 40 steps x 0.05 s = 4 s = 1/15 minute; no fall: up to -ln(0.025) = 3.689 of them
    low, high = score(record, SIDES).falls_per_minute_ci95
    assert (low, high) == pytest.approx((0.0, 15.0 * 3.688879454))
    fell[7, 0] = fell[9, 0] = fell[30, 1] = True
    result = score(replace(record, fell=fell), SIDES)
    assert result.falls_per_minute == pytest.approx(45.0)
    # of 3 events: 0.6187 to 8.7673 (Garwood's table)
    assert result.falls_per_minute_ci95 == pytest.approx((15 * 0.61867, 15 * 8.76727), rel=1e-4)


def test_cost_of_transport_is_work_over_weight_and_distance():
    power = np.zeros((T, 1, 3))
    power[..., 0], power[..., 1] = 0.3, -0.1  # braking costs as well
    assert score(_record(power=power), SIDES).cost_of_transport == pytest.approx(0.4 / 0.5)
    record = _record(power=power)
    record.command[:20] = 0.0  # who stands goes nowhere, and pays nothing here
    record.velocity[:20] = 0.0
    assert score(record, SIDES).cost_of_transport == pytest.approx(0.8)
    nowhere = _record(power=power, velocity=np.zeros((T, 1, 3)))
    assert score(nowhere, SIDES).cost_of_transport == math.inf


def test_slip_contacts_height_torques_and_limits_by_hand():
    speed = np.where(np.stack([LEFT, RIGHT], axis=2), 0.1, 5.0)  # fast in the air: no slip
    speed[0, 0, 0] = 6.3  # once on the ground, of 30 + 32 samples: 0.1 + 6.2 / 62
    contacts = np.zeros((T, 1))
    contacts[:4] = 3.0
    torque = np.zeros((T, 1, 3))
    torque[..., 1] = -np.linspace(0.0, 0.39, T)[:, None]
    beyond = np.zeros((T, 1, 3))
    beyond[3, 0, 1:] = 0.1
    beyond[8, 0, 0] = 0.2
    result = score(
        _record(foot_speed=speed, other_contacts=contacts, height=np.full((T, 1), 0.27),
                torque_share=torque, beyond_limit=beyond), SIDES)  # fmt: skip
    assert result.foot_slip == pytest.approx(0.2)
    assert result.other_contacts == pytest.approx(0.1)
    assert result.height_ratio == pytest.approx(0.9)
    assert result.torque_use == pytest.approx(0.01 * 0.99 * 39)  # between the last two
    assert result.limit_violations == pytest.approx(0.05)


def test_what_touches_the_ground_in_a_fall_counts_as_the_fall_alone():
    contacts, fell = np.zeros((T, 1)), np.zeros((T, 1), dtype=bool)
    fell[39] = True
    contacts[20:] = 1.0  # the last second of 20 steps
    assert score(_record(other_contacts=contacts, fell=fell), SIDES).other_contacts == 0.0
    contacts[19] = 1.0  # of the 20 steps before
    result = score(_record(other_contacts=contacts, fell=fell), SIDES)
    assert result.other_contacts == pytest.approx(0.05)
    result = score(_record(other_contacts=contacts), SIDES)  # without the fall, 21 of 40
    assert result.other_contacts == pytest.approx(21 / 40)


def test_where_nothing_counts_nothing_is_said_and_nothing_is_sound():
    result = score(_record(settled=np.zeros((T, 1), dtype=bool)), SIDES)
    assert math.isnan(result.tracking_error_linear) and math.isnan(result.torque_use)
    assert math.isnan(result.duty_factor) and math.isnan(result.foot_slip)
    assert len(result.flaws) == 6
    assert "nan" in table(result)["velocity error"]


SOUND = {
    "air_time": 0.2, "air_time_longest": 0.3, "duty_factor": 0.5, "duty_factor_most": 0.6,
    "swing_apex": 0.05, "asymmetry": 0.1, "other_contacts": 0.0, "height_ratio": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({}, None),
        ({"air_time": 0.09}, "air time between 0.1 and 0.5 s"),
        ({"air_time_longest": 0.51}, "air time between 0.1 and 0.5 s"),
        ({"duty_factor": 0.39}, "duty factor between 0.4 and 0.75"),
        ({"duty_factor_most": 0.76}, "duty factor between 0.4 and 0.75"),
        ({"swing_apex": 0.029}, "feet lifted by 3 cm"),
        ({"asymmetry": 0.21}, "left and right alike within 20 %"),
        ({"other_contacts": 0.01}, "nothing but feet on the ground"),
        ({"height_ratio": 0.84}, "base height within 15 %"),
        ({"height_ratio": 1.16}, "base height within 15 %"),
    ],
)
def test_what_makes_a_gait_sound(change, flaw):
    result = replace(score(_record(), SIDES), **{**SOUND, **change})
    assert result.flaws == ([flaw] if flaw else [])
    assert table(result)["gait"] == (f"not: {flaw}" if flaw else "sound")


def test_the_table_says_every_figure_with_its_unit():
    rows = table(score(_twice(_record()), SIDES))
    assert rows["velocity error"] == "0.000  (95 % interval 0.000 to 0.000) m/s"
    assert rows["air time"] == "0.200 s" and rows["swing apex"] == "0.040 m"
    assert {"yaw rate error", "falls per minute", "cost of transport", "duty factor", "foot slip",
            "torque use", "limit violations", "asymmetry", "height ratio"} <= set(rows)  # fmt: skip


def test_the_picture_shows_the_typical_robot_and_when_its_feet_are_down():
    off = np.zeros((T, 3, 3))
    off[..., 0] = [0.0, 0.3, 0.1]  # the third robot is the typical one
    record = _twice(_twice(_record()))
    arrays = {k: v[:, :3] for k, v in vars(record).items() if isinstance(v, np.ndarray)}
    record = replace(record, **arrays)
    record = replace(record, velocity=record.velocity + off)
    assert typical_robot(record) == 2
    figure = gait_figure(record, ["left", "right"], ["hip", "knee", "wheel"])
    forward, diagram = figure.axes[0], figure.axes[3]
    commanded, measured = (line.get_ydata() for line in forward.lines)
    assert set(commanded) == {0.5} and measured == pytest.approx(0.6)
    assert [label.get_text() for label in diagram.get_yticklabels()] == ["right", "left"]
    down = [sum(path.get_extents().width for path in bars.get_paths())
            for bars in diagram.collections]  # fmt: skip
    assert down == pytest.approx([1.6, 1.5])  # 32 and 30 steps of 0.05 s


def test_the_picture_shows_the_hardest_torque_of_each_joint():
    torque = np.zeros((T, 1, 3))
    torque[7, 0, 1] = -0.8
    figure = gait_figure(_record(torque_share=torque), ["left", "right"], ["hip", "knee", "wheel"])
    largest = next(line for line in figure.axes[4].lines if line.get_label() == "largest")
    assert largest.get_xdata().tolist() == [0.0, 0.8, 0.0]
