"""How a robot walks, in one picture: tracking, gait diagram, torques, joint limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from surefoot.report.figure import COLOURS, new_figure, tidy
from surefoot.report.walking import WalkingRecord

_QUANTITIES = ("forward, m/s", "to the left, m/s", "turn to the left, rad/s")
_DIAGRAM_S = 3.0  # of the gait diagram: the feet's order shows, each step can be counted


def gait_figure(record: WalkingRecord, feet: Sequence[str], joints: Sequence[str]) -> Figure:
    """A typical robot's velocities beside their commands, its contacts, and all robots' effort.

    Args:
        record: What E robots did.
        feet: Names of the feet.
        joints: Names of the joints.
    """
    robot = typical_robot(record)
    figure = new_figure(11.0, 9.0)
    grid = figure.add_gridspec(4, 2, height_ratios=(1, 1, 1, 2.2))
    for i, quantity in enumerate(_QUANTITIES):
        _track(figure.add_subplot(grid[i, 0]), record, robot, i, quantity)
    figure.axes[0].set_title("Velocities of a typical robot: commanded and measured")
    figure.axes[0].margins(y=0.4)
    figure.axes[0].legend(frameon=False, ncols=2, fontsize="small", loc="upper right")
    _contacts(figure.add_subplot(grid[3, 0]), record, robot, feet)
    _shares(figure.add_subplot(grid[:2, 1]), np.abs(record.torque_share), joints)
    figure.axes[-1].set_title("Torques as shares of their limits, all robots")
    _limits(figure.add_subplot(grid[2:, 1]), record, joints)
    return figure


def typical_robot(record: WalkingRecord) -> int:
    """The robot whose mean distance from the command is the median one."""
    error = np.linalg.norm((record.command - record.velocity)[..., :2], axis=2).mean(axis=0)
    return int(np.argsort(error)[len(error) // 2])


def _track(axes: Axes, record: WalkingRecord, robot: int, i: int, quantity: str) -> None:
    time = record.dt * np.arange(len(record.command))
    axes.plot(time, record.command[:, robot, i], color="black", linewidth=1.4, label="commanded")
    axes.plot(time, record.velocity[:, robot, i], color=COLOURS[i], linewidth=1.0, label="measured")
    axes.set_ylabel(quantity, fontsize="small")
    tidy(axes)


def _contacts(axes: Axes, record: WalkingRecord, robot: int, feet: Sequence[str]) -> None:
    """Bars where a foot is on the ground, over the last seconds with a command to move."""
    nb = round(_DIAGRAM_S / record.dt)
    moving = np.flatnonzero((record.command[:, robot] != 0.0).any(axis=1))
    end = int(moving[-1]) + 1 if len(moving) else len(record.command)
    begin = max(0, end - nb)
    for row, foot in enumerate(reversed(range(len(feet)))):
        down = np.flatnonzero(record.foot_contact[begin:end, robot, foot])
        bars = [(record.dt * (begin + step), record.dt) for step in down]
        axes.broken_barh(bars, (row - 0.35, 0.7), color=COLOURS[foot % len(COLOURS)])
    axes.set_yticks(range(len(feet)), [*reversed(feet)])
    axes.set_xlim(record.dt * begin, record.dt * end)
    axes.set_xlabel("time, s")
    axes.set_title("Feet on the ground, the same robot")
    tidy(axes)


def _shares(axes: Axes, shares: np.ndarray, joints: Sequence[str]) -> None:
    """Median, 99 % and largest of values (T, E, J) for each joint."""
    flat = shares.reshape(-1, len(joints))
    place = np.arange(len(joints))[::-1]
    half, most, largest = (np.quantile(flat, q, axis=0) for q in (0.5, 0.99, 1.0))
    axes.barh(place, most, height=0.7, color=COLOURS[4], label="99 % stay below")
    axes.barh(place, half, height=0.7, color=COLOURS[0], label="half")
    axes.plot(largest, place, "|", color="black", markersize=9, label="largest")
    axes.axvline(1.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(place, joints, fontsize="x-small")
    axes.set_ylim(-2.5, len(joints) - 0.5)
    axes.legend(frameon=False, fontsize="small", ncols=3, loc="lower right")
    tidy(axes)


def _limits(axes: Axes, record: WalkingRecord, joints: Sequence[str]) -> None:
    beyond = (record.beyond_limit > 0.0).reshape(-1, len(joints)).mean(axis=0)
    place = np.arange(len(joints))[::-1]
    axes.barh(place, 100.0 * beyond, height=0.7, color=COLOURS[1])
    axes.set_yticks(place, joints, fontsize="x-small")
    axes.set_xlim(0.0, max(1.0, 110.0 * float(beyond.max())))
    axes.set_xlabel("% of the steps")
    axes.set_title("Joints beyond 90 % of their range, all robots")
    tidy(axes)
