"""An exported policy on the robot: one ONNX graph, its memory, its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from surefoot.deploy.card import PolicyCard, card_path, read_card, sha256
from surefoot.errors import BadFile, Mismatch

Array = NDArray[np.float32]

INPUTS = ("observation", "state")
"""Names of the graph's inputs, (N, O) and (N, S)."""
OUTPUTS = ("action", "next_state")
"""Names of the graph's outputs, (N, A) and (N, S)."""
_REMEDY = "Export the policy again: surefoot export RUN"


class OnnxPolicy:
    """The deterministic policy of an ONNX file, for one robot or for N at once, on one thread.

    Args:
        path: The .onnx file, or the card that stands beside it.

    Raises:
        BadFile: The file or its card is missing, damaged, foreign, from a newer version, or they do
            not belong together.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.suffix == ".json":
            self.path = self.path.with_suffix(".onnx")
        content = _read(self.path)
        self.card = read_card(card_path(self.path))
        if sha256(content) != self.card.onnx_sha256:
            raise BadFile(
                self.path,
                f"this file is not the one that {card_path(self.path).name} describes: "
                "one of them is damaged or from another export",
                _REMEDY,
            )
        self._session = _open(self.path, content)
        _check_graph(self.path, self._session, self.card)
        self._state = self._initial_state(1)

    def reset(self, nb_robots: int = 1) -> None:
        """Forget everything, and get ready for N robots."""
        self._state = self._initial_state(nb_robots)

    def reset_worlds(self, done: NDArray[np.bool_]) -> None:
        """Forget the robots that are `done`, bool (N,)."""
        self._state = np.where(done[:, None], np.float32(0.0), self._state)

    def act(self, observation: Array) -> Array:
        """Action for an observation, in the environment's units; remembers the step.

        Args:
            observation: (O,) for one robot, or (N, O) after `reset(N)`.

        Returns:
            (A,) or (N, A), float32. A choice is its number, as a float.

        Raises:
            Mismatch: The observation has another size.
        """
        single = observation.ndim == 1
        batch = np.ascontiguousarray(observation[None] if single else observation, np.float32)
        expected = (len(self._state), self.card.observation_size)
        if batch.shape != expected:
            raise Mismatch(
                f"the policy was reset for {expected[0]} robots and reads {expected[1]} values of "
                f"each, got an observation of shape {observation.shape}. "
                "Call reset(N) before act(observation) with N rows."
            )
        action, self._state = self._session.run(
            [*OUTPUTS], {"observation": batch, "state": self._state}
        )
        return action[0] if single else action

    def _initial_state(self, nb: int) -> Array:
        return np.zeros((nb, self.card.state_size), np.float32)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadFile(path, "there is no such policy", "Export one: surefoot export RUN") from None
    except OSError as error:
        raise BadFile(path, f"this policy cannot be read ({error.strerror})", _REMEDY) from None


def _open(path: Path, content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen kinds without a common base
        reason = str(error).splitlines()[0]
        raise BadFile(path, f"onnxruntime cannot read it ({reason})", _REMEDY) from None


def _check_graph(path: Path, session: Any, card: PolicyCard) -> None:
    """Whether the graph's inputs and outputs are those that the card speaks of."""
    observed, state = sum(s.size for s in card.observation), card.state_size
    expected = dict(
        zip((*INPUTS, *OUTPUTS), (observed, state, card.action_size, state), strict=True)
    )
    ports = [*session.get_inputs(), *session.get_outputs()]
    found = {port.name: port.shape[-1] if len(port.shape) == 2 else None for port in ports}
    if found != expected:
        raise BadFile(
            path,
            f"its inputs and outputs have the sizes {found}, the card says {expected}",
            _REMEDY,
        )
