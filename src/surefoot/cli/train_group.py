"""Several seeds of one training: a process for each, some at a time.

A process is `surefoot train --resume RUN`, of a run folder that stands ready from the beginning: so
a seed in a group learns as it would alone, and a group is continued as it was begun.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from surefoot.errors import InvalidConfig, SurefootError
from surefoot.interrupt import Interrupt
from surefoot.train.config import AnyRunConfig
from surefoot.train.group import group_of, members_of
from surefoot.train.log import STEPS, last_row
from surefoot.train.process import start_training, why_it_ended
from surefoot.train.run_folder import Run, RunFolder, create_run_folder, new_group_name

_PERIOD = 0.2  # s between two looks at the processes


@dataclass(kw_only=True)
class Member:
    """One seed of a group, and what has become of it."""

    folder: RunFolder
    config: AnyRunConfig
    state: Literal["waiting", "training", "finished", "stopped", "failed"] = "waiting"
    reason: str = ""
    """Why it failed."""

    def progress(self) -> dict[str, float]:
        """Its newest metrics."""
        return {
            name: float(value) for name, value in last_row(self.folder.progress).items() if value
        }

    @property
    def is_done(self) -> bool:
        """Whether all steps are trained and the policy of the last checkpoint is exported."""
        exported, last = self.folder.policy, self.folder.last
        if not (exported.exists() and last.exists()):
            return False
        is_newest = exported.stat().st_mtime_ns >= last.stat().st_mtime_ns
        return is_newest and self.progress().get(STEPS, 0.0) >= self.config.planned_steps


def begin(
    root: Path,
    run: Run,
    nb_seeds: int,
    notes: Sequence[str],
    parallel: int | None,
    each_time: Sequence[str],
) -> int:
    """Train the seeds from the run's own on.

    Args:
        root: Folder of all runs.
        run: What to train.
        nb_seeds: How many.
        notes: What somebody should know who begins.
        parallel: How many at a time; None: as many as there are processors for.
        each_time: Flags that belong to a sitting.

    Returns:
        The exit code of `surefoot train`.

    Raises:
        BadFile: The folders cannot be made; nothing of them is left.
    """
    name, folders = new_group_name(), list[RunFolder]()
    seeds = range(run.config.seed, run.config.seed + nb_seeds)
    configs = [dataclasses.replace(run.config, seed=seed) for seed in seeds]
    try:
        for config in configs:
            of_seed = dataclasses.replace(run, config=config)
            folders.append(create_run_folder(root, of_seed, group=name))
    except SurefootError:
        for folder in folders:
            shutil.rmtree(folder.path)
        raise
    group = group_of(folders[0].path)
    said = f"group {name} in {group}_*, seeds {seeds[0]} to {seeds[-1]}"
    print("; ".join([said, *notes]), file=sys.stderr)
    members = [Member(folder=f, config=c) for f, c in zip(folders, configs, strict=True)]
    return _train(group, members, {}, parallel, each_time)


def resume(
    group: Path,
    task: str | None,
    changes: dict[str, int],
    parallel: int | None,
    each_time: Sequence[str],
) -> int:
    """Continue what is missing in a group.

    Args:
        group: Its name.
        task: What it must train, if that was said.
        changes: Settings that are others from now on.
        parallel: How many at a time; None: as many as there are processors for.
        each_time: Flags that belong to a sitting.

    Returns:
        The exit code of `surefoot train`.

    Raises:
        BadFile: A run cannot be read.
        InvalidConfig: The group trains something else.
    """
    members: list[Member] = []
    for path in members_of(group):
        folder = RunFolder(path)
        run = folder.read_config()
        if task not in (None, run.task):
            raise InvalidConfig(f"the run in {path} trains {run.task}, not {task}")
        member = Member(folder=folder, config=dataclasses.replace(run.config, **changes))
        member.state = "finished" if member.is_done else "waiting"
        members.append(member)
    nb_finished = sum(member.state == "finished" for member in members)
    print(
        f"group {group.name}: {nb_finished} of {len(members)} seeds are finished", file=sys.stderr
    )
    return _train(group, members, changes, parallel, each_time)


def _train(
    group: Path,
    members: list[Member],
    changes: dict[str, int],
    parallel: int | None,
    each_time: Sequence[str],
) -> int:
    """Train whoever waits, say how it ended, and print the group's name."""
    waiting = [member for member in members if member.state == "waiting"]
    if waiting:
        nb, sim_threads = share_processors(waiting[0].config, len(waiting), parallel)
        flags = [*each_time, "--sim-threads", str(sim_threads)]
        if "steps" in changes:
            flags += ["--steps", str(changes["steps"])]
        is_interrupted = _supervise(members, nb, flags)
    else:
        is_interrupted = False
    for member in members:
        if member.state == "failed":
            print(f"surefoot: seed {member.config.seed} failed: {member.reason}", file=sys.stderr)
    nb_finished = sum(member.state == "finished" for member in members)
    if nb_finished < len(members):
        command = shlex.join(["surefoot", "train", "--resume", str(group), *each_time])
        said = f"{nb_finished} of {len(members)} seeds are finished"
        print(f"{said}; continue the others with {command}", file=sys.stderr)
    print(group)
    if is_interrupted:
        return 130
    return 2 if any(member.state == "failed" for member in members) else 0


def share_processors(config: AnyRunConfig, nb_seeds: int, parallel: int | None) -> tuple[int, int]:
    """How many seeds train at a time, and how many threads step the worlds of each.

    The threads of the learner are part of the run and stay; those of the worlds are not, and make
    room, unless they were chosen.

    Args:
        config: Of one of the seeds.
        nb_seeds: How many there are to train.
        parallel: How many the user wants at a time, if that was said.
    """
    processors = len(os.sched_getaffinity(0))
    threads = max(config.torch_threads, config.sim_threads)
    nb = min(nb_seeds, parallel or max(1, processors // threads))
    return nb, config.sim_threads or max(1, processors // nb)


def _supervise(members: list[Member], parallel: int, flags: Sequence[str]) -> bool:
    """Start processes and follow them to their end, however it comes; returns if interrupted."""
    from surefoot.cli.group_display import GroupDisplay

    running: list[tuple[Member, subprocess.Popen[bytes]]] = []
    with Interrupt() as interrupt, _ended(running), GroupDisplay(members) as display:
        has_told = False
        while True:
            waiting = [m for m in members if m.state == "waiting"]
            if interrupt.requested and not has_told:
                has_told = True
                for _, process in running:
                    process.send_signal(signal.SIGINT)  # it saves what it has
            if not running and (not waiting or has_told):
                return has_told
            for member in waiting[: parallel - len(running)] if not has_told else []:
                running.append((member, start_training(member.folder.path, flags)))
                member.state = "training"
            time.sleep(_PERIOD)
            for member, process in [*running]:
                code = process.poll()
                if code is not None:
                    running.remove((member, process))
                    _note_end(member, code, was_told=has_told)
            display.update()


def _note_end(member: Member, code: int, *, was_told: bool) -> None:
    if code == 0:
        member.state = "finished"
    elif was_told:
        member.state = "stopped"
    else:
        member.state, member.reason = "failed", why_it_ended(member.folder.path, code)


@contextlib.contextmanager
def _ended(running: list[tuple[Member, subprocess.Popen[bytes]]]) -> Generator[None]:
    """Whatever happens, no process is left behind."""
    try:
        yield
    finally:
        for _, process in running:
            process.kill()
        for _, process in running:
            process.wait()
