"""What groups of runs are compared by: one number for each run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surefoot.report.comparison import Metric
from surefoot.report.curves import common_span, default_level, first_reach, mean_return
from surefoot.tasks.catalog import TASKS
from surefoot.train.compared import Groups, in_one_world

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a metric is called, and whether more of it is better."""

    title: str
    unit: str = ""
    higher_is_better: bool = False
    figure: str = ""
    """The figure of the evaluation that it is; empty if it comes from the training."""


KINDS = {
    "final_return": Kind(title="final return", higher_is_better=True, figure="return_mean"),
    "tracking_error_linear": Kind(
        title="velocity error", unit="m/s", figure="tracking_error_linear"
    ),
    "tracking_error_yaw": Kind(title="yaw rate error", unit="rad/s", figure="tracking_error_yaw"),
    "falls_per_minute": Kind(title="falls per minute", figure="falls_per_minute"),
    "crossing_success": Kind(
        title="share of robots that cross", higher_is_better=True, figure="crossing_success"
    ),
    "falls": Kind(title="episodes with a fall", figure="falls"),
    "learning_return": Kind(title="return while learning", higher_is_better=True),
    "steps_to_level": Kind(title="steps to the threshold"),
    "seconds_to_level": Kind(title="time to the threshold", unit="s"),
}
"""Every metric by its name, the question of most comparisons first."""


def metrics_of(
    groups: Groups, figures: Mapping[Path, Mapping[str, Any]], *, level: float | None
) -> tuple[list[Metric], list[str]]:
    """Every metric that these runs have, and why some have none, one sentence each.

    Args:
        groups: The runs.
        figures: Of each run's evaluation, by its path; empty for a policy that broke.
        level: The training return to reach; None: `default_level`.
    """
    known = set.union(*(set(found) for found in figures.values()))
    task = next(iter(groups.values()))[0].run.task
    if task not in TASKS or "falls_per_minute" in known:
        known.discard("falls")  # the end of a foreign episode may be its success
    metrics = [
        _metric(name, {
            group: [_worse_than_all(figures[trained.path].get(kind.figure)) for trained in runs]
            for group, runs in groups.items()
        })
        for name, kind in KINDS.items()
        if kind.figure in known or name == "final_return"
    ]  # fmt: skip
    learning, notes = _while_learning(groups, level)
    return metrics + learning, notes


def _worse_than_all(figure: float | None) -> float:
    """NaN for what could not be measured, because the policy broke or fell at once."""
    return float("nan") if figure is None else float(figure)


def _metric(name: str, values: Mapping[str, list[float]]) -> Metric:
    """A metric in which NaN stands for the worst."""
    kind = KINDS[name]
    worst = -np.inf if kind.higher_is_better else np.inf
    return Metric(
        name=name,
        title=kind.title,
        unit=kind.unit,
        higher_is_better=kind.higher_is_better,
        values={
            group: np.where(np.isnan(found), worst, np.array(found))
            for group, found in values.items()
        },
    )


def _while_learning(groups: Groups, level: float | None) -> tuple[list[Metric], list[str]]:
    """Metrics of the training curves, and why there are none."""
    if not in_one_world(groups):
        why = "the runs trained in different worlds: their training curves are not compared"
        return [], [why]
    curves = {group: [trained.curve for trained in runs] for group, runs in groups.items()}
    every = [curve for of_group in curves.values() for curve in of_group]
    begin, end = common_span(every)
    if begin >= end:
        return [], ["the training curves have no steps in common: they are not compared"]
    metrics = [
        _metric(
            "learning_return",
            {group: [mean_return(c, begin, end) for c in of] for group, of in curves.items()},
        )
    ]
    level = default_level(every) if level is None else level
    if level is None:
        return metrics, ["the training returns do not rise: there is no threshold to reach"]
    reached = {group: [first_reach(c, level) for c in of] for group, of in curves.items()}
    if not np.isfinite([pair for pairs in reached.values() for pair in pairs]).any():
        return metrics, [f"no run reached a training return of {level:.4g}"]
    for n, name in enumerate(("steps_to_level", "seconds_to_level")):
        values = {group: [pair[n] for pair in pairs] for group, pairs in reached.items()}
        metrics.append(_metric(name, values))
    return metrics, [f"the threshold is a training return of {level:.4g}"]
