"""What a policy sends and sees, in four numbers: the first things to look at when it does not learn.

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
        `action/saturation` and `action/size`, where outputs have limits; `action/at_bound`, where
        they are rates of change.
    """
    if not pipeline.limited:
        return {}
    size = mode.abs()
    signs = {
        "action/saturation": float((size >= AT_LIMIT).float().mean()),
        "action/size": float(size.clamp(max=1.0).square().mean().sqrt()),
    }
    if len(pipeline.rates):
        middle, reach = 0.5 * (pipeline.high + pipeline.low), 0.5 * (pipeline.high - pipeline.low)
        out = (pipeline.command(state) - middle).abs() >= AT_LIMIT * reach
        signs["action/at_bound"] = float(out.float().mean())
    return signs


def observation_signs(pipeline: Pipeline, features: Tensor) -> dict[str, float]:
    """How large the networks' inputs (..., F) are, and how often normalisation clips them."""
    low, high = torch.aminmax(features)
    signs = {"observation/largest": float(torch.maximum(-low, high))}
    if pipeline.moments is not None:
        signs["observation/clipped"] = float((features.abs() >= CLIP).float().mean())
    return signs
