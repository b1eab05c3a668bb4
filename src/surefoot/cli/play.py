"""`surefoot play`: watch a policy in a window, in the browser, or as a video."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surefoot.cli.parser import Parser, as_natural, as_seconds
from surefoot.errors import Mismatch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from surefoot.envs.batched import BatchedEnv
    from surefoot.sim.viewer import Slider
    from surefoot.train.policies import LoadedPolicy


def main(argv: Sequence[str]) -> int:
    """Play until the window closes, Ctrl-C, or the end of the video."""
    parser = Parser(
        prog="surefoot play",
        description="Watch a policy. Where the task has commands, sliders set them (and the arrow "
        "keys: up and down to drive, left and right to turn, space to stop).",
    )
    parser.add_argument("policy", help="a run folder, a .pt or .onnx file, or a baseline's name")
    parser.add_argument("--video", type=Path, metavar="FILE.mp4", help="record a video instead")
    parser.add_argument(
        "--duration", type=as_seconds, metavar="S", help="(default for a video: 10)"
    )
    parser.add_argument("--web", action="store_true", help="show it in the browser")
    parser.add_argument("--host", default="127.0.0.1", help="who may watch in the browser")
    parser.add_argument("--port", type=int, default=0, help="port of the browser viewer")
    parser.add_argument("--noise", action="store_true", help="sensor noise, action noise and lag")
    parser.add_argument("--task", help="the task that a baseline plays")
    parser.add_argument("--seed", type=as_natural, default=0, help="seed of the starts")
    options = parser.read(argv)

    import torch

    from surefoot.train.policies import load_policy

    torch.set_num_threads(1)
    loaded = load_policy(options.policy, options.task)
    if options.video is not None:
        _film(loaded, options)
    else:
        _show(loaded, options)
    return 0


def _film(loaded: LoadedPolicy, options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import track

    from surefoot.train.film import film, open_stage

    with open_stage(
        loaded.task, loaded.config, seed=options.seed, imperfect=options.noise
    ) as stage:
        nb_steps = max(1, round((options.duration or 10.0) / stage.env.interface.dt))
        steps = track(
            range(nb_steps),
            description=f"filming {options.video}",
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        film(loaded.policy, stage, options.video, steps)
    print(options.video)


def _show(loaded: LoadedPolicy, options: argparse.Namespace) -> None:
    from surefoot.envs.make import make_batched
    from surefoot.envs.scene import scene_model, terrain_of
    from surefoot.sim.viewer import open_viewer
    from surefoot.tasks.gymnasium_config import GymnasiumConfig
    from surefoot.train.film import play_step

    policy, task, config = loaded.policy, loaded.task, loaded.config
    if isinstance(config, GymnasiumConfig):
        raise Mismatch(f"play shows our own tasks live; of {task} take --video FILE.mp4")
    env = make_batched(
        task, config, nb_envs=1, seed=options.seed, imperfect=options.noise, sim_threads=1
    )
    with open_viewer(
        scene_model(config.robot, terrain_of(env)),
        web=True if options.web else None,
        host=options.host,
        port=options.port,
        title=f"surefoot play {options.policy}",
        sliders=_sliders(env),
    ) as viewer:
        if viewer.address:
            print(f"watch at {viewer.address} (Ctrl-C stops)", file=sys.stderr)
        policy.reset(1)
        obs = env.reset()
        start = time.monotonic()
        played = 0.0
        try:
            while viewer.is_running and (options.duration is None or played < options.duration):
                _follow(env, viewer.commands())
                obs = play_step(policy, env, obs).obs
                viewer.show(env.worlds.qpos[0].numpy())
                played += env.interface.dt
                time.sleep(max(0.0, start + played - time.monotonic()))
        except KeyboardInterrupt:
            print(file=sys.stderr)


def _sliders(env: BatchedEnv) -> tuple[Slider, ...]:
    """What the operator may command: forward speed, left turn and, on legs, a walk to the left."""
    from surefoot.sim.viewer import Slider

    most = [s.high for s in env.interface.observation if s.source == "operator"]
    if not most:
        return ()
    speed, *sideways, yaw = most
    return (
        Slider(name="forward", low=-speed, high=speed, unit="m/s", keys="up-down"),
        Slider(name="turn left", low=-yaw, high=yaw, unit="rad/s", keys="left-right"),
        *(Slider(name="walk left", low=-left, high=left, unit="m/s") for left in sideways),
    )


def _follow(env: BatchedEnv, commands: ArrayLike) -> None:
    """Hand the operator's commands to the task, if it takes any."""
    import numpy as np
    import torch

    from surefoot.tasks.upkie_gyropod import UpkieGyropod
    from surefoot.tasks.walking import Walking

    values = np.asarray(commands, dtype=np.float32)
    if isinstance(env.task, UpkieGyropod):
        forward, turn = values
        env.task.set_targets(torch.tensor([[forward, -turn]]))  # the task counts right turns
    elif isinstance(env.task, Walking):
        forward, turn, left = values
        env.task.commands.set(torch.tensor([[forward, left, turn]]))
