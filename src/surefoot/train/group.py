"""A group: trainings that differ in nothing but their seed, `runs/TASK/DATE_NAME_SEED/`."""

from __future__ import annotations

import re
from pathlib import Path

from surefoot.errors import BadFile

_MEMBER = re.compile(r"(?P<group>.+)_(?P<seed>\d+)")


def find_runs(where: Path) -> list[Path]:
    """The run folders that a path names, by seed.

    Args:
        where: A run folder, the common beginning DATE_NAME of a group's folders, or any folder
            that holds run folders.

    Raises:
        BadFile: There is none.
    """
    if _is_run(where):
        return [where]
    found = _runs_in(where) or members_of(where)
    if found:
        return found
    remedy = "Name a run folder, a group (runs/TASK/DATE_NAME), or a folder of runs."
    raise BadFile(where, "there are no runs here", remedy)


def members_of(group: Path) -> list[Path]:
    """The run folders GROUP_SEED, by seed; none if that is no group, and a run is none.

    The process of a member asks this of its own run, and must not find members again.
    """
    if _is_run(group):
        return []
    return [run for run in _runs_in(group.parent) if group_of(run) == group]


def group_of(run: Path) -> Path:
    """The group that a run belongs to: its folder's name without the seed."""
    member = _MEMBER.fullmatch(run.name)
    return run.with_name(member["group"]) if member else run


def _is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file()


def _runs_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _is_run(path)), key=_by_seed)


def _by_seed(run: Path) -> tuple[str, int]:
    """The tenth seed comes after the second."""
    member = _MEMBER.fullmatch(run.name)
    return (member["group"], int(member["seed"])) if member else (run.name, -1)
