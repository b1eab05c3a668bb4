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
from surefoot.agent.memory import Memory
from surefoot.agent.moments import RunningMoments
from surefoot.agent.networks import mlp
from surefoot.agent.pipeline import Pipeline
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout


class Agent(nn.Module):
    """A policy over what one pipeline shows and one memory recalls; on-policy, a value too.

    Letters in shapes: N agents, F features of the pipeline, V values that the networks see: the
    features and, beside them, the output of the memory if there is one.

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
        self.memory: Memory | None = None
        if config.memory != "none":
            if head.kind != "stochastic":
                raise InvalidConfig(
                    f"agent.memory {config.memory} is for on-policy algorithms: replay mixes the "
                    "order of what is remembered. Take --agent.history instead, or --algo ppo."
                )
            self.memory = Memory(config, nb_in, generator)
            nb_in += self.memory.width
        self.nb_seen = nb_in
        """V."""
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

    def look(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take features (N, F) into the memory: what the networks see (N, V), and the state (N, S).

        The state changes only where a decision is due.
        """
        if self.memory is None:
            return features, state
        output, memory = self.memory(features[None], self.pipeline.memory(state))
        return torch.cat([features, output[0]], dim=1), self.pipeline.remember(memory, state)

    def look_along(self, features: Tensor, memory: Tensor, done: Tensor) -> Tensor:
        """What the networks see along segments of experience: `look`, step after step.

        Args:
            features: (T, N, F).
            memory: The memory before the first step, (N, M).
            done: Whether an episode ended after each step but the last, bool (T - 1, N).

        Returns:
            (T, N, V).
        """
        if self.memory is None:
            return features
        return torch.cat([features, self.memory.unroll(features, memory, done)], dim=2)

    def distribution(self, seen: Tensor) -> Distribution:
        """Law of the action of a stochastic policy given what is seen (N, V)."""
        output = self.actor(seen)
        if not self.pipeline.continuous:
            return Categorical(output)
        if self.config.log_std == "parameter":
            return DiagonalGaussian(output, self.log_std)
        return DiagonalGaussian(output, self.config.log_std_init + self.log_std_network(seen))

    def mode(self, seen: Tensor) -> Tensor:
        """The output of the deterministic policy given what is seen (N, V), (N, A)."""
        match self.head.kind:
            case "stochastic":
                return self.distribution(seen).mode
            case "squashed":
                return SquashedGaussian(self.actor(seen)).mode
            case "deterministic":
                return self.actor(seen)
            case "greedy":
                return self.action_values(self.actor(seen)).argmax(1, keepdim=True).float()

    def action_values(self, output: Tensor) -> Tensor:
        """The choices' values (N, n) from an output of a greedy policy's network."""
        if self.head.atoms is None:
            return output
        return (output.softmax(dim=2) * self.atoms).sum(dim=2)

    def value(self, seen: Tensor) -> Tensor:
        """V of the states in which this is seen (..., V), (...)."""
        return self.critic(seen).squeeze(-1)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The deterministic policy: observation (E, O), state (E, S) -> action (E, A), state."""
        features, state = self.pipeline.observe(observation, state)
        seen, state = self.look(features, state)
        return self.pipeline.act(self.mode(seen), state)


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
