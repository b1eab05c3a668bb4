"""Keeping a rate, and counting when it was not kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

Now = Callable[[], float]
"""A clock that never jumps, s."""
Sleep = Callable[[float], None]
"""Waits so many seconds."""


class Schedule:
    """The ticks of a control loop. This one does not keep time: it is for fast simulation."""

    def __init__(self) -> None:
        self.nb_missed = 0
        """Ticks at which the next action was not ready."""
        self.worst_lateness_s = 0.0
        """Longest time that an action came after its tick, s."""

    def before_step(self) -> None:
        """Wait for the tick at which the environment may step."""

    def after_step(self) -> None:
        """The environment has stepped."""

    def _miss(self, nb_ticks: int, lateness: float) -> None:
        self.nb_missed += nb_ticks
        self.worst_lateness_s = max(self.worst_lateness_s, lateness)


class OwnSchedule(Schedule):
    """Ticks at t0 + k dt by a monotonic clock: a late step never shifts the ones after it.

    Who comes late acts at once and waits for the next tick that is still ahead, so that a delay is
    not followed by a burst of actions. Every tick that passed counts as missed.

    Args:
        dt: Time between ticks, s.
        now: The clock.
        sleep: How to wait.
    """

    def __init__(self, dt: float, *, now: Now = time.monotonic, sleep: Sleep = time.sleep) -> None:
        super().__init__()
        self._dt, self._now, self._sleep = dt, now, sleep
        self._start: float | None = None
        self._tick = 0

    def before_step(self) -> None:
        """Wait for the next tick; the first one is now."""
        now = self._now()
        if self._start is None:
            self._start = now
        lateness = now - (self._start + self._tick * self._dt)
        if lateness <= 0.0:
            if lateness < 0.0:
                self._sleep(-lateness)
            self._tick += 1
            return
        nb_passed = 1 + math.floor(lateness / self._dt)
        self._miss(nb_passed, lateness)
        self._tick += nb_passed


class WatchedSchedule(Schedule):
    """For an environment that waits inside its own step: measures its period, never sleeps.

    A tick is missed when a step returns later after the one before than `tolerance` allows.

    Args:
        dt: Time between ticks, s.
        tolerance: Share of dt that a period may be longer.
        now: The clock.

    Source: the upkie package's environments warn beyond the same 10 %.
    """

    def __init__(self, dt: float, *, tolerance: float = 0.1, now: Now = time.monotonic) -> None:
        super().__init__()
        self._dt, self._tolerance, self._now = dt, tolerance, now
        self._last: float | None = None

    def after_step(self) -> None:
        """Compare the time since the last step with dt."""
        now = self._now()
        if self._last is not None:
            lateness = now - self._last - self._dt
            if lateness > self._tolerance * self._dt:
                self._miss(math.ceil(lateness / self._dt), lateness)
        self._last = now
