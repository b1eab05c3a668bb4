"""The figure of a maze: coloured by value and by distance, with the policy's arrows and its way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WALL, _INK, _PAPER = "#23273a", "#1b1b1f", "#ffffff"
_START, _EXIT, _WAY = "#e4572e", "#ffd23f", "#e4572e"
_MOST_ARROWS = 45
"""Cells along the longer side above which arrows are too small to read."""


@dataclass(frozen=True, kw_only=True)
class MazePicture:
    """What the figure shows; row 0 is the north edge."""

    title: str
    """Above all."""
    walls: NDArray[np.bool_]
    """Where nobody can go, (R, C)."""
    value: Floats
    """V or J, (R, C); NaN where nobody can be."""
    value_name: str
    """What the values are."""
    costs: bool
    """Whether small values are the good ones."""
    distance: NDArray[np.int64]
    """Steps to the exit, (R, C); negative where nobody can be."""
    moves: NDArray[np.int64]
    """Rows and columns that the policy goes from each cell, (R, C, 2); zeros: no arrow."""
    path: NDArray[np.int64]
    """Rows and columns of the policy's way from the start, (T, 2)."""
    start: tuple[int, int]
    """Row and column of the start."""
    exits: NDArray[np.int64]
    """Rows and columns of the exits, (N, 2)."""


def draw_maze(path: Path, picture: MazePicture, *, dpi: int = 120) -> None:
    """Draw two panels into a PNG: values with arrows, distances with the way from the start.

    Args:
        path: Where the file goes.
        picture: What to draw.
        dpi: Dots per inch; the figure is about 12 inches wide.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = picture.walls.shape
    wide = columns > 1.6 * rows  # then one above the other
    side = 5.4
    height = max(1.6, side * rows / columns * (2.0 if wide else 1.0))
    size = (2 * side + 1.6, 2 * height + 1.6) if wide else (2 * side + 1.6, height + 1.0)
    figure = Figure(figsize=(size[0], min(size[1], 14.0)), facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(picture.title, fontsize=14, color=_INK)
    left, right = figure.subplots(*((2, 1) if wide else (1, 2)))
    distance = np.where(picture.distance < 0, np.nan, picture.distance)
    _panel(left, picture, picture.value, picture.value_name, "viridis", flip=picture.costs)
    _panel(right, picture, distance, "steps to the exit", "YlGnBu_r", flip=True)
    if max(rows, columns) <= _MOST_ARROWS:
        _arrows(left, picture)
    _way(right, picture)
    figure.savefig(path, dpi=dpi)


def _panel(
    axes: Any, picture: MazePicture, field: NDArray[Any], name: str, colours: str, *, flip: bool
) -> None:
    """Colours of a field, walls, start and exits; the exit is always at the bright end."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    rows, columns = field.shape
    light = colormaps[colours](np.linspace(0.25, 1.0, 256))  # the darkest ones look like walls
    colormap = ListedColormap(light[::-1] if flip else light)
    image = axes.imshow(field, cmap=colormap, interpolation="nearest")  # NaN is see-through
    axes.set(facecolor=_WALL, xlim=(-1.1, columns + 0.1), ylim=(rows + 0.1, -1.1))  # a thin frame
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, color=_INK, labelcolor=_INK)
    axes.set_title(name, fontsize=11, color=_INK)
    size = float(np.clip(260.0 / max(rows, columns), 5.0, 15.0))
    row, column = picture.start
    style: dict[str, Any] = {"markeredgecolor": _INK, "markeredgewidth": 0.8, "linestyle": "none"}
    style |= {"zorder": 3, "clip_on": False}
    axes.plot(column, row, "o", color=_START, markersize=0.8 * size, label="start", **style)
    for row, column in picture.exits:
        axes.plot(column, row, "*", color=_EXIT, markersize=1.3 * size, label="exit", **style)


def _arrows(axes: Any, picture: MazePicture) -> None:
    """One arrow per cell, in the direction of the policy."""
    acting: NDArray[np.bool_] = np.any(picture.moves != 0, axis=2)
    acting[picture.start] = False  # its marker is there
    rows, columns = np.nonzero(acting)
    down, right = (picture.moves[rows, columns, i].astype(float) for i in (0, 1))
    length = 0.62
    axes.quiver(
        columns - 0.5 * length * right, rows - 0.5 * length * down, length * right, length * down,
        angles="xy", scale_units="xy", scale=1.0, color=_INK, units="xy", width=0.09,
        headwidth=3.6, headlength=3.4, headaxislength=3.0,
    )  # fmt: skip


def _way(axes: Any, picture: MazePicture) -> None:
    """The policy's way from the start."""
    width = float(np.clip(60.0 / max(picture.walls.shape), 0.8, 3.0))
    rows, columns = picture.path.T
    axes.plot(columns, rows, color=_WAY, linewidth=width, solid_capstyle="round")
