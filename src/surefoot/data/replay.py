r"""Replay memory: the newest transitions of many environments, from which learners draw at random.

What is remembered is raw: the newest frame of each decision, before normalisation, once. Histories
are put together when a batch is drawn, from the frames before it in the same episode, and are
normalised then: a normaliser that moves cannot poison what is old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from surefoot.data.memory import available_memory
from surefoot.errors import InvalidConfig


@dataclass(kw_only=True)
class Batch:
    r"""N transitions to learn from; F features, A action values.

    The target of a value is always `reward + discount * V(next_features)`: `discount` is
    $\gamma^k$ after $k$ steps, and 0 where the task ended on the way.
    """

    features: Tensor
    """What the decision was made from, (N, F)."""
    action: Tensor
    """The policy's output, (N, A)."""
    reward: Tensor
    r"""$\sum_{j<k} \gamma^j r_{t+j}$, (N,)."""
    discount: Tensor
    r"""$\gamma^k (1 - \mathrm{term})$, (N,)."""
    next_features: Tensor
    """Of the state reached after k steps, before any reset, (N, F)."""


class Replay:
    """A ring of the newest decisions of E environments, which decide together.

    A row is one decision of each environment; once full, the oldest row makes room for the newest.
    Memory is bounded by `bytes_needed`, and taken as the ring fills; while a checkpoint is written,
    `bytes_to_save` come on top.

    Args:
        capacity: Transitions of all environments together; whole rows are kept.
        nb_envs: E.
        frame_size: Values of a frame.
        history: Frames that make the features of a decision, H.
        action_size: Values of an action.

    Raises:
        InvalidConfig: It cannot fit into memory, or is shorter than the history.
    """

    def __init__(
        self, *, capacity: int, nb_envs: int, frame_size: int, history: int, action_size: int
    ) -> None:
        self.nb_envs, self._history = nb_envs, history
        self.nb_rows = capacity // nb_envs
        """Rows of the ring."""
        self.capacity = self.nb_rows * nb_envs
        """Transitions that it holds at most."""
        if self.nb_rows < history:
            raise InvalidConfig(
                f"algo.buffer_size {capacity} holds {self.nb_rows} decisions of each of {nb_envs} "
                f"environments, and agent.history needs {history}: raise it"
            )
        self.size, self.position = 0, 0
        """Rows in use, and the row to be written next."""
        per_transition = bytes_per_transition(frame_size, action_size)
        self.bytes_needed = per_transition * self.capacity
        """Memory of the full ring, bytes."""
        to_save = 2 * (per_transition - 4 * frame_size)  # a copy without next frames, and its file
        self.bytes_to_save = to_save * self.capacity
        """Memory that writing the full ring into a checkpoint takes on top, bytes."""
        available = available_memory()
        if available is not None and self.bytes_needed + self.bytes_to_save > available:
            most = int(0.8 * available) // (per_transition + to_save)
            raise InvalidConfig(
                f"a replay of algo.buffer_size {capacity:,} transitions needs "
                f"{self.bytes_needed / 1e9:.3g} GB, and {self.bytes_to_save / 1e9:.3g} GB more "
                f"while it is saved, but {available / 1e9:.3g} GB of memory are available. "
                f"Lower it: --algo.buffer-size {most}"
            )
        n = self.capacity
        self._frame, self._next_frame = torch.empty(n, frame_size), torch.empty(n, frame_size)
        self._action, self._reward = torch.empty(n, action_size), torch.empty(n)
        self._terminated, self._done = torch.empty(2, n, dtype=torch.bool)
        self._age = torch.empty(n, dtype=torch.int32)
        self._current_age = torch.zeros(nb_envs, dtype=torch.int32)

    def add(
        self,
        *,
        frame: Tensor,
        action: Tensor,
        reward: Tensor,
        next_frame: Tensor,
        terminated: Tensor,
        done: Tensor,
    ) -> None:
        """Remember one decision of each environment.

        Args:
            frame: The newest frame that the decision was made from, raw, (E, F).
            action: The policy's output, (E, A).
            reward: (E,).
            next_frame: The frame that it led to, before any reset, (E, F).
            terminated: bool (E,).
            done: terminated or truncated, bool (E,).
        """
        row = slice(self.position * self.nb_envs, (self.position + 1) * self.nb_envs)
        self._frame[row], self._next_frame[row] = frame, next_frame
        self._action[row], self._reward[row] = action, reward
        self._terminated[row], self._done[row] = terminated, done
        self._age[row] = self._current_age
        self._current_age = (self._current_age + 1) * ~done
        self.position = (self.position + 1) % self.nb_rows
        self.size = min(self.size + 1, self.nb_rows)

    def sample(self, nb: int, *, gamma: float, n_steps: int, generator: Generator) -> Batch:
        """Draw `nb` transitions, with replacement; features are raw.

        Once the ring is full, rows whose history has been overwritten are left out.
        """
        full = self.size == self.nb_rows
        first = self._history - 1 if full else 0
        drawn = torch.randint(
            first * self.nb_envs, self.size * self.nb_envs, (nb,), generator=generator
        )
        index = self._wrap(drawn + self.position * self.nb_envs) if full else drawn
        last, reward, discount = self._returns(index, gamma, n_steps)
        return Batch(
            features=self._features(index),
            action=self._action[index],
            reward=reward,
            discount=discount * ~self._terminated[last],
            next_features=self._next_features(last),
        )

    def _returns(self, index: Tensor, gamma: float, n_steps: int) -> tuple[Tensor, Tensor, Tensor]:
        """Where up to `n_steps` steps from `index` end, their return, and gamma to their number.

        They end early with the episode, whether terminated or out of time, and with what has been
        played so far; each of the three is (N,).

        Source: Sutton and Barto 2018, eq. 7.1, for the n-step return.
        """
        reward, discount = self._reward[index], torch.full((len(index),), gamma)
        newest = (self.position - 1) % self.nb_rows
        for _ in range(n_steps - 1):
            stop = self._done[index] | (index // self.nb_envs == newest)
            index = torch.where(stop, index, self._wrap(index + self.nb_envs))
            reward = torch.where(stop, reward, reward + discount * self._reward[index])
            discount = torch.where(stop, discount, gamma * discount)
        return index, reward, discount

    def _features(self, index: Tensor) -> Tensor:
        """Histories, the newest frame last, (N, H F); the first frame stands for those before."""
        if self._history == 1:
            return self._frame[index]
        back = torch.arange(self._history - 1, -1, -1)
        return self._frames_before(index, back).flatten(1)

    def _next_features(self, index: Tensor) -> Tensor:
        if self._history == 1:
            return self._next_frame[index]
        back = torch.arange(self._history - 2, -1, -1)
        older = self._frames_before(index, back).flatten(1)
        return torch.cat([older, self._next_frame[index]], dim=1)

    def _frames_before(self, index: Tensor, back: Tensor) -> Tensor:
        """Frames so many decisions `back` (K,), at most to the episode's first, (N, K, F)."""
        back = torch.minimum(back, self._age[index, None].long())
        return self._frame[self._wrap(index[:, None] - back * self.nb_envs)]

    def _wrap(self, index: Tensor) -> Tensor:
        return index % self.capacity

    def state_dict(self) -> dict[str, Any]:
        """All that is remembered.

        A next frame is left out where it is the frame of the row after: half the size.
        """
        n = self.size * self.nb_envs
        kept = self._next_frames_kept()
        return {
            "size": self.size,
            "position": self.position,
            "frame": self._frame[:n].clone(),
            "next_frame": self._next_frame[:n][kept],
            "action": self._action[:n].clone(),
            "reward": self._reward[:n].clone(),
            "terminated": self._terminated[:n].clone(),
            "done": self._done[:n].clone(),
            "age": self._age[:n].clone(),
            "current_age": self._current_age,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.size, self.position = state["size"], state["position"]
        n = self.size * self.nb_envs
        self._frame[:n], self._action[:n] = state["frame"], state["action"]
        self._reward[:n], self._age[:n] = state["reward"], state["age"]
        self._terminated[:n], self._done[:n] = state["terminated"], state["done"]
        self._next_frame[:n] = self._frame[:n].roll(-self.nb_envs, dims=0)
        self._next_frame[:n][self._next_frames_kept()] = state["next_frame"]
        self._current_age = state["current_age"]

    def _next_frames_kept(self) -> Tensor:
        """Where the next frame is not the frame of the row after: ends, and the newest row."""
        kept = self._done[: self.size * self.nb_envs].clone()
        newest = (self.position - 1) % self.nb_rows
        kept[newest * self.nb_envs : (newest + 1) * self.nb_envs] = True
        return kept


def bytes_per_transition(frame_size: int, action_size: int) -> int:
    """Memory of one transition: two frames, an action, a reward, an age, and two flags."""
    return 4 * (2 * frame_size + action_size + 2) + 2
