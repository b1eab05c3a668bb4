"""Rules of health: each on rows made by hand, all of them on recorded trainings."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from surefoot.report.health import RULES, diagnose
from surefoot.report.history import History, trailing_median

RECORDED = Path(__file__).parent / "trainings"
"""What the rules read of real trainings. Source: `benchmarks/doctor.py --record`."""
RUNS = json.loads((RECORDED / "runs.json").read_text())

SETTINGS = {"steps": 2000, "algo": {"gamma": 0.9, "max_grad_norm": 0.5}, "agent": {}}


def _rows(nb=20, **columns):
    """`nb` rows 100 steps apart; a column is a number, or a function of the row from 0."""
    names = {name.replace("__", "/"): value for name, value in columns.items()}
    return [
        {"time/total_timesteps": 100.0 * (i + 1)}
        | {name: value(i) if callable(value) else value for name, value in names.items()}
        for i in range(nb)
    ]


def _names(rows, settings=SETTINGS):
    return [finding.name for finding in diagnose(rows, settings)]


def _rises(low, high):
    return lambda i: low + (high - low) * i / 19


def _then(first, later, at=10):
    return lambda i: first if i < at else later


UNUSUAL = [
    ("policy_moves_too_far", {"train__approx_kl": 0.051}, {"train__approx_kl": 0.049}),
    ("policy_moves_too_far", {"train__clip_fraction": 0.41}, {"train__clip_fraction": 0.39}),
    ("same_everywhere", {"action__spread": 0.009}, {"action__spread": 0.011}),
    ("same_everywhere", {"action__spread": 0.0}, {"action__spread": _then(0.0, 0.5, at=2)}),
    (
        "policy_stands_still",
        {"train__approx_kl": 9e-7, "train__learning_rate": _rises(1e-3, 6e-4)},
        {"train__approx_kl": 9e-7, "train__learning_rate": _then(1e-3, 4e-4, at=2)},
    ),
    (
        "policy_stands_still",
        {"train__approx_kl": _then(9e-7, 1e-3, at=7), "train__learning_rate": 1.0},
        {"train__approx_kl": _then(1e-3, 9e-7, at=11), "train__learning_rate": 1.0},
    ),
    (
        "value_explains_nothing",
        {"train__explained_variance": 0.09, "train__value_loss": 1.0},
        {"train__explained_variance": 0.11, "train__value_loss": 1.0},
    ),
    (
        "value_explains_nothing",
        {"train__explained_variance": -9.0, "train__value_loss": _then(1.0, 0.11, at=3)},
        {"train__explained_variance": -9.0, "train__value_loss": _then(1.0, 0.09, at=3)},
    ),
    (  # a tenth of its peak, not of its beginning
        "value_explains_nothing",
        {"train__explained_variance": _then(0.9, -9.0, at=8),
         "train__value_loss": lambda i: 1.0 if i < 3 else 20.0 if i < 6 else 2.1},
        {"train__explained_variance": _then(0.9, -9.0, at=8),
         "train__value_loss": lambda i: 1.0 if i < 3 else 20.0 if i < 6 else 1.9},
    ),
    (  # rising by half a standard deviation, 1, in three rows
        "value_explains_nothing",
        {"train__explained_variance": 0.0, "rollout__ep_rew_mean": lambda i: 0.32 * i,
         "rollout__ep_rew_std": 2.0},
        {"train__explained_variance": 0.0, "rollout__ep_rew_mean": lambda i: 0.6 * i,
         "rollout__ep_rew_std": 2.0},
    ),
    ("noise_collapses", {"train__std": 0.049}, {"train__std": 0.051}),
    ("noise_grows", {"train__std": 2.01}, {"train__std": 1.99}),
    (
        "choices_collapse",
        {"train__clip_fraction": 0.1, "train__entropy_loss": -0.009},
        {"train__clip_fraction": 0.1, "train__entropy_loss": -0.011},
    ),
    (  # a Gaussian's entropy may be anything
        "choices_collapse",
        {"train__clip_fraction": 0.1, "train__entropy_loss": 0.0},
        {"train__clip_fraction": 0.1, "train__entropy_loss": 0.0, "train__std": 0.5},
    ),
    (  # values up to twice the return where episodes end for good
        "values_explode",
        {"train__q_mean": -21.0, "rollout__ep_rew_mean": _rises(-10.0, -9.0),
         "rollout__ep_len_mean": 5.0, "ends__time_limit": 0.0},
        {"train__q_mean": -19.0, "rollout__ep_rew_mean": _rises(-10.0, -9.0),
         "rollout__ep_len_mean": 5.0, "ends__time_limit": 0.0},
    ),
    (  # -2 a step and a discount of 0.9 are worth -20 where they do not
        "values_explode",
        {"train__q_mean": -41.0, "rollout__ep_rew_mean": -10.0, "rollout__ep_len_mean": 5.0,
         "ends__time_limit": 1.0},
        {"train__q_mean": -39.0, "rollout__ep_rew_mean": -10.0, "rollout__ep_len_mean": 5.0,
         "ends__time_limit": 1.0},
    ),
    ("gradients_are_huge", {"train__gradient_norm": 25.1}, {"train__gradient_norm": 24.9}),
    (  # half a standard deviation of episodes
        "no_progress",
        {"rollout__ep_rew_mean": _then(10.0, 10.9, at=3), "rollout__ep_rew_std": 2.0},
        {"rollout__ep_rew_mean": _then(10.0, 11.1, at=3), "rollout__ep_rew_std": 2.0},
    ),
    (
        "no_progress",
        {"rollout__ep_rew_mean": _then(10.0, 99.0, at=13), "rollout__ep_rew_std": 2.0},
        {"rollout__ep_rew_mean": _then(10.0, 99.0, at=12), "rollout__ep_rew_std": 2.0},
    ),
    (  # starts that become harder hide progress
        "no_progress",
        {"rollout__ep_rew_mean": 10.0, "rollout__ep_rew_std": 2.0,
         "curriculum__reset_scale": _then(0.5, 1.0, at=5)},
        {"rollout__ep_rew_mean": 10.0, "rollout__ep_rew_std": 2.0,
         "curriculum__reset_scale": _then(0.5, 1.0, at=6)},
    ),
    (  # of a rise by 10, half is lost
        "return_collapses",
        {"rollout__ep_rew_mean": lambda i: 10.0 if i < 4 else 20.0 if i < 12 else 14.9},
        {"rollout__ep_rew_mean": lambda i: 10.0 if i < 4 else 20.0 if i < 12 else 15.1},
    ),
    (
        "return_collapses",
        {"rollout__ep_rew_mean": _then(-100.0, -126.0)},
        {"rollout__ep_rew_mean": _then(-100.0, -124.0)},
    ),
    ("actions_at_limits", {"action__saturation": 0.91}, {"action__saturation": 0.89}),
    (
        "actions_at_limits",
        {"action__saturation": 0.1, "action__command_saturation": 0.91},
        {"action__saturation": 0.1, "action__command_saturation": 0.89},
    ),
    (  # less of it where the return does not rise
        "actions_at_limits",
        {"action__saturation": 0.31, "rollout__ep_rew_mean": 1.0, "rollout__ep_rew_std": 1.0},
        {"action__saturation": 0.29, "rollout__ep_rew_mean": 1.0, "rollout__ep_rew_std": 1.0},
    ),
    (
        "actions_at_limits",
        {"action__size": 0.71, "rollout__ep_rew_mean": 1.0, "rollout__ep_rew_std": 1.0},
        {"action__size": 0.71, "rollout__ep_rew_mean": _rises(1.0, 99.0),
         "rollout__ep_rew_std": 1.0},
    ),
    (
        "actions_at_limits",
        {"action__size": _then(0.71, 0.5, at=14), "rollout__ep_rew_mean": 1.0,
         "rollout__ep_rew_std": 1.0},
        {"action__size": _then(0.71, 0.5, at=11), "rollout__ep_rew_mean": 1.0,
         "rollout__ep_rew_std": 1.0},
    ),
    (
        "actions_make_no_difference",
        {"train__std": _then(1.0, 0.91, at=3), "rollout__ep_rew_mean": 1.0,
         "rollout__ep_rew_std": 1.0},
        {"train__std": _then(1.0, 0.89, at=3), "rollout__ep_rew_mean": 1.0,
         "rollout__ep_rew_std": 1.0},
    ),
    (
        "actions_make_no_difference",
        {"train__std": 1.0, "rollout__ep_rew_mean": 1.0, "rollout__ep_rew_std": 1.0},
        {"train__std": 1.0, "rollout__ep_rew_mean": _rises(1.0, 99.0), "rollout__ep_rew_std": 1.0},
    ),
    (
        "actions_near_zero",
        {"action__size": 0.5, "action__command_size": 0.049},
        {"action__size": 0.5, "action__command_size": 0.051},
    ),
    ("actions_near_zero", {"action__size": 0.049}, {"action__size": 0.051}),
    ("actions_near_zero", {"action__size": 0.001}, {"action__size": _then(0.001, 0.5, at=2)}),
    ("observations_are_huge", {"observation__largest": 101.0}, {"observation__largest": 99.0}),
    (
        "observations_are_clipped",
        {"observation__clipped": 0.011}, {"observation__clipped": 0.009},
    ),
    (
        "one_term_drowns",
        {"reward__a": 0.04, "reward__b": -0.96}, {"reward__a": 0.06, "reward__b": -0.94},
    ),
    ("one_term_drowns", {"reward__a": 1.0, "reward__b": 0.0}, {"reward__a": 1.0}),
    (
        "better_dead",
        {"reward__a": 0.4, "reward__b": -0.5, "ends__fallen": 0.3, "ends__drifted": 0.3},
        {"reward__a": 0.6, "reward__b": -0.5, "ends__fallen": 0.3, "ends__drifted": 0.3},
    ),
    (
        "better_dead",
        {"reward__a": 0.4, "reward__b": -0.5, "ends__fallen": 0.51},
        {"reward__a": 0.4, "reward__b": -0.5, "ends__time_limit": 0.51, "ends__fallen": 0.49},
    ),
    ("fails_the_same_way", {"ends__fallen": 0.51}, {"ends__fallen": 0.49}),
    ("fails_the_same_way", {"ends__fallen": 0.51}, {"ends__terminated": 1.0}),
    ("fails_the_same_way", {"ends__fallen": 0.51}, {"ends__fallen": _then(1.0, 0.1, at=14)}),
    (
        "time_limit_is_failure",
        {"rollout__ep_len_max_share": 0.51, "ends__terminated": 0.51},
        {"rollout__ep_len_max_share": 0.51, "ends__terminated": 0.49},
    ),
    (
        "time_limit_is_failure",
        {"rollout__ep_len_max_share": 0.51, "ends__terminated": 0.51},
        {"rollout__ep_len_max_share": 0.49, "ends__terminated": 0.51},
    ),
    ("worlds_diverge", {"worlds__diverged": 1.0}, {"worlds__diverged": 0.0}),
    ("slower", {"time__fps": _then(100.0, 24.0)}, {"time__fps": _then(100.0, 26.0)}),
    (  # filling a replay says nothing about speed
        "slower",
        {"time__fps": _then(100.0, 24.0), "train__n_updates": 1.0},
        {"time__fps": _then(100.0, 24.0, at=3), "train__n_updates": _then(0.0, 9.0, at=3)},
    ),
]  # fmt: skip
"""A rule, rows in which it finds something, and rows just this side of its threshold."""


@pytest.mark.parametrize(("name", "unusual", "usual"), UNUSUAL)
def test_a_rule_speaks_beyond_its_threshold_and_not_before(name, unusual, usual):
    assert name in _names(_rows(**unusual))
    assert name not in _names(_rows(**usual))


def test_every_rule_is_tried():
    assert {name for name, _, _ in UNUSUAL} == {rule.__name__ for rule in RULES}


def test_the_trailing_median_looks_back_only_and_over_gaps():
    values = np.array([math.nan, 4.0, 1.0, math.inf, 3.0, 9.0])
    expected = [math.nan, 4.0, 2.5, 2.5, 2.0, 6.0]  # of three, those that are finite
    np.testing.assert_array_equal(trailing_median(values, 3), expected)


def test_something_lasts_from_its_first_row_to_the_row_after_its_last():
    history = History(_rows(nb=40), {"steps": 4000})
    unusual = np.zeros(40, bool)
    unusual[[3, 4, 5]] = True  # a tenth of 40 rows is 4
    assert history.lasting(unusual) is None
    unusual[20:24] = True
    assert history.lasting(unusual) == (2100, 2500, slice(20, 24))
    unusual[10:40] = True
    assert history.lasting(unusual) == (1100, None, slice(10, 40))


def test_a_training_under_way_is_measured_by_its_planned_length():
    rows = _rows(nb=5, train__approx_kl=0.1)
    assert _names(rows, {**SETTINGS, "steps": 2000}) == ["policy_moves_too_far"]
    assert _names(rows, {**SETTINGS, "steps": 100_000}) == []  # 5 of 1000 rows are no spell


def test_what_lies_behind_a_row_does_not_depend_on_what_follows():
    rows = _rows(train__approx_kl=_then(0.001, 0.1, at=6))
    found = [diagnose(rows[:nb], SETTINGS) for nb in range(1, 21)]
    assert [len(findings) for findings in found] == [0] * 9 + [1] * 11
    assert {finding.since for findings in found for finding in findings} == {800}


def test_a_finding_says_since_when_what_why_and_what_to_try():
    rows = _rows(train__approx_kl=lambda i: 0.2 if 5 <= i < 12 else 0.001)
    (finding,) = diagnose(rows, SETTINGS)
    assert str(finding) == (
        "From 700 to 1,400 steps: the policy changes too much (a KL divergence of 0.2 nats an "
        "update); usually the learning rate is too high; try a lower --algo.learning-rate, or "
        "--algo.n-epochs where there are epochs."
    )


def test_the_term_that_costs_most_is_the_first_to_look_at():
    rows = _rows(reward__a=0.1, reward__b=-0.5, reward__c=-0.4, ends__fallen=1.0)
    (finding,) = [f for f in diagnose(rows, SETTINGS) if f.name == "better_dead"]
    assert "every step costs 0.8" in finding.what and "weight of 'b' first" in finding.remedy


def test_the_term_that_drowns_the_others_is_named():
    (finding,) = diagnose(_rows(reward__a=0.02, reward__b=-0.98, reward__c=0.0), SETTINGS)
    assert finding.what == "the term 'b' is 98 % of the reward"


def test_causes_come_before_what_follows_from_them():
    rows = _rows(ends__fallen=1.0, worlds__diverged=_then(0.0, 1.0, at=17))
    assert _names(rows) == ["worlds_diverge", "fails_the_same_way"]


def test_the_sentence_that_ended_a_training_comes_first():
    rows = _rows(nb=3, train__approx_kl=9.0)
    findings = diagnose(rows, SETTINGS, "observation 'pitch' is not finite in 1 world (3).\n")
    assert [finding.name for finding in findings] == ["broke_off", "policy_moves_too_far"]
    assert findings[0].since == 300
    assert "(observation 'pitch' is not finite in 1 world (3))" in findings[0].what
    assert [finding.since for finding in diagnose([], SETTINGS, "no memory")] == [0]


def test_nothing_is_found_in_nothing():
    assert diagnose([], SETTINGS) == []
    assert diagnose(_rows(nb=1), SETTINGS) == []
    empty = {rule: "" for rule in ("train/approx_kl", "rollout/ep_rew_mean", "time/fps")}
    assert diagnose([row | empty for row in _rows()], SETTINGS) == []
    broken = dict.fromkeys(("train/approx_kl", "train/explained_variance", "time/fps"), "nan")
    assert diagnose([row | broken for row in _rows()], SETTINGS) == []
    assert diagnose(_rows(), {}) == []


def _recorded(name):
    with open(RECORDED / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", [n for n, run in RUNS.items() if run["group"] == "sick"])
def test_a_sick_training_is_named(name):
    run = RUNS[name]
    findings = diagnose(_recorded(name), run["settings"], run["failure"])
    assert run["expected"] in [finding.name for finding in findings]


@pytest.mark.parametrize("name", [n for n, run in RUNS.items() if run["group"] != "sick"])
def test_a_healthy_training_is_left_in_peace(name):
    run = RUNS[name]
    assert diagnose(_recorded(name), run["settings"], run["failure"]) == []


def test_the_record_has_ten_healthy_runs_for_the_thresholds_and_ten_others():
    groups = [run["group"] for run in RUNS.values()]
    assert groups.count("fixed") == groups.count("checked") == 10
