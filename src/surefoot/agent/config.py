"""Settings of an agent: what it remembers, how it acts, which networks it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class PolicyHead:
    """What a policy's network ends in; the algorithm decides it, not the user."""

    kind: Literal["stochastic", "squashed", "deterministic", "greedy"] = "stochastic"
    """A Gaussian or a soft-max, beside a value function; the tanh of a Gaussian; a tanh; the best
    of the choices' values."""
    dueling: bool = False
    """Greedy: the network gives a value and advantages."""
    atoms: tuple[float, float, int] | None = None
    """Greedy: the network gives laws of the return on points: the first, the last, how many."""


STOCHASTIC = PolicyHead()
"""The policy of on-policy learning."""


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """Everything of a policy that is carried to the robot. Immutable: vary it with `replace`."""

    inputs: tuple[str, ...] = ()
    """Names of the observed signals the policy reads, in this order; empty for all of them."""
    history: int = 1
    """How many of the last observations the policy sees, oldest first."""
    append_last_command: bool = False
    """Add the command sent in the step before to each observation."""
    action_repeat: int = 1
    """Steps for which an output of the policy is held; it looks and decides only every so often.
    Outputs that are rates of change are integrated at every step."""
    action_rates: tuple[float, ...] = ()
    """The policy's outputs in [-1, 1] are rates of change of the action, up to these (action unit
    per second, one per element), integrated and clipped; empty: they are the action itself."""
    normalize_observation: bool = False
    """Subtract a running mean and divide by a running standard deviation, then clip to +-10."""
    memory: Literal["none", "lstm", "gru"] = "none"
    """A recurrent memory beside the features, read by the policy and the value function: for tasks
    whose state the last observations do not show."""
    memory_size: int = 64
    """Width of the memory."""
    mirror: Literal["none", "network"] = "none"
    """Left-right symmetry: networks whose action in a mirrored situation is the mirrored action,
    and whose value is the same; they need an environment that says what its mirror is."""
    net_arch_pi: tuple[int, ...] = (64, 64)
    """Hidden layers of the policy, or of the action values that it is the best of."""
    net_arch_vf: tuple[int, ...] = (64, 64)
    """Hidden layers of the value function, or of each critic."""
    activation: Literal["tanh", "relu", "elu"] = "tanh"
    """Activation of the hidden layers."""
    ortho_init: bool = True
    """Orthogonal weights (gains sqrt 2; 0.01 for the policy's output, 1 for the value and the
    memory) and zero biases; False keeps PyTorch's initialisation."""
    log_std: Literal["parameter", "network"] = "parameter"
    """The log standard deviation of a continuous policy is the same in every state, or comes from
    a network of the state, as wide as the policy's."""
    log_std_init: float = 0.0
    """Initial log standard deviation of a continuous policy."""

    def __post_init__(self) -> None:
        if self.history < 1:
            raise InvalidConfig(f"agent.history must be at least 1, got {self.history}")
        if self.action_repeat < 1:
            raise InvalidConfig(f"agent.action_repeat must be at least 1, got {self.action_repeat}")
        if self.memory_size < 1:
            raise InvalidConfig(f"agent.memory_size must be at least 1, got {self.memory_size}")
        if any(n < 1 for n in (*self.net_arch_pi, *self.net_arch_vf)):
            raise InvalidConfig(
                f"agent.net_arch_* needs positive widths, got {self.net_arch_pi} "
                f"and {self.net_arch_vf}"
            )
        if self.mirror == "network" and any(n % 2 for n in (*self.net_arch_pi, *self.net_arch_vf)):
            raise InvalidConfig(
                "agent.mirror network pairs the hidden units: agent.net_arch_* needs even widths, "
                f"got {self.net_arch_pi} and {self.net_arch_vf}"
            )
        if any(r <= 0.0 for r in self.action_rates):
            raise InvalidConfig(f"agent.action_rates must be positive, got {self.action_rates}")
