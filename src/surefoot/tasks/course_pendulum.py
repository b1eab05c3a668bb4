r"""The course's pendulum: a weak motor has to swing it up before it can hold it.

The state is (theta, omega), rad and rad/s; theta = 0 hangs, pi stands, and lies in [0, 2 pi). Mass
and length are 1, so $\dot\omega = u - g\sin\theta$. The motor's 5 N m hold less than the 9.81 N m
of gravity: the pendulum must be pumped.

Source: course ROB-GY 6323, New York University; its numbers are in each docstring below.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from surefoot.signals import sign_of
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig

GRAVITY = 9.81
"""m/s^2."""
MAX_VELOCITY = 6.0
"""omega is clipped to plus and minus this, rad/s."""
CONTROLS = (-5.0, 0.0, 5.0)
"""The motor's torques to choose from, N m."""
DT = 0.1
"""Duration of a control step, s."""
PUSH_STEPS = (45, 70)
"""Steps at which the test disturbance sets omega."""
MAX_PUSH = 2.0 * math.pi
"""It is uniform in plus and minus this, rad/s."""

_NB_SUBSTEPS = 10
_UPRIGHT = 0.2


class CoursePendulum:
    """Model, cost and start of the pendulum; it holds no state, so any number can be stepped.

    Args:
        config: Which cost and which sign.
    """

    def __init__(self, config: CoursePendulumConfig | None = None) -> None:
        self.config = config or CoursePendulumConfig()
        self._sign = -sign_of(self.config.objective)
        self._torques = torch.tensor(CONTROLS, dtype=torch.float64)

    def start(self, *shape: int) -> Tensor:
        """Pendulums that hang at rest, (*shape, 2)."""
        return torch.zeros(*shape, 2, dtype=torch.float64)

    def step(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """One control step.

        Args:
            state: theta, rad, and omega, rad/s, (..., 2).
            action: Which of `CONTROLS`, int64 (...).

        Returns:
            The cost of `state` and the torque, or minus it where the objective is a reward, (...);
            and the next state, (..., 2).
        """
        torque = self._torques[action]
        return self._sign * self.cost(state, torque), next_state(state, torque)

    def cost(self, state: Tensor, torque: Tensor) -> Tensor:
        r"""Cost of one control step, (...).

        The lecture's is $(\theta-\pi)^2 + 0.01\,\omega^2 + 10^{-5}u^2$; the homework's is
        $0.01\,(1-\cos(\theta-\pi))^2 + 10^{-4}\omega^2 + 10^{-6}u^2$.

        Args:
            state: (..., 2).
            torque: N m, (...).
        """
        theta, omega = state.unbind(-1)
        if self.config.cost == "lecture":
            return (theta - math.pi) ** 2 + 0.01 * omega**2 + 1e-5 * torque**2
        fallen = 1.0 + theta.cos()  # 1 - cos(theta - pi)
        return 0.01 * fallen**2 + 1e-4 * omega**2 + 1e-6 * torque**2


def next_state(state: Tensor, torque: Tensor) -> Tensor:
    """The state one control step later, (..., 2).

    Ten explicit Euler steps of 0.01 s, in which the position moves with the old velocity; then
    theta is wrapped and omega clipped.

    Args:
        state: (..., 2).
        torque: N m, (...).
    """
    h = DT / _NB_SUBSTEPS
    theta, omega = state.unbind(-1)
    theta, omega = theta.clone(), omega.clone()
    kick = h * torque
    for _ in range(_NB_SUBSTEPS):
        fall = theta.sin()
        theta.add_(omega, alpha=h)
        omega.add_(kick).add_(fall, alpha=-h * GRAVITY)
    return torch.stack(
        [theta.remainder_(2.0 * math.pi), omega.clamp_(-MAX_VELOCITY, MAX_VELOCITY)], dim=-1
    )


def is_upright(state: Tensor) -> Tensor:
    """Whether the pendulum is within 0.2 rad of standing, bool (...)."""
    return (state[..., 0] - math.pi).abs() < _UPRIGHT


def push(state: Tensor, step: int, uniform: Tensor) -> Tensor:
    """The state after the test disturbance, if `step` is one of its steps.

    Args:
        state: (..., 2).
        step: Control steps since the start.
        uniform: Numbers in [0, 1) that decide the new velocity, (...).
    """
    if step not in PUSH_STEPS:
        return state
    return torch.stack([state[..., 0], MAX_PUSH * (2.0 * uniform - 1.0)], dim=-1)
