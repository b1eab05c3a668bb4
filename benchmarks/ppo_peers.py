"""Steps per second of PPO against its peers: the same task, settings and machine, in turns.

Stable-Baselines3 trains in its `DummyVecEnv`; the structure of CleanRL (`_cleanrl_structure.py`) in
one process with `SyncVectorEnv`. All sides have the same environments, rollouts, mini-batches,
epochs and networks, normalise observations and returns or do not, and use one thread. Time is the
processor's, of this process, so that a busy machine changes little. The environments are also
stepped alone, with random actions: who steps them in Python cannot be faster than that.
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import _report
import gymnasium
import torch
from _cleanrl_structure import training
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.tasks.catalog import TASKS
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session

BAR = 2.0
HIDDEN = [64, 64]
SETTINGS: dict[str, dict[str, Any]] = {
    "CartPole-v1": {
        "nb_envs": 8, "n_steps": 128, "batch_size": 256, "n_epochs": 4,
        "learning_rate": 2.5e-4, "normalize": False,
    },
    "HalfCheetah-v5": {
        "nb_envs": 8, "n_steps": 256, "batch_size": 64, "n_epochs": 10,
        "learning_rate": 3e-4, "normalize": True,
    },
    "Surefoot/UpkiePendulum-v0": {
        "nb_envs": 64, "n_steps": 64, "batch_size": 512, "n_epochs": 5,
        "learning_rate": 3e-4, "normalize": False,
    },
}  # fmt: skip
"""What all sides train with, by Gymnasium id: the first two as on the course's CleanRL page, in
eight environments; the third is a robot of ours, which we step as one batch."""
OURS = {entry.gym_id: name for name, entry in TASKS.items()}

Turn = Callable[[], int]
"""One update; returns the environment steps that it took."""


def surefoot_side(task: str, *, nb_envs: int, normalize: bool, **algo: Any) -> Turn:
    """Ours."""
    config = find_preset(OURS.get(task, task), "default")
    if task in OURS:
        task = OURS[task]
        config = dataclasses.replace(config, task=TASKS[task].config())
    config = dataclasses.replace(
        config,
        agent=AgentConfig(
            net_arch_pi=tuple(HIDDEN), net_arch_vf=tuple(HIDDEN), normalize_observation=normalize
        ),
        algo=PPOConfig(**algo, normalize_return=normalize, clip_range_vf=None, ent_coef=0.0),
        nb_envs=nb_envs,
        steps=10**9,
        sim_threads=1,
    )
    session = Session(Run(task=task, algo="ppo", preset="default", config=config))

    def turn() -> int:
        session.update()
        return config.steps_per_update

    return turn


def stable_baselines3_side(task: str, *, nb_envs: int, normalize: bool, **algo: Any) -> Turn:
    """Stable-Baselines3."""
    env = make_vec_env(task, n_envs=nb_envs)
    if normalize:
        env = VecNormalize(env)
    model = PPO("MlpPolicy", env, device="cpu", policy_kwargs={"net_arch": HIDDEN}, **algo)

    def turn() -> int:
        model.learn(algo["n_steps"] * nb_envs, reset_num_timesteps=False)
        return algo["n_steps"] * nb_envs

    return turn


def cleanrl_side(task: str, **settings: Any) -> Turn:
    """The structure of CleanRL."""
    return training(task, hidden=HIDDEN, **settings)


def environments_side(task: str, *, nb_envs: int, n_steps: int, **_: Any) -> Turn:
    """Nobody learns, and random actions are drawn beforehand."""
    envs = [gymnasium.make(task) for _ in range(nb_envs)]
    for env in envs:
        env.reset()
        env.action_space.seed(0)
    discrete = isinstance(envs[0].action_space, gymnasium.spaces.Discrete)
    drawn = [env.action_space.sample() for env in envs for _ in range(n_steps)]
    actions = [int(action) for action in drawn] if discrete else drawn

    def turn() -> int:
        for action, env in zip(actions, itertools.cycle(envs), strict=False):
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return len(actions)

    return turn


ALONE = "the environments alone"
SIDES = {
    "Surefoot": surefoot_side,
    ALONE: environments_side,
    "Stable-Baselines3": stable_baselines3_side,
    "CleanRL's structure": cleanrl_side,
}


def speed(turn: Turn) -> float:
    """Environment steps per second of processor time, of one update."""
    begin = time.process_time()
    steps = turn()
    return steps / (time.process_time() - begin)


def main() -> None:
    """Measure, print, save."""
    options = _report.parser(__doc__).parse_args()
    turns = 3 if options.quick else 20
    torch.set_num_threads(1)
    _report.headline("Steps per second of PPO, collecting and learning", threads="one thread each")
    rows, bars, results = [], [], {}
    for task, settings in SETTINGS.items():
        sides = {name: side(task, **settings) for name, side in SIDES.items()}
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for n in range(turns + 1):
            for name, turn in sides.items():
                measured = speed(turn)
                if n > 0:  # the first one warms up
                    speeds[name].append(measured)
        for peer in [*sides][1:]:
            ratios = [a / b for a, b in zip(speeds["Surefoot"], speeds[peer], strict=True)]
            rows.append([task, _report.spread(speeds["Surefoot"]), peer,
                         _report.spread(speeds[peer]), _report.spread(ratios)])  # fmt: skip
            if peer != ALONE:
                bars.append((task, peer, statistics.median(ratios)))
        results[task] = speeds
    _report.table(("task", "Surefoot", "peer", "its steps/s", "ratio, median (range)"), rows)
    verdicts = [
        _report.verdict(f"{task}, {peer}", value=ratio, bar=BAR) for task, peer, ratio in bars
    ]
    _report.write_json(options.json, {"speeds": results, "bars": verdicts})


if __name__ == "__main__":
    main()
