"""Figures of a comparison: every run, the curves, the profiles, who wins against whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from surefoot.report import statistics
from surefoot.report.comparison import Result
from surefoot.report.curves import Curve, common_span, on_grid
from surefoot.report.figure import COLOURS, new_figure, tidy

Floats = NDArray[np.float64]

_POINTS = 200
"""Of a curve."""


def intervals(results: Sequence[Result]) -> Figure:
    """Every run as a dot, the IQM as a bar with its interval; a panel for each metric."""
    nb_groups = len(results[0].groups)
    columns = min(3, len(results))
    rows = -(-len(results) // columns)
    figure = new_figure(4.2 * columns, 0.9 + rows * (1.0 + 0.45 * nb_groups))
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel in panels[len(results) :]:
        panel.set_visible(False)
    for panel, result in zip(panels, results, strict=False):
        _dots(panel, result)
    figure.suptitle("Dots: runs. Bars: interquartile mean with its 95 % interval")
    return figure


def _dots(panel: Axes, result: Result) -> None:
    for row, (colour, group) in enumerate(zip(_colours(), result.groups, strict=False)):
        values = [value for value in group.values if value is not None]
        panel.plot(values, [row] * len(values), "o", color=colour, alpha=0.6, markersize=5)
        low, high = group.iqm.ci95
        if low is not None and high is not None:
            panel.plot([low, high], [row, row], color=colour, linewidth=2.0)
        if group.iqm.value is not None:
            panel.plot(group.iqm.value, row, "|", color=colour, markersize=20, markeredgewidth=3)
        if group.failed:
            panel.annotate(
                f"{group.failed} failed", (1.0, row), xycoords=("axes fraction", "data"),
                ha="right", va="bottom", fontsize=8, color=colour,
            )  # fmt: skip
    panel.set_yticks(range(len(result.groups)), [group.group for group in result.groups])
    panel.set_ylim(len(result.groups) - 0.4, -0.6)
    unit = f", {result.metric.unit}" if result.metric.unit else ""
    better = "more" if result.metric.higher_is_better else "less"
    panel.set_xlabel(f"{result.metric.title}{unit} ({better} is better)")
    tidy(panel)


def learning(curves: Mapping[str, Sequence[Curve]]) -> Figure:
    """IQM of the training returns in its 95 % band, over environment steps; thin lines are runs."""
    begin, end = common_span([curve for runs in curves.values() for curve in runs])
    grid = np.linspace(begin, end, _POINTS)
    figure = new_figure(8.0, 4.8)
    axes = figure.subplots()
    for colour, (name, runs) in zip(_colours(), curves.items(), strict=False):
        returns = on_grid(runs, grid)
        shown = np.where(np.isfinite(returns), returns, np.nan)
        axes.plot(grid, shown.T, color=colour, linewidth=0.5, alpha=0.35)
        low, high = statistics.interval(returns.T, "iqm")
        seen = np.isfinite(low) & np.isfinite(high)
        axes.fill_between(grid, low, high, where=seen, color=colour, alpha=0.2, linewidth=0)
        middle = statistics.iqm(returns, axis=0)
        label = f"{name} ({len(runs)} run{'s' if len(runs) > 1 else ''})"
        axes.plot(grid, np.where(np.isfinite(middle), middle, np.nan), color=colour,
                  linewidth=2.0, label=label)  # fmt: skip
    axes.set_xlabel("environment steps")
    axes.set_ylabel("mean return of training episodes")
    axes.set_title("Interquartile mean over seeds with its 95 % band, point by point")
    axes.legend(frameon=False)
    tidy(axes)
    return figure


def profiles(result: Result) -> Figure:
    """Share of the runs that are better than each value, with Wilson's 95 % bands.

    The values go as far as those of runs that did not fail do.
    """
    metric = result.metric
    figure = new_figure(8.0, 4.8)
    axes = figure.subplots()
    every = np.concatenate([*metric.values.values()])
    finite = every[np.isfinite(every)] if np.isfinite(every).any() else np.zeros(1)
    margin = 0.05 * (float(np.ptp(finite)) or 1.0)
    grid = np.linspace(finite.min() - margin, finite.max() + margin, 10 * _POINTS)
    sign = 1.0 if metric.higher_is_better else -1.0
    for colour, name in zip(_colours(), metric.values, strict=False):
        scores = metric.gain(name)
        low, high = statistics.profile_band(scores, sign * grid)
        axes.fill_between(grid, low, high, color=colour, alpha=0.15, linewidth=0)
        share = statistics.performance_profile(scores, sign * grid)
        axes.plot(grid, share, color=colour, linewidth=2.0, label=name)
    unit = f", {metric.unit}" if metric.unit else ""
    axes.set_xlabel(f"{metric.title}{unit}")
    axes.set_ylabel(f"share of runs {'above' if metric.higher_is_better else 'below'}")
    axes.set_ylim(0.0, 1.0)
    axes.set_title("Performance profile: the higher curve is the better one")
    axes.legend(frameon=False)
    tidy(axes)
    return figure


def improvement(results: Sequence[Result]) -> Figure:
    """Probability that a run of one group is better than one of the other, metric by metric."""
    rows = [(result, pair) for result in results for pair in result.pairs]
    figure = new_figure(8.0, 1.2 + 0.4 * len(rows))
    axes = figure.subplots()
    for row, (_, pair) in enumerate(rows):
        colour = "0.45" if pair.better is None else COLOURS[0]
        axes.plot(pair.probability_ci95, [row, row], color=colour, linewidth=2.0)
        axes.plot(pair.probability, row, "o", color=colour, markersize=7)
    axes.set_yticks(
        range(len(rows)),
        [f"{pair.second} over {pair.first}\n{result.metric.title}" for result, pair in rows],
        fontsize=8,
    )
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0.5, color="0.3", linewidth=1.0, linestyle="--")
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("probability of improvement, with its 95 % interval")
    axes.set_title("Grey: no difference can be seen")
    tidy(axes)
    return figure


def _colours() -> list[str]:
    """Enough for any number of groups: they begin again."""
    return [*COLOURS] * 20
