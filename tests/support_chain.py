"""A decision process of three states and two actions, small enough to be solved exactly."""

from __future__ import annotations

import torch

MOVE = torch.tensor(
    [
        [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]],
        [[0.3, 0.3, 0.4], [0.0, 0.1, 0.9]],
        [[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]],
    ],
    dtype=torch.float64,
)
"""Chance of each next state, [state][action]."""
REWARD = torch.tensor([[1.0, 2.0], [4.0, 2.5], [3.0, 6.0]], dtype=torch.float64)
"""[state][action], all of one sign: a baseline has work."""
THETA = torch.tensor([[0.3, -0.2], [0.0, 0.5], [-0.4, 0.1]], dtype=torch.float64)
"""Preferences of a soft-max policy, [state][action]."""
