"""The wheeled inverted pendulum: the model behind the linear controllers."""

from __future__ import annotations

from dataclasses import dataclass
from math import cosh, sinh, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import InvalidConfig

Matrix = NDArray[np.float64]

UPKIE_BODY_LENGTH = 0.281
"""Centre of mass of Upkie's body above the wheel axis, straight legs, m: the physical pendulum.

Source: measured from upkie_description 2.2.0, everything but the wheel assemblies.
"""
UPKIE_TIP_LENGTH = 0.58
"""Height of the virtual tip that the published controllers balance, m. Not a centre of mass.

Source: upkie 13.1.0, `MPCBalancer.leg_length`.
"""


@dataclass(frozen=True, kw_only=True)
class WheeledInvertedPendulum:
    r"""A point mass on a massless leg, whose foot is a wheel that accelerates as it is told.

    $\ddot p = u$ and $l\,\ddot\theta = g\sin\theta - u\cos\theta$, linearised around upright.
    The state is $x = (p, \theta, \dot p, \dot\theta)$ in m, rad, m/s, rad/s, pitch positive
    forward; the input $u$ is the ground acceleration, m/s².

    Source: S. Caron, "Wheeled inverted pendulum model", scaron.info; state order of qpmpc 3.3.0.
    """

    length: float
    """Distance from the wheel axis to the point mass, m."""
    gravity: float = 9.81
    """Acceleration of gravity, m/s²."""

    def __post_init__(self) -> None:
        for name, value in (("length", self.length), ("gravity", self.gravity)):
            if not 0.0 < value < np.inf:
                raise InvalidConfig(
                    f"WheeledInvertedPendulum.{name} must be positive and finite, got {value}"
                )

    @property
    def rate(self) -> float:
        r"""How fast it falls when nobody drives, $\omega = \sqrt{g/l}$, 1/s."""
        return sqrt(self.gravity / self.length)

    def continuous(self) -> tuple[Matrix, Matrix]:
        r"""Matrices of $\dot x = A x + B u$.

        Returns:
            A of shape (4, 4) and B of shape (4, 1).
        """
        a, b = np.zeros((4, 4)), np.zeros((4, 1))
        a[0, 2] = a[1, 3] = 1.0
        a[3, 1] = self.gravity / self.length
        b[2, 0] = 1.0
        b[3, 0] = -1.0 / self.length
        return a, b

    def discrete(self, period: float) -> tuple[Matrix, Matrix]:
        r"""Matrices of $x_{k+1} = A x_k + B u_k$, exact for an input held over the period.

        Args:
            period: Time from one state to the next, s.

        Returns:
            A of shape (4, 4) and B of shape (4, 1).

        Source: the closed form that the published MPC uses, qpmpc 3.3.0.
        """
        if not 0.0 < period < np.inf:
            raise InvalidConfig(f"period must be positive and finite, got {period} s")
        t, w, g = period, self.rate, self.gravity
        a = np.eye(4)
        a[0, 2] = t
        a[1, 1] = a[3, 3] = cosh(t * w)
        a[1, 3] = sinh(t * w) / w
        a[3, 1] = w * sinh(t * w)
        b = np.array([t**2 / 2, -2 / g * sinh(t * w / 2) ** 2, t, -w / g * sinh(t * w)])
        return a, b.reshape(4, 1)

    def velocity_feedback_roots(self, gains: ArrayLike) -> NDArray[np.complex128]:
        r"""Growth rates of the pendulum whose wheels follow $v = k \cdot o$ without any delay.

        With $\dot p = k_\theta\theta + k_p p + k_{\dot\theta}\dot\theta + k_v\dot p$ a motion
        $e^{st}$ must solve

        $$(l s^2 - g)\,((1 - k_v)\,s - k_p) + s^2\,(k_\theta + k_{\dot\theta} s) = 0.$$

        Two things are read off it. Without a position gain, $v = 10\,\theta$ grows at nearly
        $g/10$: it drives after its lean, but never faster, so it never gets under it. And standing
        needs a velocity gain above 1: all four coefficients must have one sign, which is positive
        since the first one, $l\,(1 - k_v) + k_{\dot\theta}$, must be as soon as the servo has any
        delay; the coefficient of $s$ is $-g\,(1 - k_v)$.

        Args:
            gains: In the order of an observation, shape (4,): pitch m/s per rad, position 1/s,
                pitch velocity m per rad, ground velocity dimensionless.

        Returns:
            Roots, shape (3,) or fewer, 1/s, the largest real part first. A root 0 is a position
            that nobody holds.

        Source: ours, from the model's equations.
        """
        k_pitch, k_position, k_rate, k_velocity = np.asarray(gains, dtype=np.float64)
        length, g = self.length, self.gravity
        polynomial = np.array(
            [
                length * (1 - k_velocity) + k_rate,
                k_pitch - length * k_position,
                -g * (1 - k_velocity),
                g * k_position,
            ]
        )
        roots = np.asarray(np.roots(polynomial), dtype=np.complex128)
        return roots[np.argsort(-roots.real, kind="stable")]
