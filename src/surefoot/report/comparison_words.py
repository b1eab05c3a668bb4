"""A comparison in one plain sentence."""

from __future__ import annotations

from surefoot.report.comparison import FEWEST, Metric, Pair, Result, Summary

_MANY = 1000
"""Runs above which their number is no longer told."""


def sentences(result: Result) -> list[str]:
    """What each pair of groups shows, one sentence each."""
    groups = {group.group: group for group in result.groups}
    return [
        _sentence(result.metric, pair, groups[pair.first], groups[pair.second])
        for pair in result.pairs
    ]


def number(value: float | None, unit: str = "") -> str:
    """Three digits that count, and the unit; a dash for none."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def span(limits: tuple[float | None, float | None], worst: str = "?") -> str:
    """An interval; `worst` stands for a limit that is no number."""
    low, high = (worst if limit is None else number(limit) for limit in limits)
    return f"{low} to {high}"


def _sentence(metric: Metric, pair: Pair, first: Summary, second: Summary) -> str:
    few = [group for group in (first, second) if len(group.values) < FEWEST]
    if few:
        return _too_few(few)
    ahead, behind = pair.second, pair.first
    probability, (low, high) = pair.probability, pair.probability_ci95
    if probability < 0.5:
        ahead, behind = behind, ahead
        probability, low, high = 1.0 - probability, 1.0 - high, 1.0 - low
    chance = f"{probability:.2f} (95 % interval {low:.2f} to {high:.2f})"
    if pair.better:
        text = f"{ahead} is better than {behind} in {metric.title} with probability {chance}"
    else:
        text = (
            f"no difference in {metric.title} can be seen between {pair.first} and {pair.second}: "
            f"{ahead} is better with probability {chance}"
        )
    return f"{text}; {_limits(metric, pair, first, second)}."


def _limits(metric: Metric, pair: Pair, first: Summary, second: Summary) -> str:
    """What so few runs can show, and how many would show more."""
    if pair.detectable is None:
        return " and ".join(
            f"{group.failed} of {len(group.values)} runs of {group.group} failed"
            for group in (first, second)
            if group.failed
        ) + ", so that ranks decide"  # fmt: skip
    sizes = sorted({len(first.values), len(second.values)})
    text = (
        f"with {' and '.join(map(str, sizes))} seeds a difference below "
        f"{number(pair.detectable, metric.unit)} would not be seen"
    )
    asked = pair.effect != abs(pair.difference or 0.0)
    if not pair.effect or (pair.better and not asked):
        return text
    many = pair.runs_needed is None or pair.runs_needed > _MANY
    needed = f"more than {_MANY}" if many else f"{pair.runs_needed:.0f}"
    size = f"one of {number(pair.effect, metric.unit)}" + ("" if asked else ", as measured,")
    return f"{text}, and {size} takes {needed} seeds each"


def _too_few(groups: list[Summary]) -> str:
    """What one or two runs can and cannot tell."""
    names = " and ".join(group.group for group in groups)
    if any(len(group.values) == 1 for group in groups):
        return (
            f"one seed of {names} says what that run did, not what the next one would do: it has "
            "neither an interval nor a test; train at least 5."
        )
    return f"two seeds of {names} decide nothing; train at least 5."
