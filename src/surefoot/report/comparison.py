"""Groups of runs compared, metric by metric: what can be seen, how sure it is, what it would take.

One metric is the question. Its p counts below 0.05. The other metrics are side observations, and
theirs counts below 0.01: so `compare` sees something where there is nothing in at most 6 % of all
comparisons, however many metrics it shows. Both p are corrected for the number of comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from surefoot.report import significance, statistics

Floats = NDArray[np.float64]

FEWEST = 3
"""Runs of a group below which nothing is decided."""
SIDE_ALPHA = 0.01
"""Below which p counts for a metric that is not the question."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number for each run of each group."""

    name: str
    """As `--metric` takes it."""
    title: str
    """In words."""
    unit: str = ""
    """Empty where it has none."""
    higher_is_better: bool
    values: Mapping[str, Floats]
    """By group, (N,); infinite in the bad direction for a run that broke or never got there."""

    def gain(self, group: str) -> Floats:
        """The values, turned so that more is better, (N,)."""
        return self.values[group] if self.higher_is_better else -self.values[group]


@dataclass(frozen=True)
class Estimate:
    """A statistic and its interval; None where there is no such number."""

    value: float | None
    ci95: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the runs of one group reached."""

    group: str
    values: tuple[float | None, ...]
    """Of each run; None if it failed."""
    failed: int
    """Runs that broke or never got there."""
    mean: Estimate
    median: Estimate
    iqm: Estimate
    std: float | None
    """Standard deviation over runs; None if one failed, or there is but one."""
    share_in_range: float
    """Share of all runs that lies between the worst and the best of these, with 95 % confidence."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One group against another."""

    first: str
    second: str
    better: str | None = None
    """Which one can be seen to be better; None if none."""
    probability: float
    """That a run of the second is better than one of the first; a tie is half."""
    probability_ci95: tuple[float, float]
    difference: float | None = None
    """Mean of the second minus mean of the first."""
    difference_ci95: tuple[float, float] | None = None
    welch_p: float | None = None
    permutation_p: float | None = None
    paired_p: float | None = None
    """Student's t test of pairs of runs with the same seed; None if the seeds are not the same."""
    p: float | None = None
    """The p that decides, corrected for the number of comparisons; None if nothing is decided."""
    detectable: float | None = None
    """Smallest difference that so many runs show with probability 0.8."""
    effect: float | None = None
    """The difference that is asked for: the measured one, if no other."""
    runs_needed: float | None = None
    """Runs in each group to show the effect with probability 0.8; None if no number does."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Of one metric."""

    metric: Metric
    alpha: float
    """Below which a corrected p counts."""
    groups: tuple[Summary, ...]
    pairs: tuple[Pair, ...]


def compare(
    metrics: Sequence[Metric],
    seeds: Mapping[str, Sequence[int]],
    *,
    paired: bool = False,
    effect: float | None = None,
) -> list[Result]:
    """Compare all groups with each other in every metric; the first one is the question.

    Args:
        metrics: Of the same groups.
        seeds: Of each group's runs, in the order of the values.
        paired: Decide by the differences of runs with the same seed.
        effect: A difference in the first metric whose number of runs is asked for; None: the
            measured one.
    """
    question = _family(metrics[:1], seeds, significance.ALPHA, paired, effect)
    return question + _family(metrics[1:], seeds, SIDE_ALPHA, paired, None)


def _family(
    metrics: Sequence[Metric],
    seeds: Mapping[str, Sequence[int]],
    alpha: float,
    paired: bool,
    effect: float | None,
) -> list[Result]:
    """Metrics whose p are corrected together."""
    names = list(combinations(seeds, 2))
    strictest = alpha / max(1, len(metrics) * len(names))  # of all those that Holm compares with
    measured = [
        _measure(metric, names_of, seeds, strictest, paired, effect)
        for metric in metrics
        for names_of in names
    ]
    pairs = _decide(measured, alpha)
    return [
        Result(
            metric=metric,
            alpha=alpha,
            groups=tuple(summarize(group, metric.values[group]) for group in seeds),
            pairs=tuple(pairs[n * len(names) : (n + 1) * len(names)]),
        )
        for n, metric in enumerate(metrics)
    ]


def _decide(pairs: Sequence[Pair], alpha: float) -> list[Pair]:
    """Correct every p for the number of them; who is better stays only where it then counts."""
    corrected = iter(significance.holm([pair.p for pair in pairs if pair.p is not None]))
    decided: list[Pair] = []
    for pair in pairs:
        if pair.p is None:
            decided.append(pair)
            continue
        p = next(corrected)
        decided.append(replace(pair, p=p, better=pair.better if p < alpha else None))
    return decided


def _measure(
    metric: Metric,
    names: tuple[str, str],
    seeds: Mapping[str, Sequence[int]],
    alpha: float,
    paired: bool,
    effect: float | None,
) -> Pair:
    """One group against another, p not corrected; by ranks alone where there is no mean.

    Who is ahead in mean is better, if also more likely to win.
    """
    x, y = (metric.values[name] for name in names)
    first, second = (metric.gain(name) for name in names)
    pair = Pair(
        first=names[0],
        second=names[1],
        probability=statistics.probability_of_improvement(second, first),
        probability_ci95=statistics.improvement_interval(second, first),
    )
    if min(len(x), len(y)) < FEWEST:
        return pair
    permutation = significance.permutation_test(x, y, paired=paired)
    ahead = names[1] if pair.probability > 0.5 else names[0]
    pair = replace(pair, permutation_p=permutation, p=permutation, better=ahead)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return pair
    same_seeds = list(seeds[names[0]]) == list(seeds[names[1]])
    welch_p = significance.welch_test(x, y)
    paired_p = significance.paired_test(x, y) if same_seeds else None
    if paired:  # the differences against a group of zeros
        x, y = np.zeros(len(x)), y - x
    spreads = (float(x.std(ddof=1)), float(y.std(ddof=1)))
    difference = float(y.mean() - x.mean())
    effect = effect or abs(difference)
    agree = (second.mean() - first.mean()) * (pair.probability - 0.5) > 0.0
    return replace(
        pair,
        better=ahead if agree else None,
        difference=difference,
        difference_ci95=significance.difference_interval(y, x),
        welch_p=welch_p,
        paired_p=paired_p,
        p=paired_p if paired else welch_p,
        detectable=significance.detectable_difference(spreads, (len(x), len(y)), alpha=alpha),
        effect=effect,
        runs_needed=_number(significance.runs_needed(effect, spreads, alpha=alpha)),
    )


def summarize(group: str, values: Floats) -> Summary:
    """The numbers of one group, (N,)."""
    finite = bool(np.isfinite(values).all())
    estimates: dict[statistics.Statistic, Estimate] = {}
    for name, statistic in statistics.STATISTICS.items():
        low, high = statistics.interval(values, name)
        estimates[name] = Estimate(_number(statistic(values)), (_number(low), _number(high)))
    return Summary(
        group=group,
        values=tuple(_number(value) for value in values),
        failed=int((~np.isfinite(values)).sum()),
        **estimates,
        std=float(values.std(ddof=1)) if finite and len(values) > 1 else None,
        share_in_range=statistics.share_in_range(len(values)),
    )


def _number(value: Floats | float | None) -> float | None:
    """A number that JSON knows."""
    return float(value) if value is not None and np.isfinite(value) else None
