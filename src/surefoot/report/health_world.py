"""Rules of health about what is learned from: actions, observations, rewards, ends, the machine.

Each is a function of a `History`; see `health.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from surefoot.report.history import (
    LASTING,
    MOSTLY,
    WARM_UP,
    Finding,
    History,
    Numbers,
    found,
    last,
    least,
    most,
    percent,
    short,
)

AT_LIMITS = 0.9
"""Share of actions at their limits that is bang-bang. Ours."""
OFTEN_AT_LIMITS = 0.3
"""The same where the return does not rise. Ours."""
LARGE = 0.7
"""Size of actions that is near bang-bang, where the return does not rise. Ours: uniform actions
have 0.58."""
UNCHANGED = 0.1
"""Change of the standard deviation, as a share, that is none. Ours."""
NEAR_ZERO = 0.05
"""Root mean square of actions in their range that is next to nothing. Ours."""
LATE = 0.7
"""Share of a training after which failures should be rare. Ours: Upkie stands after 0.65."""
HUGE = 100.0
"""Largest input of a network that is far from the unit size it is made for. Ours."""
CLIPPED = 0.01
"""Share of normalised inputs that may be clipped. Ours; of a normal law it is 1e-23."""
DROWNS = 0.95
"""Share of one term in the sum of the terms' sizes that leaves nothing to the others. Ours."""
SLOWER = 0.25
"""Share of the median speed so far that is a drop. Ours: neighbours on a machine cost less."""


def actions_at_limits(h: History) -> Iterator[Finding]:
    """Bang-bang: the range of the action is too small for what the policy wants."""
    share = np.fmax(h.smooth("action/saturation"), h.smooth("action/command_saturation"))
    size = h.smooth("action/size")
    yield from found(
        h,
        "actions_at_limits",
        (share > AT_LIMITS)
        | ((share > OFTEN_AT_LIMITS) | (size > LARGE)) & h.no_better() & (h.progress > 0.5),
        lambda at: (
            f"{percent(share[at])} of all actions are at their limits, and their size is "
            f"{percent(size[at])} of their range"
        ),
        "the limits are too narrow, so that the policy can only switch between them",
        "widen the limits of the action in the task, or --agent.action-rates",
    )


def actions_near_zero(h: History) -> Iterator[Finding]:
    """The range of the action is far too wide: all that is of use lies near its middle."""
    size = np.fmin(h.smooth("action/size"), h.smooth("action/command_size"))
    yield from found(
        h,
        "actions_near_zero",
        (size < NEAR_ZERO) & (h.progress > WARM_UP),
        lambda at: f"actions are as small as {least(100.0 * size[at])} % of their range",
        "the limits are far too wide, so that exploring only overshoots",
        "narrow the limits of the action in the task, or --agent.action-rates",
    )


def actions_make_no_difference(h: History) -> Iterator[Finding]:
    """Nothing that the policy tries is better than anything else."""
    std = h.smooth("train/std")
    same = np.abs(std / h.first("train/std") - 1.0) < UNCHANGED
    yield from found(
        h,
        "actions_make_no_difference",
        same & h.no_better() & (h.progress > 3.0 * WARM_UP),
        lambda at: (
            f"the return stays where it was and the policy's standard deviation at "
            f"{last(std[at])}: nothing that it tries pays"
        ),
        "the action is too weak to matter (its limits too narrow) or does not reach the robot",
        "widen the limits of the action in the task, or --agent.action-rates",
    )


def observations_are_huge(h: History) -> Iterator[Finding]:
    """The networks get numbers far from the size they are made for."""
    largest = h.smooth("observation/largest")
    yield from found(
        h,
        "observations_are_huge",
        largest > HUGE,
        lambda at: f"the networks see numbers up to {most(largest[at])}",
        "observations are in small units and not normalised",
        "try --agent.normalize-observation",
    )


def observations_are_clipped(h: History) -> Iterator[Finding]:
    """Much of what is observed lies beyond what normalisation lets through."""
    clipped = h.smooth("observation/clipped")
    yield from found(
        h,
        "observations_are_clipped",
        clipped > CLIPPED,
        lambda at: (
            f"{percent(clipped[at])} of all observed values are clipped at 10 standard deviations"
        ),
        "a sensor jumps, or one hardly moved when its spread was learned",
        "look at that sensor, and at how far the curriculum leads from the start",
    )


def one_term_drowns(h: History) -> Iterator[Finding]:
    """One term of the reward is all of it."""
    names = h.names("reward")
    if len(names) < 2:
        return
    sizes = np.abs([h.smooth(name) for name in names])
    shares = sizes / np.maximum(sizes.sum(axis=0), 1e-12)
    for name, share in zip(names, shares, strict=True):
        term = name.removeprefix("reward/")
        yield from found(
            h,
            "one_term_drowns",
            share > DROWNS,
            lambda at, share=share, term=term: (
                f"the term '{term}' is {percent(share[at])} of the reward"
            ),
            "its weight is far from those of the others",
            f"change the weight of '{term}'",
        )


def better_dead(h: History) -> Iterator[Finding]:
    """Each step costs, and failing ends the costs: the policy learns to fail."""
    names = h.names("reward")
    if not names:
        return
    terms = np.array([h.smooth(name) for name in names])
    worst = names[int(np.argmin(np.nanmedian(terms, axis=1)))].removeprefix("reward/")
    yield from found(
        h,
        "better_dead",
        (terms.sum(axis=0) < 0.0) & (failures(h) > MOSTLY),
        lambda at: (
            f"every step costs {most(-terms.sum(axis=0)[at])} and most episodes end in a "
            "failure, which ends the costs"
        ),
        "a term has the wrong sign, or penalties outweigh what is rewarded",
        f"look at the sign and weight of '{worst}' first",
    )


def fails_the_same_way(h: History) -> Iterator[Finding]:
    """Most episodes still end in one kind of failure."""
    for name in failure_names(h):
        share, cause = h.smooth(name), name.removeprefix("ends/")
        yield from found(
            h,
            "fails_the_same_way",
            (share > MOSTLY) & (h.progress > LATE),
            lambda at, share=share, cause=cause: (
                f"{percent(share[at])} of the episodes still end as '{cause}'"
            ),
            "the task is too hard at once, or the training is too short",
            "try more --steps, a longer curriculum or smaller randomization",
        )


def time_limit_is_failure(h: History) -> Iterator[Finding]:
    """Episodes end as if the task had failed, all after the same time."""
    alike, ended = h.smooth("rollout/ep_len_max_share"), h.smooth("ends/terminated")
    yield from found(
        h,
        "time_limit_is_failure",
        (alike > MOSTLY) & (ended > MOSTLY),
        lambda at: f"{percent(alike[at])} of the episodes terminate after exactly the same time",
        "the environment reports its time limit as `terminated`, so that nothing is bootstrapped",
        "let it report `truncated` (Gymnasium's TimeLimit does), unless the task truly ends there",
    )


def worlds_diverge(h: History) -> Iterator[Finding]:
    """The simulation breaks again and again."""
    diverged = h.columns.get("worlds/diverged", np.zeros(len(h.steps)))
    yield from found(
        h,
        "worlds_diverge",
        diverged > 0.0,
        lambda at: f"{most(diverged[at])} worlds have diverged",
        "the physics step is too long for the gains, forces or contacts",
        "lower the gains or the torque limits, or shorten the physics step",
    )


def slower(h: History) -> Iterator[Finding]:
    """Steps take much longer than at first."""
    speed = h.columns.get("time/fps", np.full(len(h.steps), np.nan)).copy()
    if "train/n_updates" in h.columns:  # a replay fills faster than it teaches
        speed[~(h.columns["train/n_updates"] > 0.0)] = np.nan
    early = speed[np.isfinite(speed)][: h.rows_of(2.0 * LASTING)]
    if not len(early):
        return
    usual, now = float(np.median(early)), h.smooth("time/fps")
    yield from found(
        h,
        "slower",
        now < SLOWER * usual,
        lambda at: f"{least(now[at])} steps per second instead of {short(usual)}",
        "other programs use the processor, or memory is short",
        "look at what else runs here, at --sim-threads and --torch-threads",
    )


def failure_names(h: History) -> list[str]:
    """Ways of our tasks to fail; other people's do not say why they end."""
    harmless = ("time_limit", "interrupted", "terminated", "unknown")
    return [name for name in h.names("ends") if name.removeprefix("ends/") not in harmless]


def failures(h: History) -> Numbers:
    """Share of the episodes that fail, (N,)."""
    names = failure_names(h)
    return np.sum([h.smooth(name) for name in names], axis=0) if names else 0.0 * h.steps
