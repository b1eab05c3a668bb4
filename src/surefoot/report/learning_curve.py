"""Learning curves of several methods over several seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from surefoot.report.figure import COLOURS, new_figure, tidy

Array = NDArray[np.float64]


def learning_curves(
    costs: Mapping[str, Array],
    levels: Mapping[str, float],
    *,
    window: int,
    ylabel: str,
    title: str,
) -> Figure:
    """Mean over the seeds, in a band from the lowest to the highest of them.

    Args:
        costs: By method, the cost of every episode of every seed, (S, N).
        levels: Costs to compare with, by name, drawn as lines.
        window: Episodes that each point is the mean of.
        ylabel: What the vertical axis shows.
        title: Above the figure.
    """
    figure = new_figure(8.0, 4.8)
    axes = figure.subplots()
    for colour, (name, cost) in zip(COLOURS, costs.items(), strict=False):
        smooth = window_means(cost, window)
        episodes = window * (0.5 + np.arange(smooth.shape[1]))
        axes.fill_between(
            episodes, smooth.min(axis=0), smooth.max(axis=0), color=colour, alpha=0.2, linewidth=0
        )
        label = f"{name} ({len(cost)} seed{'s' if len(cost) > 1 else ''})"
        axes.plot(episodes, smooth.mean(axis=0), color=colour, linewidth=1.8, label=label)
    for name, level in levels.items():
        axes.axhline(level, color="0.45", linewidth=1.0, linestyle="--")
        axes.annotate(
            f"{name} {level:.4g}", (1.0, level), xycoords=("axes fraction", "data"),
            xytext=(-4, -4), textcoords="offset points", ha="right", va="top", fontsize=9,
            color="0.3",
        )  # fmt: skip
    axes.set_xlabel("episodes")
    axes.set_ylabel(ylabel)
    axes.set_ylim(bottom=0.0)
    axes.set_xlim(left=0.0)
    axes.set_title(title)
    axes.legend(frameon=False)
    tidy(axes)
    return figure


def window_means(cost: Array, window: int) -> Array:
    """Means of `window` episodes after another, the incomplete last window left out.

    Args:
        cost: (S, N).
        window: Episodes in each mean.

    Returns:
        (S, N // window).
    """
    whole = cost.shape[1] // window * window
    return cost[:, :whole].reshape(len(cost), -1, window).mean(axis=2)
