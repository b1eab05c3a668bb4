"""Whether a policy belongs into an environment: sizes, bounds, rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from surefoot.deploy.card import PolicyCard
from surefoot.deploy.environments import AnyEnv
from surefoot.errors import Mismatch

_SAME_KIND = 10.0  # bounds further apart than this factor are another unit, or another order


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How a policy's vectors and an environment's correspond."""

    sensed: NDArray[np.intp]
    """Where each value of the environment's observation stands in the policy's."""
    operated: NDArray[np.intp]
    """Where the operator's commands stand in the policy's observation."""
    low: NDArray[np.float32]
    """Smallest action, (A,)."""
    high: NDArray[np.float32]
    """Largest action, (A,)."""
    first_choice: int | None
    """Number of the environment's first choice; None if actions are signals."""
    action_shape: tuple[int, ...]
    """Shape of the environment's action."""


def fit(card: PolicyCard, env: AnyEnv) -> Fit:
    """How the policy of `card` fits into `env`.

    The environment shows everything that the policy reads, or all but the operator's commands, or
    what sensors read alone, without a clock. Its finite bounds must be of the same kind as the
    card's: finite where those are, and within a factor of ten, because degrees in place of radians
    or two signals exchanged show there. Actions must fit into the environment's bounds as a whole:
    an environment that clips them would be another one than the policy was trained in.

    Raises:
        Mismatch: They do not belong together; the error says where they differ.
    """
    where = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
    sensed = _observation(card, env.observation_space, where)
    operated = _columns(card, "operator")
    if card.nb_choices:
        first = _check_choices(card, env.action_space, where)
        _check_rate(card, env, where)
        zero, last = np.zeros(1, np.float32), np.full(1, card.nb_choices - 1, np.float32)
        return Fit(
            sensed=sensed, operated=operated, low=zero, high=last, first_choice=first,
            action_shape=(),
        )  # fmt: skip
    box = _check_action(card, env.action_space, where)
    _check_rate(card, env, where)
    layout = card.action_layout
    assert layout is not None
    return Fit(
        sensed=sensed, operated=operated, low=layout.low, high=layout.high, first_choice=None,
        action_shape=box.shape,
    )  # fmt: skip


def _check_rate(card: PolicyCard, env: AnyEnv, where: str) -> None:
    dt = getattr(env.unwrapped, "dt", None)
    if dt is not None and abs(float(dt) * card.rate_hz - 1.0) > 1e-6:
        raise Mismatch(
            f"the policy runs at {card.rate_hz:g} Hz, {where} at {1.0 / float(dt):g} Hz: "
            f"make the environment with frequency={card.rate_hz:g}"
        )


def _columns(card: PolicyCard, *sources: str) -> NDArray[np.intp]:
    """Where the values of these sources stand in the policy's observation."""
    chosen = [s.source in sources for s in card.observation]
    return np.flatnonzero(np.repeat(chosen, [s.size for s in card.observation]))


def _observation(card: PolicyCard, space: gymnasium.Space[Any], where: str) -> NDArray[np.intp]:
    """Where the environment's values stand in the policy's observation."""
    if not isinstance(space, gymnasium.spaces.Box):
        raise Mismatch(f"the policy reads a vector, {where} shows {type(space).__name__}")
    size = int(np.prod(space.shape))
    shown = [("sensor", "operator", "clock"), ("sensor", "clock"), ("sensor",)]
    fitting = {len(c): c for c in (_columns(card, *sources) for sources in shown)}
    if size not in fitting:
        values = " or ".join(map(str, sorted(fitting)))
        raise Mismatch(
            f"the policy reads {values} values ({', '.join(s.name for s in card.observation)}), "
            f"{where} shows {size}: choose the environment of task '{card.task}'"
        )
    columns = fitting[size]
    layout = card.observation_layout
    names = [s.name for s in card.observation for _ in range(s.size)]
    for mine, theirs in ((layout.low, space.low), (layout.high, space.high)):
        for column, bound in zip(columns, theirs.flatten(), strict=True):
            if not _same_kind(float(mine[column]), float(bound)):
                raise Mismatch(
                    f"the policy's '{names[column]}' is bounded by {mine[column]:g}, the value in "
                    f"its place in {where} by {bound:g}: another unit or another order"
                )
    return columns


def _same_kind(mine: float, theirs: float) -> bool:
    if not np.isfinite(mine) or mine == theirs:
        return True
    ratio = theirs / mine if mine else np.inf
    return 1.0 / _SAME_KIND <= ratio <= _SAME_KIND


def _check_action(
    card: PolicyCard, space: gymnasium.Space[Any], where: str
) -> gymnasium.spaces.Box:
    layout = card.action_layout
    assert layout is not None
    names = ", ".join(layout.names)
    if not isinstance(space, gymnasium.spaces.Box) or int(np.prod(space.shape)) != layout.size:
        raise Mismatch(
            f"the policy sends {layout.size} values ({names}), {where} takes {space}: "
            f"choose the environment of task '{card.task}'"
        )
    low, high = space.low.flatten(), space.high.flatten()
    slack = 1e-6 * np.maximum(1.0, np.abs(layout.high - layout.low))
    slack = np.where(np.isfinite(slack), slack, 0.0)
    if bool((layout.low < low - slack).any() or (layout.high > high + slack).any()):
        raise Mismatch(
            f"the policy sends {names} in {layout.low} .. {layout.high}, "
            f"{where} takes only {low} .. {high}: make the environment with wider bounds"
        )
    return space


def _check_choices(card: PolicyCard, space: gymnasium.Space[Any], where: str) -> int:
    if not isinstance(space, gymnasium.spaces.Discrete) or int(space.n) != card.nb_choices:
        raise Mismatch(
            f"the policy has {card.nb_choices} choices, {where} takes {space}: "
            f"choose the environment of task '{card.task}'"
        )
    return int(space.start)
