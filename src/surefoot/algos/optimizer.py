"""Adam over all weights of a module as one vector: a handful of operations, however many layers.

Off-policy learners take one small gradient step per decision. There, walking through the layers in
Python, once for each of optimizer, gradient norm and target network, costs as much as the numbers.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn


class Weights:
    """All parameters of a module as one vector that they are views of.

    Args:
        module: Its parameters move into the vector.
    """

    def __init__(self, module: nn.Module) -> None:
        self.parameters = [*module.parameters()]
        self.vector = torch.cat([p.detach().flatten() for p in self.parameters])
        """(P,)."""
        parts = self.vector.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)


class Adam:
    """Lowers losses over the weights of a module.

    Args:
        module: What is trained.
        learning_rate: Step size.
        eps: Added to the root of the second moment.
        max_grad_norm: Gradients are scaled down to this norm; None: never.

    Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1, with the moments' correction in the
        step size as at the end of section 2.
    """

    BETA1, BETA2 = 0.9, 0.999

    def __init__(
        self,
        module: nn.Module,
        learning_rate: float,
        *,
        eps: float = 1e-8,
        max_grad_norm: float | None = None,
    ) -> None:
        self.weights = Weights(module)
        self._learning_rate, self._eps, self._max_grad_norm = learning_rate, eps, max_grad_norm
        vector = self.weights.vector
        self._first, self._second = torch.zeros_like(vector), torch.zeros_like(vector)
        self._buffer = torch.empty_like(vector)
        self._nb_steps = 0

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a scalar; gradients of other weights are not computed."""
        gradients = torch.autograd.grad(loss, self.weights.parameters)
        self.step(torch.cat([g.flatten() for g in gradients]))

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        """One step along minus a gradient, (P,), which is overwritten."""
        if self._max_grad_norm is not None:
            norm = torch.linalg.vector_norm(gradient)
            gradient *= (self._max_grad_norm / (norm + 1e-6)).clamp(max=1.0)
        self._nb_steps += 1
        self._first.lerp_(gradient, 1.0 - self.BETA1)
        self._second.mul_(self.BETA2).addcmul_(gradient, gradient, value=1.0 - self.BETA2)
        root = math.sqrt(1.0 - self.BETA2**self._nb_steps)
        rate = self._learning_rate * root / (1.0 - self.BETA1**self._nb_steps)
        torch.sqrt(self._second, out=self._buffer).add_(self._eps * root)
        self.weights.vector.addcdiv_(self._first, self._buffer, value=-rate)

    def state_dict(self) -> dict[str, Any]:
        """Moments and counter; the weights are the module's."""
        return {"first": self._first, "second": self._second, "nb_steps": self._nb_steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self._first.copy_(state["first"])
        self._second.copy_(state["second"])
        self._nb_steps = state["nb_steps"]


class Target:
    r"""A copy of a module that follows it: at once, or slowly.

    Args:
        module: What is copied.
        weights: Its weights.

    Source: Mnih et al. 2015 (at once, now and then); Lillicrap et al. 2016, arXiv:1509.02971,
        algorithm 1 (slowly).
    """

    def __init__(self, module: nn.Module, weights: Weights) -> None:
        self.network = copy.deepcopy(module).requires_grad_(False)
        self._source, self._own = weights.vector, Weights(self.network)

    def __call__(self, *inputs: Tensor) -> Tensor:
        """What the copy says."""
        return self.network(*inputs)

    def follow(self, tau: float) -> None:
        r"""$\theta^- \leftarrow (1 - \tau)\,\theta^- + \tau\,\theta$; 1 is a copy."""
        self._own.vector.lerp_(self._source, tau)

    def state_dict(self) -> dict[str, Tensor]:
        """The copy's weights."""
        return self.network.state_dict()

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        self.network.load_state_dict(state)
