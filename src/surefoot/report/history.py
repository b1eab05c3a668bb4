"""The metrics of a training so far, as the rules of health read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = "time/total_timesteps"
LASTING = 0.1
"""Share of a training for which something must hold before it is a finding. Ours."""
SMOOTHED = 0.05
"""Share of a training over which metrics are smoothed, by their median. Ours."""
MOSTLY = 0.5
"""Share that is most of something."""
WARM_UP = 0.1
"""Share of a training before which little can be expected. Source: docs/runs.md."""
PROGRESS = 0.5
"""Rise of the return that counts as progress, in standard deviations of early episodes. Ours."""
LEAST_ROWS = 3
"""Rows that these take at least. Ours."""

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something unusual."""

    name: str
    """Of the rule, as in docs/doctor.md."""
    since: int
    """Environment steps behind when it began."""
    until: int | None = None
    """Environment steps behind when it was over; None: it is not."""
    what: str
    """What is unusual."""
    cause: str
    """What usually causes it."""
    remedy: str
    """Which setting to try."""

    def __str__(self) -> str:
        end = "" if self.until is None else f" to {self.until:,}"
        return f"From {self.since:,}{end} steps: {self.what}; usually {self.cause}; {self.remedy}."


class History:
    """The metrics of a training so far, N rows.

    Args:
        rows: Of progress.csv, in order; a metric that a row lacks is missing or empty there.
        settings: The run's `config` as plain data: `steps`, `algo`, `agent` and so on.
    """

    def __init__(
        self, rows: Sequence[Mapping[str, str | float]], settings: Mapping[str, Any]
    ) -> None:
        self.settings = settings
        names = dict.fromkeys(name for row in rows for name in row)
        self.columns = {
            name: np.array([_number(row.get(name, "")) for row in rows]) for name in names
        }
        self.steps = self.columns.get(STEPS, np.zeros(0))
        self.planned = max(float(settings.get("steps", 0)), *self.steps[-1:], 1.0)
        per_row = float(np.median(np.diff(self.steps, prepend=0.0))) if len(rows) else 1.0
        self.nb_planned = max(1, round(self.planned / max(per_row, 1.0)))
        """Rows of the whole training."""
        self._smooth: dict[str, Numbers] = {}

    @property
    def progress(self) -> Numbers:
        """Share of the training behind at each row, (N,)."""
        return self.steps / self.planned

    def names(self, group: str) -> list[str]:
        """Metrics of a group, such as "reward"."""
        return [name for name in self.columns if name.startswith(f"{group}/")]

    def setting(self, part: str, name: str, default: float) -> float:
        """A number of the settings; the default where there is none."""
        value = self.settings.get(part, {}).get(name)
        return default if value is None else float(value)

    def smooth(self, name: str) -> Numbers:
        """A metric's median over the last rows, (N,); NaN where there is nothing."""
        if name not in self._smooth:
            values = self.columns.get(name, np.full(len(self.steps), math.nan))
            self._smooth[name] = trailing_median(values, self.rows_of(SMOOTHED))
        return self._smooth[name]

    def first(self, name: str) -> float:
        """A metric's median over the first rows that have it."""
        values = self.columns.get(name, np.zeros(0))
        values = values[np.isfinite(values)][: self.rows_of(SMOOTHED)]
        return float(np.median(values)) if len(values) else math.nan

    def no_better(self) -> Flags:
        """Where the return is about what it was at first, and starts are as hard, (N,)."""
        name = "rollout/ep_rew_mean"
        rise = self.smooth(name) - self.first(name)
        harder = self.smooth("curriculum/reset_scale") < 1.0
        return (rise <= PROGRESS * self.first("rollout/ep_rew_std")) & ~harder

    def rises(self) -> Flags:
        """Where the return is better than a tenth of the training before, (N,)."""
        returns = self.smooth("rollout/ep_rew_mean")
        before = np.concatenate([np.full(self.rows_of(LASTING), math.nan), returns])
        rise = returns - before[: len(returns)]
        return rise > PROGRESS * self.first("rollout/ep_rew_std")

    def rows_of(self, share: float) -> int:
        """How many rows a share of the training has."""
        return max(LEAST_ROWS, math.ceil(share * self.nb_planned))

    def lasting(
        self, unusual: Flags, share: float = LASTING
    ) -> tuple[int, int | None, slice] | None:
        """The first time that something (N,) lasted a share of the training; None: never.

        Returns:
            Since and until how many steps, and the rows.
        """
        edges = np.flatnonzero(np.diff(unusual.astype(int), prepend=0, append=0))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if end - begin >= self.rows_of(share):
                until = None if end == len(unusual) else int(self.steps[end])
                return int(self.steps[begin]), until, slice(begin, end)
        return None


def trailing_median(values: Numbers, width: int) -> Numbers:
    """The median of each value and those before it, `width` in all, without NaN and infinity."""
    finite = np.where(np.isfinite(values), values, math.nan)
    padded = np.concatenate([np.full(width - 1, math.nan), finite])
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)  # NaN last
    nb = np.isfinite(ordered).sum(axis=1)
    middle = np.stack([(nb - 1) // 2, nb // 2], axis=1).clip(min=0)
    return np.take_along_axis(ordered, middle, axis=1).mean(axis=1)


def _number(text: str | float) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def found(
    h: History,
    name: str,
    unusual: Flags,
    what: Callable[[slice], str],
    cause: str,
    remedy: str,
    *,
    share: float = LASTING,
) -> Iterator[Finding]:
    """A finding if something (N,) lasted a share of the training; `what` words it for its rows."""
    spell = h.lasting(unusual, share)
    if spell is not None:
        since, until, rows = spell
        yield Finding(
            name=name, since=since, until=until, what=what(rows), cause=cause, remedy=remedy
        )


def most(values: Numbers) -> str:
    """The largest, in words."""
    return short(float(np.max(values, where=np.isfinite(values), initial=-math.inf)))


def percent(shares: Numbers) -> str:
    """The largest share, in words."""
    return f"{most(100.0 * shares)} %"


def least(values: Numbers) -> str:
    """The smallest, in words."""
    return short(float(np.min(values, where=np.isfinite(values), initial=math.inf)))


def last(values: Numbers) -> str:
    """The newest, in words."""
    return short(float(values[-1]))


def short(value: float) -> str:
    """Two digits that count, or a whole number."""
    return f"{value:,.0f}" if abs(value) >= 10.0 else f"{value:.2g}"
