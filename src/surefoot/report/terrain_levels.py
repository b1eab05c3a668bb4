"""How hard the terrain was that a run trained on, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from surefoot.report.figure import new_figure, tidy

Array = NDArray[np.float64]
_COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#999933", "#882255",
            "#444444")  # fmt: skip
"""Distinct also for people who are colour-blind; Okabe and Ito 2008, Tol 2021."""


def terrain_levels(steps: Array, levels: Mapping[str, Array], *, highest: int) -> Figure:
    """Mean level of the robots on each kind of terrain over the training.

    Args:
        steps: Environment steps, (N,).
        levels: By kind, (N,).
        highest: The hardest level.
    """
    figure = new_figure(8.0, 4.8)
    axes = figure.subplots()
    for colour, (kind, level) in zip(_COLOURS, levels.items(), strict=False):
        axes.plot(steps / 1e6, level, color=colour, linewidth=1.8, label=kind.replace("_", " "))
    axes.set_xlabel("environment steps, millions")
    axes.set_ylabel("mean terrain level")
    axes.set_ylim(0.0, highest)
    axes.set_xlim(left=0.0)
    axes.set_title("Level of the robots on each kind of terrain")
    axes.legend(frameon=False)
    tidy(axes)
    return figure
