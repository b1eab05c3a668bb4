"""A policy on film: one world of a task with a camera on it, and a video of what happens there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from surefoot.envs.batched import Transition
from surefoot.envs.env import Env
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.envs.make import make_batched
from surefoot.envs.scene import open_painter, terrain_of
from surefoot.errors import InvalidConfig
from surefoot.sim.render import Frame, VideoWriter
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.config import AnyTaskConfig
from surefoot.train.evaluate import Policy, check_finite

_FASTEST, _SLOWEST = 25.0, 10.0  # frames per second
_FULL, _SMALL = (854, 480), (428, 240)  # pixels


@dataclass(frozen=True)
class Stage:
    """One world, and what it looks like."""

    env: Env
    picture: Callable[[], Frame]

    @property
    def steps_per_frame(self) -> int:
        """Steps from one picture to the next."""
        return max(1, round(1.0 / (_FASTEST * self.env.interface.dt)))

    @property
    def fps(self) -> float:
        """Frames per second: real time, unless the world is too slow to be watched in it."""
        return max(_SLOWEST, 1.0 / (self.steps_per_frame * self.env.interface.dt))


@contextlib.contextmanager
def open_stage(
    task: str,
    config: AnyTaskConfig,
    *,
    seed: int = 0,
    imperfect: bool = False,
    preview: bool = False,
) -> Generator[Stage]:
    """A world of its own to film a policy in, as in evaluation.

    Args:
        task: Name in the catalog, or a Gymnasium id.
        config: Its settings.
        seed: Seed of the starts.
        imperfect: Sensor noise, action noise and lag, of our tasks.
        preview: Small pictures without shadows, of our tasks: four times faster where there is no
            graphics card.

    Raises:
        MissingPackage: No OpenGL can be had.
        Mismatch: The environment draws no pictures.
        InvalidConfig: A foreign environment is to be imperfect.
    """
    if isinstance(config, GymnasiumConfig):
        if imperfect:
            raise InvalidConfig(f"--noise belongs to our own tasks, {task} has its own")
        env = make_gymnasium(config, nb_envs=1, seed=seed, pictures=True)
        with contextlib.closing(env):
            yield Stage(env, env.picture)
        return
    env = make_batched(task, config, nb_envs=1, seed=seed, imperfect=imperfect, sim_threads=1)
    width, height = _SMALL if preview else _FULL
    with open_painter(
        config.robot, terrain_of(env), width=width, height=height, fps=_FASTEST, shadows=not preview
    ) as painter:
        yield Stage(env, lambda: painter.draw(env.worlds.qpos[0].numpy()))


@torch.no_grad()
def film(
    policy: Policy, stage: Stage, path: Path, steps: Iterable[int], *, enough: int | None = None
) -> None:
    """Write a video of a policy, from the beginning of an episode.

    Args:
        policy: Who plays.
        stage: Where.
        path: A file name that ends in .mp4.
        steps: Numbers of the steps to play, 0, 1, ...; one episode follows the other.
        enough: Stop at the end of an episode once so many steps are played; None goes on.

    Raises:
        BadFile: The video cannot be written.
        NotFinite: The policy's action is NaN or infinite; no video is left.
        SurefootError: The environment cannot be drawn.
    """
    policy.reset(1)
    obs = stage.env.reset()
    with VideoWriter(path, fps=stage.fps) as video:
        for k in steps:
            if k % stage.steps_per_frame == 0:
                video.add(stage.picture())
            step = play_step(policy, stage.env, obs)
            if enough is not None and k >= enough and bool(step.done):
                break
            obs = step.obs


def play_step(policy: Policy, env: Env, obs: Tensor) -> Transition:
    """One step of the policy in every world, from observations (E, O).

    Raises:
        NotFinite: The policy's action is NaN or infinite.
    """
    action = policy.act(obs)
    check_finite(action, action.new_ones(len(action)).bool())
    step = env.step(action)
    policy.reset_worlds(step.done)
    return step
