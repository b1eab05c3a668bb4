"""Groups of runs read for a comparison, and why some cannot be compared."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from surefoot.errors import BadFile, InvalidConfig, NotFinite
from surefoot.report.curves import Curve
from surefoot.train.evaluated import conditions_of, evaluate_run, find_saved
from surefoot.train.group import find_runs
from surefoot.train.log import STEPS, read_progress
from surefoot.train.plain import differences
from surefoot.train.run_folder import Run, RunFolder

_RETURN, _SECONDS = "rollout/ep_rew_mean", "time/time_elapsed"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One run of a group."""

    path: Path
    run: Run
    curve: Curve
    """Its training returns."""

    @property
    def steps(self) -> int:
        """Environment steps behind it."""
        return int(self.curve.steps[-1])

    @property
    def planned(self) -> int:
        """Environment steps it was to train."""
        config = self.run.config
        return config.total_updates * config.steps_per_update


Groups = Mapping[str, Sequence[Trained]]
"""Runs by the name of their group."""


def read_groups(folders: Mapping[str, Sequence[Path]]) -> dict[str, list[Trained]]:
    """The runs of every group, by the group's name.

    Raises:
        BadFile: A run is damaged, or has logged nothing yet.
        InvalidConfig: A run is still training, or counts twice.
    """
    owner: dict[Path, str] = {}
    for name, paths in folders.items():
        for path in paths:
            whose = owner.setdefault(path.resolve(), name)
            if whose != name:
                raise InvalidConfig(f"{path} is in {whose} and in {name}: a run counts once")
    groups = {name: [_read(path) for path in paths] for name, paths in folders.items()}
    for runs in groups.values():
        for a, b in combinations(runs, 2):
            if not differences(a.run.to_plain(), b.run.to_plain()):
                raise InvalidConfig(
                    f"{a.path} and {b.path} have the same settings and the same seed: a copy of a "
                    "run says nothing new; leave one out"
                )
    return groups


def _read(path: Path) -> Trained:
    folder = RunFolder(path)
    run = folder.read_config()
    if (path / ".lock").exists():
        with contextlib.suppress(BadFile), folder.locked():  # what cannot be written is not trained
            pass
    return Trained(path=path, run=run, curve=_read_curve(folder))


def _read_curve(folder: RunFolder) -> Curve:
    """What a run's progress.csv says.

    Raises:
        BadFile: There is no row with a return.
    """
    rows = [row for row in read_progress(folder.progress) if row.get(_RETURN)]
    if not rows:
        raise BadFile(folder.path, "no training episode has ended here yet", "Let it train longer.")
    try:
        steps, seconds, returns = (
            np.array([float(row[name]) for row in rows]) for name in (STEPS, _SECONDS, _RETURN)
        )
    except (KeyError, ValueError):
        raise BadFile(folder.progress, "this is damaged", "Restore the file.") from None
    return Curve(steps=steps, seconds=seconds, returns=returns)


def check_comparable(groups: Groups, *, world: Path | None) -> None:
    """Refuse groups whose policies are not evaluated in the same world.

    Args:
        groups: The runs.
        world: In which all are evaluated; None: each in its own.

    Raises:
        InvalidConfig: Tasks or evaluations differ; names the first settings that do.
    """
    (one, (first, *_)), *_ = groups.items()
    reference = conditions_of(first.run)
    for other, runs in groups.items():
        for trained in runs:
            theirs = conditions_of(trained.run)
            if theirs.task != reference.task:
                raise InvalidConfig(
                    f"{one} learns {reference.task} and {other} learns {theirs.task}: only runs of "
                    "one task can be compared"
                )
            different = reference.differences(theirs)
            if different and world is None:
                named = ", ".join(name.removeprefix("settings.") for name in different[:3])
                more = ", ..." if different[3:] else ""
                raise InvalidConfig(
                    f"{first.path} and {trained.path} are evaluated in different worlds: they "
                    f"differ in {named}{more}. With --world {first.path} all play in the same"
                )


def notes_on(groups: Groups) -> list[str]:
    """What a reader should know about the runs, one sentence each."""
    notes: list[str] = []
    for name, runs in groups.items():
        for trained in runs:
            if trained.steps < trained.planned:
                notes.append(
                    f"{trained.path} stopped after {trained.steps:,} of {trained.planned:,} steps: "
                    "it counts as it is"
                )
            if trained.curve.broken:
                notes.append(
                    f"the return of {trained.path} became NaN: it counts as the worst while it "
                    "learned"
                )
        plain = [_without_seed(trained.run) for trained in runs]
        mixed = next((d for other in plain[1:] if (d := differences(plain[0], other))), [])
        if mixed:
            named = ", ".join(setting.removeprefix("config.") for setting in mixed[:3])
            notes.append(f"the runs of {name} differ in more than their seeds: {named}")
    lengths = {name: min(trained.steps for trained in runs) for name, runs in groups.items()}
    if len({*lengths.values()}) > 1:
        told = ", ".join(f"{steps:,} of {name}" for name, steps in lengths.items())
        notes.append(
            f"the groups trained for different numbers of steps ({told}): curves are compared up "
            "to the shortest, policies as they are at their ends"
        )
    for a, b in combinations(groups, 2):
        if _same_numbers(groups[a], groups[b]):
            notes.append(
                f"{a} and {b} are the same trainings, number for number: other seeds would tell "
                "more"
            )
    return notes


def in_one_world(groups: Groups) -> bool:
    """Whether all runs trained in worlds with the same settings."""
    first, *others = (conditions_of(t.run) for runs in groups.values() for t in runs)
    return all(first == other for other in others)


def _without_seed(run: Run) -> dict[str, Any]:
    plain = run.to_plain()
    return {**plain, "config": {**plain["config"], "seed": None}}


def _same_numbers(a: Sequence[Trained], b: Sequence[Trained]) -> bool:
    """Whether two groups have the same curves, of the same seeds."""
    return len(a) == len(b) and all(
        x.run.config.seed == y.run.config.seed
        and np.array_equal(x.curve.returns, y.curve.returns, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def unevaluated(groups: Groups, *, world: Path | None, imperfect: bool) -> list[Path]:
    """Runs whose policies have yet to play.

    Raises:
        BadFile: A run has no checkpoint, or the world is none.
    """
    theirs = RunFolder(find_runs(world)[0]).read_config() if world else None
    return [
        trained.path
        for runs in groups.values()
        for trained in runs
        if find_saved(trained.path, conditions_of(theirs or trained.run, imperfect=imperfect))
        is None
    ]


def figures_of_run(path: Path, *, world: Path | None, imperfect: bool) -> dict[str, Any]:
    """The figures of a run's evaluation; none if its policy chooses actions that are no numbers.

    Raises:
        SurefootError: For any other reason that `evaluate_run` has.
    """
    try:
        return evaluate_run(path, world=world, imperfect=imperfect).figures
    except NotFinite:
        return {}
