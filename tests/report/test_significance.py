"""Tests of difference, their errors, and how many runs they need."""

import itertools

import numpy as np
import pytest
from scipy import stats

from surefoot.report.significance import (
    ALPHA,
    detectable_difference,
    difference_interval,
    holm,
    paired_test,
    permutation_test,
    power,
    runs_needed,
    welch_test,
)


def exactly(value):
    return pytest.approx(value, rel=0.0, abs=1e-12)


def test_welchs_test_and_interval_are_those_of_scipy():
    x, y = np.array([1.0, 4.0, 2.5, 9.0]), np.array([3.0, 0.5, 0.0, 2.0, 1.0, 2.0])
    theirs = stats.ttest_ind(x, y, equal_var=False)
    assert welch_test(x, y) == exactly(theirs.pvalue)
    assert difference_interval(x, y) == exactly(tuple(theirs.confidence_interval(0.95)))
    wider = theirs.confidence_interval(0.99)
    assert difference_interval(x, y, alpha=0.01) == exactly(tuple(wider))
    assert paired_test(x, y[:4]) == exactly(stats.ttest_rel(x, y[:4]).pvalue)


def test_groups_without_spread_differ_if_their_values_do():
    same = np.full(5, 500.0)
    assert welch_test(same, same) == 1.0
    assert welch_test(same, same - 1.0) == 0.0
    assert paired_test(same, same) == 1.0
    assert paired_test(same + np.arange(5), same + np.arange(5) + 1.0) == 0.0
    assert 0.0 < welch_test(same, same + np.arange(5)) < 1.0
    assert permutation_test(same, same) == 1.0


def test_the_permutation_test_counts_every_rearrangement():
    x, y = np.array([5.0, 9.0, 7.0]), np.array([1.0, 2.0, 8.0, 3.0])
    pooled, measured = np.concatenate((x, y)), abs(x.mean() - y.mean())
    every = [
        abs(pooled[list(c)].mean() - np.delete(pooled, c).mean())
        for c in itertools.combinations(range(7), 3)
    ]
    # both tails; scipy doubles the smaller one, here of 35 rearrangements
    upper = np.mean([
        pooled[list(c)].mean() - np.delete(pooled, c).mean() >= measured - 1e-9
        for c in itertools.combinations(range(7), 3)
    ])  # fmt: skip
    assert len(every) == 35
    assert permutation_test(x, y) == exactly(2 * upper)


def test_separation_of_five_seeds_is_the_rarest_of_252():
    x = np.arange(5.0)
    assert permutation_test(x, x + 10.0) == exactly(2 / 252)


def test_pairs_change_places_only_with_each_other():
    x = np.array([1.0, 20.0, 300.0, 4000.0, 50000.0])
    y = x + np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert permutation_test(x, y, paired=True) == exactly(2 / 32)
    assert permutation_test(x, y) > 0.8


def test_runs_that_never_arrive_are_tested_by_their_ranks():
    x, y = np.array([10.0, 12.0, 15.0, 11.0]), np.array([np.inf, 20.0, np.inf, 30.0])
    assert permutation_test(x, y) == exactly(2 / 70)
    assert permutation_test(x, x[[0, 2, 1, 3]]) == 1.0
    never = np.full(4, np.inf)
    assert permutation_test(never, never) == 1.0


def test_holm_multiplies_the_smallest_most():
    # 0.01 * 4; 0.02 * 3; 0.03 * 2 = 0.06 again; 0.5
    assert holm([0.02, 0.5, 0.01, 0.03]) == exactly([0.06, 0.5, 0.04, 0.06])
    assert holm([0.4, 0.6]) == exactly([0.8, 0.8])
    assert holm([0.03]) == [0.03]


def test_identical_groups_differ_in_one_of_twenty():
    """2000 experiments of 5 runs against 5."""
    x, y = np.random.default_rng(0).normal(size=(2, 2000, 5))
    wrong = np.mean([welch_test(a, b) < ALPHA for a, b in zip(x, y, strict=True)])
    assert 0.035 <= wrong <= 0.065


@pytest.mark.parametrize(("distance", "nb"), [(2.0, 6), (1.0, 17), (0.5, 64)])
def test_the_table_of_sample_sizes(distance, nb):
    """For a power of 0.8; the power is the share of simulated experiments that see it."""
    assert runs_needed(distance, (1.0, 1.0)) == nb
    assert (
        power(distance, (1.0, 1.0), (nb, nb)) >= 0.8 > power(distance, (1.0, 1.0), (nb - 1, nb - 1))
    )
    x, y = np.random.default_rng(1).normal(size=(2, 2000, nb))
    seen = np.mean([welch_test(a + distance, b) < ALPHA for a, b in zip(x, y, strict=True)])
    assert power(distance, (1.0, 1.0), (nb, nb)) == pytest.approx(seen, abs=0.05)
    assert 0.75 <= seen <= 0.9


def test_five_seeds_see_about_two_standard_deviations():
    assert detectable_difference((3.0, 3.0), (5, 5)) == pytest.approx(6.07, abs=0.01)
    assert power(detectable_difference((1.0, 4.0), (5, 9)), (1.0, 4.0), (5, 9)) == pytest.approx(
        0.8, abs=1e-9
    )
    few = detectable_difference((1.0, 1.0), (2, 2))
    assert power(few, (1.0, 1.0), (2, 2)) == pytest.approx(0.8, abs=1e-9)


def test_the_power_with_unequal_spreads_and_sizes_is_what_happens():
    rng = np.random.default_rng(4)
    x, y = rng.normal(2.0, 1.0, size=(2000, 4)), rng.normal(0.0, 2.0, size=(2000, 9))
    seen = np.mean([welch_test(a, b) < ALPHA for a, b in zip(x, y, strict=True)])
    assert power(2.0, (1.0, 2.0), (4, 9)) == pytest.approx(seen, abs=0.05)
    assert power(-2.0, (1.0, 2.0), (4, 9)) == power(2.0, (1.0, 2.0), (4, 9))
    assert power(0.0, (1.0, 2.0), (4, 9)) == pytest.approx(0.05, abs=1e-9)


def test_what_has_no_spread_needs_no_statistics():
    assert detectable_difference((0.0, 0.0), (5, 5)) == 0.0
    assert runs_needed(1.0, (0.0, 0.0)) == 2
    assert runs_needed(0.0, (1.0, 1.0)) == np.inf
    assert runs_needed(1e-9, (1.0, 1.0)) == np.inf
