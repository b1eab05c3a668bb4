"""What is unusual in a training: since when, what usually causes it, which setting to try.

Rules over the rows of `progress.csv`. Each is a function of a `History` and applies where the
algorithm logs its metric. A rule looks only back, so that it says during a training what it says
afterwards; and it waits until something has lasted, because single updates are noisy.

Source: the healthy ranges of docs/runs.md, from the course ROB-GY 6323 and common practice;
thresholds that are ours were fixed on ten healthy runs (`benchmarks/doctor.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from surefoot.report.health_learning import (
    choices_collapse,
    gradients_are_huge,
    no_progress,
    noise_collapses,
    noise_grows,
    policy_moves_too_far,
    policy_stands_still,
    return_collapses,
    same_everywhere,
    value_explains_nothing,
    values_explode,
)
from surefoot.report.health_world import (
    actions_at_limits,
    actions_make_no_difference,
    actions_near_zero,
    better_dead,
    fails_the_same_way,
    observations_are_clipped,
    observations_are_huge,
    one_term_drowns,
    slower,
    time_limit_is_failure,
    worlds_diverge,
)
from surefoot.report.history import Finding, History

Rule = Callable[[History], Iterator[Finding]]


def diagnose(
    rows: Sequence[Mapping[str, str | float]], settings: Mapping[str, Any], failure: str = ""
) -> list[Finding]:
    """What is unusual in a training, the earliest first, and what follows from it last.

    Args:
        rows: Of progress.csv.
        settings: The run's `config` as plain data.
        failure: The sentence with which it broke off, if it did.
    """
    history = History(rows, settings)
    findings = [finding for rule in RULES for finding in rule(history)] if rows else []
    findings.sort(key=lambda finding: (finding.name in SYMPTOMS, finding.since))
    if failure:
        findings.insert(0, _broke_off(history, failure))
    once: dict[str, Finding] = {}
    for finding in findings:
        once.setdefault(finding.name, finding)
    return list(once.values())


SYMPTOMS = {"no_progress", "return_collapses", "fails_the_same_way"}
"""Findings that say that something is wrong, and not what."""

RULES: tuple[Rule, ...] = (
    policy_moves_too_far,
    policy_stands_still,
    value_explains_nothing,
    noise_collapses,
    noise_grows,
    choices_collapse,
    same_everywhere,
    values_explode,
    gradients_are_huge,
    no_progress,
    return_collapses,
    actions_at_limits,
    actions_near_zero,
    actions_make_no_difference,
    observations_are_huge,
    observations_are_clipped,
    one_term_drowns,
    better_dead,
    fails_the_same_way,
    time_limit_is_failure,
    worlds_diverge,
    slower,
)
"""Every rule, in the order of docs/doctor.md."""


def _broke_off(h: History, failure: str) -> Finding:
    return Finding(
        name="broke_off",
        since=int(h.steps[-1]) if len(h.steps) else 0,
        what=f"the training broke off ({failure.strip().rstrip('.')})",
        cause="a sensor, a reward or the simulation gives numbers that are not finite, or the "
        "learning rate is far too high",
        remedy="mend what it names first, then lower --algo.learning-rate",
    )
