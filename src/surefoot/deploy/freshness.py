"""Sensors that stopped sensing: values that repeat themselves, bit for bit, for too long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

STALE_AFTER_S = 0.1
"""How long values may repeat before they are stale, s."""
_FEWEST_STEPS = 3  # a slow loop sees at least so many repetitions before it gives up


class Freshness:
    """Notices an observation, or an IMU, that repeats itself.

    Two things are watched. The whole observation: a robot at rest still has noise in its encoders
    and its IMU, so that not one bit changing for a tenth of a second means that nobody writes them
    any more (a spine that hangs, a bus that fell silent). And, where the environment shows it (the
    upkie package's `info["spine_observation"]["imu"]`), the IMU alone: with a dead IMU the wheels'
    numbers go on changing, while the robot no longer knows which way is up. Counters and time
    stamps are left out, for they run on when the sensors do not.

    A deterministic simulation may come to rest and repeat itself honestly, and a mock echoes its
    commands: there the check is switched off with an infinite limit.

    Args:
        limit_s: How long values may repeat, s; infinite switches the check off.
        dt: Duration of a step, s.
    """

    def __init__(self, limit_s: float, dt: float) -> None:
        self._limit = max(limit_s / dt + 1e-6, float(_FEWEST_STEPS))
        self.limit_s = max(limit_s, _FEWEST_STEPS * dt)
        """The limit in use, s: never fewer than a few steps."""
        self._last: dict[str, bytes] = {}
        self._repeats: dict[str, int] = {}

    def stale(self, observation: NDArray[np.float32], info: Mapping[str, Any]) -> str | None:
        """What has repeated itself for too long: its name, or None while all is fresh."""
        if math.isinf(self._limit):
            return None
        values = {"the observation": observation.tobytes()}
        spine = info.get("spine_observation")
        if isinstance(spine, Mapping) and "imu" in spine:
            values["the IMU"] = _content(cast("Mapping[str, Any]", spine)["imu"])
        for name, content in values.items():
            same = self._last.get(name) == content
            self._repeats[name] = self._repeats[name] + 1 if same else 0
            self._last[name] = content
        return next((name for name in values if self._repeats[name] > self._limit), None)


def _content(value: Any) -> bytes:
    """The bits of a nested structure of numbers."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return b"".join(_content(items[key]) for key in items)
    return np.asarray(value).tobytes()
