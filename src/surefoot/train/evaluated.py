"""Evaluations kept in a run's folder, with the conditions that they hold under."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import BadFile, InvalidConfig, Mismatch
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.tasks.walking_rough_config import RoughWalkingConfig
from surefoot.train.checkpoint import fingerprint, write_atomically
from surefoot.train.config import AnyTaskConfig
from surefoot.train.group import find_runs
from surefoot.train.plain import differences, to_plain
from surefoot.train.run_folder import Run, RunFolder

if TYPE_CHECKING:
    from surefoot.train.evaluate import Evaluation
    from surefoot.train.policies import LoadedPolicy

EPISODES, WALKERS, PER_TILE = 50, 32, 4
"""Episodes to play; robots that walk for twenty seconds each; robots to cross each kind of terrain
on each level."""
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What must be equal for two evaluations to be comparable."""

    task: str
    """Name in the catalog, or a Gymnasium id."""
    version: str
    """The task's id in Gymnasium, which ends in its version."""
    settings: dict[str, Any]
    """The task's settings, as plain data."""
    episodes: int
    """How many; walking robots; on rough terrain, robots for each kind and level."""
    seed: int
    """Seed of the episodes."""
    imperfect: bool
    """With sensor noise, action noise, lag and pushes."""

    def differences(self, other: Conditions) -> list[str]:
        """Dotted names of what is not the same, `settings.reset.pitch` for example."""
        return differences(dataclasses.asdict(self), dataclasses.asdict(other))


@dataclass(frozen=True, kw_only=True)
class SavedEvaluation:
    """What a run's newest policy did."""

    conditions: Conditions
    checkpoint: str
    """Fingerprint of the checkpoint that played."""
    steps: int
    """Environment steps of training behind it."""
    figures: dict[str, Any]
    """What `surefoot eval --json` prints; None stands where nothing could be measured."""

    @property
    def returns(self) -> NDArray[np.float64]:
        """Of each episode, (N,)."""
        return np.array(self.figures["returns"], dtype=np.float64)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Of each episode, policy steps, (N,)."""
        return np.array(self.figures["lengths"], dtype=np.float64)

    @property
    def wall_s(self) -> float:
        """What the evaluation cost, s."""
        return float(self.figures["wall_s"])


def standard_episodes(config: AnyTaskConfig) -> int:
    """How many episodes, or robots, the standard evaluation of a task has."""
    if isinstance(config, RoughWalkingConfig):
        return PER_TILE
    return WALKERS if isinstance(config, WalkingConfig) else EPISODES


def conditions_of(run: Run, *, imperfect: bool = False) -> Conditions:
    """The conditions of the standard evaluation in the world of a run."""
    return Conditions(
        task=run.task,
        version=TASKS[run.task].gym_id if run.task in TASKS else run.task,
        settings=to_plain(run.config.task),
        episodes=standard_episodes(run.config.task),
        seed=0,
        imperfect=imperfect,
    )


def evaluate_run(
    run: Path, *, world: Path | None = None, imperfect: bool = False
) -> SavedEvaluation:
    """The standard evaluation of a run's newest policy: the saved one, or else it plays.

    Args:
        run: The run's folder.
        world: A run, or a group, in whose world it plays; None is its own.
        imperfect: With sensor noise, action noise, lag and pushes.

    Raises:
        BadFile: A run is damaged, or has no checkpoint yet.
        InvalidConfig: The world is another task's.
        Mismatch: The policy does not fit the world.
        NotFinite: The policy's action is NaN or infinite.
    """
    theirs = RunFolder(find_runs(world)[0] if world else run).read_config()
    conditions = conditions_of(theirs, imperfect=imperfect)
    saved = find_saved(run, conditions)
    if saved is not None:
        return saved
    from surefoot.train.policies import load_run
    from surefoot.train.standard import evaluate_standard

    checkpoint = newest_fingerprint(run)
    loaded = load_run(RunFolder(run))
    config = theirs.config.task
    if world is not None:
        _check_world(loaded, run, theirs, world)
    result = evaluate_standard(
        loaded.policy, theirs.task, config, episodes=conditions.episodes, imperfect=imperfect
    )
    played = SavedEvaluation(
        conditions=conditions,
        checkpoint=checkpoint,
        steps=loaded.nb_steps,
        figures=figures_of(result),
    )
    save(run, played)
    return played


def find_saved(run: Path, conditions: Conditions) -> SavedEvaluation | None:
    """What is saved of a run's newest checkpoint under these conditions, if anything.

    Raises:
        BadFile: The run has no checkpoint yet, or a damaged one.
    """
    newest = newest_fingerprint(run)
    return next((s for s in _read(run, newest) if s.conditions == conditions), None)


def newest_fingerprint(run: Path) -> str:
    """That of a run's newest checkpoint.

    Raises:
        BadFile: The run has no checkpoint yet, or a damaged one.
    """
    folder = RunFolder(run)
    if not folder.last.exists():
        raise BadFile(folder.path, "this run has no checkpoint yet", "Let it train a little.")
    return fingerprint(folder.last)


def save(run: Path, evaluation: SavedEvaluation) -> None:
    """Keep an evaluation, and drop those of other checkpoints.

    Where nothing can be written nothing is kept: the figures are worth more than the file.
    """
    same = _read(run, evaluation.checkpoint)
    others = [s for s in same if s.conditions != evaluation.conditions]
    kept = [dataclasses.asdict(saved) for saved in [*others, evaluation]]
    content = json.dumps({"version": _FORMAT, "evaluations": kept}) + "\n"
    with contextlib.suppress(BadFile):
        write_atomically(_file(run), content.encode())


def figures_of(result: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON has it: neither NaN nor infinity, None stands for both."""
    return cast("dict[str, Any]", _finite(dataclasses.asdict(result)))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, tuple | list):
        return [_finite(item) for item in cast("list[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _file(run: Path) -> Path:
    return run / "evaluation.json"


def _read(run: Path, checkpoint: str) -> list[SavedEvaluation]:
    """What is saved of a checkpoint; a damaged file holds nothing, for all can be played again."""
    try:
        content = json.loads(_file(run).read_text())
        if content["version"] != _FORMAT:
            return []
        return [
            SavedEvaluation(conditions=Conditions(**saved.pop("conditions")), **saved)
            for saved in content["evaluations"]
            if saved["checkpoint"] == checkpoint
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _check_world(loaded: LoadedPolicy, run: Path, theirs: Run, world: Path) -> None:
    """Refuse a world that a policy was not made for."""
    from surefoot.train.standard import interface_of

    if loaded.task != theirs.task:
        raise InvalidConfig(
            f"the world of {world} is one of {theirs.task}, but {run} trains {loaded.task}"
        )
    there = interface_of(theirs.task, theirs.config.task).on_robot
    for name in ("observation", "action", "dt"):
        if loaded.interface is not None and getattr(loaded.interface, name) != getattr(there, name):
            raise Mismatch(f"{run} cannot play in the world of {world}: it has another {name}")
