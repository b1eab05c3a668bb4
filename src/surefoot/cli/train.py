"""`surefoot train`: from a task's name to a run folder."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.cli.list import ALGORITHMS
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.catalog import TASKS
from surefoot.train.config import AnyTaskConfig, RunConfig
from surefoot.train.presets import find_preset

if TYPE_CHECKING:
    from surefoot.train.run_folder import Run, RunFolder
    from surefoot.train.session import Session

_EPILOG = """Every setting of the run, the task (--task.*), the agent (--agent.*) and the algorithm
(--algo.*) is a flag as well; `surefoot train TASK --help` lists them with their values."""


def main(argv: Sequence[str]) -> int:
    """Train, then export; prints the run's folder alone on the last line of standard output."""
    options, rest = _parse(argv)
    session, folder, title = _resume(options, rest) if options.resume else _begin(options, rest)
    print(title, file=sys.stderr)
    outcome = _train(session, folder, options)
    if outcome.finished:
        _export(session, folder)
    else:
        print(
            f"stopped at {session.nb_steps:,} of {session.run.config.steps:,} steps; continue with "
            f"surefoot train --resume {folder.path}",
            file=sys.stderr,
        )
    print(folder.path)
    return 0


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        prog="surefoot train", description="Train a policy.", epilog=_EPILOG, allow_abbrev=False,
        add_help=False,
    )  # fmt: skip
    parser.add_argument("--algo", default="ppo", help="algorithm (default: ppo)")
    parser.add_argument("--preset", default="default", help="settings to begin from")
    parser.add_argument("--robot", help="the task's robot, where it can have several")
    parser.add_argument("--resume", metavar="RUN", help="continue the run in this folder")
    parser.add_argument("--runs", default="runs", help="folder of all runs (default: runs)")
    parser.add_argument("--show", action="store_true", help="watch a few worlds while training")
    parser.add_argument("--host", default="127.0.0.1", help="who may watch in a browser")
    task = None
    arguments = list(argv)
    if arguments and not arguments[0].startswith("-"):
        task = arguments.pop(0)
    options, rest = parser.parse_known_args(arguments)
    options.task = task
    wants_help = bool({"-h", "--help"} & set(rest))
    if task is None and (wants_help or options.resume is None):
        parser.usage = "surefoot train TASK [options] [settings]"
        parser.print_help(sys.stdout if wants_help else sys.stderr)
        if wants_help:
            sys.exit(0)
        raise InvalidConfig(f"name the task first: {', '.join(TASKS)}, or a Gymnasium id")
    if options.algo not in ALGORITHMS:
        raise UnknownName("algorithm", options.algo, ALGORITHMS, "Surefoot")
    return options, rest


def _configure(options: argparse.Namespace, rest: list[str]) -> RunConfig[AnyTaskConfig]:
    """The preset with the flags applied; answers --help and refuses unknown flags."""
    import tyro

    if options.task not in TASKS:
        from surefoot.envs.gymnasium_env import check_id

        check_id(options.task)
    elif options.robot not in (None, TASKS[options.task].robot):
        raise UnknownName("robot", options.robot, [TASKS[options.task].robot], options.task)
    preset = find_preset(options.task, options.preset)
    cls = type(preset.task)
    return tyro.cli(
        RunConfig[cls],
        default=preset,
        args=rest,
        prog=f"surefoot train {options.task}",
        description=f"Settings of {options.task} with {options.algo}, preset {options.preset}.",
        config=(tyro.conf.FlagConversionOff, tyro.conf.SuppressFixed),
    )


def _begin(options: argparse.Namespace, rest: list[str]) -> tuple[Session, RunFolder, str]:
    config = _configure(options, rest)
    from surefoot.train.run_folder import Run, create_run_folder
    from surefoot.train.session import Session

    run = Run(task=options.task, algo=options.algo, preset=options.preset, config=config)
    session = Session(run)
    folder = create_run_folder(Path(options.runs), run)
    return session, folder, f"run {folder.path.name} in {folder.path}"


def _resume(options: argparse.Namespace, rest: list[str]) -> tuple[Session, RunFolder, str]:
    from surefoot.train.checkpoint import load_checkpoint
    from surefoot.train.run_folder import RunFolder, run_from_plain
    from surefoot.train.session import Session

    folder = RunFolder(Path(options.resume))
    run = folder.read_config()
    parser = argparse.ArgumentParser(prog="surefoot train --resume RUN", allow_abbrev=False)
    parser.add_argument("--steps", type=int, help="extend the run to so many steps")
    parser.add_argument("--sim-threads", type=int, help="threads that step the worlds")
    extra = parser.parse_args(rest)
    notes: list[str] = []
    if extra.steps is not None and extra.steps != run.config.steps:
        run = _replace(run, steps=extra.steps)
        notes.append(f"schedules are planned anew for {extra.steps:,} steps")
    if extra.sim_threads is not None:
        run = _replace(run, sim_threads=extra.sim_threads)
    session = Session(run)
    if folder.last.exists():
        content = load_checkpoint(folder.last)
        if not notes:
            run_from_plain(content["run"], folder.last)
        session.load_state_dict(content)
    if extra.steps is not None:
        if session.nb_steps > extra.steps:
            raise InvalidConfig(
                f"--steps {extra.steps} is less than the {session.nb_steps} steps already trained"
            )
        folder.write_config(run)
    title = f"run {folder.path.name} in {folder.path}, resumed at {session.nb_steps:,} steps"
    return session, folder, "; ".join((title, *notes))


def _replace(run: Run, **changes: Any) -> Run:
    return dataclasses.replace(run, config=dataclasses.replace(run.config, **changes))


def _train(session: Session, folder: RunFolder, options: argparse.Namespace) -> Any:
    from surefoot.cli.display import TrainingDisplay
    from surefoot.train.on_policy import train_on_policy

    title = f"{session.run.task} ({session.run.algo}, {session.run.preset})"
    with TrainingDisplay(session.run.config.steps, title) as display:

        def on_update(session: Session, metrics: dict[str, float]) -> None:
            display.update(session.nb_steps, metrics)

        if not options.show:
            return train_on_policy(session, folder, on_update=on_update)
        from surefoot.cli.show import watch_training

        with watch_training(session, host=options.host):
            return train_on_policy(session, folder, on_update=on_update)


def _export(session: Session, folder: RunFolder) -> None:
    from surefoot.cli.export import export_agent

    export_agent(session.agent, session.run, folder.policy)
