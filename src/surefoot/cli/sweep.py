"""`surefoot sweep`: search for settings, several seeds for each."""

from __future__ import annotations

import argparse
import csv
import io
import math
import shlex
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from surefoot.cli.parser import Parser, as_count
from surefoot.errors import InvalidConfig, SurefootError, UnknownName

if TYPE_CHECKING:
    from surefoot.interrupt import Interrupt
    from surefoot.train.launchers import Launcher
    from surefoot.train.run_folder import Run, RunFolder
    from surefoot.train.sweep import Progress as Hears
    from surefoot.train.sweep import Sweep, SweepPlan, TrialResult

_PERIOD = 0.5  # s between two looks at a training
_FRESH = 1000
"""Seeds that no sweep has seen."""
_TRIALS, _SEEDS = 20, 3


def main(argv: Sequence[str]) -> int:
    """Search, print a table, say how to confirm the best; the study's folder is the last line.

    Returns:
        0 if all trials were made, 130 if it was interrupted: nothing is lost then.
    """
    options, rest = _parse(argv)
    from surefoot.cli.train_group import share_processors
    from surefoot.interrupt import Interrupt
    from surefoot.train.sweep import Sweep, read_plan

    if options.resume is not None:
        if options.task is not None or rest or options.param:
            raise InvalidConfig("a resumed sweep keeps its task, its settings and its seeds")
        folder, open_sweep = Path(options.resume), Sweep.resume
        plan = read_plan(folder)
    else:
        plan, open_sweep = _plan(options, rest), Sweep.begin
        folder = _new_folder(Path(options.runs or "runs"), plan.run)
    parallel, sim_threads = share_processors(plan.run.config, options.trials, options.parallel)
    with Interrupt() as interrupt:
        trainer = _Trainer(folder, plan.metric, sim_threads, _launcher(options), interrupt)
        sweep = open_sweep(folder, plan, trainer.train)
        print(f"sweep {folder.stem} in {folder}", file=sys.stderr)
        with _Display(options.trials) as display:
            is_done = sweep.play(options.trials, parallel=parallel, on_trial=display.tell)
    _print_results(sweep)
    if not is_done:
        command = shlex.join(["surefoot", "sweep", "--resume", str(folder)])
        print(f"stopped; continue with {command}", file=sys.stderr)
    print(folder)
    return 0 if is_done else 130


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = Parser(
        prog="surefoot sweep", add_help=False,
        usage="surefoot sweep TASK --param NAME=LAW(...) [options] [settings]",
        description="Search for settings with Optuna. Each trial trains several seeds and is "
        "judged by the interquartile mean of their standard evaluations; what looks worse than "
        "half of the others is given up early.",
    )  # fmt: skip
    parser.add_argument("--param", action="append", default=[], metavar="NAME=LAW(...)",
                        help="what to vary: algo.learning_rate=log(1e-4,1e-2), "
                        "algo.gae_lambda=uniform(0.9,1), algo.n_epochs=int(2,10), "
                        "agent.activation=choice(relu,tanh); several times")  # fmt: skip
    parser.add_argument("--trials", type=as_count, default=_TRIALS, help="how many more to make "
                        f"(default: {_TRIALS})")  # fmt: skip
    parser.add_argument("--seeds", type=as_count, default=_SEEDS, help="trainings of each trial "
                        f"(default: {_SEEDS})")  # fmt: skip
    parser.add_argument("--metric", default="return_mean", help="figure of `surefoot eval --json` "
                        "to improve (default: return_mean)")  # fmt: skip
    parser.add_argument("--minimize", action="store_true", help="the smaller the figure the better")
    parser.add_argument("--parallel", type=as_count, metavar="N", help="trials at a time (default: "
                        "as many as there are processors for)")  # fmt: skip
    parser.add_argument("--launcher", choices=("local", "ray"), default="local",
                        help="where trainings run (default: local)")  # fmt: skip
    parser.add_argument("--resume", metavar="SWEEP", help="make more trials of this sweep")
    parser.add_argument("--runs", help="folder of all runs (default: runs)")
    parser.add_argument("--algo", help="algorithm (default: ppo)")
    parser.add_argument("--preset", help="settings to begin from (default: default)")
    parser.add_argument("--robot", help="the task's robot, where it can have several")
    arguments = list(argv)
    task = arguments.pop(0) if arguments and not arguments[0].startswith("-") else None
    options, rest = parser.parse_known_args(arguments)
    options.task, options.flags, options.show = task, parser.flags, False
    if {"-h", "--help"} & set(rest) and (task is None or not options.param):
        parser.print_help()
        sys.exit(0)
    if task is None and options.resume is None:
        raise InvalidConfig("name the task first (see surefoot sweep --help)")
    return options, rest


def _plan(options: argparse.Namespace, rest: list[str]) -> SweepPlan:
    from surefoot.cli.train import configure
    from surefoot.train.sweep import SweepPlan

    return SweepPlan(
        run=configure(options, rest),
        parameters=tuple(options.param),
        seeds=options.seeds,
        metric=options.metric,
        direction="minimize" if options.minimize else "maximize",
    )


def _new_folder(root: Path, run: Run) -> Path:
    from surefoot.train.run_folder import new_group_name, task_folder

    return task_folder(root, run) / f"{new_group_name()}.sweep"


def _launcher(options: argparse.Namespace) -> Launcher:
    from surefoot.train.launchers import LocalJob, ray_launcher

    return ray_launcher() if options.launcher == "ray" else LocalJob


class _Trainer:
    """Trains and scores the runs of a sweep, beside its folder."""

    def __init__(
        self, folder: Path, metric: str, sim_threads: int, launch: Launcher, interrupt: Interrupt
    ) -> None:
        self._folder, self._metric, self._sim_threads = folder, metric, sim_threads
        self._launch, self._interrupt = launch, interrupt
        self._evaluating = threading.Lock()  # one at a time has the processors

    def train(self, run: Run, group: str, progress: Hears) -> float:
        """See `surefoot.train.sweep.Train`."""
        from surefoot.train.evaluated import evaluate_run
        from surefoot.train.sweep import base_of

        folder = self._ready(run, group)
        if not folder.policy.exists():
            self._finish(folder, run, progress)
        with self._evaluating:
            figures = evaluate_run(folder.path, world=base_of(self._folder)).figures
        if self._metric not in figures:
            raise UnknownName("figure", self._metric, figures, "surefoot eval --json")
        value = figures[self._metric]
        if not isinstance(value, int | float):
            raise SurefootError(f"{self._metric} of {folder.path} is no number: {value}")
        return float(value)

    def _ready(self, run: Run, group: str) -> RunFolder:
        """The run's folder: the one that was begun, or a new one."""
        from surefoot.train.run_folder import RunFolder, create_run_folder

        path = self._folder.with_name(f"{group}_{run.config.seed}")
        if (path / "config.yaml").exists():
            return RunFolder(path)
        return create_run_folder(self._folder.parent.parent, run, group=group)

    def _finish(self, folder: RunFolder, run: Run, progress: Hears) -> None:
        from surefoot.train.log import STEPS, last_row
        from surefoot.train.process import why_it_ended
        from surefoot.train.sweep import Stopped

        job = self._launch(folder.path, ["--sim-threads", str(self._sim_threads)])
        try:
            while (code := job.poll()) is None:
                time.sleep(_PERIOD)
                if self._interrupt.requested:
                    raise Stopped("the sweep is stopped")
                row = last_row(folder.progress)
                if row.get("rollout/ep_rew_mean"):
                    share = float(row[STEPS]) / run.config.planned_steps
                    progress(share, float(row["rollout/ep_rew_mean"]))
        except BaseException:
            job.stop()
            raise
        if code != 0:
            raise SurefootError(why_it_ended(folder.path, code))


class _Display:
    """A bar of the trials on a terminal, and a line for each that has ended; on standard error."""

    def __init__(self, nb_trials: int) -> None:
        console = Console(stderr=True, soft_wrap=True)
        self._progress = Progress(
            TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), console=console,
            disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("trials", total=nb_trials)

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, result: TrialResult) -> None:
        """A trial has ended."""
        self._progress.advance(self._task)
        line = f"{result.group}: {_outcome(result)}; {_settings(result)}"
        self._progress.console.print(line, highlight=False, markup=False)


def _outcome(result: TrialResult) -> str:
    if result.state == "failed":
        return f"failed: {result.reason}"
    if not result.scores:
        return result.state
    nb = len(result.scores)
    said = f"{result.state}, IQM {result.iqm:.4g} of {nb} seed{'s' if nb > 1 else ''}"
    low, high = result.interval
    return said if math.isnan(low) else f"{said} ({low:.4g} to {high:.4g})"


def _settings(result: TrialResult) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in result.settings.items())


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_results(sweep: Sweep) -> None:
    """The trials, the best first, and how to confirm the best."""
    results = sweep.results()
    _write_csv(sweep.folder / "trials.csv", results)
    seeds = f"{sweep.plan.seeds} seeds (95 % interval)" if sweep.plan.seeds > 1 else "one seed"
    print(f"{sweep.plan.metric} of {sweep.plan.run.task}, interquartile mean over {seeds}")
    for result in results:
        print(f"  {result.group}  {_outcome(result)}")
        print(f"    {_settings(result)}")
    best = results[0] if results and results[0].state == "finished" else None
    if best is None:
        print("no trial has finished")
        return
    run, fresh = sweep.plan.run, max(_FRESH, sweep.plan.run.config.seed + sweep.plan.seeds)
    settings = {**_changes(run), **best.settings}
    flags = [
        word
        for name, value in settings.items()
        for word in (f"--{name.replace('_', '-')}", *_words(value))
    ]
    command = ["surefoot", "train", run.task, "--algo", run.algo, "--preset", run.preset,
               "--seed", str(fresh), "--seeds", "5", *flags]  # fmt: skip
    lucky = f"The best of {len(results)} trials was also lucky. " if len(results) > 1 else ""
    print(f"{lucky}Confirm it with seeds that chose nothing, and compare: {shlex.join(command)}")


def _changes(run: Run) -> dict[str, Any]:
    """Settings of a run that are not its preset's, by their dotted names."""
    from surefoot.train.plain import differences, to_plain
    from surefoot.train.presets import find_preset

    preset, chosen = (
        to_plain(find_preset(run.task, run.preset, algo=run.algo)),
        to_plain(run.config),
    )
    changes: dict[str, Any] = {}
    for name in differences(preset, chosen):
        value = chosen
        for step in name.split("."):
            value = value[step]
        changes[name] = value
    changes.pop("seed", None)
    return changes


def _words(value: Any) -> list[str]:
    """A value as flags take it; choices were kept as text."""
    plain = yaml.safe_load(value) if isinstance(value, str) else value
    return [str(item) for item in plain] if isinstance(plain, list) else [str(plain)]


def _write_csv(path: Path, results: list[TrialResult]) -> None:
    from surefoot.train.checkpoint import write_atomically

    names = list(dict.fromkeys(name for result in results for name in result.settings))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["group", "state", "iqm", "low", "high", "scores", *names])
    for r in results:
        scores = " ".join(map(str, r.scores))
        row = [r.group, r.state, r.iqm, *r.interval, scores]
        writer.writerow([*row, *(r.settings.get(name, "") for name in names)])
    write_atomically(path, text.getvalue().encode())
