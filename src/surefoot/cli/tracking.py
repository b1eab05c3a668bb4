"""The flags --track and --wandb-*, which every training takes."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.errors import InvalidConfig, SurefootError

if TYPE_CHECKING:
    from surefoot.train.tracking import Tracker


def add_tracking_flags(parser: argparse.ArgumentParser) -> None:
    """Let a command take --track, --wandb-project and --wandb-entity, CleanRL's names."""
    parser.add_argument("--track", action="store_true", help="log to Weights & Biases as well "
                        "(pip install 'surefoot[wandb]')")  # fmt: skip
    parser.add_argument("--wandb-project", "--wandb-project-name", metavar="NAME",
                        help="project of --track (default: surefoot)")  # fmt: skip
    parser.add_argument("--wandb-entity", metavar="NAME", help="user or team of --track")


def check_tracking(options: argparse.Namespace) -> None:
    """Refuse what cannot be tracked, before anything is computed or written.

    Raises:
        InvalidConfig: A detail of --track without --track.
        MissingPackage: wandb is not installed.
    """
    if options.track:
        from surefoot.train.tracking import import_wandb

        import_wandb()
        return
    for name in ("project", "entity"):
        if getattr(options, f"wandb_{name}") is not None:
            raise InvalidConfig(f"--wandb-{name} is a detail of --track: add --track")


def refuse_clips(rest: Sequence[str], instead: str) -> None:
    """Refuse --capture-video where there is nothing to film.

    Args:
        rest: Arguments that the command has not read yet.
        instead: What the task has in place of clips.

    Raises:
        InvalidConfig: It is there.
    """
    if "--capture-video" in rest:
        raise InvalidConfig(f"--capture-video is not for this task: {instead}")


@contextlib.contextmanager
def tracking(
    options: argparse.Namespace, folder: Path, settings: dict[str, Any], *, new: bool
) -> Generator[Tracker | None]:
    """The run of W&B that the flags ask for, or None.

    Args:
        options: What `add_tracking_flags` read.
        folder: The run's folder. A new one is removed if W&B does not start: nothing is in it yet.
        settings: The run's settings, as plain data.
        new: Whether the folder was made for this training.

    Raises:
        SurefootError: W&B did not start.
    """
    if not options.track:
        yield None
        return
    from surefoot.train.tracking import Tracker

    try:
        tracker = Tracker(
            folder,
            settings,
            project=options.wandb_project,
            entity=options.wandb_entity,
            say=lambda sentence: print(f"surefoot: {sentence}", file=sys.stderr),
        )
    except SurefootError:
        if new:
            shutil.rmtree(folder)
        raise
    with contextlib.closing(tracker):
        yield tracker
