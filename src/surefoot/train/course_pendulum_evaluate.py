"""Evaluation on the course's pendulum: the swing-up of every seed, and the course's two pushes."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from surefoot.agent.seed_agent import SeedAgent
from surefoot.seeding import stream_seed
from surefoot.tasks.course_pendulum import DT, CoursePendulum, is_upright
from surefoot.train.course_pendulum import AnyRun, RollOut, greedy, roll_out
from surefoot.train.course_pendulum_reference import reference_costs
from surefoot.train.evaluate import Evaluation, summarize

HOLD_S = 3.0
"""A policy holds the pendulum if it stands for so long at the end of its episode, s."""
RECOVERED_S = 0.5
"""It has recovered from the pushes if it stands for so long at the end, s."""


@dataclass(frozen=True, kw_only=True)
class CoursePendulumEvaluation(Evaluation):
    """What the policies of a run did, one episode each from hanging at rest, nobody pushing.

    Returns are discounted, as in training. Lists have an entry for each of S seeds.
    """

    cost: list[float]
    """Discounted cost of the episode."""
    optimum: float
    """The same of the best policy."""
    upright_s: list[float]
    """How long it was within 0.2 rad of standing, s."""
    holds: list[bool]
    """Whether it stood for the last 3 s."""
    pushed_episodes: int
    """Further episodes of each seed, with the course's two pushes."""
    recoveries: list[int]
    """Those of them in whose last half second it stood."""


@torch.no_grad()
def evaluate_course_pendulum(
    run: AnyRun, agent: SeedAgent, *, pushed_episodes: int, seed: int
) -> CoursePendulumEvaluation:
    """Play the most likely actions of each seed's policy.

    Args:
        run: Settings of the training.
        agent: What it has learned.
        pushed_episodes: How many episodes with pushes each seed plays; the pushes are the same.
        seed: Seed of the pushes.
    """
    begin = time.perf_counter()
    task, act = CoursePendulum(run.task), greedy(agent)
    generator = torch.Generator().manual_seed(stream_seed(seed, "evaluation"))
    shape = run.task.episode_steps, 1, pushed_episodes
    uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
    alone = roll_out(task, act, task.start(run.seeds, 1))
    start = task.start(run.seeds, pushed_episodes)
    pushed = roll_out(task, act, start, uniform.expand(-1, run.seeds, -1))
    returns = alone.discounted(run.algo.gamma).flatten()
    length, nobody = np.full(run.seeds, run.task.episode_steps), np.zeros(run.seeds, dtype=bool)
    optimum = reference_costs(run.task, run.algo.gamma).optimal
    wall_s = time.perf_counter() - begin
    result = summarize(returns.numpy(), length, nobody, {}, wall_s=wall_s)
    facts = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    facts["reward_per_step"] = float(alone.signal.mean())
    return CoursePendulumEvaluation(
        **facts,
        cost=returns.abs().tolist(),
        optimum=optimum,
        upright_s=(DT * is_upright(alone.state).double().sum(dim=0)).flatten().tolist(),
        holds=stands(alone, HOLD_S).flatten().tolist(),
        pushed_episodes=pushed_episodes,
        recoveries=stands(pushed, RECOVERED_S).sum(dim=1).tolist(),
    )


def stands(swing: RollOut, seconds: float) -> Tensor:
    """Whether the pendulum is upright in all of the last `seconds`, bool (...)."""
    return is_upright(swing.state[-round(seconds / DT) :]).all(dim=0)
