"""What the training curves of several runs have to say, whatever their lengths and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLIMB = 0.8
"""Share of the way from the first to the last return where the default threshold lies."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What one training logged in T rows, those left out where no episode had ended yet."""

    steps: Floats
    """Environment steps so far, rising, (T,)."""
    seconds: Floats
    """Of training so far, (T,)."""
    returns: Floats
    """Mean return of the last training episodes, (T,); NaN where the training broke."""

    @property
    def broken(self) -> bool:
        """Whether a return is no number."""
        return not bool(np.isfinite(self.returns).all())


def mean_return(curve: Curve, begin: float, end: float) -> float:
    """Area under the curve from one step to another over their distance; trapezoids.

    Minus infinity, the worst there is, where the training broke.
    """
    if curve.broken:
        return -np.inf
    inside = (curve.steps > begin) & (curve.steps < end)
    steps = np.concatenate(([begin], curve.steps[inside], [end]))
    returns = np.interp(steps, curve.steps, curve.returns)
    return float(np.trapezoid(returns, steps) / (end - begin))


def first_reach(curve: Curve, level: float) -> tuple[float, float]:
    """Steps and seconds after which the return first is at least `level`; infinite if never."""
    there = np.flatnonzero(curve.returns >= level)  # NaN is nowhere
    if not len(there):
        return np.inf, np.inf
    return float(curve.steps[there[0]]), float(curve.seconds[there[0]])


def common_span(curves: Sequence[Curve]) -> tuple[float, float]:
    """The first and the last step that all curves have."""
    return max(float(c.steps[0]) for c in curves), min(float(c.steps[-1]) for c in curves)


def default_level(curves: Sequence[Curve]) -> float | None:
    """A return to reach: four fifths of the way that the median run climbs; None if it does not.

    It does not depend on who belongs to which group, so it favours none.
    """
    _, end = common_span(curves)
    whole = [curve for curve in curves if not curve.broken]
    if not whole:
        return None
    first = float(np.median([curve.returns[0] for curve in whole]))
    last = float(np.median([np.interp(end, curve.steps, curve.returns) for curve in whole]))
    return first + _CLIMB * (last - first) if last > first else None


def on_grid(curves: Sequence[Curve], grid: Floats) -> Floats:
    """Returns of N curves at the same K steps, (N, K); minus infinity once a training broke."""
    rows: list[Floats] = []
    for curve in curves:
        finite = np.isfinite(curve.returns)
        row = np.interp(grid, curve.steps[finite], curve.returns[finite], left=np.nan)
        if curve.broken:
            row[grid >= curve.steps[~finite][0]] = -np.inf
        rows.append(row)
    return np.array(rows)
