"""What a learned policy of the course's pendulum is compared with: nothing, chance, the optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from surefoot.control.grid_value_iteration import Grid, GridValueIteration
from surefoot.seeding import stream_seed
from surefoot.tasks.course_pendulum import CONTROLS, MAX_VELOCITY, CoursePendulum
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig
from surefoot.train.course_pendulum import Act, roll_out

_RANDOM_EPISODES = 10_000


@dataclass(frozen=True, kw_only=True)
class References:
    """Discounted costs of an episode that starts hanging at rest."""

    zero: float
    """The motor is off."""
    random: float
    """Uniformly random torques, the mean of many episodes."""
    random_std: float
    """Standard deviation over those episodes."""
    optimal: float
    """The policy that value iteration finds."""


def optimal_policy(cost: CoursePendulumConfig, gamma: float) -> GridValueIteration:
    """Value iteration on a grid of 201 x 201 states, in about a second.

    Args:
        cost: Which cost; its sign does not matter.
        gamma: Discount per control step.
    """
    task = CoursePendulum(CoursePendulumConfig(cost=cost.cost))
    grid = Grid(low=(0.0, -MAX_VELOCITY), high=(2.0 * math.pi, MAX_VELOCITY))
    tolerance = {"lecture": 0.5, "homework": 0.002}[cost.cost]  # 0.05 % of what hanging costs
    return GridValueIteration(task.step, len(CONTROLS), grid, discount=gamma, tolerance=tolerance)


def reference_costs(config: CoursePendulumConfig, gamma: float) -> References:
    """All references for one cost and length of the episode."""
    task = CoursePendulum(
        CoursePendulumConfig(cost=config.cost, episode_steps=config.episode_steps)
    )
    generator = torch.Generator().manual_seed(stream_seed(0, "random torques"))

    def chance(state: Tensor) -> Tensor:
        return torch.randint(len(CONTROLS), state.shape[:-1], generator=generator)

    def cost_of(act: Act, nb_episodes: int) -> Tensor:
        return roll_out(task, act, task.start(nb_episodes)).discounted(gamma)

    random = cost_of(chance, _RANDOM_EPISODES)
    return References(
        zero=float(cost_of(lambda state: torch.ones(state.shape[:-1], dtype=torch.int64), 1)),
        random=float(random.mean()),
        random_std=float(random.std()),
        optimal=float(cost_of(optimal_policy(config, gamma).act, 1)),
    )
