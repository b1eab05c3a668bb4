"""The regulator: optimal, stable, and standing on a roller of another length than its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from surefoot.control import (
    CENTRED,
    LQR,
    PLAIN,
    UPKIE_BODY_LENGTH,
    LqrWeights,
    WheeledInvertedPendulum,
)
from surefoot.control.lqr import lqr_gains, with_integral
from surefoot.errors import InvalidConfig, Mismatch

Roll = Callable[..., torch.Tensor]
Draw = Callable[..., torch.Tensor]
BODY = WheeledInvertedPendulum(length=UPKIE_BODY_LENGTH)


@pytest.mark.parametrize("weights", [PLAIN, CENTRED])
@pytest.mark.parametrize("length", [0.2, UPKIE_BODY_LENGTH, 0.36, 0.5])
def test_closed_loop_is_stable_even_if_the_length_is_wrong(weights: LqrWeights, length: float):
    """Eigenvalues of A - B K inside the unit circle, for lengths the gains were not made for."""
    gains = lqr_gains(BODY, 0.005, weights)
    a, b = with_integral(*WheeledInvertedPendulum(length=length).discrete(0.005), 0.005)
    n = 5 if weights.integral else 4
    closed = a[:n, :n] - b[:n] @ gains[None, :n]
    assert np.abs(np.linalg.eigvals(closed)).max() < 1.0


def test_gains_are_those_of_the_backward_recursion():
    """Dynamic programming over 40 s, step by step, ends at the infinite horizon's gains."""
    weights = LqrWeights(
        position=3.0, pitch=2.0, velocity=1.0, pitch_velocity=0.5, integral=4.0, acceleration=0.7
    )
    a, b = with_integral(*BODY.discrete(0.02), 0.02)
    cost, value = np.diag([3.0, 2.0, 1.0, 0.5, 4.0]), np.zeros((5, 5))
    gains = np.zeros((1, 5))
    for _ in range(2000):
        gains = np.linalg.solve(0.7 + b.T @ value @ b, b.T @ value @ a)
        value = cost + a.T @ value @ (a - b @ gains)
    np.testing.assert_allclose(lqr_gains(BODY, 0.02, weights), gains[0], rtol=1e-6)


def test_integral_is_exact_for_a_held_acceleration():
    """From rest, u = 6 for 2 s without gravity's help: p = 3 t², its integral t³ = 8."""
    a, b = with_integral(*BODY.discrete(2.0), 2.0)
    assert (a @ np.zeros(5) + b[:, 0] * 6.0)[4] == pytest.approx(8.0)
    assert (a @ np.array([1.0, 0.0, 3.0, 0.0, 0.5]))[4] == pytest.approx(0.5 + 2.0 + 6.0)


def test_the_command_accumulates_and_keeps_its_limits():
    """A lean of 0.01 rad wants 0.4 m/s²; one of 0.5 rad wants 20 and gets 10; a fast wheel, 2.9.

    World 2 measures 2.95 m/s and leans hard: 0 m/s is more than 1 m/s behind, so the command is
    pulled to within the lead, 1.95 m/s, and from then on grows by 0.05 m/s a step up to the clip.
    """
    lqr = LQR(BODY)
    gain = -float(lqr.gains[1])
    assert 30 < gain < 50
    observation = torch.zeros(3, 4)
    observation[:, 0] = torch.tensor([0.01, 0.5, 0.9])
    observation[2, 3] = 2.95
    lqr.reset(3)
    first, second = lqr.act(observation)[:, 0], lqr.act(observation)[:, 0]
    torch.testing.assert_close(first, torch.tensor([0.005 * 0.01 * gain, 0.05, 1.95]))
    torch.testing.assert_close(second, torch.tensor([0.01 * 0.01 * gain, 0.10, 2.00]))
    third = [lqr.act(observation)[:, 0] for _ in range(100)][-1]
    assert third[1:].tolist() == pytest.approx([1.0, 2.9])  # the lead, the clip


def test_resetting_one_world_forgets_that_world_only():
    """Position makes both memories grow, the command's and the integral's."""
    lqr = LQR(BODY, CENTRED)
    observation = torch.tensor([[0.0, 0.01, 0.0, 0.0]]).repeat(2, 1)
    lqr.reset(2)
    first = lqr.act(observation)
    last = [lqr.act(observation) for _ in range(20)][-1]
    lqr.reset_worlds(torch.tensor([True, False]))
    after = lqr.act(observation)
    assert after[0] == first[0]
    assert after[1] > last[1] > first[1]


def test_a_nan_stays_in_its_world_until_that_is_reset():
    """A diverged world is the environment's to end; the controller must not spread or keep it."""
    lqr = LQR(BODY, CENTRED)
    lean = torch.tensor([[0.01, 0.1, 0.0, 0.0]]).repeat(2, 1)
    lqr.reset(2)
    broken = lqr.act(lean * torch.tensor([[1.0], [torch.nan]]))
    assert broken.isfinite().tolist() == [[True], [False]]
    lqr.reset_worlds(torch.tensor([True, True]))
    assert lqr.act(lean)[1] == broken[0]


def test_commands_are_the_callers_to_change():
    """In double precision nothing is converted, but the memory is still not handed out."""
    lqr = LQR(BODY)
    lean = torch.tensor([[0.01, 0.0, 0.0, 0.0]], dtype=torch.float64)
    lqr.reset(1)
    first = float(lqr.act(lean).mul_(100.0)) / 100.0
    assert float(lqr.act(lean)) == pytest.approx(2 * first)


@pytest.mark.parametrize("weights", [PLAIN, CENTRED])
@pytest.mark.parametrize(("design", "length"), [(0.281, 0.281), (0.281, 0.36), (0.6, 0.6)])
def test_stands_and_returns_from_the_full_randomisation(
    weights: LqrWeights, design: float, length: float, roll: Roll, full_randomisation: Draw
):
    """20 worlds, 10 s, nonlinear. Upkie's inertia makes it fall like a pendulum of 0.36 m."""
    lqr = LQR(WheeledInvertedPendulum(length=design), weights)
    seen = roll(lqr, full_randomisation(20), seconds=10.0, length=length)
    assert seen[..., 0].abs().max() < 0.7
    assert seen[-1].abs().max() < 0.01


def test_integral_action_removes_a_biased_balance_point(roll: Roll, full_randomisation: Draw):
    """A pitch sensor that is 0.02 rad off, as if the centre of mass were 6 mm behind the axis.

    PLAIN must lean on its position gain: p = -K_pitch / K_position * 0.02 = -0.083 m.
    """

    class Biased(LQR):
        def act(self, observation: torch.Tensor) -> torch.Tensor:
            """See the pitch 0.02 rad too large."""
            bias = torch.tensor([0.02, 0.0, 0.0, 0.0])
            return super().act(observation + bias)

    start = full_randomisation(4)
    plain = roll(Biased(BODY, PLAIN), start, seconds=15.0, length=UPKIE_BODY_LENGTH)
    centred = roll(Biased(BODY, CENTRED), start, seconds=15.0, length=UPKIE_BODY_LENGTH)
    gains = LQR(BODY, PLAIN).gains
    offset = -float(gains[1] / gains[0]) * 0.02
    assert plain[-1, :, 1].tolist() == pytest.approx([offset] * 4, abs=2e-3)
    assert centred[-1, :, 1].tolist() == pytest.approx([0.0] * 4, abs=2e-3)


def test_bad_settings_and_a_forgotten_reset_say_so():
    """Names the field, or the call that is missing."""
    with pytest.raises(InvalidConfig, match=r"LqrWeights\.position must be positive, got 0"):
        LqrWeights(position=0.0)
    with pytest.raises(InvalidConfig, match=r"LqrWeights\.pitch must be not negative, got -1"):
        LqrWeights(pitch=-1.0)
    with pytest.raises(InvalidConfig, match=r"LQR\.max_lead must be positive, got 0"):
        LQR(BODY, max_lead=0.0)
    with pytest.raises(Mismatch, match=r"LQR was reset for 0 worlds .* Call reset\(nb_worlds\)"):
        LQR(BODY).act(torch.zeros(2, 4))
