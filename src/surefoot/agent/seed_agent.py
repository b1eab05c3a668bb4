"""A soft-max policy and a value for S seeds at once, linear or networks, with the same methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Generator, Tensor

from surefoot.agent.distributions import Categorical
from surefoot.agent.fourier import FourierFeatures
from surefoot.agent.linear import LinearSoftmax, LinearValue
from surefoot.agent.seed_config import SeedAgentConfig
from surefoot.agent.seed_networks import NetworkSoftmax, NetworkValue


class Policy(Protocol):
    """What an algorithm asks of a policy."""

    def law(self, features: Tensor) -> Categorical:
        """Law of the actions, given features (S, N, F), for all S N samples in a row."""
        ...

    def ascend(self, features: Tensor, action: Tensor, weight: Tensor, rate: float) -> None:
        """Raise the sum of weight (S, N) times log pi(action (S, N)), by one gradient step."""
        ...


class Value(Protocol):
    """What an algorithm asks of a value function."""

    def __call__(self, features: Tensor) -> Tensor:
        """Values of features (S, N, F), (S, N)."""
        ...

    def ascend(self, features: Tensor, weight: Tensor, rate: float) -> None:
        """Raise the sum of weight (S, N) times V, by one gradient step."""
        ...


class SeedAgent:
    """Features of the state, and the policy and the value that read them.

    Args:
        config: Linear or networks.
        scale: What one unit of each coordinate of the state is in the features, rad.
        nb_actions: n.
        generators: Where each seed's networks are drawn from, S of them.
    """

    def __init__(
        self,
        config: SeedAgentConfig,
        *,
        scale: Sequence[float],
        nb_actions: int,
        generators: Sequence[Generator],
    ) -> None:
        self.config = config
        self.features = FourierFeatures(config.fourier_order, scale)
        nb_seeds, nb_features = len(generators), self.features.size
        self.policy: LinearSoftmax | NetworkSoftmax
        self.value: LinearValue | NetworkValue
        if config.model == "linear":
            self.policy = LinearSoftmax(nb_seeds, nb_features, nb_actions, height=config.height)
            self.value = LinearValue(nb_seeds, nb_features)
        else:
            sizes = (nb_features, *config.net_arch)
            self.policy = NetworkSoftmax((*sizes, nb_actions), generators)
            self.value = NetworkValue((*sizes, 1), generators, scale=config.value_scale)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Parameters of policy and value, the seeds along their first dimension."""
        both = {"policy": self.policy.parameters, "value": self.value.parameters}
        return {name: [p.detach() for p in parameters] for name, parameters in both.items()}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        """Take the parameters of `state_dict`.

        Raises:
            ValueError: They have other shapes.
        """
        for name, parameters in self.state_dict().items():
            for mine, theirs in zip(parameters, state[name], strict=True):
                if mine.shape != theirs.shape:
                    raise ValueError(f"{name} has shape {(*theirs.shape,)}, not {(*mine.shape,)}")
                mine.copy_(theirs)
