"""Aggregates, intervals, profiles: against examples by hand, scipy, and rliable."""

import numpy as np
import pytest
from rliable import library, metrics
from scipy import stats

from surefoot.report.statistics import (
    STATISTICS,
    hall_interval,
    improvement_interval,
    interval,
    iqm,
    optimality_gap,
    order_interval,
    performance_profile,
    probability_of_improvement,
    profile_band,
    share_in_range,
    stratified_bootstrap,
    student_interval,
)


def exactly(value):
    return pytest.approx(value, rel=0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "value"),
    [
        ([7.0, 1.0, 100.0, 4.0, 2.0], 13.0 / 3.0),  # 5 / 4 = 1 cut at each end: 2, 4, 7
        ([9.0, 1.0, 3.0, 2.0], 2.5),
        ([5.0, 1.0, 3.0], 3.0),  # nothing to cut
        ([8.0, 0.0, 1.0, 1.0, 3.0, 9.0, 5.0, -4.0], 2.5),  # 2 cut: 1, 1, 3, 5
    ],
)
def test_the_iqm_is_the_mean_of_the_middle_half(scores, value):
    assert float(iqm(np.array(scores))) == exactly(value)


def test_the_iqm_of_several_tasks_is_over_runs_and_tasks_alike():
    # 12 scores, 3 cut at each end: 3, 4, 5, 6, 7, 8; the mean of the two tasks' IQM would be 53
    scores = np.array([[1.0, 100.0], [2.0, 101.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 0.0]])
    assert float(iqm(scores)) == exactly(5.5)
    assert iqm(scores, axis=0).tolist() == exactly([4.25, 29.5])


def test_a_run_that_failed_leaves_an_iqm_until_a_quarter_failed():
    assert float(iqm(np.array([1.0, 2.0, 3.0, 4.0, np.inf]))) == exactly(3.0)
    assert float(iqm(np.array([1.0, 2.0, 3.0, np.inf, np.inf]))) == np.inf


def test_the_optimality_gap_does_not_count_what_is_above_the_target():
    scores = np.array([[0.5, 1.5], [1.0, -0.25]])
    assert optimality_gap(scores) == exactly((0.5 + 0.0 + 0.0 + 1.25) / 4.0)
    assert optimality_gap(scores, target=2.0) == exactly((1.5 + 0.5 + 1.0 + 2.25) / 4.0)


def test_a_tie_is_half_an_improvement():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.0, 5.0])
    # 1 beats 0; 2 beats 0 and ties twice; 3 beats 2, 2, 0
    assert probability_of_improvement(x, y) == exactly((1 + 2 + 3) / 12)
    assert probability_of_improvement(y, x) == exactly(0.5)
    two_tasks = probability_of_improvement(np.stack((x, x), axis=1), np.stack((y, y + 9), axis=1))
    assert two_tasks == exactly(0.25)  # the second is lost


def test_a_profile_is_the_share_above_each_threshold():
    scores = np.array([[0.0, 1.0], [2.0, 1.0], [3.0, 4.0]])
    found = performance_profile(scores, np.array([-1.0, 0.0, 1.0, 3.5, 4.0]))
    assert found.tolist() == exactly([1.0, 5 / 6, 3 / 6, 1 / 6, 0.0])


def test_what_rliable_computes_as_well_is_the_same():
    rng = np.random.default_rng(5)
    x, y = rng.normal(0.6, 0.5, size=(7, 5)), rng.normal(0.4, 0.6, size=(6, 5))
    y[0] = x[0]  # ties
    close = {"rel": 0.0, "abs": 1e-6}
    assert float(iqm(x)) == pytest.approx(metrics.aggregate_iqm(x), **close)
    assert float(np.mean(x)) == pytest.approx(metrics.aggregate_mean(x), **close)
    assert optimality_gap(x, 0.8) == pytest.approx(
        metrics.aggregate_optimality_gap(x, 0.8), **close
    )
    assert probability_of_improvement(x, y) == pytest.approx(
        metrics.probability_of_improvement(x, y), **close
    )
    thresholds = np.linspace(-1.0, 2.0, 13)
    profiles, _ = library.create_performance_profile({"x": x}, thresholds, reps=2)
    np.testing.assert_allclose(
        performance_profile(x, thresholds), profiles["x"], rtol=0.0, atol=1e-6
    )


def test_the_bootstrap_is_the_one_of_rliable():
    """Both draw their own resamples: the limits agree up to the noise of 2000 of them."""
    rng = np.random.default_rng(2)
    # tasks far apart: whoever draws across tasks has an interval twice as wide
    scores = rng.normal(size=(6, 4)) + 5.0 * np.arange(4)
    np.random.seed(1)  # rliable draws from the global generator
    _, theirs = library.get_interval_estimates(
        {"x": scores}, lambda scores: np.array([metrics.aggregate_iqm(scores)]), reps=2000
    )
    ours = np.array(stratified_bootstrap(scores, iqm))
    width = ours[1] - ours[0]
    np.testing.assert_allclose(ours, theirs["x"][:, 0], rtol=0.0, atol=0.08 * width)


def test_experiments_side_by_side_have_the_bootstrap_that_each_has_alone():
    scores = np.random.default_rng(0).normal(size=(3, 6, 4))
    low, high = stratified_bootstrap(scores, iqm)
    for n in range(3):
        alone = stratified_bootstrap(scores[n], iqm)
        assert (low[n], high[n]) == exactly((float(alone[0]), float(alone[1])))


def test_limits_between_order_statistics_by_hand():
    # n = 10: the 2nd to the 9th hold the median with 1 - 22 / 1024, the 3rd to the 8th with
    # 1 - 112 / 1024; 0.95 lies I = 29.2 / 90 of the way inside; its weight is 8 I / (2 + 6 I)
    weight = 8 * 29.2 / (2 * 90 + 6 * 29.2)
    scores = np.array([3.0, 1.0, 2.0, 30.0, 10.0, 9.0, 4.0, 7.0, 6.0, 5.0])
    low, high = order_interval(scores)
    assert (float(low), float(high)) == exactly(
        ((1 - weight) * 2.0 + weight * 3.0, (1 - weight) * 10.0 + weight * 9.0)
    )
    five = order_interval(np.array([5.0, 1.0, np.inf, 3.0, 2.0]))
    assert (float(five[0]), float(five[1])) == (1.0, np.inf)


def test_students_interval_is_that_of_scipy():
    scores = np.array([[1.0, 4.0, 2.0, 9.0], [0.0, 0.0, 1.0, 5.0]])
    theirs = stats.ttest_1samp(scores, 0.0, axis=1).confidence_interval(0.95)
    np.testing.assert_allclose(student_interval(scores), theirs, rtol=1e-12)


def test_halls_interval_solves_its_equation():
    scores = np.random.default_rng(3).exponential(size=(4, 7))
    mean, skewness = scores.mean(axis=1), stats.skew(scores, axis=1)
    for limit, sign in zip(hall_interval(scores), (1.0, -1.0), strict=True):
        t = (mean - limit) / scores.std(axis=1, ddof=1)
        curved = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / (6 * 7)
        np.testing.assert_allclose(curved, sign * stats.t.ppf(0.975, 6) / np.sqrt(7), rtol=1e-9)


def test_without_skewness_halls_interval_is_students():
    even = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0]])
    np.testing.assert_allclose(hall_interval(even), student_interval(even), rtol=1e-12)


def test_which_interval_stands_for_how_many_runs():
    scores = np.random.default_rng(0).normal(size=30)
    for name in ("median", "iqm"):
        assert interval(scores[:4], name) == student_interval(scores[:4])
        assert interval(scores[:5], name) == order_interval(scores[:5])
        assert interval(scores[:19], name) == order_interval(scores[:19])
        bootstrap = stratified_bootstrap(scores[:20, None], STATISTICS[name])
        assert interval(scores[:20], name) == bootstrap
        failed = np.append(scores, -np.inf)
        assert interval(failed, name) == order_interval(failed)
    assert interval(scores, "mean") == hall_interval(scores)


def test_one_run_has_no_interval_and_a_failed_one_no_mean():
    assert np.isnan(interval(np.array([[3.0]]), "iqm")).all()
    failed = np.array([1.0, 2.0, 3.0, 4.0, np.inf])
    assert np.isnan(interval(failed, "mean")).all()
    assert np.isnan(interval(failed[2:], "iqm")).all()


def test_the_interval_of_an_improvement_solves_its_equation():
    """At both limits the observed probability is 1.96 standard deviations away."""
    x, y = np.array([3.0, 5.0, 6.0, 9.0]), np.array([1.0, 4.0, 5.0])
    observed = probability_of_improvement(x, y)
    assert observed == exactly((1 + 2.5 + 3 + 3) / 12)
    limits = improvement_interval(x, y)
    assert limits[0] < observed < limits[1]
    for theta in limits:
        pairs = (1 - theta) / (2 - theta) + theta / (1 + theta)
        variance = theta * (1 - theta) / 12 * (1 + 2.5 * pairs)
        assert abs(theta - observed) == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


def test_complete_separation_leaves_an_interval():
    x, y = np.arange(5.0), np.arange(5.0) - 100.0
    low, high = improvement_interval(x, y)
    assert high == 1.0
    assert 0.6 < low < 0.7  # 3.84 * (1 + 4 / 2) / 25 = (1 - low) / low, nearly
    assert improvement_interval(y, x) == exactly((0.0, 1.0 - low))


def test_the_band_of_a_profile_is_wilsons():
    scores = np.arange(10.0)
    low, high = profile_band(scores, np.array([2.5]))  # 7 of 10 are above
    theirs = stats.binomtest(7, 10).proportion_ci(method="wilson")
    assert (low[0], high[0]) == exactly((theirs.low, theirs.high))


def test_46_runs_hold_nine_tenths_of_all():
    assert share_in_range(45) < 0.9 < share_in_range(46)
    # the chance that all but one of 5 lie in a share s, or all: 5 s^4 - 4 s^5
    s = share_in_range(5)
    assert 5 * s**4 - 4 * s**5 == pytest.approx(0.05, abs=1e-9)
    assert share_in_range(1) == 0.0


def _gaussian(rng, size):
    return rng.normal(size=size)


def _exponential(rng, size):
    return rng.exponential(size=size)


def _lognormal(rng, size):
    return rng.lognormal(sigma=1.0, size=size)


def _two_kinds(rng, size):
    """Three runs in ten do not learn it."""
    return (rng.random(size) > 0.3) + 0.25 * rng.normal(size=size)


def _coverage(draw, nb, statistic, trials=4000):
    rng = np.random.default_rng(7)
    truth = float(STATISTICS[statistic](draw(rng, 2_000_000)))
    low, high = interval(draw(rng, (trials, nb)), statistic)
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("nb", [3, 5, 10, 15])
@pytest.mark.parametrize("statistic", ["iqm", "mean"])
def test_intervals_of_gaussian_runs_cover(statistic, nb):
    assert 0.93 <= _coverage(_gaussian, nb, statistic) <= 0.97


@pytest.mark.parametrize("nb", [5, 10])
@pytest.mark.parametrize("draw", [_exponential, _lognormal, _two_kinds])
@pytest.mark.parametrize("statistic", ["iqm", "median"])
def test_intervals_of_skewed_runs_cover(statistic, draw, nb):
    assert _coverage(draw, nb, statistic) >= 0.9


@pytest.mark.parametrize("nb", [5, 10])
@pytest.mark.parametrize("draw", [_exponential, _two_kinds])
def test_the_interval_of_a_mean_covers_where_student_does_not(draw, nb):
    assert _coverage(draw, nb, "mean") >= 0.9


@pytest.mark.parametrize("draw", [_gaussian, _exponential])
def test_the_bootstrap_covers_with_20_runs(draw, monkeypatch):
    monkeypatch.setattr("surefoot.report.statistics.REPLICATIONS", 400)
    assert 0.92 <= _coverage(draw, 20, "iqm", trials=1000) <= 0.97


@pytest.mark.parametrize("draw", [_gaussian, _lognormal])
def test_the_bootstrap_over_tasks_covers(draw, monkeypatch):
    """10 runs of 10 tasks, 1000 trials; fewer resamples, to be quicker."""
    monkeypatch.setattr("surefoot.report.statistics.REPLICATIONS", 400)
    rng = np.random.default_rng(11)
    level = np.linspace(0.0, 2.0, 10)
    truth = float(iqm(draw(rng, (200_000, 10)) + level))
    low, high = stratified_bootstrap(draw(rng, (1000, 10, 10)) + level, iqm)
    assert 0.92 <= float(((low <= truth) & (truth <= high)).mean()) <= 0.97


@pytest.mark.parametrize(("shift", "nb"), [(0.0, 5), (1.0, 5), (1.0, 10)])
def test_the_interval_of_an_improvement_covers(shift, nb):
    rng = np.random.default_rng(3)
    truth = stats.norm.cdf(shift / np.sqrt(2.0))
    limits = np.array(
        [
            improvement_interval(shift + rng.normal(size=nb), rng.normal(size=nb))
            for _ in range(1000)
        ]
    )
    assert 0.925 <= ((limits[:, 0] <= truth) & (truth <= limits[:, 1])).mean() <= 0.985
