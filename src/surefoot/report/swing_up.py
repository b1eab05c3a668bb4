"""The lecture's figure of a swing-up: angle, velocity and torque over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from surefoot.report.figure import COLOURS, new_figure, tidy

Array = NDArray[np.float64]

_TORQUE_COLOURS = ("#e69f00", "#eeeeee", "#56b4e9")
_TORQUE_NAMES = ("u < 0", "u = 0", "u > 0")


@dataclass(frozen=True, kw_only=True)
class Swing:
    """One episode of T steps."""

    theta: Array
    """rad, wrapped or not, (T + 1,)."""
    omega: Array
    """rad/s, (T + 1,)."""
    torque: Array
    """N m, (T,)."""


def swing_ups(
    swings: Mapping[str, Swing], *, dt: float, pushes: Sequence[float], title: str
) -> Figure:
    """Angle and velocity of several episodes, and a strip of torques for each.

    Args:
        swings: By the policy's name.
        dt: Duration of a step, s.
        pushes: When the pendulum was pushed, s; drawn as lines.
        title: Above the figure.
    """
    figure = new_figure(8.0, 5.4 + 0.45 * len(swings))
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(2.4, 1.7, 0.45 * len(swings)))
    for colour, (name, swing) in zip(COLOURS, swings.items(), strict=False):
        time = dt * np.arange(len(swing.theta))
        panels[0].plot(time, np.unwrap(swing.theta), color=colour, linewidth=1.8, label=name)
        panels[1].plot(time, swing.omega, color=colour, linewidth=1.5)
    _angles(panels[0])
    panels[1].set_ylabel("ω, rad/s")
    _torques(panels[2], swings, dt)
    panels[2].set_xlabel("time, s")
    for panel in panels[:2]:
        tidy(panel)
        for when in pushes:
            panel.axvline(when, color="0.3", linewidth=1.2, linestyle=":")
    for when in pushes:
        panels[0].annotate(
            "push", (when, 0.0), xycoords=("data", "axes fraction"), xytext=(4, 4),
            textcoords="offset points", color="0.3", fontsize=9,
        )  # fmt: skip
    panels[0].set_title(title, loc="left")
    figure.legend(loc="outside lower center", ncols=len(swings), frameon=False)
    figure.align_ylabels()
    return figure


def _angles(panel: Axes) -> None:
    """Say where the pendulum hangs and where it stands."""
    low, high = panel.get_ylim()
    turns = range(int(np.floor(low / np.pi)), int(np.ceil(high / np.pi)) + 1)
    panel.set_yticks(
        [np.pi * k for k in turns],
        [f"{ {0: '0', 1: 'π', -1: '-π'}.get(k, f'{k}π') }, {'stands' if k % 2 else 'hangs'}"
         for k in turns],
    )  # fmt: skip
    for k in turns:
        if k % 2:
            panel.axhline(np.pi * k, color="0.45", linewidth=1.0, linestyle="--")
    panel.set_ylim(low - 0.2, high + 0.2)
    panel.set_ylabel("θ, rad")


def _torques(panel: Axes, swings: Mapping[str, Swing], dt: float) -> None:
    """One strip for each policy, coloured by the sign of the torque."""
    for row, swing in enumerate(swings.values()):
        edges = dt * np.arange(len(swing.torque) + 1)
        panel.pcolormesh(
            edges, [row - 0.4, row + 0.4], np.sign(swing.torque)[None],
            cmap=ListedColormap(_TORQUE_COLOURS), vmin=-1.0, vmax=1.0,
        )  # fmt: skip
    panel.invert_yaxis()
    panel.set_yticks([])
    panel.spines[["left", "top", "right"]].set_visible(False)
    for row, colour in zip(range(len(swings)), COLOURS, strict=False):
        panel.annotate(
            "", (0.0, row - 0.4), xytext=(0.0, row + 0.4), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 8.0},
        )  # fmt: skip
    panel.set_ylabel("u")
    panel.legend(
        handles=[
            Patch(color=c, label=n) for c, n in zip(_TORQUE_COLOURS, _TORQUE_NAMES, strict=True)
        ],
        loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=3, frameon=False, fontsize=9,
    )  # fmt: skip
