r"""Value iteration on a grid: the optimum that a learned policy is compared with.

$J \leftarrow \min_u [g(x, u) + \alpha J(f(x, u))]$, where J between the grid's points is the
bilinear interpolation of their values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Model = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""States (N, 2) and actions int64 (N,) to costs (N,) and next states (N, 2)."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Points over a rectangle of two-dimensional states, its borders included."""

    low: tuple[float, float]
    """Smallest value of each coordinate."""
    high: tuple[float, float]
    """Largest value of each coordinate."""
    nb_points: tuple[int, int] = (201, 201)
    """How many points each coordinate has."""

    def points(self) -> Tensor:
        """All points, the second coordinate fastest, (N, 2)."""
        axes = [
            torch.linspace(low, high, n, dtype=torch.float64)
            for low, high, n in zip(self.low, self.high, self.nb_points, strict=True)
        ]
        return torch.cartesian_prod(*axes)

    def corners(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """The grid's points around states (M, 2), and how much each of them counts.

        States outside the rectangle are moved to its border.

        Returns:
            Indices into `points`, int64 (M, 4), and bilinear weights that sum to 1, (M, 4).
        """
        low, high = torch.tensor([self.low, self.high], dtype=torch.float64)
        nb = torch.tensor(self.nb_points)
        place = ((states - low) / (high - low)).clamp(0.0, 1.0) * (nb - 1)
        cell = torch.minimum(place.long(), nb - 2)
        (i, j), (a, b) = cell.unbind(1), (place - cell).unbind(1)
        corner = i * nb[1] + j
        index = torch.stack([corner, corner + 1, corner + nb[1], corner + nb[1] + 1], dim=1)
        weight = torch.stack([(1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b], dim=1)
        return index, weight


class GridValueIteration:
    r"""Optimal costs of a deterministic system with a few actions.

    Args:
        model: The system and its cost.
        nb_actions: n.
        grid: Where the values are kept.
        discount: alpha, in [0, 1).
        tolerance: Stop once no value is further than this from the fixed point, unit of the cost.

    Source: Bellman 1957; the bound $\alpha/(1-\alpha)\,|J_{k+1}-J_k|$ on the distance to the
        fixed point, Bertsekas, "Dynamic Programming and Optimal Control" II, section 1.3.
    """

    def __init__(
        self,
        model: Model,
        nb_actions: int,
        grid: Grid,
        *,
        discount: float,
        tolerance: float = 0.1,
    ) -> None:
        self._model, self._nb_actions, self._grid, self._discount = (
            model,
            nb_actions,
            grid,
            discount,
        )
        points = grid.points()
        cost, index, weight = self._look_ahead(points)
        self.values = torch.zeros(len(points), dtype=torch.float64)
        """J at the grid's points, (N,)."""
        self.nb_sweeps = 0
        """Bellman updates done."""
        error = tolerance + 1.0
        while error > tolerance:
            values = (cost + discount * self._interpolate(index, weight)).amin(dim=0)
            error = discount / (1.0 - discount) * float((values - self.values).abs().max())
            self.values = values
            self.nb_sweeps += 1

    def value(self, states: Tensor) -> Tensor:
        """Optimal discounted cost from states (M, 2), (M,)."""
        return self._interpolate(*self._grid.corners(states))

    def act(self, states: Tensor) -> Tensor:
        """The action that is best by one step of looking ahead, for states (M, 2), int64 (M,)."""
        cost, index, weight = self._look_ahead(states)
        return (cost + self._discount * self._interpolate(index, weight)).argmin(dim=0)

    def _look_ahead(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cost (n, M), and corners (n, M, 4) and weights (n, M, 4) of where each action leads."""
        found = []
        for action in range(self._nb_actions):
            cost, following = self._model(states, torch.full((len(states),), action))
            found.append((cost, *self._grid.corners(following)))
        costs, indices, weights = zip(*found, strict=True)
        return torch.stack(costs), torch.stack(indices), torch.stack(weights)

    def _interpolate(self, index: Tensor, weight: Tensor) -> Tensor:
        return (self.values[index] * weight).sum(dim=-1)
