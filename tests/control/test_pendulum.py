"""The model: its matrices against SciPy, its growth rates against arithmetic and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from surefoot.control import LinearFeedback, WheeledInvertedPendulum
from surefoot.errors import InvalidConfig

Roll = Callable[..., torch.Tensor]


def nonlinear_derivative(state: np.ndarray, u: float, length: float, g: float) -> np.ndarray:
    """The equations as written down, in the model's order of states."""
    _, pitch, velocity, rate = state
    return np.array([velocity, rate, u, (g * math.sin(pitch) - u * math.cos(pitch)) / length])


def test_continuous_matrices_are_the_jacobian_of_the_nonlinear_equations():
    """Central differences around upright; an even remainder cancels, an odd one is h²/6."""
    pendulum = WheeledInvertedPendulum(length=0.3, gravity=9.0)
    a, b = pendulum.continuous()
    h, zero = 1e-4, np.zeros(4)
    for i, unit in enumerate(np.eye(4)):
        forward = nonlinear_derivative(h * unit, 0.0, 0.3, 9.0)
        backward = nonlinear_derivative(-h * unit, 0.0, 0.3, 9.0)
        np.testing.assert_allclose(a[:, i], (forward - backward) / (2 * h), atol=1e-6)
    forward, backward = (nonlinear_derivative(zero, s * h, 0.3, 9.0) for s in (1, -1))
    np.testing.assert_allclose(b[:, 0], (forward - backward) / (2 * h), atol=1e-6)


@pytest.mark.parametrize("length", [0.281, 0.58])
@pytest.mark.parametrize("period", [0.005, 0.02, 0.3])
def test_discrete_matrices_are_the_matrix_exponential(length: float, period: float):
    """A held input is a state that does not change: exp of [[A, B], [0, 0]] T."""
    pendulum = WheeledInvertedPendulum(length=length)
    a, b = pendulum.continuous()
    both = expm(np.vstack([np.hstack([a, b]), np.zeros((1, 5))]) * period)
    discrete_a, discrete_b = pendulum.discrete(period)
    np.testing.assert_allclose(discrete_a, both[:4, :4], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(discrete_b, both[:4, 4:], rtol=1e-12, atol=1e-14)


def test_rate_of_the_published_tip():
    """sqrt(9.81 / 0.58) = sqrt(16.914) = 4.1126 1/s."""
    assert WheeledInvertedPendulum(length=0.58).rate == pytest.approx(4.1126, abs=1e-4)


def test_the_lectures_feedback_grows_at_nearly_a_tenth_of_gravity():
    """s² + (10/l) s - g/l = 0 with l = 0.281: s = (-35.587 + sqrt(1266.45 + 139.64)) / 2 = 0.955.

    The other roots: (-35.587 - 37.498) / 2 = -36.54, and 0 for the position that nobody holds.
    """
    roots = WheeledInvertedPendulum(length=0.281).velocity_feedback_roots([10, 0, 0, 0])
    np.testing.assert_allclose(roots, [0.955, 0.0, -36.542], atol=1e-3)


def test_the_published_feedback_grows_too():
    """0.3529 s³ + 9.719 s² - 8.829 s + 9.81 = 0 has a pair at 0.457 ± 0.877i (specs: 0.46 1/s).

    By hand: the coefficients are 0.281 * 0.9 + 0.1, 10 - 0.281, -9.81 * 0.9 and 9.81 * 1. Newton
    from -9.719 / 0.3529 finds the real root -28.454. The sum of all roots, -27.540, leaves 0.914
    for the pair, whose real part is half of it; their product, -27.798, leaves 0.977.
    """
    roots = WheeledInvertedPendulum(length=0.281).velocity_feedback_roots([10, 1, 0.1, 0.1])
    assert roots[2] == pytest.approx(-28.454, abs=1e-3)
    np.testing.assert_allclose(roots[:2].real, 0.457, atol=1e-3)
    np.testing.assert_allclose(np.abs(roots[:2]) ** 2, 0.977, atol=1e-3)


def test_only_a_velocity_gain_above_one_stands():
    """The other gains as in the stabilising feedback, all of them generous."""
    pendulum = WheeledInvertedPendulum(length=0.281)
    for velocity_gain, stands in ((0.0, False), (0.9, False), (1.1, True), (1.5, True)):
        roots = pendulum.velocity_feedback_roots([20, 0.1, 2, velocity_gain])
        assert (roots.real.max() < 0) == stands, velocity_gain


def test_growth_is_what_a_simulation_shows(roll: Roll):
    """Pitch of v = 10 pitch from 1 s to 3 s, on a roller, against the root 0.955 1/s.

    The command is held for 5 ms and the sine is not its argument: within 1 %, not exactly.
    """
    start = torch.tensor([[1e-3, 0.0, 0.955e-3, 0.01]])
    seen = roll(LinearFeedback((10, 0, 0, 0), 10.0), start, seconds=3.0, length=0.281)
    growth = math.log(float(seen[-1, 0, 0] / seen[200, 0, 0])) / (0.005 * (len(seen) - 201))
    assert growth == pytest.approx(0.955, rel=0.01)


@pytest.mark.parametrize("wrong", [{"length": 0.0}, {"length": 1.0, "gravity": math.nan}])
def test_impossible_pendulums_are_refused(wrong: dict[str, float]):
    """A message that names the field."""
    with pytest.raises(InvalidConfig, match=f"{list(wrong)[-1]} must be positive"):
        WheeledInvertedPendulum(**wrong)


def test_impossible_period_is_refused():
    """Zero time passes nothing on."""
    with pytest.raises(InvalidConfig, match=r"period must be positive and finite, got 0\.0 s"):
        WheeledInvertedPendulum(length=1.0).discrete(0.0)
