"""What a policy sends and sees, in a few numbers: where to look first when it does not learn.

They cost a few passes over what a rollout holds anyway.
"""

from __future__ import annotations

import torch
from torch import Tensor

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
        `action/spread`; `action/saturation` and `action/size`, where outputs have limits; where
        they are rates of change, `action/command_saturation` and `action/command_size` of what they
        add up to.
    """
    signs = {"action/spread": float(mode.flatten(0, -2).std(dim=0, correction=0).mean())}
    if not pipeline.limited:
        return signs
    signs |= _saturation_and_size("action/", mode)
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
