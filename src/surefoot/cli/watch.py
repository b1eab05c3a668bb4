"""A few worlds of a training, live: a window, or the browser where there is no screen."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from surefoot.errors import Mismatch

if TYPE_CHECKING:
    from torch import Tensor

    from surefoot.train.session import Session

NB_SHOWN = 6
"""Worlds on display at most, side by side; on a terrain it is one."""


@contextmanager
def watch_training(session: Session, *, host: str) -> Generator[None]:
    """While entered, every step of the training is on display; closing the window changes nothing.

    Raises:
        Mismatch: The task is not one of ours, so there is nothing to draw.
    """
    from surefoot.envs.batched import BatchedEnv
    from surefoot.envs.scene import scene_model, scene_spec, terrain_of
    from surefoot.sim.viewer import open_viewer, tile
    from surefoot.tasks.gymnasium_config import GymnasiumConfig

    env = session.env
    config = session.run.config.task
    if not isinstance(env, BatchedEnv) or isinstance(config, GymnasiumConfig):
        raise Mismatch(f"--show draws our own tasks, not {session.run.task}")
    terrain = terrain_of(env)
    nb_shown = min(NB_SHOWN, env.nb_worlds) if terrain is None else 1  # followed where it goes
    grid = (
        tile(scene_spec(config.robot), nb_shown)
        if terrain is None
        else scene_model(config.robot, terrain)
    )
    with open_viewer(grid, web=None, host=host, title=session.run.task) as viewer:
        if viewer.address:
            print(f"watch at {viewer.address}", file=sys.stderr)
        step = env.worlds.step

        def step_and_show(nb_steps: int) -> Tensor:
            diverged = step(nb_steps)
            viewer.show(env.worlds.qpos[:nb_shown].numpy())
            return diverged

        env.worlds.step = step_and_show
        try:
            yield
        finally:
            env.worlds.step = step
