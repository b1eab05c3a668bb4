"""What a few runs say about all runs: aggregates, intervals, profiles, probabilities.

N runs of M tasks give scores (N, M); one task alone gives (N,). Intervals have a confidence of
95 %, and docs/statistics.md says how often they cover in truth. A run that broke, or never came
where it should, may have an infinite score, the worst there is; NaN is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
Statistic = Literal["mean", "median", "iqm"]
Interval = tuple[Floats, Floats]

CONFIDENCE = 0.95
ENOUGH = 20
"""Runs from which on the bootstrap may be trusted."""
REPLICATIONS = 2000
"""Resamples of a bootstrap: the limits of an interval then vary by about 3 % of its width."""
_TAIL = 0.5 * (1.0 - CONFIDENCE)


def iqm(scores: Floats, axis: int | None = None) -> Floats:
    """Interquartile mean: of the middle half, a quarter of the scores cut off at each end.

    Args:
        scores: Any shape; over runs and tasks alike where no axis is named.
        axis: Where the runs are.

    Source: Agarwal et al. 2021, arXiv:2108.13264; N / 4 is rounded down, as in their program.
    """
    if axis is None:
        scores, axis = scores.ravel(), 0
    return stats.trim_mean(scores, 0.25, axis=axis)


STATISTICS: dict[Statistic, Callable[..., Floats]] = {
    "mean": np.mean,
    "median": np.median,
    "iqm": iqm,
}
"""How many runs become one number, by name; each takes `axis`."""


def optimality_gap(scores: Floats, target: float = 1.0) -> float:
    """How far below the target the scores lie on average; what is above it counts as reached."""
    return float(np.maximum(target - scores, 0.0).mean())


def probability_of_improvement(x: Floats, y: Floats) -> float:
    """Probability that a run of X scores more than one of Y, mean over the tasks; a tie is half.

    Args:
        x: (N, M) or (N,).
        y: (K, M) or (K,).
    """
    ahead, behind = x[:, None] > y[None], x[:, None] < y[None]
    return float(0.5 + 0.5 * (ahead.mean() - behind.mean()))


def performance_profile(scores: Floats, thresholds: Floats) -> Floats:
    """Share of all scores above each threshold (K,)."""
    return (scores.ravel() > thresholds[:, None]).mean(axis=1)


def stratified_bootstrap(
    scores: Floats, statistic: Callable[..., Floats], *, seed: int = 0
) -> Interval:
    """Percentile interval of a statistic over runs and tasks; runs are drawn anew in each task.

    Args:
        scores: (..., N, M); the dimensions before are independent experiments.
        statistic: Takes scores (..., N * M) and `axis`.
        seed: Of the resampling.

    Returns:
        Lower and upper limit, (...).

    Source: Agarwal et al. 2021, section 4.1.
    """

    def of_all(*tasks: Floats, axis: int) -> Floats:
        return statistic(np.concatenate(tasks, axis=axis), axis=axis)

    found = stats.bootstrap(
        tuple(np.moveaxis(scores, -1, 0)),
        of_all,
        axis=-1,
        n_resamples=REPLICATIONS,
        batch=max(1, 2**24 // scores.size),  # 128 MB
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return found.low, found.high


def interval(scores: Floats, statistic: Statistic) -> Interval:
    """Interval of a statistic of one task's runs, by the method that covers with so many.

    Of the mean: Hall's. Of the IQM and the median: from 20 runs on the bootstrap, from 5 on order
    statistics, with fewer Student's. Runs whose scores are infinite have order statistics alone.

    Args:
        scores: (..., N); the dimensions before are independent experiments.
        statistic: What the interval is of.

    Returns:
        Lower and upper limit, (...); NaN where there is none.
    """
    nb = scores.shape[-1]
    with np.errstate(invalid="ignore"):  # inf - inf: there is no mean, which NaN says
        if nb < 2:
            nothing = np.full(scores.shape[:-1], np.nan)
            return nothing, nothing
        if statistic == "mean":
            return hall_interval(scores)
        if nb < 5:
            return student_interval(scores)
    if nb < ENOUGH or not np.isfinite(scores).all():
        return order_interval(scores)
    return stratified_bootstrap(scores[..., None], STATISTICS[statistic])


def student_interval(scores: Floats) -> Interval:
    """Student's interval of the mean of scores (..., N), at least 2."""
    mean, error = scores.mean(axis=-1), stats.sem(scores, axis=-1)
    half = stats.t.isf(_TAIL, scores.shape[-1] - 1) * error
    return mean - half, mean + half


def hall_interval(scores: Floats) -> Interval:
    r"""Student's interval of the mean of scores (..., N), at least 2, corrected for their skewness.

    Student's ratio $T = (\bar x - \mu) / s$ of skewed scores with skewness $\gamma$ is itself
    skewed; $T + \gamma T^2 / 3 + \gamma^2 T^3 / 27 + \gamma / (6 N)$ is nearly not, and rises with
    T, so that its limits turn into limits of T. Without skewness this is Student's interval.

    Source: Hall 1992, "On the removal of skewness by transformation", J. R. Stat. Soc. B 54. Limits
        from Student's distribution instead of the normal one are ours.
    """
    nb = scores.shape[-1]
    mean, deviation = scores.mean(axis=-1), scores.std(axis=-1, ddof=1)
    centred = scores - mean[..., None]
    spread = scores.std(axis=-1)
    third = (centred**3).mean(axis=-1)
    skewness = np.divide(third, spread**3, out=np.zeros_like(third), where=spread > 0.0)
    limit = stats.t.isf(_TAIL, nb - 1) / np.sqrt(nb)
    skewed = np.abs(skewness) > 1e-6  # the error of the straight line is of this order
    divisor = np.where(skewed, skewness, 1.0)

    def ratio(of: float) -> Floats:
        curved = 3.0 / divisor * (np.cbrt(1.0 + divisor * (of - skewness / (6.0 * nb))) - 1.0)
        return np.where(skewed, curved, of)

    return mean - deviation * ratio(limit), mean - deviation * ratio(-limit)


def order_interval(scores: Floats) -> Interval:
    """Interval of the median of scores (..., N), between two of them, whatever their distribution.

    The median is in the range of 5 runs with probability 1 - 2 / 2^5 = 0.94, which is all that 5
    runs can say. With more, the limits lie between two pairs of ordered runs: one whose range holds
    the median with a little more than 95 %, and the next one inside. The IQM is near the median,
    and covered nearly as often.

    Source: Hettmansperger and Sheather 1986, "Confidence intervals based on interpolated order
        statistics", Statistics and Probability Letters 4.
    """
    ordered = np.sort(scores, axis=-1)
    nb = ordered.shape[-1]
    depth = np.arange(1, nb // 2 + 1)  # of the outer pair: the first and the last, and so on
    holds = 1.0 - 2.0 * stats.binom.cdf(depth - 1, nb, 0.5)
    wide = depth[holds >= CONFIDENCE]
    if not len(wide):
        return ordered[..., 0], ordered[..., -1]
    d = int(wide[-1])
    share = (holds[d - 1] - CONFIDENCE) / (holds[d - 1] - holds[d])
    inward = (nb - d) * share / (d + (nb - 2 * d) * share)
    low = (1.0 - inward) * ordered[..., d - 1] + inward * ordered[..., d]
    high = (1.0 - inward) * ordered[..., nb - d] + inward * ordered[..., nb - d - 1]
    return low, high


def improvement_interval(x: Floats, y: Floats) -> tuple[float, float]:
    r"""Interval of the probability that a run of X (N,) scores more than one of Y (K,).

    Holds the $\theta$ from which the observed probability is at most 1.96 standard deviations
    away; these are taken at $\theta$, so that even complete separation leaves an interval.

    Source: Newcombe 2006, "Confidence intervals for an effect size measure based on the
        Mann-Whitney statistic", part 2, Statistics in Medicine 25, method 5.
    """
    nb_x, nb_y = len(x), len(y)
    observed = probability_of_improvement(x, y)
    pairs = 0.5 * (nb_x + nb_y) - 1.0
    limit = float(stats.norm.isf(_TAIL))

    def excess(theta: float) -> float:
        spread = theta * (1.0 - theta) / (nb_x * nb_y)
        spread *= 1.0 + pairs * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        return (theta - observed) ** 2 - limit**2 * spread

    edge = 1e-9  # 0 and 1 are solutions where the observed probability is 0 or 1
    low = optimize.brentq(excess, 0.0, min(observed, 1.0 - edge)) if observed > 0.0 else 0.0
    high = optimize.brentq(excess, max(observed, edge), 1.0) if observed < 1.0 else 1.0
    return cast("tuple[float, float]", (low, high))


def profile_band(scores: Floats, thresholds: Floats) -> Interval:
    """Wilson's interval of the performance profile of one task's runs (N,), point-wise, (K,)."""
    above = performance_profile(scores, thresholds)
    nb, limit = len(scores), stats.norm.isf(_TAIL)
    scale = 1.0 + limit**2 / nb
    centre = (above + limit**2 / (2.0 * nb)) / scale
    half = limit / scale * np.sqrt(above * (1.0 - above) / nb + limit**2 / (4.0 * nb**2))
    return centre - half, centre + half


def share_in_range(nb: int) -> float:
    """Share of all runs that lies, with a confidence of 95 %, in the range of `nb` of them.

    The tolerance interval that holds for every continuous distribution: 0.34 for 5 runs; 46 are
    needed for 0.9.

    Source: Wilks 1941, "Determination of sample sizes for setting tolerance limits": the share
        between the lowest and the highest is distributed as Beta(N - 1, 2).
    """
    return float(stats.beta.ppf(1.0 - CONFIDENCE, nb - 1, 2)) if nb > 1 else 0.0
