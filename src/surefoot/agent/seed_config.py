"""Settings of an agent that is trained for several seeds at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class SeedAgentConfig:
    """What policy and value are made of."""

    model: Literal["linear", "network"] = "linear"
    """Linear in Fourier features of the state, as in the lecture, or a network of tanh layers."""
    fourier_order: int = 2
    """Highest multiple of each coordinate in the features; a network gets along with 1."""
    height: float = 12.615662610100802
    """What a feature counts in the linear policy's preference for an action. The lecture's features
    are a normal density of variance 0.001 around each action: 1 / sqrt(2 pi 0.001) at the top."""
    net_arch: tuple[int, ...] = (64, 64)
    """Hidden layers of the policy and of the value network."""
    value_scale: float = 100.0
    """Unit of the value network's output: discounted costs are of this size."""

    def __post_init__(self) -> None:
        if self.fourier_order < 1 or any(n < 1 for n in self.net_arch):
            raise InvalidConfig(
                "agent.fourier_order and every width in agent.net_arch must be at least 1, got "
                f"{self.fourier_order} and {self.net_arch}"
            )
        for name in ("height", "value_scale"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise InvalidConfig(f"agent.{name} must be positive, got {getattr(self, name)}")
