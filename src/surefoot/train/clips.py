"""Short videos of the policy while it learns, in worlds of their own: training never notices."""

from __future__ import annotations

from pathlib import Path

from surefoot.agent.agent import AgentPolicy
from surefoot.train.evaluate import Policy
from surefoot.train.film import film, open_stage
from surefoot.train.run_folder import Run, RunFolder, make_folder
from surefoot.train.session import Session

NB_CLIPS = 5
"""Clips of a training, the first before it and the last after it."""
SHORTEST_S, LONGEST_S = 3.0, 10.0
"""How long a clip is, s."""


def clip_updates(total_updates: int) -> set[int]:
    """After how many updates a clip is due: the share (k / 4)^3 of all, for k = 0, ..., 4.

    Much changes at the beginning and little at the end. The cubes are those of Gymnasium's
    `capped_cubic_video_schedule`; that they count shares of the training is ours.
    """
    last = NB_CLIPS - 1
    return {-(-total_updates * k**3 // last**3) for k in range(NB_CLIPS)}


def draw_once(run: Run) -> None:
    """Draw one picture, so that what is missing is said before the training.

    Raises:
        MissingPackage: No OpenGL can be had.
        SurefootError: The environment cannot be drawn.
    """
    with open_stage(run.task, run.config.task, preview=True) as stage:
        stage.env.reset()
        stage.picture()


def clip_path(folder: RunFolder, nb_steps: int) -> Path:
    """videos/step-NUMBER.mp4, named after the environment steps behind."""
    return folder.videos / f"step-{nb_steps:09d}.mp4"


def film_clip(session: Session, path: Path) -> None:
    """Film an episode of the deterministic policy as it is now, as evaluation would play it.

    After one that was over in no time more follow, and a long one is cut. Every clip begins in the
    same state. Nothing of the training changes: the world, its generator and the agent's memory are
    the clip's own.

    Args:
        session: The training.
        path: Where the video goes; its folder is made.

    Raises:
        SurefootError: It cannot be drawn or written.
    """
    film_policy(AgentPolicy(session.agent), session.run, path)


def film_policy(policy: Policy, run: Run, path: Path) -> None:
    """The same of any policy of a run."""
    make_folder(path.parent)
    with open_stage(run.task, run.config.task, preview=True) as stage:
        steps_per_second = stage.fps * stage.steps_per_frame
        enough, most = round(SHORTEST_S * steps_per_second), round(LONGEST_S * steps_per_second)
        film(policy, stage, path, range(most), enough=enough)
