"""The standard evaluation of walking: fixed commands, every robot on its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from surefoot.envs.batched import BatchedEnv
from surefoot.errors import InvalidConfig
from surefoot.report.walking import WalkingRecord, WalkingScore, score
from surefoot.robots.mirror import pairs
from surefoot.robots.registry import find_robot
from surefoot.seeding import stream_seed
from surefoot.sim.description import Robot
from surefoot.tasks.walking import Walking
from surefoot.train.evaluate import Evaluation, Policy, check_finite, summarize

HOLD_S, SETTLE_S = 5.0, 1.0
"""Time until the next command, and time after it that does not count, s."""
_FORWARD, _SIDEWAYS, _TURN = (-1.0, -0.5, 0.0, 0.5, 1.0), (-0.5, 0.0, 0.5), (-1.0, 0.0, 1.0)
_FAST_SHARE, _FAST = 0.75, 0.5
_WATCHED = ("foot_contact", "foot_height", "foot_speed", "other_contacts", "height",
            "torque_share", "power", "beyond_limit")  # fmt: skip
FULL_LEGS = 0.32
"""Legs from this length on, m, take the full speeds; shorter ones in proportion."""


def standard_commands(nb: int, nb_robots: int, *, seed: int, leg_length: float) -> Tensor:
    """Commands to follow one after the other, (nb, E, 3), m/s and rad/s.

    Three quarters of them are at least 0.5 m/s fast, for legs of full length.
    """
    every = torch.tensor(list(product(_FORWARD, _SIDEWAYS, _TURN)))
    is_fast = every[:, :2].norm(dim=1) >= _FAST
    generator = torch.Generator().manual_seed(stream_seed(seed, "evaluation"))
    fast, slow = (
        group[torch.randint(len(group), (nb, nb_robots), generator=generator)]
        for group in (every[is_fast], every[~is_fast])
    )
    # as nearly three quarters for each robot as whole numbers allow, in random order
    order = torch.rand(nb * nb_robots, generator=generator).argsort().reshape(nb, nb_robots)
    chosen = torch.where((order < _FAST_SHARE * nb * nb_robots)[..., None], fast, slow)
    chosen[..., :2] *= min(1.0, leg_length / FULL_LEGS)
    return chosen


@torch.no_grad()
def record_walk(policy: Policy, env: BatchedEnv, commands: Tensor) -> WalkingRecord:
    """Let every robot of `env` follow its commands (N, E, 3), each for five seconds.

    A robot that falls stands up again at once, at home, with the command that it had.

    Raises:
        NotFinite: The policy's action is NaN or infinite.
        InvalidConfig: The environment is none for walking.
    """
    task = env.task
    if not isinstance(task, Walking):
        raise InvalidConfig(f"the evaluation of walking needs a walking task, not {task.name}")
    dt = env.interface.dt
    hold, settle = round(HOLD_S / dt), round(SETTLE_S / dt)
    policy.reset(env.nb_worlds)
    env.reset()
    everyone = torch.ones(env.nb_worlds, dtype=torch.bool)
    since = torch.zeros(env.nb_worlds, dtype=torch.int64)
    frames: dict[str, list[Any]] = {}
    for command in commands:
        since.zero_()
        for _ in range(hold):
            task.commands.set(command)
            action = policy.act(env.observe())
            check_finite(action, everyone)
            step = env.step(action)
            since += 1
            seen = {name: getattr(task, name) for name in _WATCHED}
            seen["velocity"] = torch.cat(
                [task.linear_velocity[:, :2], task.angular_velocity[:, 2:]], dim=1
            )
            seen |= {"command": command, "fell": step.terminated, "reward": step.reward}
            seen["settled"] = (since > settle) & ~step.done  # where it began anew
            for name, value in seen.items():
                frames.setdefault(name, []).append(value.numpy().copy())
            since[step.done] = 0
            policy.reset_worlds(step.done)
    stacked: dict[str, Any] = {name: np.stack(values) for name, values in frames.items()}
    return WalkingRecord(dt=dt, nominal_height=task.leg_length, **stacked)


@dataclass(frozen=True, kw_only=True)
class WalkingEvaluation(Evaluation, WalkingScore):
    """Episodes and walking in one: an episode is a robot's twenty seconds, falls included."""


OnRecord = Callable[[WalkingRecord, Robot], None]
"""Sees all that the robots did."""


def evaluate_walking(
    policy: Policy, env: BatchedEnv, *, seed: int, on_record: OnRecord | None = None
) -> WalkingEvaluation:
    """Every robot of `env` follows four commands of five seconds, not the same for all."""
    begin = time.perf_counter()
    task = env.task
    assert isinstance(task, Walking)
    commands = standard_commands(4, env.nb_worlds, seed=seed, leg_length=task.leg_length)
    record = record_walk(policy, env, commands)
    robot = find_robot(task.config.robot)
    if on_record is not None:
        on_record(record, robot)
    episodes = summarize(
        record.reward.sum(axis=0),
        np.full(env.nb_worlds, float(len(record.reward))),
        np.asarray(record.fell.any(axis=0)),
        {},
        wall_s=time.perf_counter() - begin,
        nb_diverged=env.nb_diverged,
    )
    return WalkingEvaluation(**vars(episodes), **vars(score(record, pairs(robot.feet))))
