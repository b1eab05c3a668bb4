"""What the rest of the house may ask of a physics engine, whichever processor it runs on."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Worlds(Protocol):
    """Many copies of one model, stepped together.

    Letters in shapes: E worlds, Q position coordinates, V velocity coordinates, U controls.
    Quaternions are (w, x, y, z). A free joint has its position and linear velocity in the world
    frame and its angular velocity in the body frame.
    """

    nb_worlds: int
    """E."""
    timestep: float
    """Duration of one physics step, s."""
    qpos: Tensor
    """Positions, live, (E, Q), m and rad; write through `set_state`."""
    qvel: Tensor
    """Velocities, live, (E, V), m/s and rad/s; writing them just before a step is a push, writing
    them at another time leaves what is derived behind."""
    ctrl: Tensor
    """Controls, live and writable, (E, U), units of the actuators."""

    def derived(self, name: str) -> Tensor:
        """A live, read-only field that the engine computes, such as "xpos", (E, ...).

        Position and velocity quantities describe the instant of `qpos`; forces and accelerations
        belong to the last physics step.
        """
        ...

    def parameter(self, name: str) -> Tensor:
        """Per-world values of a model field, such as "body_mass", writable, (E, ...).

        Call `update_constants` after writing masses or inertias.
        """
        ...

    def update_constants(self, ids: Tensor | None = None) -> None:
        """Recompute what the engine derives from the parameters of the worlds `ids`, or of all."""
        ...

    def step(self, nb_steps: int) -> Tensor:
        """Advance every world by `nb_steps` physics steps.

        Returns:
            The worlds that diverged (a NaN or a huge number) during the call, bool (E,).
        """
        ...

    def set_state(
        self, ids: Tensor, qpos: Tensor, qvel: Tensor, ctrl: Tensor | None = None
    ) -> None:
        """Start the worlds `ids` afresh, at rest in time, from the given state.

        Args:
            ids: Sorted world numbers, (N,).
            qpos: (N, Q).
            qvel: (N, V).
            ctrl: What the actuators have been told until now, (N, U), for those with a delay; None:
                zero.
        """
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, for a bit-for-bit continuation."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        ...
