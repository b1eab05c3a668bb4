"""What a policy sends and sees, in a few numbers: where to look first when it does not learn.

They cost a few passes over what a rollout holds anyway.
"""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.agent.moments import CLIP
from surefoot.agent.pipeline import Pipeline

AT_LIMIT = 0.99
"""Share of its range from which an output counts as being at its limit."""


def action_signs(pipeline: Pipeline, mode: Tensor, state: Tensor) -> dict[str, float]:
    """How large actions are in their range: near 1 is bang-bang, near 0 too wide a range.

    Args:
        pipeline: What turns outputs into commands.
        mode: What the policy wants, without the noise of exploration, (..., A).
        state: The pipeline's states now, (E, S).

    Returns:
        `action/saturation` and `action/size`, where outputs have limits; where they are rates of
        change, `action/command_saturation` and `action/command_size` of what they add up to.
    """
    if not pipeline.limited:
        return {}
    signs = _saturation_and_size("action/", mode)
    if len(pipeline.rates) and pipeline.bounded:
        middle, reach = 0.5 * (pipeline.high + pipeline.low), 0.5 * (pipeline.high - pipeline.low)
        share = (pipeline.command(state) - middle) / reach
        signs |= _saturation_and_size("action/command_", share)
    return signs


def _saturation_and_size(prefix: str, values: Tensor) -> dict[str, float]:
    """How many of the values are at or beyond +-1, and their root mean square, clipped to that."""
    size = values.abs()
    return {
        f"{prefix}saturation": float((size >= AT_LIMIT).float().mean()),
        f"{prefix}size": float(size.clamp(max=1.0).square().mean().sqrt()),
    }


def observation_signs(pipeline: Pipeline, features: Tensor) -> dict[str, float]:
    """How large the networks' inputs (..., F) are, and how often normalisation clips them."""
    low, high = torch.aminmax(features)
    signs = {"observation/largest": float(torch.maximum(-low, high))}
    if pipeline.moments is not None:
        signs["observation/clipped"] = float((features.abs() >= CLIP).float().mean())
    return signs


class Probe:
    """How far gradient steps move a deterministic policy, on states of its replay.

    Args:
        agent: With outputs in [-1, 1]; of others nothing is reported.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._features, self._before = torch.zeros(0), torch.zeros(0)
        self._nb_steps = 0

    @torch.no_grad()
    def begin(self, features: Tensor, nb_steps: int) -> None:
        """Remember the actions in some states (N, F), `nb_steps` gradient steps from the report."""
        if self._agent.pipeline.limited:
            self._features, self._before = features, self._agent.mode(features)
            self._nb_steps = nb_steps

    @torch.no_grad()
    def report(self) -> dict[str, float]:
        """`action/change`: root mean square per gradient step, a share of half the range."""
        if not self._nb_steps:
            return {}
        change = self._agent.mode(self._features) - self._before
        return {"action/change": float(change.square().mean().sqrt()) / self._nb_steps}
