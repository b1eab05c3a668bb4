"""What stands behind the last layer of networks that value choices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from surefoot.agent.config import PolicyHead


def values_head(head: PolicyHead, nb_choices: int) -> tuple[int, nn.Module]:
    """Outputs that a network needs for `nb_choices`, and the module behind them.

    Behind it there are action values (N, n), or with atoms the logits of their laws (N, n, atoms).
    """
    if head.atoms is not None:
        nb_atoms = head.atoms[2]
        return nb_choices * nb_atoms, nn.Unflatten(1, (nb_choices, nb_atoms))
    if head.dueling:
        return nb_choices + 1, Dueling()
    return nb_choices, nn.Identity()


class Dueling(nn.Module):
    r"""$Q(s,a) = V(s) + A(s,a) - \frac1n\sum_{a'} A(s,a')$.

    Source: Wang et al. 2016, arXiv:1511.06581, eq. 9. All hidden layers are shared here; the paper
        parts the two streams before their last hidden layer.
    """

    def forward(self, output: Tensor) -> Tensor:
        """V and A, (N, 1 + n), to Q, (N, n)."""
        value, advantage = output[:, :1], output[:, 1:]
        return value + advantage - advantage.mean(dim=1, keepdim=True)


def support(head: PolicyHead) -> Tensor:
    """The points of the laws of the return, (atoms,)."""
    assert head.atoms is not None
    low, high, nb_atoms = head.atoms
    return torch.linspace(low, high, nb_atoms)
