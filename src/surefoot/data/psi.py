r"""What a step's score is multiplied by in the policy gradient: six choices of $\Psi$.

$\nabla J = E\big[\sum_t w_t \Psi_t\,\nabla\log\pi(a_t|s_t)\big]$ holds for each of them; they
differ in their variance, and in what must be known. $w_t$ is what a step weighs in the objective:
$\gamma^t$ in the discounted one, from the start of the episode. The functions return the product
$w_t \Psi_t$. Costs or rewards make no difference here.

Experience comes as whole episodes, or as segments that cross the ends of episodes and are cut
somewhere. A sum over what follows ends in three ways: after a true end nothing follows; where time
is up, or where the segment is cut, $V$ of the state that was reached stands for the rest.

Shapes: T steps; anything may follow, such as E episodes or E environments.

Source: Schulman et al. 2016, arXiv:1506.02438, section 2, items 1 to 6. The factor $\gamma^t$ is
    the lecture's; the paper discounts to lower the variance and leaves it out: $w_t = 1$.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from surefoot.data.psi_config import PsiName
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """What the choices are computed from; critics that one does not need may stay None."""

    signal: Tensor
    """Costs or rewards, (T, ...)."""
    value: Tensor | None = None
    """V(s_t), (T, ...); as the baseline it may be any function of the state."""
    next_value: Tensor | None = None
    """V(s_{t+1}) of the state before any reset, (T, ...): 0 after a true end, but not where only
    time is up."""
    q_value: Tensor | None = None
    """Q(s_t, a_t), or an estimate of it, (T, ...)."""
    done: Tensor | None = None
    """Segments: whether an episode ended with each step, bool (T, ...). None: the steps are whole
    episodes, after which nothing follows."""
    past: Tensor | None = None
    """Segments: what the running episode brought before the first step, times its weight, (...).
    None: nothing."""
    weight: Tensor | None = None
    """What each step weighs, (T, ...). None: gamma^t, from the first step."""


def discounts(signal: Tensor, gamma: float) -> Tensor:
    """gamma^t of each step, in a shape that multiplies `signal` (T, ...)."""
    powers = gamma ** torch.arange(len(signal), dtype=signal.dtype)
    return powers.reshape(-1, *(1,) * (signal.dim() - 1))


def returns_to_go(
    signal: Tensor, gamma: float, *, done: Tensor | None = None, next_value: Tensor | None = None
) -> Tensor:
    r"""$G_t = \sum_{k \ge t} \gamma^{k-t} g_k$, (T, ...).

    Of whole episodes, or of segments: there `done` and `next_value` of a `Trajectory` say where the
    sum stops and what stands for the rest.
    """
    ended = torch.zeros_like(signal, dtype=torch.bool) if done is None else done
    rest = torch.zeros_like(signal) if next_value is None else next_value
    to_go, following = torch.empty_like(signal), rest[-1]
    for t in reversed(range(len(signal))):
        following = signal[t] + gamma * torch.where(ended[t], rest[t], following)
        to_go[t] = following
    return to_go


def past_signals(path: Trajectory, gamma: float) -> Tensor:
    r"""$\sum_{k<t} w_k g_k$ of each step's episode, and of the step after them, (T + 1, ...)."""
    weighed = _weight(path, gamma) * path.signal
    sums = [torch.zeros_like(weighed[0]) if path.past is None else path.past]
    for t in range(len(weighed)):
        so_far = sums[t] + weighed[t]
        sums.append(so_far if path.done is None else so_far * ~path.done[t])
    return torch.stack(sums)


def total_return(path: Trajectory, gamma: float) -> Tensor:
    r"""$\sum_{k<t} w_k g_k + w_t G_t$: what the whole episode was worth, past included.

    With $w_t = \gamma^t$ that is $\sum_k \gamma^k g_k$, the same for all steps.
    """
    return past_signals(path, gamma)[:-1] + return_to_go(path, gamma)


def return_to_go(path: Trajectory, gamma: float) -> Tensor:
    r"""$w_t G_t$: an action cannot change the past."""
    return _weight(path, gamma) * _returns_to_go(path, gamma)


def return_to_go_minus_baseline(path: Trajectory, gamma: float) -> Tensor:
    r"""$w_t (G_t - V(s_t))$: any function of the state alone adds nothing on average."""
    error = _returns_to_go(path, gamma) - _need(path.value, "value")
    return _weight(path, gamma) * error


def q_value(path: Trajectory, gamma: float) -> Tensor:
    r"""$w_t Q(s_t, a_t)$: the mean of the return-to-go, without the luck of what follows."""
    return _weight(path, gamma) * _need(path.q_value, "q_value")


def advantage(path: Trajectory, gamma: float) -> Tensor:
    r"""$w_t (Q(s_t, a_t) - V(s_t))$: how much better than usual."""
    better = _need(path.q_value, "q_value") - _need(path.value, "value")
    return _weight(path, gamma) * better


def td_residual(path: Trajectory, gamma: float) -> Tensor:
    r"""$w_t (g_t + \gamma V(s_{t+1}) - V(s_t))$: the advantage, with one step of luck."""
    target = path.signal + gamma * _need(path.next_value, "next_value")
    return _weight(path, gamma) * (target - _need(path.value, "value"))


PSI: dict[PsiName, Callable[[Trajectory, float], Tensor]] = {
    "total-return": total_return,
    "return-to-go": return_to_go,
    "return-to-go-minus-baseline": return_to_go_minus_baseline,
    "q-value": q_value,
    "advantage": advantage,
    "td-residual": td_residual,
}
"""The six choices by name, each a function of a trajectory and the discount."""

AGAINST_BASELINE: frozenset[PsiName] = frozenset(
    ("return-to-go-minus-baseline", "advantage", "td-residual")
)
"""The choices that say how much better than usual it went."""


def _weight(path: Trajectory, gamma: float) -> Tensor:
    return discounts(path.signal, gamma) if path.weight is None else path.weight


def _returns_to_go(path: Trajectory, gamma: float) -> Tensor:
    if path.done is None:
        return returns_to_go(path.signal, gamma)
    rest = _need(path.next_value, "next_value")
    return returns_to_go(path.signal, gamma, done=path.done, next_value=rest)


def _need(critic: Tensor | None, name: str) -> Tensor:
    if critic is None:
        raise InvalidConfig(f"this choice of Psi needs Trajectory.{name}, which is not given")
    return critic
