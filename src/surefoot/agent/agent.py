"""An agent: the pipeline that goes to the robot, its policy, and its value function."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.config import STOCHASTIC, AgentConfig, PolicyHead
from surefoot.agent.distributions import (
    Categorical,
    DiagonalGaussian,
    Distribution,
    SquashedGaussian,
)
from surefoot.agent.heads import support, values_head
from surefoot.agent.moments import RunningMoments
from surefoot.agent.networks import mlp
from surefoot.agent.pipeline import Pipeline
from surefoot.signals import Interface, Layout


class Agent(nn.Module):
    """A policy over the features of one pipeline, and for on-policy learning a value function.

    Args:
        config: Memory, action type, networks.
        interface: The environment's observation, action and rate.
        generator: Where the initial weights are drawn from.
        head: What the policy's network ends in.
    """

    atoms: Tensor

    def __init__(
        self,
        config: AgentConfig,
        interface: Interface,
        generator: Generator | None = None,
        *,
        head: PolicyHead = STOCHASTIC,
    ) -> None:
        super().__init__()
        generator = generator or torch.Generator()
        self.config, self.interface, self.head = config, interface, head
        self.pipeline = Pipeline(config, interface)
        nb_in = self.pipeline.feature_size
        action = interface.action
        self.nb_outputs = action.size if isinstance(action, Layout) else action
        """Continuous action values, or the number of choices."""

        def network(hidden: tuple[int, ...], nb_out: int, gain: float) -> nn.Sequential:
            return mlp(
                (nb_in, *hidden, nb_out),
                activation=config.activation,
                output_gain=gain,
                ortho_init=config.ortho_init,
                generator=generator,
            )

        match head.kind:
            case "stochastic":
                self.actor = network(config.net_arch_pi, self.nb_outputs, 0.01)
                self.critic = network(config.net_arch_vf, 1, 1.0)
                if self.pipeline.continuous and config.log_std == "parameter":
                    self.log_std = nn.Parameter(torch.full((self.nb_outputs,), config.log_std_init))
                elif self.pipeline.continuous:
                    self.log_std_network = network(config.net_arch_pi, self.nb_outputs, 0.01)
                self.return_moments = RunningMoments(1)
                """Spread of the discounted return, where rewards are scaled by it."""
            case "squashed":
                self.actor = network(config.net_arch_pi, 2 * self.nb_outputs, 0.01)
            case "deterministic":
                self.actor = network(config.net_arch_pi, self.nb_outputs, 0.01).append(nn.Tanh())
            case "greedy":
                nb_out, last = values_head(head, self.nb_outputs)
                self.actor = network(config.net_arch_pi, nb_out, 1.0).append(last)
                if head.atoms is not None:
                    self.register_buffer("atoms", support(head), persistent=False)

    def distribution(self, features: Tensor) -> Distribution:
        """Law of the action of a stochastic policy given features (N, F)."""
        output = self.actor(features)
        if not self.pipeline.continuous:
            return Categorical(output)
        if self.config.log_std == "parameter":
            return DiagonalGaussian(output, self.log_std)
        return DiagonalGaussian(output, self.config.log_std_init + self.log_std_network(features))

    def mode(self, features: Tensor) -> Tensor:
        """The output of the deterministic policy for features (N, F), (N, A)."""
        match self.head.kind:
            case "stochastic":
                return self.distribution(features).mode
            case "squashed":
                return SquashedGaussian(self.actor(features)).mode
            case "deterministic":
                return self.actor(features)
            case "greedy":
                return self.action_values(self.actor(features)).argmax(1, keepdim=True).float()

    def action_values(self, output: Tensor) -> Tensor:
        """The choices' values (N, n) from an output of a greedy policy's network."""
        if self.head.atoms is None:
            return output
        return (output.softmax(dim=2) * self.atoms).sum(dim=2)

    def value(self, features: Tensor) -> Tensor:
        """V of the states that features (N, F) describe, (N,)."""
        return self.critic(features).squeeze(-1)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The deterministic policy: observation (E, O), state (E, S) -> action (E, A), state."""
        features, state = self.pipeline.observe(observation, state)
        return self.pipeline.act(self.mode(features), state)


class AgentPolicy:
    """An agent playing E worlds deterministically, with its memory: what evaluation runs."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._state = agent.pipeline.initial_state(1)

    def reset(self, nb_worlds: int) -> None:
        """Forget everything."""
        self._state = self._agent.pipeline.initial_state(nb_worlds)

    def reset_worlds(self, done: Tensor) -> None:
        """Forget the worlds that are `done`, bool (E,)."""
        self._state = self._state * ~done[:, None]

    @torch.no_grad()
    def act(self, observation: Tensor) -> Tensor:
        """Action in the environment's units for an observation (E, O), (E, A)."""
        action, self._state = self._agent(observation, self._state)
        return action
