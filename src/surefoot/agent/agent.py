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
from surefoot.agent.memory import Memory, MirroredMemory
from surefoot.agent.mirrored import Reflect, nothing, swap_of
from surefoot.agent.moments import RunningMoments
from surefoot.agent.networks import mlp
from surefoot.agent.pipeline import Pipeline
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Mirror


class Agent(nn.Module):
    """A policy over what one pipeline shows and one memory recalls; on-policy, a value too.

    Letters in shapes: N agents, F features of the pipeline, V values that the networks see: those
    of the policy, which are the sensed features and the output of the memory if there is one, then
    what only the value function is told.

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
        self.pipeline = Pipeline(config, interface, with_secrets=head.kind == "stochastic")
        nb_sensed, sides = self.pipeline.sensed_size, self.pipeline.sensed_mirror
        self.memory: Memory | None = None
        if config.memory != "none":
            if head.kind != "stochastic":
                raise InvalidConfig(
                    f"agent.memory {config.memory} is for on-policy algorithms: replay mixes the "
                    "order of what is remembered. Take --agent.history instead, or --algo ppo."
                )
            self.memory = (
                Memory(config, nb_sensed, generator)
                if sides is None
                else MirroredMemory(config, sides, generator)
            )
        self.nb_policy = nb_sensed + (self.memory.width if self.memory else 0)
        """How many values the policy sees; they come first."""
        self.nb_seen = self.nb_policy + len(self.pipeline.secrets)
        """V."""
        action = interface.action
        self.nb_outputs = action.size if isinstance(action, Layout) else action
        """Continuous action values, or the number of choices."""
        of_policy, of_value, of_spread = self._mirrors() if config.mirror != "none" else [None] * 3

        def network(
            hidden: tuple[int, ...],
            nb_out: int,
            gain: float,
            *,
            nb_in: int = self.nb_policy,
            mirrors: tuple[Mirror, Mirror] | None = None,
        ) -> nn.Sequential:
            return mlp(
                (nb_in, *hidden, nb_out),
                activation=config.activation,
                output_gain=gain,
                ortho_init=config.ortho_init,
                generator=generator,
                mirrors=mirrors,
            )

        match head.kind:
            case "stochastic":
                pi, vf, nb_out = config.net_arch_pi, config.net_arch_vf, self.nb_outputs
                self.actor = network(pi, nb_out, 0.01, mirrors=of_policy)
                self.critic = network(vf, 1, 1.0, nb_in=self.nb_seen, mirrors=of_value)
                if self.pipeline.continuous and config.log_std == "parameter":
                    self.log_std = nn.Parameter(torch.full((nb_out,), config.log_std_init))
                elif self.pipeline.continuous:
                    self.log_std_network = network(pi, nb_out, 0.01, mirrors=of_spread)
                self.reflect = Reflect(of_spread[1]) if of_spread else None
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

    def _mirrors(
        self,
    ) -> tuple[tuple[Mirror, Mirror], tuple[Mirror, Mirror], tuple[Mirror, Mirror]]:
        """Mirrors of what goes in and out: of the policy, of the value, of the log deviation."""
        if self.head.kind != "stochastic":
            raise InvalidConfig("agent.mirror is for on-policy algorithms, as --algo ppo")
        sensed, secret = self.pipeline.sensed_mirror, self.pipeline.secret_mirror
        action = self.interface.action_mirror
        assert sensed is not None and secret is not None and action is not None
        seen = sensed if self.memory is None else sensed + swap_of(self.memory.width)
        spread = Mirror(action.order, (1.0,) * len(action.order))
        return (seen, action), (seen + secret, nothing(1)), (seen, spread)

    def look(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take features (N, F) into the memory: what the networks see (N, V), and the state (N, S).

        The state changes only where a decision is due.
        """
        if self.memory is None:
            return features, state
        sensed, secret = features.tensor_split([self.pipeline.sensed_size], dim=1)
        output, memory = self.memory(sensed[None], self.pipeline.memory(state))
        seen = torch.cat([sensed, output[0], secret], dim=1)
        return seen, self.pipeline.remember(memory, state)

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
        sensed, secret = features.tensor_split([self.pipeline.sensed_size], dim=2)
        return torch.cat([sensed, self.memory.unroll(sensed, memory, done), secret], dim=2)

    def distribution(self, seen: Tensor) -> Distribution:
        """Law of the action of a stochastic policy given what is seen (N, V)."""
        sensed = seen[:, : self.nb_policy]
        output = self.actor(sensed)
        if not self.pipeline.continuous:
            return Categorical(output)
        if self.config.log_std == "network":
            return DiagonalGaussian(output, self.config.log_std_init + self.log_std_network(sensed))
        log_std = self.log_std if self.reflect is None else self.reflect.average(self.log_std)
        return DiagonalGaussian(output, log_std)

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

    def for_robot(self) -> Agent:
        """The same policy without what only a simulator knows, and without the value of it."""
        if not len(self.pipeline.secrets):
            return self
        agent = Agent(self.config, self.interface.on_robot, head=self.head)
        needless = ("critic.", "pipeline.secret_moments.")
        kept = {k: v for k, v in self.state_dict().items() if not k.startswith(needless)}
        agent.load_state_dict(agent.state_dict() | kept)
        return agent.train(self.training)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The deterministic policy: observation (E, O), state (E, S) -> action (E, A), state."""
        features, state = self.pipeline.observe(observation, state)
        seen, state = self.look(features, state)
        return self.pipeline.act(self.mode(seen), state)


class AgentPolicy:
    """An agent playing E worlds deterministically, with its memory: what evaluation runs.

    It reads what there is on the robot; what only a simulator knows may follow, and is not read.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent.for_robot()
        self._state = self._agent.pipeline.initial_state(1)

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
