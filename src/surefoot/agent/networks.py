"""Networks of the agents."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial

from torch import Generator, nn

from surefoot.agent.mirrored import MirroredLinear, swap_of
from surefoot.signals import Mirror

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": partial(nn.ReLU, inplace=True),
    "elu": nn.ELU,
}


def mlp(
    sizes: Sequence[int],
    *,
    activation: str,
    output_gain: float,
    ortho_init: bool,
    generator: Generator,
    mirrors: tuple[Mirror, Mirror] | None = None,
) -> nn.Sequential:
    """A multi-layer perceptron, linear at its output.

    Args:
        sizes: Widths from input to output.
        activation: "tanh", "relu" or "elu".
        output_gain: Gain of the last layer's orthogonal weights; hidden ones have sqrt 2.
        ortho_init: Orthogonal weights and zero biases, or PyTorch's uniform ones.
        generator: Where the weights are drawn from.
        mirrors: Of input and output, for a network that maps a mirrored input to the mirrored
            output; hidden widths are even then, and weights orthogonal.

    Source: Huang et al. 2022, detail 2 of PPO, for the gains.
    """
    layers: list[nn.Module] = []
    last = len(sizes) - 2
    sides: list[Mirror] = []
    if mirrors is not None:
        sides = [mirrors[0], *(swap_of(width) for width in sizes[1:-1]), mirrors[1]]
    for i, (width_in, width_out) in enumerate(itertools.pairwise(sizes)):
        gain = output_gain if i == last else math.sqrt(2.0)
        if sides:
            layer = MirroredLinear(sides[i], sides[i + 1])
            layer.initialize(gain, generator)
        else:
            layer = nn.Linear(width_in, width_out)
            _initialize(layer, gain if ortho_init else None, generator)
        layers.append(layer)
        if i != last:
            layers.append(_ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def _initialize(layer: nn.Linear, gain: float | None, generator: Generator) -> None:
    if gain is not None:
        nn.init.orthogonal_(layer.weight, gain, generator=generator)
        nn.init.zeros_(layer.bias)
    else:
        bound = 1.0 / math.sqrt(layer.in_features)
        nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
