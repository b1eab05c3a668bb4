"""The evaluation of walking on rough terrain: which tiles a policy crosses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from surefoot.envs.batched import BatchedEnv, Transition
from surefoot.envs.make import make_batched
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_ground import Course
from surefoot.tasks.walking_rough_config import RoughWalkingConfig
from surefoot.train.evaluate import Evaluation, Policy, evaluate
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
    ahead = _Ahead(env)
    nb_robots, max_steps = env.nb_worlds, env.task.max_episode_steps
    episodes = evaluate(policy, ahead, episodes=nb_robots, max_steps=max_steps)
    crossed = ahead.crossed.double()
    shares = crossed.reshape(len(kinds), nb_levels, robots).mean(dim=2)
    return CrossingEvaluation(
        **vars(episodes),
        crossing_success=float(crossed.mean()),
        crossed={name: tuple(row) for name, row in zip(kinds, shares.tolist(), strict=True)},
    )


def _course(env: BatchedEnv) -> Course:
    assert isinstance(env.task, Walking) and isinstance(env.task.ground, Course)
    return env.task.ground


class _Ahead:
    """The worlds of `env`, in which every robot is told to go straight ahead."""

    def __init__(self, env: BatchedEnv) -> None:
        self.env, self.interface, self.nb_worlds = env, env.interface, env.nb_worlds
        assert isinstance(env.task, Walking)
        self._task = env.task
        self._command = torch.zeros(env.nb_worlds, 3)
        self._command[:, 0] = _SPEED * min(1.0, env.task.leg_length / FULL_LEGS)
        self.crossed = torch.zeros(env.nb_worlds, dtype=torch.bool)
        """Whose first episode ended on the other side, bool (E,)."""
        self._over = self.crossed.clone()
        self._left = env.task.max_episode_steps

    def reset(self) -> Tensor:
        """Where robots look is where they are to go."""
        self.env.reset()
        self._heading = self._task.yaw.clone()
        return self._observe()

    def _observe(self) -> Tensor:
        error = (self._heading - self._task.yaw + torch.pi).remainder(2.0 * torch.pi) - torch.pi
        self._command[:, 2] = (_HEADING_GAIN * error).clamp(-1.0, 1.0)
        self._task.commands.set(self._command)
        return self.env.observe()

    def step(self, action: Tensor) -> Transition:
        """One step; a first episode that is cut short, but not by the clock, ends across."""
        step = self.env.step(action)
        self._left -= 1
        if self._left:
            self.crossed |= step.truncated & ~self._over
        self._over |= step.done
        return replace(step, obs=self._observe())

    def report(self) -> dict[str, float]:
        """That of the worlds."""
        return self.env.report()

    def close(self) -> None:
        """Close the worlds."""
        self.env.close()

    def state_dict(self) -> dict[str, Any]:
        """That of the worlds."""
        return self.env.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue the worlds."""
        self.env.load_state_dict(state)


def crossing_table(result: CrossingEvaluation) -> dict[str, str]:
    """Per cent of the robots that crossed, by kind of terrain, a column for each level."""
    nb_levels = len(next(iter(result.crossed.values())))
    rows = {"level": " ".join(f"{level:4d}" for level in range(nb_levels))}
    for name, shares in result.crossed.items():
        rows[name.replace("_", " ")] = " ".join(f"{100 * share:4.0f}" for share in shares)
    total = np.mean([np.mean(shares) for shares in result.crossed.values()])
    return {"crossed": f"{100 * total:.0f} % of all tiles; in % by level:", **rows}
