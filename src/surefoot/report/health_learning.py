"""Rules of health about learning: the policy, its values, its gradients, the return.

Each is a function of a `History`; see `health.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from surefoot.report.history import (
    MOSTLY,
    WARM_UP,
    Finding,
    History,
    found,
    last,
    least,
    most,
    percent,
)

KL_HIGH = 0.05
"""approx_kl, nats, from which an update goes too far. Source: docs/runs.md."""
CLIP_HIGH = 0.4
"""clip_fraction from which most of an update is thrown away. Source: docs/runs.md."""
KL_NONE = 1e-6
"""approx_kl, nats, below which the policy does not move. Ours; 1e-4 in docs/runs.md is common at
the end of healthy runs."""
EXPLAINED = 0.1
"""explained_variance below which the values are of no use. Source: docs/runs.md says 0."""
SETTLED = 0.1
"""Share of its largest value loss below which there is nothing left to explain. Ours."""
STD_LOW, STD_HIGH = 0.05, 2.0
"""Standard deviations of a policy, in its output's unit. Source: docs/runs.md."""
SPREAD_LOW = 0.01
"""action/spread, in the output's unit, that makes no difference between states. Ours."""
ENTROPY_LOW = 0.01
"""Entropy of choices, nats, that is none. Ours: 99.9 % for one choice of two."""
VALUE_FACTOR = 2.0
"""How far values may exceed what the rewards can add up to. Ours: 0.7 in healthy runs."""
NORM_FACTOR = 50.0
"""How far gradients may exceed the norm that they are clipped to. Ours."""
LONG = 0.7
"""Share of a training without progress that is too long. Ours."""
RISEN = 0.25
"""Rise of the return, as a share of what it was at first, from which there is something to lose;
as a loss, it is worse than at first. Ours."""
FALLEN = 0.5
"""Share of the rise that is lost in a collapse. Ours; a drop of 0.3 is common."""


def policy_moves_too_far(h: History) -> Iterator[Finding]:
    """Updates leave the region in which their data says anything."""
    kl, clipped = h.smooth("train/approx_kl"), h.smooth("train/clip_fraction")
    for unusual, how in (
        (kl > KL_HIGH, lambda at: f"a KL divergence of {most(kl[at])} nats an update"),
        (clipped > CLIP_HIGH, lambda at: f"{percent(clipped[at])} of all samples clipped"),
    ):
        yield from found(
            h,
            "policy_moves_too_far",
            unusual,
            lambda at, how=how: f"the policy changes too much ({how(at)})",
            "the learning rate is too high",
            "try a lower --algo.learning-rate, or --algo.n-epochs where there are epochs",
        )


def policy_stands_still(h: History) -> Iterator[Finding]:
    """Updates change nothing although there is much to learn."""
    rate = h.columns.get("train/learning_rate", np.zeros(len(h.steps)))
    full = rate >= 0.5 * h.first("train/learning_rate")
    kl = h.smooth("train/approx_kl")
    yield from found(
        h,
        "policy_stands_still",
        (kl < KL_NONE) & full & (h.progress < 0.5),
        lambda at: f"updates hardly change the policy (KL {most(kl[at])} nats)",
        "the learning rate is too low, or all advantages are alike",
        "try a higher --algo.learning-rate, and look whether the reward varies",
    )


def value_explains_nothing(h: History) -> Iterator[Finding]:
    """The value function does not predict the return, and the return neither rises nor settles."""
    explained, loss = h.smooth("train/explained_variance"), h.smooth("train/value_loss")
    settled = loss < SETTLED * np.fmax.accumulate(loss)
    yield from found(
        h,
        "value_explains_nothing",
        (explained < EXPLAINED) & ~settled & ~h.rises() & (h.progress > WARM_UP),
        lambda at: (
            "the value function says nothing about the return (explained variance "
            f"{least(explained[at])}; healthy: above 0.8)"
        ),
        "it does not learn, or does not see what decides the return",
        "look at --algo.vf-coef, the value's learning rate and --agent.net-arch-vf",
    )


def noise_collapses(h: History) -> Iterator[Finding]:
    """The policy has stopped to explore."""
    std = h.smooth("train/std")
    yield from found(
        h,
        "noise_collapses",
        std < STD_LOW,
        lambda at: f"the policy's standard deviation is {least(std[at])}: it explores no more",
        "the learning rate is too high, or nothing rewards exploring",
        "try a higher --algo.ent-coef or --agent.log-std-init, or a lower --algo.learning-rate",
    )


def noise_grows(h: History) -> Iterator[Finding]:
    """The policy becomes more random than its range."""
    std = h.smooth("train/std")
    yield from found(
        h,
        "noise_grows",
        std > STD_HIGH,
        lambda at: f"the policy's standard deviation grows to {most(std[at])}, beyond its range",
        "an entropy bonus outweighs the reward, or actions do not matter",
        "try a lower --algo.ent-coef, and look whether the action reaches the robot",
    )


def choices_collapse(h: History) -> Iterator[Finding]:
    """A policy of choices has become one choice before it has learned."""
    if "train/std" in h.columns or "train/clip_fraction" not in h.columns:
        return
    entropy = -h.smooth("train/entropy_loss")
    yield from found(
        h,
        "choices_collapse",
        (entropy < ENTROPY_LOW) & (h.progress < 0.5),
        lambda at: f"the policy's entropy is {least(entropy[at])} nats: it always chooses alike",
        "the first updates were too large",
        "try a lower --algo.learning-rate, or a higher --algo.ent-coef",
    )


def same_everywhere(h: History) -> Iterator[Finding]:
    """The policy does the same whatever it sees."""
    spread = h.smooth("action/spread")
    yield from found(
        h,
        "same_everywhere",
        (spread < SPREAD_LOW) & (h.progress > WARM_UP),
        lambda at: (
            f"actions differ by {least(spread[at])} from state to state: the policy does not look"
        ),
        "the learning rate is too high and has killed the network's units, or the observations say "
        "nothing",
        "try a lower --algo.learning-rate, and look at --agent.inputs",
    )


def values_explode(h: History) -> Iterator[Finding]:
    """Learned values are beyond all that the rewards can add up to."""
    q = h.smooth("train/q_mean")
    returns, lengths = h.smooth("rollout/ep_rew_mean"), h.smooth("rollout/ep_len_mean")
    horizon = h.setting("agent", "action_repeat", 1.0) / (1.0 - h.setting("algo", "gamma", 0.99))
    goes_on = ~(h.smooth("ends/time_limit") < MOSTLY)  # beyond its end, or nobody knows
    endless = np.where(goes_on, np.abs(returns / lengths) * horizon, 0.0)
    reach = np.fmax.accumulate(np.fmax(np.abs(returns), endless))
    yield from found(
        h,
        "values_explode",
        np.abs(q) > VALUE_FACTOR * reach,
        lambda at: f"values reach {most(np.abs(q[at]))}, far beyond any return so far",
        "the learning rate is too high, or the target network follows too fast",
        "try a lower --algo.learning-rate, or a slower target network (--algo.tau, "
        "--algo.target-update-interval)",
    )


def gradients_are_huge(h: History) -> Iterator[Finding]:
    """Gradients are nearly all clipped away."""
    norm, limit = h.smooth("train/gradient_norm"), h.setting("algo", "max_grad_norm", np.inf)
    yield from found(
        h,
        "gradients_are_huge",
        norm > NORM_FACTOR * limit,
        lambda at: f"gradients are {most(norm[at] / limit)} times as long as they may be",
        "rewards or observations are large numbers",
        "try --algo.normalize-return, and --agent.normalize-observation",
    )


def no_progress(h: History) -> Iterator[Finding]:
    """The return does not rise."""
    returns = h.smooth("rollout/ep_rew_mean")
    yield from found(
        h,
        "no_progress",
        h.no_better(),
        lambda at: f"the return stays at {last(returns[at])}",
        "the reward does not tell better from worse, or exploring never finds the better",
        "try a denser reward, a higher --algo.ent-coef, or another --algo.learning-rate",
        share=LONG,
    )


def return_collapses(h: History) -> Iterator[Finding]:
    """What was learned is lost."""
    returns, first = h.smooth("rollout/ep_rew_mean"), h.first("rollout/ep_rew_mean")
    best = np.fmax.accumulate(returns)
    rise, unit = best - first, abs(first)
    yield from found(
        h,
        "return_collapses",
        (returns < best - FALLEN * rise) & (rise > RISEN * unit) | (returns < first - RISEN * unit),
        lambda at: f"the return falls to {least(returns[at])} after {most(best[at])}",
        "updates are too large, or a curriculum went on too fast",
        "try a lower --algo.learning-rate or a schedule for it; checkpoints/best.pt is from before",
    )
