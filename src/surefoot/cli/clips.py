"""The flag --capture-video: clips on the way, without which the training goes on all the same."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefoot.train.run_folder import Run, RunFolder
    from surefoot.train.session import Session
    from surefoot.train.tracking import Tracker


def add_clips_flag(parser: argparse.ArgumentParser) -> None:
    """Let a command take --capture-video, CleanRL's name."""
    parser.add_argument("--capture-video", action="store_true", help="film the policy now and "
                        "then: five clips in the run's videos/, named by their step")  # fmt: skip


def check_clips(options: argparse.Namespace, run: Run) -> None:
    """Draw a picture before anything is written, if there are to be clips.

    Raises:
        SurefootError: The task cannot be drawn here.
    """
    if options.capture_video:
        from surefoot.train.clips import draw_once

        draw_once(run)


class ClipMaker:
    """Films a training whenever a clip is due; says what it filmed, and why it did not.

    Args:
        options: With `capture_video`.
        session: The training.
        folder: Its run folder.
        tracker: Gets the clips as well.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        session: Session,
        folder: RunFolder,
        tracker: Tracker | None,
    ) -> None:
        self._session, self._folder, self._tracker = session, folder, tracker
        self._due: set[int] = set()
        if options.capture_video:
            from surefoot.train.clips import clip_updates

            self._due = clip_updates(session.run.config.total_updates)

    def film_if_due(self) -> None:
        """Film the policy, if it is time to, and if an earlier sitting has not done so."""
        session = self._session
        if session.nb_updates not in self._due:
            return
        from surefoot.train.clips import clip_path, film_clip

        path = clip_path(self._folder, session.nb_steps)
        if path.exists():
            return
        try:
            film_clip(session, path)
        except Exception as error:  # other people's renderers: a training is worth more than a clip
            print(f"surefoot: no clip after {session.nb_steps:,} steps: {error}", file=sys.stderr)
            return
        print(f"filmed {path}", file=sys.stderr)
        if self._tracker is not None:
            self._tracker.log_clip(path, session.nb_steps)
