"""`surefoot eval`: fixed-seed evaluation, in our worlds or anybody's."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.cli.parser import Parser, as_count, as_natural
from surefoot.errors import InvalidConfig
from surefoot.tasks.course_pendulum_config import NAME as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import parse_pairs
from surefoot.tasks.labyrinth_config import NAME as LABYRINTH

if TYPE_CHECKING:
    from surefoot.report.walking import WalkingRecord
    from surefoot.signals import Interface
    from surefoot.sim.description import Robot
    from surefoot.train.evaluate import Evaluation
    from surefoot.train.policies import LoadedPolicy
    from surefoot.train.walking_evaluate import OnRecord


def main(argv: Sequence[str]) -> int:
    """Evaluate and print; with --json one object and nothing else.

    The standard evaluation of a run is kept in its folder.
    """
    from surefoot.train.evaluated import EPISODES, PER_TILE, WALKERS, figures_of

    parser = Parser(
        prog="surefoot eval",
        description="Evaluate a policy: deterministic, seed 0, final randomization, the task's "
        "time limit; sensor noise and lag are off unless --noise.",
    )
    parser.add_argument("policy", help="a run folder, a .pt or .onnx file, or a baseline's name")
    parser.add_argument(
        "--episodes",
        type=as_count,
        help=f"how many (default: {EPISODES}, walking {WALKERS}, on "
        f"rough terrain {PER_TILE} for each kind and level)",
    )
    parser.add_argument("--env", metavar="GYM_ID", help="any Gymnasium environment that fits")
    parser.add_argument(
        "--env-kwargs", nargs="*", default=[], metavar="KEY=VALUE", help="arguments of --env"
    )
    parser.add_argument("--task", help="the task that a baseline plays (default: upkie-pendulum)")
    parser.add_argument("--noise", action="store_true", help="sensor noise, action noise and lag")
    parser.add_argument(
        "--seed", type=as_natural, default=0, help="seed of the episodes (default: 0)"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE.png", help="draw how a robot walks: "
                        "velocities, feet on the ground, torques, joint limits")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.read(argv)
    if options.figure and options.env:
        raise InvalidConfig("--figure draws what happens in our worlds, not in --env")
    if options.env_kwargs and not options.env:
        raise InvalidConfig("--env-kwargs are arguments of --env: name the environment too")
    from surefoot.train.run_folder import task_of

    task = task_of(Path(options.policy))
    if task in (LABYRINTH, COURSE_PENDULUM):
        options.episodes = options.episodes or EPISODES
        return _evaluate_lecture(task, options)
    from surefoot.train.policies import load_policy

    loaded = load_policy(options.policy, options.task)
    result = _foreign(loaded, options) if options.env else _ours(loaded, options)
    if options.json:
        print(json.dumps(figures_of(result)))
    else:
        _print_table(result, options.env or loaded.task)
    return 0


def _evaluate_lecture(task: str, options: argparse.Namespace) -> int:
    """Tasks of the lecture, whose runs hold no agent that could play anywhere else."""
    for name in ("env", "task", "noise", "figure"):
        if getattr(options, name):
            raise InvalidConfig(f"--{name} is not for a run of {task}: it plays its own world")
    from surefoot.cli import eval_course_pendulum, eval_labyrinth

    evaluate = {LABYRINTH: eval_labyrinth, COURSE_PENDULUM: eval_course_pendulum}[task]
    return evaluate.evaluate_run(options)


def _ours(loaded: LoadedPolicy, options: argparse.Namespace) -> Evaluation:
    from surefoot.train import evaluated
    from surefoot.train.standard import evaluate_standard

    if options.figure:
        _check_figure(options.figure, loaded)
    folder = Path(options.policy)
    is_standard = folder.is_dir() and not (options.episodes or options.seed)
    checkpoint = evaluated.newest_fingerprint(folder) if is_standard else ""
    result = evaluate_standard(
        loaded.policy,
        loaded.task,
        loaded.config,
        episodes=options.episodes or evaluated.standard_episodes(loaded.config),
        seed=options.seed,
        imperfect=options.noise,
        on_record=_painter(options.figure) if options.figure else None,
    )
    if loaded.run is not None and is_standard:
        played = evaluated.SavedEvaluation(
            conditions=evaluated.conditions_of(loaded.run, imperfect=options.noise),
            checkpoint=checkpoint,
            steps=loaded.nb_steps,
            figures=evaluated.figures_of(result),
        )
        evaluated.save(folder, played)
    return result


def _check_figure(path: Path, loaded: LoadedPolicy) -> None:
    """Refuse a picture that cannot be drawn, before the robots walk.

    Raises:
        InvalidConfig: The task is not walking on flat ground, or the file is no picture.
    """
    from surefoot.tasks.walking_config import WalkingConfig
    from surefoot.tasks.walking_rough_config import RoughWalkingConfig

    config = loaded.config
    if not isinstance(config, WalkingConfig) or isinstance(config, RoughWalkingConfig):
        raise InvalidConfig(f"--figure draws how a robot walks on flat ground, not {loaded.task}")
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InvalidConfig(f"--figure takes a .png, .svg or .pdf file, got {path}")


def _painter(path: Path) -> OnRecord:
    from surefoot.report.figure import save
    from surefoot.report.gait_figure import gait_figure

    def paint(record: WalkingRecord, robot: Robot) -> None:
        joints = [servo.joint for servo in robot.servos]
        save(gait_figure(record, robot.feet, joints), path)

    return paint


def _foreign(loaded: LoadedPolicy, options: argparse.Namespace) -> Evaluation:
    import torch

    from surefoot.deploy.environments import make_env
    from surefoot.tasks.gymnasium_config import GymnasiumConfig
    from surefoot.train.evaluated import EPISODES
    from surefoot.train.foreign import check_fit, evaluate_foreign, foreign_arguments
    from surefoot.train.standard import interface_of

    torch.set_num_threads(1)
    if options.noise:
        raise InvalidConfig("--noise belongs to our worlds; a foreign environment has its own")
    config, episodes = loaded.config, options.episodes or EPISODES
    interface = loaded.interface or interface_of(loaded.task, config)
    arguments = foreign_arguments(options.env, config)
    arguments |= parse_pairs(options.env_kwargs, "--env-kwargs")
    env = make_env(options.env, **arguments)

    def show(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\repisode {done} of {episodes}", end="", file=sys.stderr)
            if done == episodes:
                print(file=sys.stderr)

    try:
        check_fit(interface, env, config)
        _note_differences(loaded, interface, env)
        return evaluate_foreign(
            loaded.policy,
            interface,
            config,
            env,
            episodes=episodes,
            max_steps=10**9 if isinstance(config, GymnasiumConfig) else config.max_episode_steps,
            seed=options.seed,
            on_episode=show,
        )
    finally:
        env.close()


def _note_differences(loaded: LoadedPolicy, interface: Interface, env: Any) -> None:
    """Give a foreign environment our initial states, and say where it stays another world."""
    from surefoot.tasks.upkie_config import UpkieConfig, UpkiePendulumConfig
    from surefoot.train.foreign import randomize_start

    if not isinstance(loaded.config, UpkieConfig) or env.spec.id.startswith("Surefoot/"):
        return
    if not randomize_start(env, loaded.config):
        print("surefoot: this environment has its own initial states", file=sys.stderr)
    if any(signal.source == "operator" for signal in interface.observation):
        print("surefoot: the operator's commands are zero here: stand still", file=sys.stderr)
    if not isinstance(loaded.config, UpkiePendulumConfig):
        print("surefoot: our reward cannot be seen from here: its own counts", file=sys.stderr)


def _print_table(result: Evaluation, where: str) -> None:
    from surefoot.report.walking import WalkingScore, table
    from surefoot.train.crossing import CrossingEvaluation, crossing_table

    low, high = result.return_ci95
    rows = {
        "falls": f"{result.falls} of {result.episodes} episodes",
        "return": f"{result.return_mean:.1f}  (95 % interval {low:.1f} to {high:.1f})",
        "length": f"{result.length_mean:.0f} steps",
        "reward per step": f"{result.reward_per_step:.3f}",
        **{f"  {name}": f"{value:.3f}" for name, value in result.terms.items()},
        "wall time": f"{result.wall_s:.1f} s",
    }
    if result.nb_diverged:
        rows["diverged worlds"] = str(result.nb_diverged)
    if isinstance(result, CrossingEvaluation):
        rows |= crossing_table(result)
    if isinstance(result, WalkingScore):
        rows |= table(result)
    print(f"{where}, deterministic policy")
    for name, value in rows.items():
        print(f"  {name:<19}{value}")
