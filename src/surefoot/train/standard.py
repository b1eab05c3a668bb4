"""The standard evaluation of a policy in the worlds of its task."""

from __future__ import annotations

import torch

from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.tasks.walking_rough_config import RoughWalkingConfig
from surefoot.train.config import AnyTaskConfig
from surefoot.train.crossing import evaluate_crossing
from surefoot.train.evaluate import Evaluation, Policy, evaluate
from surefoot.train.walking_evaluate import OnRecord, evaluate_walking


def interface_of(task: str, config: AnyTaskConfig) -> Interface:
    """What an agent sees of a task's worlds."""
    if isinstance(config, GymnasiumConfig):
        return make_gymnasium(config, nb_envs=1, seed=0).interface
    return make_batched(task, config, nb_envs=1, seed=0).interface


def evaluate_standard(
    policy: Policy,
    task: str,
    config: AnyTaskConfig,
    *,
    episodes: int,
    seed: int = 0,
    imperfect: bool = False,
    on_record: OnRecord | None = None,
) -> Evaluation:
    """Play in worlds with the task's final ranges; what is measured is the task's own affair.

    Args:
        policy: Who plays.
        task: Name in the catalog, or a Gymnasium id.
        config: The task's settings.
        episodes: How many; walking robots; on rough terrain, robots for each kind and level.
        seed: Seed of the episodes.
        imperfect: With sensor noise, action noise, lag and pushes.
        on_record: Sees how robots walked, on flat ground.

    Raises:
        NotFinite: The policy's action is NaN or infinite.
        InvalidConfig: Imperfections are asked of an environment that has its own.
    """
    torch.set_num_threads(1)
    if isinstance(config, GymnasiumConfig):
        if imperfect:
            raise InvalidConfig(f"--noise belongs to our own tasks, {task} has its own")
        env = make_gymnasium(config, nb_envs=episodes, seed=seed)
        its_own = 10**9  # its own time limit ends every episode
        return evaluate(policy, env, episodes=episodes, max_steps=its_own)
    if isinstance(config, RoughWalkingConfig):
        return evaluate_crossing(
            policy, task, config, robots=episodes, seed=seed, imperfect=imperfect
        )
    env = make_batched(task, config, nb_envs=episodes, seed=seed, imperfect=imperfect)
    if isinstance(config, WalkingConfig):
        return evaluate_walking(policy, env, seed=seed, on_record=on_record)
    return evaluate(policy, env, episodes=episodes, max_steps=config.max_episode_steps)
