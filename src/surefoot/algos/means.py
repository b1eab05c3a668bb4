"""Means of metrics over gradient steps."""

from __future__ import annotations

from torch import Tensor


class Means:
    """Adds up metrics as tensors, which costs next to nothing, and reads them once at the end."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[Tensor, int]] = {}

    def add(self, **values: Tensor) -> None:
        """Take in the metrics of one gradient step, each a scalar."""
        for name, value in values.items():
            total, nb = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value.detach(), nb + 1

    def take(self) -> dict[str, float]:
        """The means since the last time, by name; nothing where nothing came in."""
        means = {name: float(total) / nb for name, (total, nb) in self._sums.items()}
        self._sums = {}
        return means
