"""Fixed-seed evaluation: in our worlds, or in an environment that somebody else wrote."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from surefoot.envs.env import Env
from surefoot.errors import InvalidConfig, NotFinite


class Policy(Protocol):
    """Whatever chooses actions for E worlds: an agent, an ONNX file, a linear feedback."""

    def reset(self, nb_worlds: int) -> None:
        """Forget everything."""
        ...

    def reset_worlds(self, done: Tensor) -> None:
        """Forget the worlds that are done, bool (E,)."""
        ...

    def act(self, observation: Tensor) -> Tensor:
        """Actions (E, A) in the environment's units for observations (E, O)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a policy did in a number of episodes."""

    episodes: int
    falls: int
    """Episodes that ended before their time."""
    return_mean: float
    return_ci95: tuple[float, float]
    """Student's interval of the mean return over episodes."""
    length_mean: float
    """Policy steps."""
    reward_per_step: float
    """All episodes' reward over all their steps."""
    wall_s: float
    terms: dict[str, float] = field(default_factory=dict)
    """Mean of each reward term per step."""
    nb_diverged: int = 0
    """Times that the simulation of a world broke; in an episode that counts, that is a fall."""
    returns: tuple[float, ...] = ()
    """Of each episode."""
    lengths: tuple[float, ...] = ()
    """Of each episode, policy steps."""


@torch.no_grad()
def evaluate(policy: Policy, env: Env, *, episodes: int, max_steps: int) -> Evaluation:
    """Play `episodes` episodes, one per world of `env`; each world's first one counts.

    Args:
        policy: Who plays.
        env: As many worlds as episodes.
        episodes: How many.
        max_steps: Steps after which every episode is over.

    Raises:
        NotFinite: The policy's action is NaN or infinite.
        InvalidConfig: There is not a world for each episode, or no step to play.
    """
    begin = time.perf_counter()
    nb = env.nb_worlds
    if nb != episodes:
        raise InvalidConfig(f"one world per episode, got {nb} worlds and {episodes} episodes")
    check_length(max_steps)
    policy.reset(nb)
    obs = env.reset()
    running = torch.ones(nb, dtype=torch.bool)
    returns, lengths = torch.zeros(nb), torch.zeros(nb)
    fell = torch.zeros(nb, dtype=torch.bool)
    sums: dict[str, float] = {}
    for _ in range(max_steps):
        action = policy.act(obs)
        check_finite(action, running)
        step = env.step(action)
        returns += running * step.reward
        lengths += running
        for name, term in step.terms.items():
            sums[name] = sums.get(name, 0.0) + float((running * term).sum())
        fell |= running & step.terminated
        running &= ~step.done
        policy.reset_worlds(step.done)
        obs = step.obs
        if not bool(running.any()):
            break
    report = env.report()
    return summarize(
        returns.double().numpy(),
        lengths.double().numpy(),
        fell.numpy(),
        sums,
        wall_s=time.perf_counter() - begin,
        nb_diverged=int(report.get("worlds/diverged", 0)),
    )


def check_finite(action: Tensor, running: Tensor) -> None:
    """Refuse actions (E, A) that are NaN or infinite in worlds that count, bool (E,).

    Raises:
        NotFinite: There are such, with the worlds that have them.
    """
    bad = running & ~torch.isfinite(action).all(dim=1)
    if bool(bad.any()):
        raise NotFinite("the policy's action", bad.nonzero()[:, 0].tolist(),
                        "Train it again, or take another checkpoint.")  # fmt: skip


def check_length(max_steps: int) -> None:
    """Refuse episodes without a step.

    Raises:
        InvalidConfig: There is no step.
    """
    if max_steps < 1:
        raise InvalidConfig(f"an episode must have at least 1 step, got {max_steps}")


def summarize(
    returns: NDArray[np.float64],
    lengths: NDArray[np.float64],
    fell: NDArray[np.bool_],
    sums: dict[str, float],
    *,
    wall_s: float,
    nb_diverged: int = 0,
) -> Evaluation:
    """An evaluation from returns, lengths and falls (N,) and the sums of the reward terms."""
    nb, steps = len(returns), float(lengths.sum())
    mean = float(returns.mean())
    half = 0.0
    if nb > 1:
        half = float(stats.t.ppf(0.975, nb - 1) * returns.std(ddof=1) / np.sqrt(nb))
    return Evaluation(
        episodes=nb,
        falls=int(fell.sum()),
        return_mean=mean,
        return_ci95=(mean - half, mean + half),
        length_mean=steps / nb,
        reward_per_step=float(returns.sum()) / steps,
        wall_s=wall_s,
        terms={name: value / steps for name, value in sums.items()},
        nb_diverged=nb_diverged,
        returns=tuple(returns.tolist()),
        lengths=tuple(lengths.tolist()),
    )
