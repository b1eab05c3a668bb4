"""What surrounds the networks on the robot: memory before them, integration after them.

Everything is a pure function of (input, state), and the state of E agents is one tensor (E, S), all
zeros at the start of an episode. So the same code trains, is exported as one graph, and resets an
agent by clearing its row.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from surefoot.agent.config import AgentConfig
from surefoot.agent.memory import state_size
from surefoot.agent.moments import RunningMoments
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout


class Pipeline(nn.Module):
    """From named observations to network features, and from network outputs to named actions.

    Letters in shapes: E agents, O observed values, A action values, F values of a frame (the chosen
    inputs, then the last command), H frames of history, M values of recurrent memory, S = 2 + 2 A +
    H F + M state values: whether the episode has begun, steps since the last decision, the last
    command, the output that is held, the frames with the newest last, the memory.

    Source: wrappers of ppo_balancer (last action, history, action integration, rescaling) in that
        order; one flat state for all of them, and deciding at a lower rate than acting, are ours.
    """

    inputs: Tensor
    low: Tensor
    high: Tensor
    rates: Tensor

    def __init__(self, config: AgentConfig, interface: Interface) -> None:
        super().__init__()
        self.config, self.interface = config, interface
        observation, action = interface.observation, interface.action
        names = config.inputs or observation.names
        columns = [i for n in names for i in range(*observation.slice(n).indices(observation.size))]
        self.register_buffer("inputs", torch.tensor(columns), persistent=False)
        self.continuous = isinstance(action, Layout)
        low = torch.from_numpy(action.low) if isinstance(action, Layout) else torch.zeros(1)
        high = torch.from_numpy(action.high) if isinstance(action, Layout) else torch.zeros(1)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self.bounded = bool(torch.isfinite(low).all() and torch.isfinite(high).all())
        if config.action_rates and not self.continuous:
            raise InvalidConfig("agent.action_rates needs a continuous action, not a choice")
        if config.action_rates and len(config.action_rates) != len(low):
            raise InvalidConfig(
                f"agent.action_rates needs one rate per action value: {len(low)} values, "
                f"{len(config.action_rates)} rates"
            )
        self.register_buffer("rates", torch.tensor(config.action_rates), persistent=False)
        self.action_size = interface.action_size
        self.frame_size = len(columns) + config.append_last_command * self.action_size
        self.feature_size = config.history * self.frame_size
        self.memory_size = state_size(config)
        self.state_size = 2 + 2 * self.action_size + self.feature_size + self.memory_size
        self.moments = RunningMoments(self.frame_size) if config.normalize_observation else None

    def initial_state(self, nb: int, *, phase: int = 0) -> Tensor:
        """State of `nb` agents before their first observation, (nb, S).

        An agent in a later phase than 0 outputs nothing until its next decision is due.
        """
        state = torch.zeros(nb, self.state_size)
        state[:, 1] = phase
        return state

    def observe(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Remember an observation (E, O) if a decision is due.

        The first observation of an episode fills the whole history.

        Returns:
            The features (E, H F) and the new state.
        """
        started, phase, command, held, history, memory = self._split(state)
        frame = observation.index_select(1, self.inputs)
        if self.config.append_last_command:
            frame = torch.cat([frame, command], dim=1)
        newer = frame
        if self.config.history > 1:
            longer = torch.cat([history[:, self.frame_size :], frame], dim=1)
            filled = frame.repeat(1, self.config.history)
            newer = torch.where(started > 0.5, longer, filled)
        if self.config.action_repeat > 1:
            due = phase < 0.5
            newer = torch.where(due, newer, history)
            started = torch.where(due, 1.0, started)
        else:
            started = torch.ones_like(started)
        state = torch.cat([started, phase, command, held, newer, memory], dim=1)
        return self.normalize(newer), state

    def normalize(self, history: Tensor) -> Tensor:
        """Features of raw frames (N, H F), the newest last, with the moments as they are now."""
        if self.moments is None:
            return history
        frames = history.unflatten(1, (self.config.history, self.frame_size))
        return self.moments.normalize(frames).flatten(1)

    def features(self, state: Tensor) -> Tensor:
        """Features of what the agents in `state` (N, S) remember, (N, H F)."""
        return self.normalize(self._split(state)[4])

    def newest_frame(self, state: Tensor) -> Tensor:
        """The last frame taken in, before normalisation, (E, F)."""
        end = self.state_size - self.memory_size
        return state[:, end - self.frame_size : end]

    def memory(self, state: Tensor) -> Tensor:
        """What agents in `state` (N, S) have in their recurrent memory, (N, M)."""
        return self._split(state)[5]

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """The state (N, S) with a new memory (N, M), where a decision is due."""
        if self.config.action_repeat > 1:
            memory = torch.where(state[:, 1:2] < 0.5, memory, self.memory(state))
        return torch.cat([state[:, : self.state_size - self.memory_size], memory], dim=1)

    def act(self, output: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Turn network outputs (E, A) into actions in the environment's units; and the new state.

        Between decisions the last output is held instead. Bounded actions take outputs clipped to
        [-1, 1]: as rates of change, integrated and clipped to the bounds, or rescaled to the
        bounds. A choice passes through.
        """
        started, phase, command, held, history, memory = self._split(state)
        repeat = self.config.action_repeat
        if repeat > 1:
            held = torch.where(phase < 0.5, output, held)
            phase = torch.where(phase + 1.5 > repeat, 0.0, phase + 1.0)
        else:
            held = output
        if len(self.rates):
            change = held.clamp(-1.0, 1.0) * self.rates * self.interface.dt
            command = torch.minimum(torch.maximum(command + change, self.low), self.high)
        elif self.continuous and self.bounded:
            command = self.low + 0.5 * (held.clamp(-1.0, 1.0) + 1.0) * (self.high - self.low)
        else:
            command = held
        return command, torch.cat([started, phase, command, held, history, memory], dim=1)

    def _split(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Begun (E, 1), phase (E, 1), command, held output (E, A), history (E, H F), memory."""
        a, f, m = self.action_size, self.feature_size, self.memory_size
        begun, phase, command, held, history, memory = state.split([1, 1, a, a, f, m], dim=1)
        return begun, phase, command, held, history, memory
