"""Values along a rollout, and of the states in which its episodes ran out of time."""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.data.rollout import Rollout


@torch.no_grad()
def values_along(agent: Agent, rollout: Rollout) -> tuple[Tensor, Tensor]:
    """V of the state in which each decision was made, and of the state it led to, each (T, E).

    A step that ran out of time led to the state before the reset. Where the task ended there is no
    such state: what stands there belongs to the next episode.
    """
    features = torch.cat([rollout.features, rollout.last_features[None]])
    values = agent.value(agent.look_along(features, rollout.memory, rollout.done))
    next_value = values[1:].clone()
    if len(rollout.truncated_at):
        step, env = rollout.truncated_at.unbind(dim=1)
        late, memory = rollout.truncated_features[None], rollout.truncated_memory
        seen = agent.look_along(late, memory, rollout.done[:0, env])
        next_value[step, env] = agent.value(seen[0])
    return values[:-1], next_value
