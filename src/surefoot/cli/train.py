"""`surefoot train`: from a task's name to a run folder."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.algos.catalog import ALGORITHMS
from surefoot.algos.off_policy_config import OffPolicyConfig
from surefoot.cli.clips import ClipMaker, add_clips_flag, check_clips
from surefoot.cli.parser import Parser, as_count, as_natural
from surefoot.cli.tracking import add_tracking_flags, check_tracking, tracking
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.course_pendulum_config import NAME as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.labyrinth_config import NAME as LABYRINTH
from surefoot.train.course_pendulum_config import refuse_course_method
from surefoot.train.group import members_of
from surefoot.train.presets import find_preset
from surefoot.train.tabular_config import refuse_tabular

if TYPE_CHECKING:
    from surefoot.train.run_folder import Run, RunFolder
    from surefoot.train.session import Session
    from surefoot.train.tracking import Tracker

_EPILOG = """Every setting of the run (--seed, --steps, --nb-envs, ...), the task (--task.*), the
agent (--agent.*) and the algorithm (--algo.*) is a flag as well; `surefoot train TASK --help` lists
them with their values."""

_EACH_TIME = ("--track", "--capture-video")
"""Flags that belong to a sitting, not to the run: a resumed one takes them again."""


def main(argv: Sequence[str]) -> int:
    """Train, then export; prints the run's folder alone on the last line of standard output.

    Returns:
        0 if the training is finished, 130 if it was interrupted: nothing is lost then.
    """
    if argv and argv[0] in (COURSE_PENDULUM, LABYRINTH):
        _refuse_resume(argv)
    if argv and argv[0] == COURSE_PENDULUM:
        from surefoot.cli import train_course_pendulum

        return train_course_pendulum.main(argv[1:])
    if argv and argv[0] == LABYRINTH:
        from surefoot.cli import train_labyrinth

        return train_labyrinth.main(argv[1:], ALGORITHMS)
    options, rest = _parse(argv)
    if options.seeds is not None or (options.resume and members_of(Path(options.resume))):
        return _train_group(options, rest)
    if options.parallel is not None:
        raise InvalidConfig("--parallel is for several seeds: add --seeds K, or resume a group")
    with contextlib.ExitStack() as stack:
        begin = _resume if options.resume else _begin
        session, folder, title = begin(options, rest, stack)
        if session.finished:
            tracker = None  # there is nothing to add
        else:
            settings, new = session.run.to_plain(), not options.resume
            tracker = stack.enter_context(tracking(options, folder.path, settings, new=new))
        print(title, file=sys.stderr)
        if not session.finished:
            _train(session, folder, options, tracker)
        if session.finished:
            _export(session, folder)
            if tracker is not None:
                tracker.log_policy(folder.policy)
    if not session.finished:
        again = [flag for flag in _EACH_TIME if getattr(options, flag[2:].replace("-", "_"))]
        command = shlex.join(["surefoot", "train", "--resume", str(folder.path), *again])
        print(
            f"stopped at {session.nb_steps:,} of {session.run.config.planned_steps:,} steps; "
            f"continue with {command}",
            file=sys.stderr,
        )
    print(folder.path)
    return 0 if session.finished else 130


def _refuse_resume(argv: Sequence[str]) -> None:
    """Say of a task whose runs end in one sitting that they do.

    Raises:
        InvalidConfig: Somebody wants to continue one.
    """
    if any(argument.partition("=")[0] == "--resume" for argument in argv):
        raise InvalidConfig(f"a run of {argv[0]} is not continued: train again, it is soon done")


def _parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = Parser(
        prog="surefoot train", description="Train a policy.", epilog=_EPILOG, add_help=False,
        usage="surefoot train TASK [options] [settings]",
    )  # fmt: skip
    parser.add_argument("--algo", help="algorithm (default: ppo)")
    parser.add_argument("--preset", help="settings to begin from (default: default)")
    parser.add_argument("--robot", help="the task's robot, where it can have several")
    parser.add_argument("--runs", help="folder of all runs (default: runs)")
    parser.add_argument("--seeds", type=as_count, metavar="K", help="train a group: the seeds S "
                        "to S + K - 1 of --seed S, each in its own folder")  # fmt: skip
    parser.add_argument("--parallel", type=as_count, metavar="N", help="train so many seeds at a "
                        "time (default: as many as there are processors for)")  # fmt: skip
    parser.add_argument("--resume", metavar="RUN", help="continue the run in this folder, or what "
                        "is missing in a group; takes --steps, --sim-threads and the options "
                        "below, the other settings are as they were")  # fmt: skip
    add_clips_flag(parser)
    add_tracking_flags(parser)
    parser.add_argument("--show", action="store_true", help="watch a few worlds while training")
    parser.add_argument("--host", default="127.0.0.1", help="who may watch in a browser")
    arguments = list(argv)
    task = arguments.pop(0) if arguments and not arguments[0].startswith("-") else None
    options, rest = parser.parse_known_args(arguments)
    options.task, options.flags = task, parser.flags
    wants_help = bool({"-h", "--help"} & set(rest))
    if wants_help and (task is None or options.resume is not None):
        parser.print_help()
        sys.exit(0)
    if task is None and options.resume is None:
        raise InvalidConfig(
            f"name the task first: {', '.join((LABYRINTH, COURSE_PENDULUM, *TASKS))}, "
            f"or a Gymnasium id (see {parser.prog} --help)"
        )
    check_tracking(options)
    return options, rest


def configure(options: argparse.Namespace, rest: list[str]) -> Run:
    """The preset with the flags applied; answers --help and refuses unknown names."""
    from surefoot.cli.settings import read_settings

    task, algo, name = options.task, options.algo or "ppo", options.preset or "default"
    refuse_tabular(algo, task, ALGORITHMS)
    refuse_course_method(algo, task)
    if algo not in ALGORITHMS:
        raise UnknownName("algorithm", algo, ALGORITHMS, "Surefoot")
    if task not in TASKS:
        from surefoot.envs.gymnasium_env import check_id

        check_id(task)
        if options.show:
            raise InvalidConfig(f"--show draws our own tasks, not {task}")
    config = read_settings(
        find_preset(task, name, algo=algo, robot=options.robot),
        rest,
        prog=f"surefoot train {task}",
        description=f"Settings of {task} with {algo}, preset {name}. The command's own options "
        f"({', '.join(options.flags)}): surefoot train --help",
        other_flags=options.flags,
    )
    if isinstance(config.task, GymnasiumConfig) and config.task.env_id != task:
        raise InvalidConfig(f"task.env_id is {config.task.env_id}, but the task named is {task}")
    from surefoot.train.run_folder import Run

    return Run(task=task, algo=algo, preset=name, config=config)


def _begin(
    options: argparse.Namespace, rest: list[str], stack: contextlib.ExitStack
) -> tuple[Session, RunFolder, str]:
    run = configure(options, rest)
    from surefoot.train.run_folder import create_run_folder
    from surefoot.train.session import Session

    session = Session(run)
    check_clips(options, run)
    folder = create_run_folder(Path(options.runs or "runs"), run)
    stack.enter_context(folder.locked())
    return (
        session,
        folder,
        "; ".join([f"run {folder.path.name} in {folder.path}", *_notes(session)]),
    )


def _notes(session: Session) -> list[str]:
    """What somebody should know who begins this training."""
    run, notes = session.run, list[str]()
    if not isinstance(run.config.task, GymnasiumConfig):
        notes.append(
            f"what differs from world to world:\n{_as_table(run.config.task.variations())}"
        )
    planned = session.run.config.planned_steps
    if planned > run.config.steps:
        notes.append(f"{planned:,} steps instead of {run.config.steps:,}, to make one update")
    algo, decisions = run.config.algo, planned // run.config.agent.action_repeat
    if isinstance(algo, OffPolicyConfig) and decisions <= algo.learning_starts:
        notes.append(
            f"it will not learn: algo.learning_starts {algo.learning_starts:,} is not below the "
            f"{decisions:,} decisions of these steps"
        )
    if session.replay is not None:
        replay = session.replay
        notes.append(
            f"a replay of {replay.capacity:,} transitions in {replay.bytes_needed / 1e6:.3g} MB, "
            f"and {replay.bytes_to_save / 1e6:.3g} MB more while it is saved"
        )
    return notes


def _as_table(lines: list[dict[str, str]]) -> str:
    """Lines of equal fields in columns."""
    rows = [list(lines[0]), *(list(line.values()) for line in lines)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _resume(
    options: argparse.Namespace, rest: list[str], stack: contextlib.ExitStack
) -> tuple[Session, RunFolder, str]:
    changes = _changes(options, rest)
    from surefoot.train.run_folder import RunFolder
    from surefoot.train.session import Session
    from surefoot.train.tracking import FILE as TRACKED

    folder = RunFolder(Path(options.resume))
    run = folder.read_config()
    if options.task not in (None, run.task):
        raise InvalidConfig(f"the run in {folder.path} trains {run.task}, not {options.task}")
    stack.enter_context(folder.locked())
    content = folder.read_last(run)
    run = dataclasses.replace(run, config=dataclasses.replace(run.config, **changes))
    session = Session(run, content)
    if session.nb_steps > session.run.config.planned_steps:
        raise InvalidConfig(
            f"--steps {run.config.steps} is less than the {session.nb_steps} steps already trained"
        )
    notes = [f"run {folder.path.name} in {folder.path}, resumed at {session.nb_steps:,} steps"]
    check_clips(options, run)
    if (folder.path / TRACKED).exists() and not (options.track or session.finished):
        notes.append("Weights & Biases hears of it again with --track")
    if session.finished:
        notes.append("it is finished; a larger --steps extends it")
    elif content is not None and content["run"]["config"]["steps"] != run.config.steps:
        notes.append(f"schedules are planned anew for {run.config.steps:,} steps")
    if changes:
        folder.write_config(run)
    return session, folder, "; ".join(notes)


def _changes(options: argparse.Namespace, rest: list[str]) -> dict[str, int]:
    """The settings that may change when a run, or a group, is continued.

    Raises:
        InvalidConfig: There are others.
    """
    for name in ("algo", "preset", "robot", "runs", "seeds"):
        if getattr(options, name) is not None:
            raise InvalidConfig(f"--{name} is for a new run: a resumed one keeps its settings")
    parser = Parser(prog="surefoot train --resume RUN", add_help=False)
    parser.add_argument("--steps", type=as_count)
    parser.add_argument("--sim-threads", type=as_natural)
    return {k: v for k, v in vars(parser.read(rest)).items() if v is not None}


def _train_group(options: argparse.Namespace, rest: list[str]) -> int:
    """Train several seeds, or continue a group; prints the group's name as `main` a run's."""
    if options.show:
        raise InvalidConfig("--show watches one training, not a group: train one seed with it")
    from surefoot.cli import train_group

    each_time = [flag for flag in _EACH_TIME if getattr(options, flag[2:].replace("-", "_"))]
    for name in ("wandb_project", "wandb_entity"):
        if getattr(options, name) is not None:
            each_time += [f"--{name.replace('_', '-')}", getattr(options, name)]
    if options.resume:
        return train_group.resume(
            Path(options.resume), options.task, _changes(options, rest), options.parallel, each_time
        )
    run = configure(options, rest)
    from surefoot.train.session import Session

    session = Session(run)  # what cannot work is said before anything is written
    check_clips(options, run)
    notes = _notes(session)
    del session
    return train_group.begin(
        Path(options.runs or "runs"), run, options.seeds, notes, options.parallel, each_time
    )


def _train(
    session: Session, folder: RunFolder, options: argparse.Namespace, tracker: Tracker | None
) -> None:
    from surefoot.cli.display import TrainingDisplay
    from surefoot.train.checkup import Watch
    from surefoot.train.loop import train
    from surefoot.train.terrain_figure import draw_terrain_levels

    title = f"{session.run.task} ({session.run.algo}, {session.run.preset})"
    clips = ClipMaker(options, session, folder, tracker)
    watch = Watch(session.run, folder, session.nb_steps)
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(TrainingDisplay(session.run.config.planned_steps, title))

        def on_update(session: Session, metrics: dict[str, float]) -> None:
            for finding in watch.look(metrics):
                display.say(f"surefoot doctor: {finding}")
            display.update(session.nb_steps, metrics)
            if tracker is not None:
                tracker.log(metrics)
            clips.film_if_due()

        if options.show:
            from surefoot.cli.watch import watch_training

            stack.enter_context(watch_training(session, host=options.host))
        clips.film_if_due()
        train(session, folder, on_update=on_update)
    draw_terrain_levels(folder, session.run.config.task)


def _export(session: Session, folder: RunFolder) -> None:
    from surefoot.cli.export import export_agent

    export_agent(session.agent, session.run, folder.policy)
