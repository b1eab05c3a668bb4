"""The evaluation of walking on rough terrain: which tiles a policy crosses."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from surefoot.envs.batched import BatchedEnv
from surefoot.envs.make import make_batched
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_ground import Course
from surefoot.tasks.walking_rough_config import RoughWalkingConfig
from surefoot.train.evaluate import Evaluation, Policy, check_finite, summarize
from surefoot.train.walking_evaluate import FULL_LEGS

CROSSING_S = 20.0
"""Time that a robot has, s."""
_SPEED, _HEADING_GAIN = 0.75, 0.5  # m/s for legs of full length; 1/s


@dataclass(frozen=True, kw_only=True)
class CrossingEvaluation(Evaluation):
    """Each robot has one tile to cross: from its middle to half its width away, without a fall."""

    crossing_success: float
    """Share of all robots that crossed."""
    crossed: dict[str, tuple[float, ...]]
    """The same on each kind of terrain, level by level."""


def evaluate_crossing(
    policy: Policy,
    task: str,
    config: RoughWalkingConfig,
    *,
    robots: int,
    seed: int = 0,
    imperfect: bool = False,
) -> CrossingEvaluation:
    """Robots walk straight ahead at 0.75 m/s, slower with short legs, in any direction.

    Args:
        policy: Who walks.
        task: The task's name.
        config: Its settings; the terrain is its own.
        robots: For each kind of terrain and each level.
        seed: Of starts and directions.
        imperfect: With sensor noise and pushes.

    Raises:
        NotFinite: The policy's action is NaN or infinite.
    """
    begin = time.perf_counter()
    config = replace(config, episode_s=CROSSING_S)
    kinds, nb_levels = tuple(dict.fromkeys(config.terrain.kinds)), config.terrain.levels
    kind, level, robot = (
        part.flatten()
        for part in torch.meshgrid(
            torch.arange(len(kinds)), torch.arange(nb_levels), torch.arange(robots), indexing="ij"
        )
    )
    env = make_batched(task, config, nb_envs=len(kind), seed=seed, imperfect=imperfect)
    columns = [[i for i, k in enumerate(config.terrain.kinds) if k == name] for name in kinds]
    column = [columns[k][r % len(columns[k])] for k, r in zip(kind, robot, strict=True)]
    _course(env).send(level, torch.tensor(column))
    crossed, fell, returns, lengths, sums = _cross(policy, env)
    shares = crossed.double().reshape(len(kinds), nb_levels, robots).mean(dim=2)
    episodes = summarize(
        returns.double().numpy(), lengths.double().numpy(), fell.numpy(), sums,
        wall_s=time.perf_counter() - begin, nb_diverged=env.nb_diverged,
    )  # fmt: skip
    return CrossingEvaluation(
        **vars(episodes),
        crossing_success=float(crossed.double().mean()),
        crossed={name: tuple(row) for name, row in zip(kinds, shares.tolist(), strict=True)},
    )


def _course(env: BatchedEnv) -> Course:
    assert isinstance(env.task, Walking) and isinstance(env.task.ground, Course)
    return env.task.ground


def _cross(
    policy: Policy, env: BatchedEnv
) -> tuple[Tensor, Tensor, Tensor, Tensor, dict[str, float]]:
    """The first episode of every robot: who crossed, who fell, returns, lengths, sums of terms."""
    task = env.task
    assert isinstance(task, Walking)
    nb = env.nb_worlds
    policy.reset(nb)
    env.reset()
    heading = task.yaw.clone()
    command = torch.zeros(nb, 3)
    command[:, 0] = _SPEED * min(1.0, task.leg_length / FULL_LEGS)
    running = torch.ones(nb, dtype=torch.bool)
    crossed, fell = ~running, ~running
    returns, lengths = torch.zeros(nb), torch.zeros(nb)
    sums: dict[str, float] = {}
    for k in range(task.max_episode_steps):
        error = (heading - task.yaw + torch.pi).remainder(2.0 * torch.pi) - torch.pi
        command[:, 2] = (_HEADING_GAIN * error).clamp(-1.0, 1.0)
        task.commands.set(command)
        action = policy.act(env.observe())
        check_finite(action, running)
        step = env.step(action)
        returns += running * step.reward
        lengths += running
        for name, term in step.terms.items():
            sums[name] = sums.get(name, 0.0) + float((running * term).sum())
        fell = fell | (running & step.terminated)
        if k + 1 < task.max_episode_steps:  # the last step ends every episode
            crossed = crossed | (running & step.truncated)
        running = running & ~step.done
        policy.reset_worlds(step.done)
        if not bool(running.any()):
            break
    return crossed, fell, returns, lengths, sums


def crossing_table(result: CrossingEvaluation) -> dict[str, str]:
    """Per cent of the robots that crossed, by kind of terrain, a column for each level."""
    nb_levels = len(next(iter(result.crossed.values())))
    rows = {"level": " ".join(f"{level:4d}" for level in range(nb_levels))}
    for name, shares in result.crossed.items():
        rows[name.replace("_", " ")] = " ".join(f"{100 * share:4.0f}" for share in shares)
    total = np.mean([np.mean(shares) for shares in result.crossed.values()])
    return {"crossed": f"{100 * total:.0f} % of all tiles; in % by level:", **rows}
