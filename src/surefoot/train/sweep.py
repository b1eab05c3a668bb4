"""Search for settings: trials of several seeds each, judged by the middle half of their scores.

Optuna proposes, and gives up early what looks worse than half of what was tried (its tree of Parzen
estimators and its median rule); the study is an SQLite file. A trial trains one seed after the
other. Its score is the interquartile mean over seeds of a figure of the standard evaluation, so
that one lucky seed does not win.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from surefoot.errors import BadFile, InvalidConfig, MissingPackage, SurefootError
from surefoot.report.statistics import interval, iqm
from surefoot.train.checkpoint import check_version, write_atomically
from surefoot.train.run_folder import Run, RunFolder
from surefoot.train.search_space import Parameter, parse_parameter, with_settings

try:
    import optuna
except ImportError:
    raise MissingPackage("optuna", "surefoot sweep", "pip install 'surefoot[sweep]'") from None

PARTS = 10
"""How often the first seed of a trial is compared with those before it while it trains."""
_FORMAT = 1
_GROUP, _SCORES, _REASON = "group", "scores", "reason"
_STOPPED = "it was stopped"


class Stopped(SurefootError):
    """Somebody wants the sweep to end."""


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """What is searched, and how a trial is judged."""

    run: Run
    """Task, algorithm and the settings that stay; its seed is the first one."""
    parameters: tuple[str, ...]
    """What varies, as it was written."""
    seeds: int
    """Trainings of each trial."""
    metric: str
    """Figure of the standard evaluation."""
    direction: Literal["maximize", "minimize"]
    """Which way is better."""

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InvalidConfig(f"a sweep needs at least 1 seed in each trial, got {self.seeds}")
        names = [parameter.name for parameter in self.space]
        if not names:
            raise InvalidConfig("a sweep needs something to vary: add --param NAME=log(LOW,HIGH)")
        if len(set(names)) < len(names) or "seed" in names:
            raise InvalidConfig("a sweep varies each setting once, and never the seed")
        for parameter in self.space:  # both ends must be possible, or the mistake shows at night
            for value in parameter.values:
                with_settings(self.run, {parameter.name: value})

    @property
    def space(self) -> tuple[Parameter, ...]:
        """What varies."""
        return tuple(parse_parameter(text) for text in self.parameters)


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """What came of a trial."""

    group: str
    """Name of its group of runs."""
    settings: dict[str, Any]
    """What it tried."""
    state: Literal["finished", "given up", "failed", "stopped"]
    scores: tuple[float, ...]
    """Of its seeds, as far as they came."""
    reason: str = ""
    """Why it failed."""

    @property
    def iqm(self) -> float:
        """Interquartile mean over the seeds."""
        return float(iqm(np.array(self.scores))) if self.scores else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of it; NaN with one seed."""
        low, high = interval(np.array(self.scores), "iqm") if self.scores else (np.nan, np.nan)
        return float(low), float(high)


Progress = Callable[[float, float], None]
"""Hears the share of a training that is done, in [0, 1], and the mean return so far."""
Train = Callable[[Run, str, Progress], float]
"""Trains a run as a member of the group of that name, and scores it. Whatever `Progress` raises
ends the training."""


class Sweep:
    """A study in a folder.

    Args:
        folder: Where its files are: runs/TASK/NAME.sweep.
        plan: What is searched.
        train: Who trains and scores.
    """

    def __init__(self, folder: Path, plan: SweepPlan, train: Train) -> None:
        self.folder, self.plan, self._train = folder, plan, train
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(
            storage=f"sqlite:///{folder.absolute() / 'study.db'}",
            study_name=folder.stem,
            direction=plan.direction,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=PARTS // 3),
            load_if_exists=True,
        )
        nb_before = len(self._study.trials)  # else a continued study proposes the same again
        self._study.sampler = optuna.samplers.TPESampler(seed=plan.run.config.seed + nb_before)

    @classmethod
    def begin(cls, folder: Path, plan: SweepPlan, train: Train) -> Sweep:
        """A new one.

        Raises:
            BadFile: The folder cannot be written.
        """
        plain = {"version": _FORMAT, **vars(plan), "parameters": list(plan.parameters)}
        del plain["run"]
        try:
            base_of(folder).mkdir(parents=True)
        except OSError as error:
            remedy = "Choose another --runs folder."
            raise BadFile(folder, f"cannot be created ({error.strerror})", remedy) from None
        RunFolder(base_of(folder)).write_config(plan.run)
        write_atomically(_plan_file(folder), yaml.safe_dump(plain, sort_keys=False).encode())
        return cls(folder, plan, train)

    @classmethod
    def resume(cls, folder: Path, plan: SweepPlan, train: Train) -> Sweep:
        """One that was begun, with its plan; what was under way when it stopped is next."""
        sweep = cls(folder, plan, train)
        for trial in sweep._latest():
            is_running = trial.state == optuna.trial.TrialState.RUNNING
            if is_running:  # its process was killed
                sweep._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            if is_running or trial.user_attrs.get(_REASON) == _STOPPED:
                again = {_GROUP: sweep._group_of(trial)}
                sweep._study.enqueue_trial(trial.params, user_attrs=again)
        return sweep

    def _group_of(self, trial: optuna.Trial | optuna.trial.FrozenTrial) -> str:
        """Name of the group of a trial's runs; one that is continued keeps it."""
        return trial.user_attrs.get(_GROUP, f"{self.folder.stem}-{trial.number:03d}")

    def _latest(self) -> list[optuna.trial.FrozenTrial]:
        """The trials without those that a later one continues."""
        return list({self._group_of(trial): trial for trial in self._study.trials}.values())

    def play(
        self, nb_trials: int, *, parallel: int = 1, on_trial: Callable[[TrialResult], None]
    ) -> bool:
        """Make more trials.

        Args:
            nb_trials: How many.
            parallel: How many at a time.
            on_trial: Hears of each that has ended.

        Returns:
            Whether all were made; somebody may have stopped it.
        """
        stopped: list[bool] = []

        def objective(trial: optuna.Trial) -> float:
            try:
                return self._play(trial)
            except Stopped:
                stopped.append(True)
                self._study.stop()
                trial.set_user_attr(_REASON, _STOPPED)
                raise
            except SurefootError as error:
                trial.set_user_attr(_REASON, str(error))
                raise

        self._study.optimize(
            objective,
            n_trials=nb_trials,
            n_jobs=parallel,
            catch=(SurefootError,),
            callbacks=[lambda _, trial: on_trial(self._result(trial))],
        )
        return not stopped

    def _play(self, trial: optuna.Trial) -> float:
        """Train a trial's seeds; IQM of their scores."""
        group = self._group_of(trial)
        run = with_settings(self.plan.run, {p.name: p.suggest(trial) for p in self.plan.space})
        scores: list[float] = []

        def compare(share: float, mean_return: float) -> None:
            part = int(share * PARTS)
            if not scores and 0 < part < PARTS and part not in seen:
                seen.add(part)
                self._report(trial, self._sign * mean_return, part)

        for k in range(self.plan.seeds):
            seen: set[int] = set()
            of_seed = dataclasses.replace(run.config, seed=run.config.seed + k)
            score = self._train(dataclasses.replace(run, config=of_seed), group, compare)
            scores.append(score)
            trial.set_user_attr(_SCORES, scores)
            if k + 1 < self.plan.seeds:
                self._report(trial, float(iqm(np.array(scores))), PARTS + k)
        return float(iqm(np.array(scores)))

    @property
    def _sign(self) -> float:
        """The return is better the larger it is, whatever the figure that is searched for."""
        return 1.0 if self.plan.direction == "maximize" else -1.0

    def _report(self, trial: optuna.Trial, value: float, step: int) -> None:
        trial.report(value, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    def results(self) -> list[TrialResult]:
        """All trials, the best first; those that came to an end before the others."""
        order = ("finished", "given up", "failed", "stopped")
        return sorted(
            (self._result(trial) for trial in self._latest() if trial.state.is_finished()),
            key=lambda result: (order.index(result.state), -self._sign * result.iqm),
        )

    def _result(self, trial: optuna.trial.FrozenTrial) -> TrialResult:
        reason = trial.user_attrs.get(_REASON, "")
        states: dict[Any, Any] = {
            optuna.trial.TrialState.COMPLETE: "finished",
            optuna.trial.TrialState.PRUNED: "given up",
        }
        return TrialResult(
            group=self._group_of(trial),
            settings=dict(trial.params),
            state=states.get(trial.state, "stopped" if reason == _STOPPED else "failed"),
            scores=tuple(trial.user_attrs.get(_SCORES, ())),
            reason=reason,
        )


def read_plan(folder: Path) -> SweepPlan:
    """What the sweep in a folder searches.

    Raises:
        BadFile: There is no sweep, or a damaged one.
    """
    path = _plan_file(folder)
    try:
        plain = yaml.safe_load(path.read_text())
    except OSError:
        remedy = "Name the folder that surefoot sweep printed, runs/TASK/NAME.sweep."
        raise BadFile(folder, "there is no sweep here", remedy) from None
    except yaml.YAMLError:
        raise BadFile(path, "this is damaged", "Begin a new sweep.") from None
    try:
        check_version(path, plain.pop("version"))
        run = RunFolder(base_of(folder)).read_config()
        return SweepPlan(run=run, parameters=tuple(plain.pop("parameters")), **plain)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadFile(path, f"this describes no sweep ({error})", "Begin a new sweep.") from None


def base_of(folder: Path) -> Path:
    """Where a sweep keeps the settings that its trials vary: the world that all are judged in."""
    return folder / "base"


def _plan_file(folder: Path) -> Path:
    return folder / "sweep.yaml"
