"""Whether two groups of runs differ, and how many runs it takes to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

Floats = NDArray[np.float64]

ALPHA = 0.05
"""Probability to see a difference where there is none."""
POWER = 0.8
"""Probability to see a difference that is there, which sample sizes are planned for."""
_EXACT = 20_000
"""Rearrangements up to which all are tried: 8 runs against 8 have 12870."""


def welch_test(x: Floats, y: Floats) -> float:
    """Two-sided p of Welch's t test of the means of X (N,) and Y (K,), at least 2 each.

    Two groups without any spread differ if their values do.
    """
    if x.std() == y.std() == 0.0:
        return float(x[0] == y[0])
    found = stats.ttest_ind_from_stats(
        x.mean(), x.std(ddof=1), len(x), y.mean(), y.std(ddof=1), len(y), equal_var=False
    )
    return float(found.pvalue)


def paired_test(x: Floats, y: Floats) -> float:
    """Two-sided p of Student's t test of the differences of pairs, (N,) each, at least 2.

    That is Welch's of the differences against as many zeros.
    """
    return welch_test(x - y, np.zeros(len(x)))


def permutation_test(x: Floats, y: Floats, *, paired: bool = False) -> float:
    """Two-sided p of the difference of means, if who belongs to which group were chance.

    Exact for up to 8 runs against 8, or 14 pairs. Infinite scores have no mean: then ranks stand
    for the scores, which makes it the test of Mann and Whitney, ties included.

    Args:
        x: (N,).
        y: (K,).
        paired: Whether x[i] and y[i] change places only with each other.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        x, y = np.split(stats.rankdata(np.concatenate((x, y))), [len(x)])

    def difference(x: Floats, y: Floats, axis: int) -> Floats:
        return x.mean(axis=axis) - y.mean(axis=axis)

    return float(
        stats.permutation_test(
            (x, y),
            difference,
            permutation_type="samples" if paired else "independent",
            n_resamples=_EXACT,
            vectorized=True,
            rng=np.random.default_rng(0),
        ).pvalue
    )


def holm(p: Sequence[float]) -> list[float]:
    """p of several comparisons, corrected so that all of them together err with probability alpha.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = np.argsort(p)
    factors = len(p) - np.arange(len(p))
    corrected = np.maximum.accumulate(np.minimum(1.0, factors * np.asarray(p)[order]))
    return [float(value) for value in corrected[np.argsort(order)]]


def difference_interval(x: Floats, y: Floats, *, alpha: float = ALPHA) -> tuple[float, float]:
    """Welch's interval of the difference of the means, X (N,) minus Y (K,), at least 2 each."""
    error, freedom = _error((x.std(ddof=1), y.std(ddof=1)), (len(x), len(y)))
    middle, half = x.mean() - y.mean(), stats.t.isf(0.5 * alpha, freedom) * error
    return float(middle - half), float(middle + half)


def power(
    difference: float,
    spreads: tuple[float, float],
    sizes: tuple[int, int],
    *,
    alpha: float = ALPHA,
) -> float:
    """Probability that Welch's test sees a difference of the means.

    Args:
        difference: In truth.
        spreads: Standard deviations of the two groups.
        sizes: Runs in each, at least 2.
        alpha: Below which p counts.
    """
    error, freedom = _error(spreads, sizes)
    if error == 0.0:
        return float(difference != 0.0)
    limit, shift = stats.t.isf(0.5 * alpha, freedom), difference / error
    return float(1.0 - special.ncfdtr(1, freedom, shift**2, limit**2))  # F = t^2: both sides of t


def detectable_difference(
    spreads: tuple[float, float], sizes: tuple[int, int], *, alpha: float = ALPHA
) -> float:
    """Smallest difference of the means that Welch's test sees with probability 0.8."""
    error, freedom = _error(spreads, sizes)
    if error == 0.0:
        return 0.0
    most = 2.0 * stats.t.isf(0.5 * alpha, freedom) + 8.0  # more than enough, in standard errors

    def lacks(shift: float) -> float:
        return POWER - power(shift * error, spreads, sizes, alpha=alpha)

    return error * cast("float", optimize.brentq(lacks, 0.0, most))


def runs_needed(difference: float, spreads: tuple[float, float], *, alpha: float = ALPHA) -> float:
    """Runs in each of two groups with which a difference is seen with probability 0.8.

    Infinity for no difference. Doubles the number until it is enough, then halves the gap.
    """
    if difference == 0.0:
        return np.inf

    def enough(nb: int) -> bool:
        return power(difference, spreads, (nb, nb), alpha=alpha) >= POWER

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > 10**6:
            return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _error(spreads: tuple[float, float], sizes: tuple[int, int]) -> tuple[float, float]:
    """Standard error of a difference of means, and the degrees of freedom that Welch gives it."""
    parts = [spread**2 / size for spread, size in zip(spreads, sizes, strict=True)]
    total = sum(parts)
    if total == 0.0:
        return 0.0, float(min(sizes) - 1)
    below = sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    return float(np.sqrt(total)), float(total**2 / below)
