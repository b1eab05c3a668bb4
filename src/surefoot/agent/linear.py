r"""Policies and values that are linear in their features, for S seeds at once.

Each seed has parameters of its own along the first dimension, so that S trainings cost little more
than one. `agent/seed_networks.py` has networks with the same methods.

Shapes: S seeds, N samples, F features, n actions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.agent.distributions import Categorical


class LinearSoftmax:
    r"""A soft-max policy whose preferences are linear: $h_a = R\,\theta_a\cdot\phi(x)$.

    It begins with $\theta = 0$, all actions equally likely.

    Args:
        nb_seeds: S.
        nb_features: F.
        nb_actions: n.
        height: R, what a feature counts for the action that it belongs to.

    Source: course ROB-GY 6323. There an action's features are $\phi(x)$ times a narrow bump around
        it, which is R at the action itself and 0 at the others.
    """

    def __init__(
        self, nb_seeds: int, nb_features: int, nb_actions: int, *, height: float = 1.0
    ) -> None:
        self.theta = torch.zeros(nb_seeds, nb_features, nb_actions, dtype=torch.float64)
        """(S, F, n)."""
        self._height = height

    @property
    def parameters(self) -> list[Tensor]:
        """What is learned."""
        return [self.theta]

    def law(self, features: Tensor) -> Categorical:
        """Law of the actions, given features (S, N, F), for all S N samples in a row."""
        return Categorical((self._height * (features @ self.theta)).flatten(0, 1))

    def ascend(self, features: Tensor, action: Tensor, weight: Tensor, rate: float) -> None:
        r"""$\theta \leftarrow \theta + \text{rate} \sum_i w_i \nabla\log\pi(u_i|x_i)$, each seed.

        $\nabla_{\theta_a}\log\pi(u|x) = R\,\phi(x)\,([u = a] - \pi(a|x))$.

        Args:
            features: phi, (S, N, F).
            action: u, int64 (S, N).
            weight: w, (S, N).
            rate: Learning rate.
        """
        score = -self.law(features).probs.reshape(*action.shape, -1)
        score.scatter_add_(2, action[..., None], torch.ones_like(weight)[..., None])
        gradient = features.transpose(1, 2) @ (weight[..., None] * score)
        self.theta.add_(gradient, alpha=rate * self._height)


class LinearValue:
    r"""A value function $V(x) = \theta\cdot\phi(x)$, at first 0.

    Args:
        nb_seeds: S.
        nb_features: F.
    """

    def __init__(self, nb_seeds: int, nb_features: int) -> None:
        self.theta = torch.zeros(nb_seeds, nb_features, 1, dtype=torch.float64)
        """(S, F, 1)."""

    @property
    def parameters(self) -> list[Tensor]:
        """What is learned."""
        return [self.theta]

    def __call__(self, features: Tensor) -> Tensor:
        """Values of features (S, N, F), (S, N)."""
        return (features @ self.theta).squeeze(2)

    def ascend(self, features: Tensor, weight: Tensor, rate: float) -> None:
        r"""$\theta \leftarrow \theta + \text{rate} \sum_i w_i \nabla V(x_i)$, each seed.

        Args:
            features: phi, (S, N, F).
            weight: w, such as the error of V that is to be taken away, (S, N).
            rate: Learning rate.
        """
        self.theta.add_(features.transpose(1, 2) @ weight[..., None], alpha=rate)
