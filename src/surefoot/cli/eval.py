"""`surefoot eval`: fixed-seed evaluation, in our worlds or anybody's."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from surefoot.cli.parser import Parser, as_count, as_natural
from surefoot.errors import InvalidConfig
from surefoot.tasks.course_pendulum_config import NAME as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import parse_pairs
from surefoot.tasks.labyrinth_config import NAME as LABYRINTH

if TYPE_CHECKING:
    from surefoot.signals import Interface
    from surefoot.tasks.walking_config import WalkingConfig
    from surefoot.train.evaluate import Evaluation
    from surefoot.train.policies import LoadedPolicy


EPISODES, WALKERS, PER_TILE = 50, 32, 4
"""Episodes to play; robots that walk for twenty seconds each; robots to cross each kind of terrain
on each level."""


def main(argv: Sequence[str]) -> int:
    """Evaluate and print; with --json one object and nothing else."""
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
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.read(argv)
    options.robots = options.episodes or WALKERS
    options.robots_per_tile = options.episodes or PER_TILE
    options.episodes = options.episodes or EPISODES
    if options.env_kwargs and not options.env:
        raise InvalidConfig("--env-kwargs are arguments of --env: name the environment too")
    from surefoot.train.run_folder import task_of

    task = task_of(Path(options.policy))
    if task in (LABYRINTH, COURSE_PENDULUM):
        return _evaluate_lecture(task, options)
    from surefoot.train.policies import load_policy

    loaded = load_policy(options.policy, options.task)
    result = _foreign(loaded, options) if options.env else _ours(loaded, options)
    if options.json:
        print(json.dumps(_finite(dataclasses.asdict(result))))
    else:
        _print_table(result, options.env or loaded.task)
    return 0


def _finite(value: Any) -> Any:
    """JSON knows neither NaN nor infinity: null stands for both."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [_finite(item) for item in cast("tuple[Any, ...]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _walking(
    loaded: LoadedPolicy, config: WalkingConfig, options: argparse.Namespace
) -> Evaluation:
    """The standard evaluation of walking, or on rough terrain that of crossing it."""
    from surefoot.envs.make import make_batched
    from surefoot.tasks.walking_rough_config import RoughWalkingConfig
    from surefoot.train.crossing import evaluate_crossing
    from surefoot.train.walking_evaluate import evaluate_walking

    if isinstance(config, RoughWalkingConfig):
        return evaluate_crossing(
            loaded.policy,
            loaded.task,
            config,
            robots=options.robots_per_tile,
            seed=options.seed,
            imperfect=options.noise,
        )
    env = make_batched(
        loaded.task, config, nb_envs=options.robots, seed=options.seed, imperfect=options.noise
    )
    return evaluate_walking(loaded.policy, env, seed=options.seed)


def _evaluate_lecture(task: str, options: argparse.Namespace) -> int:
    """Tasks of the lecture, whose runs hold no agent that could play anywhere else."""
    for name in ("env", "task", "noise"):
        if getattr(options, name):
            raise InvalidConfig(f"--{name} is not for a run of {task}: it plays its own world")
    from surefoot.cli import eval_course_pendulum, eval_labyrinth

    evaluate = {LABYRINTH: eval_labyrinth, COURSE_PENDULUM: eval_course_pendulum}[task]
    return evaluate.evaluate_run(options)


def _ours(loaded: LoadedPolicy, options: argparse.Namespace) -> Evaluation:
    import torch

    from surefoot.envs.gymnasium_env import make_gymnasium
    from surefoot.envs.make import make_batched
    from surefoot.tasks.gymnasium_config import GymnasiumConfig
    from surefoot.tasks.walking_config import WalkingConfig
    from surefoot.train.evaluate import evaluate

    torch.set_num_threads(1)
    config, nb = loaded.config, options.episodes
    if isinstance(config, WalkingConfig):
        return _walking(loaded, config, options)
    if isinstance(config, GymnasiumConfig):
        if options.noise:
            raise InvalidConfig(f"--noise belongs to our own tasks, {loaded.task} has its own")
        env: Any = make_gymnasium(config, nb_envs=nb, seed=options.seed)
        max_steps = 10**9  # its own time limit ends every episode
    else:
        env = make_batched(
            loaded.task, config, nb_envs=nb, seed=options.seed, imperfect=options.noise
        )
        max_steps = config.max_episode_steps
    return evaluate(loaded.policy, env, episodes=nb, max_steps=max_steps)


def _foreign(loaded: LoadedPolicy, options: argparse.Namespace) -> Evaluation:
    import torch

    from surefoot.deploy.environments import make_env
    from surefoot.envs.make import make_batched
    from surefoot.tasks.gymnasium_config import GymnasiumConfig
    from surefoot.train.foreign import check_fit, evaluate_foreign, foreign_arguments

    torch.set_num_threads(1)
    if options.noise:
        raise InvalidConfig("--noise belongs to our worlds; a foreign environment has its own")
    config, interface = loaded.config, loaded.interface
    if interface is None:
        assert not isinstance(config, GymnasiumConfig)  # baselines play our tasks
        interface = make_batched(loaded.task, config, nb_envs=1, seed=0).interface
    arguments = foreign_arguments(options.env, config)
    arguments |= parse_pairs(options.env_kwargs, "--env-kwargs")
    env = make_env(options.env, **arguments)

    def show(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\repisode {done} of {options.episodes}", end="", file=sys.stderr)
            if done == options.episodes:
                print(file=sys.stderr)

    try:
        check_fit(interface, env, config)
        _note_differences(loaded, interface, env)
        return evaluate_foreign(
            loaded.policy,
            interface,
            config,
            env,
            episodes=options.episodes,
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
