"""Stand-ins with known numbers: a graph written by hand, a policy, an environment, a clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import onnx
from gymnasium.envs.registration import EnvSpec
from onnx import TensorProto, helper, numpy_helper

from surefoot.deploy.card import PolicyCard, card_path, sha256
from surefoot.signals import Signal

PENDULUM = PolicyCard(
    task="upkie-pendulum",
    observation=(
        Signal(name="pitch", unit="rad", low=-np.pi, high=np.pi),
        Signal(name="ground_position", unit="m"),
        Signal(name="pitch_velocity", unit="rad/s", low=-1000.0, high=1000.0),
        Signal(name="ground_velocity", unit="m/s", low=-2.0, high=2.0),
    ),
    action=(Signal(name="ground_velocity", unit="m/s", low=-2.0, high=2.0),),
    rate_hz=200.0,
    state_size=1,
)
FAST = dataclasses.replace(
    PENDULUM, action=(Signal(name="ground_velocity", unit="m/s", low=-3.0, high=3.0),)
)
"""The same for a policy that commands up to 3 m/s."""
STABILISING = [20.0, 1.0, 2.0, 1.5]
"""Gains of the specs that stand in MuJoCo and in PyBullet, clipped at 2.9 m/s."""


class Rig(gymnasium.Env[Any, Any]):
    """An environment that shows what it is told to and remembers what it was sent."""

    def __init__(
        self,
        observe: Callable[[int], Any] | None = None,
        *,
        on_step: Callable[[int], None] | None = None,
        info: Callable[[int], dict[str, Any]] = lambda step: {},
        ends: Callable[[int], tuple[bool, bool]] = lambda step: (False, False),
        limit: float = 3.0,
        env_id: str | None = None,
        dt: float | None = 0.005,
        **kwargs: Any,
    ) -> None:
        high = np.float32([np.pi, np.inf, 1000.0, limit])
        self.observation_space = gymnasium.spaces.Box(-high, high)
        self.action_space = gymnasium.spaces.Box(-limit, limit, (1,), np.float32)
        self._observe = observe or (lambda step: [0.0, 0.001 * step, 0.0, 0.0])
        self._on_step, self._info, self._ends = on_step, info, ends
        self.dt = dt
        self.actions: list[Any] = []
        self.seeds: list[int | None] = []
        self.nb_closed = 0
        if env_id is not None:
            self.spec = EnvSpec(env_id, entry_point="nowhere:Rig", kwargs=kwargs)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        self.seeds.append(seed)
        return np.float32(self._observe(0)), self._info(0)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        step = len(self.actions) + 1
        if self._on_step is not None:
            self._on_step(step)
        self.actions.append(action.copy() if isinstance(action, np.ndarray) else action)
        terminated, truncated = self._ends(step)
        return np.float32(self._observe(step)), 0.0, terminated, truncated, self._info(step)

    def close(self) -> None:
        self.nb_closed += 1


class Puppet:
    """A policy that answers what it is told to and remembers what it saw."""

    def __init__(self, answer: Any = 1.0, card: PolicyCard = PENDULUM) -> None:
        self.card, self.nb_resets, self.seen = card, 0, []
        self._answer = answer

    def reset(self) -> None:
        self.nb_resets += 1

    def act(self, observation: Any) -> Any:
        self.seen.append(observation.copy())
        answer = self._answer(len(self.seen)) if callable(self._answer) else self._answer
        return np.full(self.card.action_size, answer, np.float32)


class FakeClock:
    """Time passes only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.slept.append(seconds)
        self.time += seconds

    def work(self, seconds: float) -> None:
        self.time += seconds


def write_linear_policy(
    folder: Path, gains: list[float], *, limit: float, memory: float = 0.0,
    card: PolicyCard = PENDULUM,
) -> Path:  # fmt: skip
    """action = clip(gains . observation + memory * state, +-limit), next_state = state + 1."""
    constants = {
        "gains": np.array([gains], np.float32).T,
        "memory": np.float32(memory),
        "one": np.float32(1.0),
        "low": np.float32(-limit),
        "high": np.float32(limit),
    }
    nodes = [
        helper.make_node("MatMul", ["observation", "gains"], ["felt"]),
        helper.make_node("Mul", ["state", "memory"], ["recalled"]),
        helper.make_node("Add", ["felt", "recalled"], ["wanted"]),
        helper.make_node("Clip", ["wanted", "low", "high"], ["action"]),
        helper.make_node("Add", ["state", "one"], ["next_state"]),
    ]
    ports = {"observation": len(gains), "state": 1, "action": 1, "next_state": 1}
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in ports.items()
    }
    graph = helper.make_graph(
        nodes,
        "linear",
        [values["observation"], values["state"]],
        [values["action"], values["next_state"]],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    path = folder / "policy.onnx"
    path.write_bytes(model.SerializeToString())
    write_card(path, card)
    return path


def write_card(path: Path, card: PolicyCard) -> None:
    """The card beside an ONNX file, with its fingerprint."""
    card = dataclasses.replace(card, onnx_sha256=sha256(path.read_bytes()))
    card_path(path).write_text(card.to_json())
