r"""What a step's score is multiplied by in the policy gradient: six choices of $\Psi$.

$\nabla J = E\big[\sum_t \Psi_t\,\nabla\log\pi(a_t|s_t)\big]$ holds for each of them; they differ in
their variance, and in what must be known. All carry the factor $\gamma^t$ of the discounted
objective from the start of the episode. Costs or rewards make no difference here.

Shapes: T steps of whole episodes; anything may follow, such as E episodes.

Source: Schulman et al. 2016, arXiv:1506.02438, section 2, items 1 to 6. The factor $\gamma^t$ is
    the lecture's; the paper discounts to lower the variance and leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from surefoot.errors import InvalidConfig

PsiName = Literal[
    "total-return",
    "return-to-go",
    "return-to-go-minus-baseline",
    "q-value",
    "advantage",
    "td-residual",
]
"""The six choices."""


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """What the choices are computed from; critics that one does not need may stay None."""

    signal: Tensor
    """Costs or rewards, (T, ...)."""
    value: Tensor | None = None
    """V(s_t), (T, ...); as the baseline it may be any function of the state."""
    next_value: Tensor | None = None
    """V(s_{t+1}), (T, ...): 0 after a true end, but not where only time is up."""
    q_value: Tensor | None = None
    """Q(s_t, a_t), (T, ...)."""


def discounts(signal: Tensor, gamma: float) -> Tensor:
    """gamma^t of each step, in a shape that multiplies `signal` (T, ...)."""
    powers = gamma ** torch.arange(len(signal), dtype=signal.dtype)
    return powers.reshape(-1, *(1,) * (signal.dim() - 1))


def returns_to_go(signal: Tensor, gamma: float) -> Tensor:
    r"""$G_t = \sum_{k \ge t} \gamma^{k-t} g_k$ of whole episodes, (T, ...)."""
    to_go = signal.clone()
    for t in reversed(range(len(signal) - 1)):
        to_go[t] += gamma * to_go[t + 1]
    return to_go


def total_return(path: Trajectory, gamma: float) -> Tensor:
    r"""$\sum_k \gamma^k g_k$: what the whole episode was worth, past included."""
    total = (discounts(path.signal, gamma) * path.signal).sum(dim=0)
    return total.expand_as(path.signal)


def return_to_go(path: Trajectory, gamma: float) -> Tensor:
    r"""$\gamma^t G_t$: an action cannot change the past."""
    return discounts(path.signal, gamma) * returns_to_go(path.signal, gamma)


def return_to_go_minus_baseline(path: Trajectory, gamma: float) -> Tensor:
    r"""$\gamma^t (G_t - V(s_t))$: any function of the state alone adds nothing on average."""
    error = returns_to_go(path.signal, gamma) - _need(path.value, "value")
    return discounts(path.signal, gamma) * error


def q_value(path: Trajectory, gamma: float) -> Tensor:
    r"""$\gamma^t Q(s_t, a_t)$: the mean of the return-to-go, without the luck of what follows."""
    return discounts(path.signal, gamma) * _need(path.q_value, "q_value")


def advantage(path: Trajectory, gamma: float) -> Tensor:
    r"""$\gamma^t (Q(s_t, a_t) - V(s_t))$: how much better than usual, exactly."""
    better = _need(path.q_value, "q_value") - _need(path.value, "value")
    return discounts(path.signal, gamma) * better


def td_residual(path: Trajectory, gamma: float) -> Tensor:
    r"""$\gamma^t (g_t + \gamma V(s_{t+1}) - V(s_t))$: the advantage, with one step of luck."""
    target = path.signal + gamma * _need(path.next_value, "next_value")
    return discounts(path.signal, gamma) * (target - _need(path.value, "value"))


PSI: dict[PsiName, Callable[[Trajectory, float], Tensor]] = {
    "total-return": total_return,
    "return-to-go": return_to_go,
    "return-to-go-minus-baseline": return_to_go_minus_baseline,
    "q-value": q_value,
    "advantage": advantage,
    "td-residual": td_residual,
}
"""The six choices by name, each a function of a trajectory and the discount."""


def _need(critic: Tensor | None, name: str) -> Tensor:
    if critic is None:
        raise InvalidConfig(f"this choice of Psi needs Trajectory.{name}, which is not given")
    return critic
