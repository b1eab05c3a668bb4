"""An agent: the pipeline that goes to the robot, its policy, and its value function."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from surefoot.agent.config import AgentConfig
from surefoot.agent.distributions import Categorical, DiagonalGaussian, Distribution
from surefoot.agent.moments import RunningMoments
from surefoot.agent.networks import mlp
from surefoot.agent.pipeline import Pipeline
from surefoot.signals import Interface, Layout


class Agent(nn.Module):
    """Policy and value function over the features of one pipeline.

    Args:
        config: Memory, action type, networks.
        interface: The environment's observation, action and rate.
        generator: Where the initial weights are drawn from.
    """

    def __init__(
        self, config: AgentConfig, interface: Interface, generator: Generator | None = None
    ) -> None:
        super().__init__()
        generator = generator or torch.Generator()
        self.config, self.interface = config, interface
        self.pipeline = Pipeline(config, interface)
        nb_in = self.pipeline.feature_size
        continuous = self.pipeline.continuous
        nb_out = interface.action.size if isinstance(interface.action, Layout) else interface.action

        def network(hidden: tuple[int, ...], nb_out: int, gain: float) -> nn.Sequential:
            return mlp(
                (nb_in, *hidden, nb_out),
                activation=config.activation,
                output_gain=gain,
                ortho_init=config.ortho_init,
                generator=generator,
            )

        self.actor = network(config.net_arch_pi, nb_out, 0.01)
        self.critic = network(config.net_arch_vf, 1, 1.0)
        if continuous and config.log_std == "parameter":
            self.log_std = nn.Parameter(torch.full((nb_out,), config.log_std_init))
        elif continuous:
            self.log_std_network = network(config.net_arch_pi, nb_out, 0.01)
        self.return_moments = RunningMoments(1)
        """Spread of the discounted return, kept with the policy; used where rewards are scaled."""

    def distribution(self, features: Tensor) -> Distribution:
        """Law of the action given features (N, F)."""
        output = self.actor(features)
        if not self.pipeline.continuous:
            return Categorical(output)
        if self.config.log_std == "parameter":
            return DiagonalGaussian(output, self.log_std)
        return DiagonalGaussian(output, self.config.log_std_init + self.log_std_network(features))

    def value(self, features: Tensor) -> Tensor:
        """V of the states that features (N, F) describe, (N,)."""
        return self.critic(features).squeeze(-1)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The deterministic policy: observation (E, O), state (E, S) -> action (E, A), state."""
        features, state = self.pipeline.observe(observation, state)
        return self.pipeline.act(self.distribution(features).mode, state)


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
