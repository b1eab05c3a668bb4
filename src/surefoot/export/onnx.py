"""An agent as one ONNX graph: history, normalisation, network and integration inside."""

from __future__ import annotations

import dataclasses
import logging
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.deploy.card import PolicyCard, card_path, sha256
from surefoot.deploy.policy import INPUTS, OUTPUTS, OnnxPolicy
from surefoot.errors import BadFile, Mismatch, SurefootError
from surefoot.signals import Layout

TOLERANCE = 1e-5
"""Largest difference between torch and ONNX, relative to max(1, |action|)."""
_NB_CHECKS, _NB_CHECKED = 20, 5  # steps in a row, robots side by side


def export_policy(agent: Agent, card: PolicyCard, path: Path) -> PolicyCard:
    """Write the deterministic policy as an ONNX file and its card beside it.

    The graph maps (observation (N, O), state (N, S)) to (action (N, A), next_state (N, S)) for any
    N; a choice is its number, as a float. The file is compared with torch before it is kept. Both
    files are written completely before either takes its place, the card last: whatever happens in
    between, `OnnxPolicy` refuses a pair that does not belong together.

    Args:
        agent: The policy; its weights, mode and generators are left as they are.
        card: What is known of it; the fingerprint of the file is filled in.
        path: The .onnx file; an existing one is replaced.

    Returns:
        The card as written.

    Raises:
        Mismatch: The card does not describe this agent.
        BadFile: The files cannot be written; existing ones are left as they were.
        SurefootError: A weight is not finite, or the graph's actions differ from torch's.
    """
    agent = agent.for_robot()
    _check_card(agent, card)
    _check_weights(agent)
    content = _graph(agent).SerializeToString()
    card = dataclasses.replace(card, onnx_sha256=sha256(content))
    unfinished = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
    pair = {unfinished: path, card_path(unfinished): card_path(path)}
    try:
        _write(unfinished, content)
        _write(card_path(unfinished), card.to_json().encode())
        _compare(agent, OnnxPolicy(unfinished))
        for source, target in pair.items():
            os.replace(source, target)
    except OSError as error:
        raise BadFile(
            path,
            f"the policy cannot be written ({error.strerror})",
            "Free some space or choose another folder.",
        ) from None
    finally:
        for leftover in pair:
            leftover.unlink(missing_ok=True)
    return card


def _check_card(agent: Agent, card: PolicyCard) -> None:
    interface = agent.interface
    action = interface.action
    facts = {
        "observation": (card.observation, interface.observation.signals),
        "action": (card.action, action.signals if isinstance(action, Layout) else ()),
        "nb_choices": (card.nb_choices, 0 if isinstance(action, Layout) else action),
        "state_size": (card.state_size, agent.pipeline.state_size),
    }
    for name, (said, true) in facts.items():
        if said != true:
            raise Mismatch(f"the card's {name} is {said}, the agent's is {true}: make a new card")
    if abs(card.rate_hz * interface.dt - 1.0) > 1e-9:
        raise Mismatch(
            f"the card's rate is {card.rate_hz} Hz, the agent's is {1.0 / interface.dt} Hz: "
            "make a new card"
        )


def _check_weights(agent: Agent) -> None:
    for name, value in agent.state_dict().items():
        if not bool(torch.isfinite(value).all()):
            raise SurefootError(f"the agent's '{name}' is not finite: take another checkpoint")


def _graph(agent: Agent) -> onnx.ModelProto:
    """The exported graph, without the traces of the machine that made it."""
    nb_robots = torch.export.Dim("N")
    sizes = agent.interface.observation.size, agent.pipeline.state_size
    example = tuple(torch.zeros(2, size) for size in sizes)
    with _quiet(), _frozen(agent):
        traced = torch.export.export(
            agent, example, dynamic_shapes=({0: nb_robots}, {0: nb_robots})
        )
        program = torch.onnx.export(
            traced,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # it is, with dynamo
    model = program.model_proto
    _strip(model)
    onnx.checker.check_model(model)
    return model


@contextmanager
def _frozen(agent: Agent) -> Generator[None]:
    """Without gradients and in evaluation mode; the mode it had before comes back."""
    was_training = agent.training
    agent.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        agent.train(was_training)


@contextmanager
def _quiet() -> Generator[None]:
    """Keep what the exporter says about itself away from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is deprecated")
            # a recurrent layer's own list of its weights, which is the same afterwards
            warnings.filterwarnings("ignore", message=".*_flat_weights.* were assigned during")
            yield
    finally:
        logger.setLevel(level)


def _strip(model: onnx.ModelProto) -> None:
    """Drop the exporter's traces (source lines, folders) and call the free dimension N."""
    graph: Any = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output,
                 *graph.initializer):  # fmt: skip
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    del graph.value_info[:]  # intermediate shapes, which nothing needs
    for port in (*graph.input, *graph.output):
        for dimension in port.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = "N"


def _compare(agent: Agent, policy: OnnxPolicy) -> None:
    """Play random observations through both and compare the actions."""
    generator = torch.Generator().manual_seed(0)
    state = agent.pipeline.initial_state(_NB_CHECKED)
    policy.reset(_NB_CHECKED)
    for _ in range(_NB_CHECKS):
        observation = torch.empty(_NB_CHECKED, agent.interface.observation.size)
        observation.normal_(generator=generator)
        with _frozen(agent):
            action, state = agent(observation, state)
        exported = torch.from_numpy(policy.act(observation.numpy()))
        error = _relative_error(exported, action)
        if not error <= TOLERANCE:
            raise SurefootError(
                f"the exported graph's actions differ from the agent's by {error:.1e}, more than "
                f"{TOLERANCE:.0e}: please report this"
            )


def _relative_error(found: Tensor, expected: Tensor) -> float:
    return float(((found - expected).abs() / expected.abs().clamp(min=1.0)).max())


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
