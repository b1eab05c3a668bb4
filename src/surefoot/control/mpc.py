"""Model predictive control of the wheeled inverted pendulum."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from scipy.optimize import lsq_linear
from torch import Tensor

from surefoot.control.observation import model_state
from surefoot.control.pendulum import Matrix, WheeledInvertedPendulum
from surefoot.errors import InvalidConfig


def condense(
    pendulum: WheeledInvertedPendulum,
    *,
    nb_steps: int,
    step: float,
    terminal_weight: float,
    state_weight: float,
    input_weight: float,
) -> tuple[Matrix, Matrix]:
    r"""Write the plan's cost as one least-squares problem in the inputs alone.

    With $x_{k+1} = A x_k + B u_k$ every state is linear in $x_0$ and the inputs, so

    $$w_N |x_N|^2 + \sum_{k<N} (w_x |x_k|^2 + w_u u_k^2) = |F u + D x_0|^2 + c(x_0).$$

    Args:
        pendulum: The model.
        nb_steps: Inputs of a plan, N.
        step: Time that an input is held, s.
        terminal_weight: $w_N$, one number for all four squared states in SI units.
        state_weight: $w_x$, likewise.
        input_weight: $w_u$, per (m/s²)².

    Returns:
        F, upper triangular (N, N), and D, (N, 4).

    Source: qpmpc 3.3.0 for the cost; the triangular form, by QR factorisation, is ours.
    """
    a, b = pendulum.discrete(step)
    response, drift = np.zeros((4, nb_steps)), np.eye(4)  # of x_k to the inputs and to x_0
    responses, drifts = [np.sqrt(input_weight) * np.eye(nb_steps)], [np.zeros((nb_steps, 4))]
    for k in range(nb_steps):
        response, drift = a @ response, a @ drift
        response[:, [k]] = b
        weight = np.sqrt(terminal_weight if k == nb_steps - 1 else state_weight)
        responses.append(weight * response)
        drifts.append(weight * drift)
    q, factor = np.linalg.qr(np.vstack(responses))
    return factor, q.T @ np.vstack(drifts)


class MPC:
    r"""Plan a second ahead, drive the first step of the plan, plan again.

    A constant speed at zero pitch is itself a motion of the model, so following it means
    regulating the difference $e = x - (p^*, 0, v^*, 0)$: the same model, the goal at zero. Each
    plan is the bounded least-squares problem $\min_u |F u + D e|^2$ with $|u| \le u_\max$.
    One precomputed matrix gives the minimum without the bounds, for all worlds at once. Where it
    keeps the bounds it is already the optimum, because no other plan costs less, bounded or not;
    only the few worlds where it does not are solved one by one.

    The command accumulates the plan: $v \leftarrow \mathrm{clip}(v + u_0\,\Delta t/2, \pm v_\max)$.
    The factor 1/2 goes with planning for the virtual tip of 0.58 m, whose gains are too large for
    the body. Planning for the body (0.281 m) with half of it is too slow: in MuJoCo it still sways
    after 20 s, and 5 of 20 starts fell on the way to 1 m/s.

    **Contact** is not among the four numbers observed. The published controller lets its command
    decay while the wheels are in the air; here the wheels count as on the ground unless the robot
    has fallen, and then the command decays in the same way. The 4 cm drop at the start of an
    episode did no harm in either simulator.

    **The reference.** Published, the reference starts at the measured position at every instant
    ("restarted"), so what was lost is never made good. Upkie's centre of mass is 6 mm behind its
    wheels: with that reference it creeps, and at $v^* = 0.3$ m/s its mean speed over 20 s was off
    by 0.14 m/s in MuJoCo and by 0.27 m/s in PyBullet. Kept ("kept", the default), the reference
    runs on from where the episode began, at most `max_gap` away from the robot, and the mean speed
    was off by at most 0.02 m/s in both. Neither fell.

    Source: upkie 13.1.0 (`MPCBalancer`) and qpmpc 3.3.0 for model, horizon, weights, bounds and
        the factor 1/2, which is its own; the kept reference is ours.
    """

    def __init__(
        self,
        pendulum: WheeledInvertedPendulum,
        target_velocity: float = 0.0,
        *,
        period: float = 0.005,
        nb_steps: int = 50,
        step: float = 0.02,
        terminal_weight: float = 1.0,
        state_weight: float = 1e-3,
        input_weight: float = 1e-3,
        max_acceleration: float = 10.0,
        limit: float = 3.0,
        gain: float = 0.5,
        fall_pitch: float = 1.0,
        decay: float = 0.1,
        reference: Literal["kept", "restarted"] = "kept",
        max_gap: float = 1.0,
    ) -> None:
        """Condense and factorise the problem once. The defaults are the published settings.

        Args:
            pendulum: The model to plan with; published with `UPKIE_TIP_LENGTH`.
            target_velocity: Ground velocity to keep, m/s.
            period: Time between two commands, s.
            nb_steps: Inputs of a plan.
            step: Time that an input of the plan is held, s.
            terminal_weight: Cost of the last state, squared, SI units.
            state_weight: Cost of the states on the way, squared, SI units.
            input_weight: Cost of a squared input, 1/(m/s²)².
            max_acceleration: Bound of every input, m/s².
            limit: Largest commanded speed, m/s.
            gain: Share of the planned acceleration that is accumulated, dimensionless.
            fall_pitch: Pitch beyond which it gives up, rad.
            decay: Time constant of the command once it has given up, s.
            reference: Where the reference motion starts at every instant; see the class.
            max_gap: Largest distance between robot and kept reference, m.

        Raises:
            InvalidConfig: A setting that cannot work.
        """
        for name, value in (
            ("nb_steps", nb_steps), ("input_weight", input_weight), ("decay", decay),
            ("max_acceleration", max_acceleration), ("limit", limit), ("max_gap", max_gap),
        ):  # fmt: skip
            if not value > 0:
                raise InvalidConfig(f"MPC.{name} must be positive, got {value}")
        if reference not in ("kept", "restarted"):
            raise InvalidConfig(f"MPC.reference must be 'kept' or 'restarted', got {reference!r}")
        factor, drift = condense(
            pendulum, nb_steps=nb_steps, step=step, terminal_weight=terminal_weight,
            state_weight=state_weight, input_weight=input_weight,
        )  # fmt: skip
        self._factor, self._drift = factor, drift
        self._unbounded = torch.from_numpy(-np.linalg.solve(factor, drift))
        self.target_velocity, self.period, self.gain = target_velocity, period, gain
        self.max_acceleration, self.limit, self.max_gap = max_acceleration, limit, max_gap
        self.fall_pitch, self.decay, self.reference = fall_pitch, decay, reference
        self.reset(0)

    def reset(self, nb_worlds: int) -> None:
        """Forget everything: commands start from 0 m/s, references from the next position."""
        self._velocity = torch.zeros(nb_worlds, dtype=torch.float64)
        self.reference_position = torch.full((nb_worlds,), torch.nan, dtype=torch.float64)

    def reset_worlds(self, done: Tensor) -> None:
        """Forget the worlds where `done`, bool (E,), is true."""
        self._velocity = self._velocity.masked_fill(done.cpu(), 0.0)
        self.reference_position = self.reference_position.masked_fill(done.cpu(), torch.nan)

    def plan(self, error: Tensor) -> Tensor:
        """Find the cheapest accelerations that bring every world back to its reference.

        Args:
            error: Model state minus reference, shape (E, 4), float64.

        Returns:
            Ground accelerations, m/s², shape (E, N), within the bounds; NaN where `error` is.
        """
        plan = error @ self._unbounded.T
        outside = (plan.abs() > self.max_acceleration).any(dim=1) & plan.isfinite().all(dim=1)
        for world in outside.nonzero()[:, 0].tolist():
            goal = -self._drift @ error[world].numpy()
            bounded = lsq_linear(
                self._factor, goal, (-self.max_acceleration, self.max_acceleration), method="bvls"
            )
            plan[world] = torch.from_numpy(bounded.x)
        return plan

    def act(self, observation: Tensor) -> Tensor:
        """Command every world.

        Args:
            observation: Pitch, ground position, pitch velocity, ground velocity, shape (E, 4).

        Returns:
            Ground velocities, m/s, shape (E, 1).
        """
        state = model_state(observation, len(self._velocity), "MPC")
        error = state.clone()
        error[:, 0] -= self._advance_reference(state[:, 0])
        error[:, 2] -= self.target_velocity
        fallen = state[:, 1].abs() > self.fall_pitch
        acceleration = self.plan(error.masked_fill(fallen.unsqueeze(1), 0.0))[:, 0]
        driven = self._velocity + self.gain * self.period * acceleration
        decayed = self._velocity * (1.0 - min(1.0, self.period / self.decay))
        self._velocity = torch.where(fallen, decayed, driven).clamp(-self.limit, self.limit)
        return self._velocity.to(observation, copy=True).unsqueeze(1)

    def _advance_reference(self, position: Tensor) -> Tensor:
        """Where the reference motion is now, m, shape (E,)."""
        if self.reference == "restarted":
            return position
        moved = self.reference_position + self.period * self.target_velocity
        moved = moved.clamp(position - self.max_gap, position + self.max_gap)
        self.reference_position = torch.where(self.reference_position.isnan(), position, moved)
        return self.reference_position
