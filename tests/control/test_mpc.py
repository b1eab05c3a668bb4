"""The plan against an independent solver, and the drive on a roller."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from surefoot.control import MPC, UPKIE_BODY_LENGTH, UPKIE_TIP_LENGTH, WheeledInvertedPendulum
from surefoot.errors import InvalidConfig

Roll = Callable[..., torch.Tensor]
Draw = Callable[..., torch.Tensor]
TIP = WheeledInvertedPendulum(length=UPKIE_TIP_LENGTH)


def cost_by_rollout(
    inputs: np.ndarray, error: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[float, np.ndarray]:
    """The published cost, one step after the other, and its gradient by the adjoint.

    Nothing is condensed here: terminal weight 1, stage weights 1e-3, as in specs section 7.
    """
    states = [error]
    for u in inputs:
        states.append(a @ states[-1] + b[:, 0] * u)
    cost = float(states[-1] @ states[-1] + 1e-3 * inputs @ inputs)
    cost += 1e-3 * sum(float(x @ x) for x in states[:-1])
    adjoint, gradient = 2.0 * states[-1], np.zeros(len(inputs))
    for k in reversed(range(len(inputs))):
        gradient[k] = 2e-3 * inputs[k] + b[:, 0] @ adjoint
        adjoint = a.T @ adjoint + 2e-3 * states[k]
    return cost, gradient


@pytest.mark.parametrize(
    ("error", "saturated"),
    [
        ([0.05, 0.02, -0.1, 0.1], 0),
        ([0.0, 0.35, 0.0, 0.2], 4),
        ([-1.0, 0.5, 0.5, 0.5], 13),
    ],
)
def test_plan_is_the_optimum_that_another_solver_finds(error: list[float], saturated: int):
    """SLSQP on the rolled-out cost, with and without bounds that matter."""
    mpc = MPC(TIP)
    plan = mpc.plan(torch.tensor([error], dtype=torch.float64))[0].numpy()
    a, b = TIP.discrete(0.02)
    peer = minimize(
        cost_by_rollout, np.zeros(50), (np.array(error), a, b), method="SLSQP", jac=True,
        bounds=[(-10.0, 10.0)] * 50, options={"maxiter": 1000, "ftol": 1e-14},
    )  # fmt: skip
    assert cost_by_rollout(plan, np.array(error), a, b)[0] <= peer.fun * (1 + 1e-9)
    np.testing.assert_allclose(plan, peer.x, atol=1e-4)
    assert np.abs(plan).max() <= 10.0
    assert int((np.abs(plan) > 10.0 - 1e-9).sum()) == saturated


def test_a_batch_gives_what_each_world_alone_would_get():
    """Saturated worlds are solved one by one; NaN stays in its world."""
    mpc = MPC(TIP)
    errors = torch.tensor(
        [[0.0, 0.35, 0.0, 0.2], [0.05, 0.02, -0.1, 0.1], [0.0, torch.nan, 0.0, 0.0]]
    ).double()
    together = mpc.plan(errors)
    torch.testing.assert_close(together[0], mpc.plan(errors[:1])[0])
    torch.testing.assert_close(together[1], mpc.plan(errors[1:2])[0])
    assert together[2].isnan().all()


def test_closed_loop_is_stable_within_its_bounds():
    """First row of the plan as a feedback u = F e, driven at 200 Hz with half of it.

    The command c is what the roller follows, so its velocity is c: the map of (p, pitch, c, rate)
    over one period is A + B F / 2, for the model's length and for the body's.
    """
    feedback = MPC(TIP).plan(torch.eye(4, dtype=torch.float64) * 1e-3)[:, 0].numpy() * 1e3
    for length in (UPKIE_TIP_LENGTH, 0.36, UPKIE_BODY_LENGTH):
        a, b = WheeledInvertedPendulum(length=length).discrete(0.005)
        closed = a + b @ (0.5 * feedback)[None, :]
        assert np.abs(np.linalg.eigvals(closed)).max() < 1.0, length


def test_first_command_by_hand():
    """v = u0 dt / 2 and u0 = 10 at the bound: 0.025 m/s, then 0.05, in the observation's order.

    World 0 leans 0.5 rad. World 1 rolls at the target velocity, upright: nothing to do, then or
    after it moved on with the reference. World 2 has fallen: its command, 0, stays there.
    """
    mpc = MPC(TIP, target_velocity=0.3)
    mpc.reset(3)
    observation = torch.tensor([[0.5, 0.0, 0.0, 0.3], [0.0, 2.0, 0.0, 0.3], [1.1, 0.0, 0.0, 0.0]])
    first = mpc.act(observation)
    observation[:, 1] += 0.3 * 0.005
    second = mpc.act(observation)
    torch.testing.assert_close(first, torch.tensor([[0.025], [0.0], [0.0]]), atol=1e-6, rtol=0)
    torch.testing.assert_close(second, torch.tensor([[0.05], [0.0], [0.0]]), atol=1e-6, rtol=0)
    assert first.dtype == observation.dtype


def test_a_fallen_robot_lets_its_command_decay():
    """40 steps at 10 m/s² / 2 give 1 m/s; 20 steps of decay leave 0.95^20 = 0.358 of it."""
    mpc = MPC(TIP)
    mpc.reset(1)
    leaning, fallen = torch.tensor([[0.9, 0.0, 0.0, 0.0]]), torch.tensor([[1.1, 0.0, 0.0, 0.0]])
    driven = [float(mpc.act(leaning)) for _ in range(40)]
    decayed = [float(mpc.act(fallen)) for _ in range(20)]
    assert driven[-1] == pytest.approx(1.0, abs=1e-6)
    assert decayed[-1] == pytest.approx(0.95**20, abs=1e-6)


def test_a_robot_that_is_held_is_not_left_behind_by_its_reference():
    """After 10 s at 0.3 m/s the kept reference would be 3 m ahead; it waits at 1 m."""
    mpc = MPC(TIP, target_velocity=0.3)
    mpc.reset(1)
    for _ in range(2000):
        mpc.act(torch.tensor([[1.5, 0.0, 0.0, 0.0]]))  # fallen: no solver runs
    assert mpc.reference_position.tolist() == pytest.approx([1.0])


def test_resetting_one_world_forgets_that_world_only():
    """Velocity back to 0, reference back to wherever the robot is seen next."""
    mpc = MPC(TIP, target_velocity=0.3)
    mpc.reset(2)
    observation = torch.tensor([[0.02, 0.1, 0.0, 0.0]]).repeat(2, 1)
    first = mpc.act(observation)
    last = [mpc.act(observation) for _ in range(10)][-1]
    mpc.reset_worlds(torch.tensor([True, False]))
    after = mpc.act(observation)
    assert after[0] == first[0]
    assert after[1] != first[1] and abs(after[1] - last[1]) < 0.01


@pytest.mark.parametrize(("length", "gain"), [(UPKIE_BODY_LENGTH, 0.5), (0.36, 0.5), (0.6, 1.0)])
def test_stands_and_follows_a_velocity(
    length: float, gain: float, roll: Roll, full_randomisation: Draw
):
    """20 s on the nonlinear roller at 0.3 m/s: no fall, mean speed within 0.05 m/s.

    On a real pendulum of the tip's length the published factor 1/2 leaves hardly any damping
    (time constant 7 s at 0.58 m); there, all of the plan is driven.
    """
    mpc = MPC(TIP, target_velocity=0.3, gain=gain)
    seen = roll(mpc, full_randomisation(5), seconds=20.0, length=length)
    assert seen[..., 0].abs().max() < 0.7
    speed = (seen[-1, :, 1] - seen[0, :, 1]) / 20.0
    assert (speed - 0.3).abs().max() < 0.05
    assert (seen[-1, :, 3] - 0.3).abs().max() < 0.01


def test_a_restarted_reference_follows_too_where_nothing_is_biased(
    roll: Roll, full_randomisation: Draw
):
    """The published reference: no bias on a roller, so the velocity arrives as well."""
    mpc = MPC(TIP, target_velocity=0.3, reference="restarted")
    seen = roll(mpc, full_randomisation(3), seconds=10.0, length=UPKIE_BODY_LENGTH)
    assert seen[..., 0].abs().max() < 0.7
    assert (seen[-1, :, 3] - 0.3).abs().max() < 0.02


def test_bad_settings_say_so():
    """Names the field and the value."""
    with pytest.raises(InvalidConfig, match=r"MPC\.nb_steps must be positive, got 0"):
        MPC(TIP, nb_steps=0)
    with pytest.raises(InvalidConfig, match="must be 'kept' or 'restarted', got 'lost'"):
        MPC(TIP, reference="lost")  # pyright: ignore[reportArgumentType]
