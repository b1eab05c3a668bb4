"""What surrounds the networks on the robot: memory before them, integration after them.

Everything is a pure function of (input, state), and the state of E agents is one tensor (E, S), all
zeros at the start of an episode. So the same code trains, is exported as one graph, and resets an
agent by clearing its row.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from surefoot.agent.config import AgentConfig
from surefoot.agent.memory import state_size
from surefoot.agent.mirrored import Reflect
from surefoot.agent.moments import RunningMoments
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Mirror


class Pipeline(nn.Module):
    """From named observations to network features, and from network outputs to named actions.

    Letters in shapes: E agents, O observed values, A action values, F values of a frame (the chosen
    inputs, then the last command), H frames of history, M values of recurrent memory, P values that
    only a simulator knows, S = 2 + 2 A + H F + M + P state values: whether the episode has begun,
    steps since the last decision, the last command, the output that is held, the frames with the
    newest last, the memory, the newest secrets.

    Source: wrappers of ppo_balancer (last action, history, action integration, rescaling) in that
        order; one flat state for all of them, and deciding at a lower rate than acting, are ours.
    """

    inputs: Tensor
    secrets: Tensor
    low: Tensor
    high: Tensor
    rates: Tensor

    def __init__(
        self, config: AgentConfig, interface: Interface, *, with_secrets: bool = True
    ) -> None:
        super().__init__()
        self.config, self.interface = config, interface
        action = interface.action
        secrets = [s.name for s in interface.observation if s.source == "simulator"]
        known = [name for name in config.inputs if name in secrets]
        if known:
            raise InvalidConfig(f"agent.inputs has '{known[0]}', which no robot can sense")
        names = config.inputs or [s.name for s in interface.sensed]
        columns = _columns(interface.observation, names)
        hidden = _columns(interface.observation, secrets) if with_secrets else []
        self.register_buffer("inputs", torch.tensor(columns), persistent=False)
        self.register_buffer("secrets", torch.tensor(hidden, dtype=torch.int64), persistent=False)
        self.continuous = isinstance(action, Layout)
        low = torch.from_numpy(action.low) if isinstance(action, Layout) else torch.zeros(1)
        high = torch.from_numpy(action.high) if isinstance(action, Layout) else torch.zeros(1)
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self.bounded = bool(torch.isfinite(low).all() and torch.isfinite(high).all())
        self.limited = self.continuous and (self.bounded or bool(config.action_rates))
        """Whether outputs are clipped to [-1, 1]."""
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
        self.sensed_size = config.history * self.frame_size
        """H F, the features of the policy."""
        self.feature_size = self.sensed_size + len(hidden)
        """H F + P, those of the value function."""
        self.memory_size = state_size(config)
        self.state_size = 2 + 2 * self.action_size + self.feature_size + self.memory_size
        normalized = config.normalize_observation
        self.moments = RunningMoments(self.frame_size) if normalized else None
        self.secret_moments = RunningMoments(len(hidden)) if normalized and hidden else None
        self.frame_mirror: Mirror | None = None
        self.secret_mirror: Mirror | None = None
        if config.mirror != "none":
            self._find_mirrors(columns, hidden)

    def _find_mirrors(self, columns: list[int], hidden: list[int]) -> None:
        whole, action = self.interface.observation_mirror, self.interface.action_mirror
        if whole is None or action is None:
            raise InvalidConfig(
                "agent.mirror needs a task that knows left and right, as the walking tasks do"
            )
        reflect = Reflect(action)
        if self.bounded and not torch.equal(
            torch.minimum(reflect(self.low), reflect(self.high)), self.low
        ):
            raise InvalidConfig(
                "agent.mirror needs mirrored bounds of the action: these differ on left and right"
            )
        frame = _part(whole, columns)
        self.frame_mirror = frame + action if self.config.append_last_command else frame
        self.secret_mirror = _part(whole, hidden)
        self._reflect_frame = Reflect(self.frame_mirror)
        self._reflect_secrets = Reflect(self.secret_mirror)

    @property
    def sensed_mirror(self) -> Mirror | None:
        """The mirror of the policy's features, H frames; None without one."""
        if self.frame_mirror is None:
            return None
        mirror = self.frame_mirror
        for _ in range(self.config.history - 1):
            mirror = mirror + self.frame_mirror
        return mirror

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
        started, phase, command, held, history, memory, secrets = self._split(state)
        frame = observation.index_select(1, self.inputs)
        secrets = observation.index_select(1, self.secrets)
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
        state = torch.cat([started, phase, command, held, newer, memory, secrets], dim=1)
        return self._features(newer, secrets), state

    def normalize(self, history: Tensor) -> Tensor:
        """Features of raw frames (N, H F), the newest last, with the moments as they are now."""
        if self.moments is None:
            return history
        frames = history.unflatten(1, (self.config.history, self.frame_size))
        return self.moments.normalize(frames).flatten(1)

    def features(self, state: Tensor) -> Tensor:
        """Features of what the agents in `state` (N, S) remember, (N, H F + P)."""
        parts = self._split(state)
        return self._features(parts[4], parts[6])

    def _features(self, history: Tensor, secrets: Tensor) -> Tensor:
        sensed = self.normalize(history)
        if not len(self.secrets):
            return sensed
        if self.secret_moments is not None:
            secrets = self.secret_moments.normalize(secrets)
        return torch.cat([sensed, secrets], dim=1)

    def newest_frame(self, state: Tensor) -> Tensor:
        """The last frame taken in, before normalisation, (E, F)."""
        return self._split(state)[4][:, -self.frame_size :]

    def learn_moments(self, states: list[Tensor]) -> None:
        """Take what the agents have just seen, in states (E, S), into the normalisation.

        With a mirror, what they would have seen in it counts as well.
        """
        if self.moments is None:
            return
        frames = torch.cat([self.newest_frame(state) for state in states])
        if self.frame_mirror is not None:
            frames = torch.cat([frames, self._reflect_frame(frames)])
        self.moments.update(frames)
        if self.secret_moments is not None:
            secrets = torch.cat([self._split(state)[6] for state in states])
            if self.frame_mirror is not None:
                secrets = torch.cat([secrets, self._reflect_secrets(secrets)])
            self.secret_moments.update(secrets)

    def memory(self, state: Tensor) -> Tensor:
        """What agents in `state` (N, S) have in their recurrent memory, (N, M)."""
        return self._split(state)[5]

    def command(self, state: Tensor) -> Tensor:
        """The last command of agents in `state` (N, S), in the environment's units, (N, A)."""
        return self._split(state)[2]

    def remember(self, memory: Tensor, state: Tensor) -> Tensor:
        """The state (N, S) with a new memory (N, M), where a decision is due."""
        if self.config.action_repeat > 1:
            memory = torch.where(state[:, 1:2] < 0.5, memory, self.memory(state))
        parts = self._split(state)
        return torch.cat([*parts[:5], memory, parts[6]], dim=1)

    def act(self, output: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Turn network outputs (E, A) into actions in the environment's units; and the new state.

        Between decisions the last output is held instead. Bounded actions take outputs clipped to
        [-1, 1]: as rates of change, integrated and clipped to the bounds, or rescaled to the
        bounds. A choice passes through.
        """
        started, phase, command, held, history, memory, secrets = self._split(state)
        repeat = self.config.action_repeat
        if repeat > 1:
            held = torch.where(phase < 0.5, output, held)
            phase = torch.where(phase + 1.5 > repeat, 0.0, phase + 1.0)
        else:
            held = output
        if len(self.rates):
            change = held.clamp(-1.0, 1.0) * self.rates * self.interface.dt
            command = torch.minimum(torch.maximum(command + change, self.low), self.high)
        elif self.limited:
            command = self.low + 0.5 * (held.clamp(-1.0, 1.0) + 1.0) * (self.high - self.low)
        else:
            command = held
        new = torch.cat([started, phase, command, held, history, memory, secrets], dim=1)
        return command, new

    def _split(
        self, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Begun, phase (E, 1), command, held output (E, A), history, memory, secrets."""
        a, f, m, p = self.action_size, self.sensed_size, self.memory_size, len(self.secrets)
        begun, phase, command, held, history, memory, secrets = state.split(
            [1, 1, a, a, f, m, p], dim=1
        )
        return begun, phase, command, held, history, memory, secrets


def _columns(layout: Layout, names: Sequence[str]) -> list[int]:
    return [i for n in names for i in range(*layout.slice(n).indices(layout.size))]


def _part(mirror: Mirror, columns: list[int]) -> Mirror:
    """The mirror of some elements.

    Raises:
        InvalidConfig: One of them has its partner outside.
    """
    place = {column: i for i, column in enumerate(columns)}
    if any(mirror.order[column] not in place for column in columns):
        raise InvalidConfig("agent.mirror needs both sides of everything in agent.inputs")
    return Mirror(
        tuple(place[mirror.order[column]] for column in columns),
        tuple(mirror.sign[column] for column in columns),
    )
