"""The lecture's figure of a swing-up: angle, velocity and torque over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from surefoot.report.figure import COLOURS, new_figure, tidy

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Swing:
    """One episode of T steps."""

    theta: Array
    """rad in [0, 2 pi), (T + 1,)."""
    omega: Array
    """rad/s, (T + 1,)."""
    torque: Array
    """N m, (T,)."""


def swing_ups(
    swings: Mapping[str, Swing], *, dt: float, pushes: Sequence[float], title: str
) -> Figure:
    """Episodes above each other in three panels.

    Args:
        swings: By the policy's name.
        dt: Duration of a step, s.
        pushes: When the pendulum was pushed, s; drawn as lines.
        title: Above the figure.
    """
    figure = new_figure(8.0, 6.4)
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 1.6, 0.5 + 0.5 * len(swings)))
    names = [*swings]
    for colour, (name, swing) in zip(COLOURS, swings.items(), strict=False):
        time = dt * np.arange(len(swing.theta))
        theta = without_jumps(swing.theta)
        panels[0].plot(time, theta, color=colour, linewidth=1.8, label=name)
        panels[1].plot(time, swing.omega, color=colour, linewidth=1.5)
        height = len(names) - 1 - names.index(name)
        strip = swing.torque[None] / max(1.0, float(np.abs(swing.torque).max()))
        panels[2].pcolormesh(
            dt * np.arange(len(swing.torque) + 1), [height - 0.38, height + 0.38], strip,
            cmap="PuOr", vmin=-1.4, vmax=1.4,
        )  # fmt: skip
    panels[0].axhline(np.pi, color="0.45", linewidth=1.0, linestyle="--")
    panels[0].set_yticks([0.0, np.pi, 2 * np.pi], ["0 hangs", "π stands", "2π hangs"])
    panels[0].set_ylim(-0.3, 2 * np.pi + 0.3)
    panels[0].set_ylabel("θ, rad")
    panels[0].legend(frameon=False, loc="upper right", ncols=len(names))
    panels[1].set_ylabel("ω, rad/s")
    panels[2].set_yticks(range(len(names)), names[::-1])
    panels[2].set_ylabel("u")
    panels[2].set_xlabel("time, s          torque u: purple +5, white 0, orange -5 N m")
    for panel in panels:
        tidy(panel)
        for when in pushes:
            panel.axvline(when, color=COLOURS[3], linewidth=1.2, linestyle=":")
            if panel is panels[0]:
                panel.annotate("push", (when, 0.0), xytext=(3, 4), textcoords="offset points",
                               color=COLOURS[3], fontsize=9)  # fmt: skip
    panels[0].set_title(title)
    return figure


def without_jumps(theta: Array) -> Array:
    """Angles with a gap (NaN) where the pendulum passes 2 pi, lest a line cross the figure."""
    drawn = theta.astype(np.float64)
    drawn[1:][np.abs(np.diff(theta)) > np.pi] = np.nan
    return drawn
