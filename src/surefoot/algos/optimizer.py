"""What a gradient step ends with: Adam or plain descent, and a target network that follows.

With networks of this size, walking through the layers in Python costs as much as the numbers: so
the optimizer is fused, and the weights are one vector.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


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


class SGD:
    """Plain gradient descent: steps of the learning rate times the gradient.

    Args:
        module: What is trained; its parameters become views of one vector, `weights`.
        learning_rate: Step size; it may be set anew at any time.
        max_grad_norm: Gradients are scaled down to this norm; None: never.
    """

    def __init__(
        self, module: nn.Module, learning_rate: float, *, max_grad_norm: float | None = None
    ) -> None:
        self.weights = Weights(module)
        self.learning_rate, self._max_grad_norm = learning_rate, max_grad_norm

    def descend(self, loss: Tensor) -> Tensor:
        """One step down the gradient of a scalar; gradients of other weights are not computed.

        Weights that the loss does not depend on have gradient zero.

        Returns:
            The norm of the gradient before it was scaled down.
        """
        parts = torch.autograd.grad(loss, self.weights.parameters, materialize_grads=True)
        return self.step(torch.cat([part.flatten() for part in parts]))

    def step(self, gradient: Tensor) -> Tensor:
        """One step down a gradient that is known, (P,); returns its norm."""
        norm = gradient.norm()
        if self._max_grad_norm is not None:
            gradient = gradient * (self._max_grad_norm / norm).clamp(max=1.0)
        self._move(gradient)
        return norm

    def _move(self, gradient: Tensor) -> None:
        self.weights.vector.sub_(gradient, alpha=self.learning_rate)

    def state_dict(self) -> dict[str, Tensor]:
        """What it remembers of past gradients; the weights are the module's."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`, bit for bit."""


class Adam(SGD):
    """Steps of about the learning rate, whatever the scale of the loss.

    Args:
        module: What is trained; its parameters become views of one vector, `weights`.
        learning_rate: Step size; it may be set anew at any time.
        eps: Added to the root of the second moment.
        max_grad_norm: Gradients are scaled down to this norm; None: never.

    Source: Kingma and Ba 2015, arXiv:1412.6980, algorithm 1, in PyTorch's fused form.
    """

    def __init__(
        self,
        module: nn.Module,
        learning_rate: float,
        *,
        eps: float = 1e-8,
        max_grad_norm: float | None = None,
    ) -> None:
        super().__init__(module, learning_rate, max_grad_norm=max_grad_norm)
        self._eps = eps
        self._mean, self._square = torch.zeros_like(self.weights.vector.expand(2, -1))
        self._nb_steps = torch.zeros(())

    def _move(self, gradient: Tensor) -> None:
        adam(
            [self.weights.vector],
            [gradient],
            [self._mean],
            [self._square],
            [],
            [self._nb_steps],
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=self._eps,
            maximize=False,
            fused=True,
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Moments and counter; the weights are the module's."""
        return {"mean": self._mean, "square": self._square, "nb_steps": self._nb_steps}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self._mean.copy_(state["mean"])
        self._square.copy_(state["square"])
        self._nb_steps.copy_(state["nb_steps"])


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
