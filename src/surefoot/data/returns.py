"""What a transition was worth: generalized advantages and discounted returns."""

from __future__ import annotations

import torch
from torch import Tensor


def gae(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    done: Tensor,
    *,
    gamma: float,
    lam: float,
) -> Tensor:
    r"""Generalized advantage estimate of every transition in a rollout.

    Walks backwards through $A_t = \delta_t + \gamma\lambda\,(1 - d_t)\,A_{t+1}$ with
    $\delta_t = r_t + \gamma\,(1 - \mathrm{term}_t)\,V(s'_t) - V(s_t)$. Only a *termination* removes
    the bootstrap; any end of episode, time limit included, stops the sum leaking into the next one.

    Args:
        reward: $r_t$, shape (T, E), task units per control step.
        value: $V(s_t)$, shape (T, E).
        next_value: $V(s'_t)$ of the state reached *before* any reset, shape (T, E).
        terminated: Whether the task ended at $s'_t$, bool (T, E).
        done: terminated or truncated, bool (T, E).
        gamma: Discount per control step, in [0, 1].
        lam: Trace decay, in [0, 1]; 0 is one-step TD, 1 is Monte Carlo.

    Returns:
        Advantages, shape (T, E), not normalized.

    Source: Schulman et al. 2016, arXiv:1506.02438, eq. 16. The split between `terminated` and
        `done` is ours; the paper has no time limits.
    """
    delta = reward + gamma * next_value * ~terminated - value
    decay = gamma * lam * ~done
    advantage, trace = torch.zeros_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        trace = delta[t] + decay[t] * trace
        advantage[t] = trace
    return advantage
