"""The linear-quadratic regulator of the wheeled inverted pendulum."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_discrete_are
from torch import Tensor

from surefoot.control.observation import model_state
from surefoot.control.pendulum import Matrix, WheeledInvertedPendulum
from surefoot.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class LqrWeights:
    """What one squared unit of each quantity costs. Only their ratios matter."""

    position: float = 100.0
    """Cost of the ground position, 1/m²."""
    pitch: float = 1.0
    """Cost of the pitch, 1/rad²."""
    velocity: float = 1.0
    """Cost of the ground velocity, 1/(m/s)²."""
    pitch_velocity: float = 1.0
    """Cost of the pitch velocity, 1/(rad/s)²."""
    integral: float = 0.0
    """Cost of the accumulated ground position, 1/(m·s)²; 0 leaves integral action out."""
    acceleration: float = 1.0
    """Cost of the input, the ground acceleration, 1/(m/s²)²."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 <= value < np.inf or (value == 0.0 and field.name in _NEEDED):
                need = "positive" if field.name in _NEEDED else "not negative"
                raise InvalidConfig(f"LqrWeights.{field.name} must be {need}, got {value}")


_NEEDED = ("position", "acceleration")  # without them the Riccati equation has no answer

PLAIN = LqrWeights()
"""The textbook regulator: stands still, but wherever the robot's true balance point puts it."""
CENTRED = LqrWeights(position=50.0, integral=50.0)
"""The same with integral action: comes back to where the episode began."""


def with_integral(a: Matrix, b: Matrix, period: float) -> tuple[Matrix, Matrix]:
    r"""Append $\int p\,dt$ to the model, exactly, for an acceleration held over the period.

    Args:
        a: Discrete state matrix, shape (4, 4), position first and ground velocity third.
        b: Discrete input matrix, shape (4, 1).
        period: Time between two states, s.

    Returns:
        The same for the longer state, shapes (5, 5) and (5, 1).
    """
    longer_a, longer_b = np.eye(5), np.zeros((5, 1))
    longer_a[:4, :4], longer_b[:4] = a, b
    longer_a[4, 0], longer_a[4, 2], longer_b[4, 0] = period, period**2 / 2, period**3 / 6
    return longer_a, longer_b


def lqr_gains(
    pendulum: WheeledInvertedPendulum, period: float, weights: LqrWeights
) -> NDArray[np.float64]:
    r"""Gains of $u = -K\,(p, \theta, \dot p, \dot\theta, \int p\,dt)$ that cost least for ever.

    Args:
        pendulum: The model.
        period: Time between two decisions, s.
        weights: What to avoid; without integral weight the last gain is 0.

    Returns:
        K, shape (5,), from model state to ground acceleration, m/s² per unit.

    Source: any textbook on optimal control; the Riccati equation is solved by SciPy.
    """
    a, b = with_integral(*pendulum.discrete(period), period)
    cost = [weights.position, weights.pitch, weights.velocity, weights.pitch_velocity]
    if weights.integral > 0.0:
        cost.append(weights.integral)
    n = len(cost)  # without a cost, the integral is unobservable and must stay out
    a, b, r = a[:n, :n], b[:n], np.array([[weights.acceleration]])
    value = np.asarray(solve_discrete_are(a, b, np.diag(cost), r))
    gains = np.linalg.solve(r + b.T @ value @ b, b.T @ value @ a)[0]
    return np.pad(gains, (0, 5 - n))


class LQR:
    r"""Balance with the optimal ground acceleration, accumulated into a velocity command.

    The robot takes a ground *velocity*, and no velocity feedback below a gain of 1 can stand. So
    the regulator decides on an acceleration, and the commanded velocity is a state of its own:
    $v \leftarrow v + u\,\Delta t$ with $u = -K x$. The equivalent without memory, measured
    velocity plus $\tau u$, stands only with a $\tau$ that suits the wheels' servo: in MuJoCo no
    fall with 0.01 s, 3 of 20 with 0.02 s, 19 of 20 with 0.05 s.

    Two limits keep what is accumulated honest. The acceleration stays within what the wheels can
    do. And the command leads the measured velocity by at most `max_lead`, so that wheels that
    cannot follow leave no debt to be driven off later; without it `CENTRED` with doubled weights
    fell in 2 of 12 starts in PyBullet. It must leave room for a lag between command and wheels:
    0.2 m/s fell in 16 of 40 starts under a lag of 0.05 to 0.15 s, 1 m/s in none.

    **Which length.** The physical pendulum, `UPKIE_BODY_LENGTH`, 0.281 m: the gains must know how
    fast the body falls. With the 0.58 m of the published controllers, a virtual tip, it stands as
    well, but with larger gains that make the wheels rattle (steps of the command, mean: 0.034
    instead of 0.002 m/s).

    Upkie's centre of mass sits 6 mm behind the wheel axis, so it must lean forward to balance
    (0.013 rad in MuJoCo), and `PLAIN` comes to rest 6 cm from the origin, `CENTRED` at it.

    Source: the acceleration as input is the published MPC's (qpmpc 3.3.0); weights, integral
        action and both limits are ours.
    """

    def __init__(
        self,
        pendulum: WheeledInvertedPendulum,
        weights: LqrWeights = PLAIN,
        *,
        period: float = 0.005,
        limit: float = 2.9,
        max_acceleration: float = 10.0,
        max_lead: float = 1.0,
    ) -> None:
        """Solve the Riccati equation once.

        Args:
            pendulum: The model to regulate.
            weights: What to avoid.
            period: Time between two commands, s.
            limit: Largest commanded speed, m/s.
            max_acceleration: Largest ground acceleration, m/s².
            max_lead: How far the command may be ahead of the measured ground velocity, m/s.

        Raises:
            InvalidConfig: A limit that is not positive.
        """
        for name, value in (
            ("limit", limit), ("max_acceleration", max_acceleration), ("max_lead", max_lead)
        ):  # fmt: skip
            if not value > 0.0:
                raise InvalidConfig(f"LQR.{name} must be positive, got {value}")
        self.gains = torch.from_numpy(lqr_gains(pendulum, period, weights))
        self.period, self.limit = period, limit
        self.max_acceleration, self.max_lead = max_acceleration, max_lead
        self.reset(0)

    def reset(self, nb_worlds: int) -> None:
        """Forget everything: every command starts again from 0 m/s."""
        self._velocity = torch.zeros(nb_worlds, dtype=torch.float64)
        self._integral = torch.zeros(nb_worlds, dtype=torch.float64)

    def reset_worlds(self, done: Tensor) -> None:
        """Forget the worlds where `done`, bool (E,), is true."""
        self._velocity = self._velocity.masked_fill(done.cpu(), 0.0)
        self._integral = self._integral.masked_fill(done.cpu(), 0.0)

    def act(self, observation: Tensor) -> Tensor:
        """Command every world.

        Args:
            observation: Pitch, ground position, pitch velocity, ground velocity, shape (E, 4).

        Returns:
            Ground velocities, m/s, shape (E, 1).
        """
        state = model_state(observation, len(self._velocity), "LQR")
        position, measured = state[:, 0], state[:, 2]
        wanted = -(state @ self.gains[:4] + self._integral * self.gains[4])
        acceleration = wanted.clamp(-self.max_acceleration, self.max_acceleration)
        # A saturated regulator cannot use a larger integral, so it collects none.
        self._integral = self._integral + self.period * position * (wanted == acceleration)
        velocity = self._velocity + self.period * acceleration
        velocity = velocity.clamp(measured - self.max_lead, measured + self.max_lead)
        self._velocity = velocity.clamp(-self.limit, self.limit)
        return self._velocity.to(observation, copy=True).unsqueeze(1)
