"""Means of metrics over gradient steps."""

from __future__ import annotations

import torch
from torch import Tensor


class Means:
    """Collects metrics as tensors, which costs next to nothing, and reads them once at the end."""

    def __init__(self) -> None:
        self._values: dict[str, list[Tensor]] = {}

    def add(self, **values: Tensor) -> None:
        """Take in the metrics of one gradient step, each a scalar."""
        for name, value in values.items():
            self._values.setdefault(name, []).append(value.detach())

    def take(self) -> dict[str, float]:
        """The means since the last time, by name; nothing where nothing came in."""
        means = {name: float(torch.stack(v).mean()) for name, v in self._values.items()}
        self._values = {}
        return means
