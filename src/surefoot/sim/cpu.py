"""Thousands of worlds on the processor's threads, over `mujoco.batch.Batch`."""

from __future__ import annotations

import warnings

import mujoco
import numpy as np
import torch
from mujoco import batch
from numpy.typing import NDArray
from torch import Tensor

_DIVERGED = [
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
    int(mujoco.mjtWarning.mjWARN_BADCTRL),
]
_NONE, _POSITION, _VELOCITY, _ACCELERATION = (
    int(getattr(mujoco.mjtStage, f"mjSTAGE_{name}")) for name in ("NONE", "POS", "VEL", "ACC")
)
_OF_LAST_STEP = ("actuator_force", "qacc", "qfrc_constraint")
_OF_PLACES = ("xpos", "xmat", "geom_xpos", "geom_xmat", "site_xpos", "site_xmat")


class CpuWorlds:
    """The `Worlds` protocol on CPU: results are bit-identical at any number of threads.

    The tensors are views of MuJoCo's own memory, float64, without a copy. A world that diverges is
    reported by `step`; it keeps its broken state (the engine's own silent reset is off) until
    `set_state` starts it afresh, and it never touches the others.

    Args:
        model: The compiled model; the engine takes a copy.
        nb_worlds: How many worlds, E.
        nb_threads: Threads to step them on, the caller's included; 0 takes every processor.
    """

    def __init__(self, model: mujoco.MjModel, nb_worlds: int, *, nb_threads: int = 0) -> None:
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        # Divergence is read from the counters of each world: keep the engine's log file away.
        mujoco.set_mju_user_warning(lambda _: None)
        self.model = model
        self.nb_worlds = nb_worlds
        self.timestep = float(model.opt.timestep)
        self._batch = batch.Batch(model, nb_worlds, nb_threads)
        self.qpos = _share(self._batch.bind("qpos"))
        self.qvel = _share(self._batch.bind("qvel"))
        self.ctrl = _share(self._batch.bind("ctrl"))
        self._warnings = self._batch.warning[:, _DIVERGED, 1].sum(axis=1)
        self._history = _share(self._batch.bind("history")) if model.nhistory else None
        self._past, self._past_of = _past_controls(model)
        self._stage = _NONE
        self._parameters: dict[str, Tensor] = {}

    def derived(self, name: str) -> Tensor:
        """A live field that the engine computes; see `Worlds.derived`.

        Until a derived field is asked for, stepping skips the stage that would bring it up to the
        instant of `qpos`: state alone is always current.
        """
        field = self._batch.bind(name)
        self._stage = max(self._stage, self._stage_of(name))
        self._batch.forward()
        return _share(field)

    def _stage_of(self, name: str) -> int:
        """How far the engine must compute after a step for a field to be current."""
        if name in _OF_LAST_STEP:
            return _NONE
        if name in _OF_PLACES:
            return _POSITION
        if name == "sensordata":  # what needs accelerations is the last step's in any case
            needs = self.model.sensor_needstage
            return int(needs[needs < _ACCELERATION].max(initial=_NONE))
        return _VELOCITY

    def parameter(self, name: str) -> Tensor:
        """Per-world values of a model field; see `Worlds.parameter`."""
        if name not in self._parameters:
            self._parameters[name] = _share(self._batch.expand(name))
        return self._parameters[name]

    def update_constants(self, ids: Tensor | None = None) -> None:
        """Recompute what the engine derives from masses, inertias and geometry."""
        self._batch.set_const(None if ids is None else ids.numpy().astype(np.int32))

    def step(self, nb_steps: int) -> Tensor:
        """Advance every world; see `Worlds.step`."""
        self._batch.step(nstep=nb_steps, stage=self._stage)
        warnings_now = self._batch.warning[:, _DIVERGED, 1].sum(axis=1)
        diverged = warnings_now > self._warnings
        self._warnings = warnings_now
        return torch.from_numpy(diverged)

    def set_state(
        self, ids: Tensor, qpos: Tensor, qvel: Tensor, ctrl: Tensor | None = None
    ) -> None:
        """Start some worlds afresh; see `Worlds.set_state`."""
        if len(ids) == 0:
            return
        rows = ids.numpy().astype(np.int32)
        self._batch.reset(rows, stage=_NONE)
        self._warnings[rows] = self._batch.warning[rows][:, _DIVERGED, 1].sum(axis=1)
        self.qpos[ids] = qpos
        self.qvel[ids] = qvel
        if ctrl is not None and self._history is not None:
            self._history[ids[:, None], self._past] = ctrl[:, self._past_of]
        if self._stage:
            self._batch.forward(rows, stage=self._stage)

    def state_dict(self) -> dict[str, Tensor]:
        """Everything that the next step depends on."""
        state = {"state": torch.from_numpy(self._batch.state.copy())}
        state |= {"warning": torch.from_numpy(self._batch.warning.copy())}
        return state | {f"parameter.{k}": v.clone() for k, v in self._parameters.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        for key, value in state.items():
            if key.startswith("parameter."):
                self.parameter(key.removeprefix("parameter.")).copy_(value)
        if self._parameters:
            self.update_constants()
        self._batch.state[...] = state["state"].numpy()
        self._batch.warning[...] = state["warning"].numpy()
        self._warnings = self._batch.warning[:, _DIVERGED, 1].sum(axis=1)
        if self._stage:
            self._batch.forward(stage=self._stage)


def _share(array: NDArray[np.float64]) -> Tensor:
    """A tensor over the array's own memory; derived fields are read-only by contract."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


def _past_controls(model: mujoco.MjModel) -> tuple[Tensor, Tensor]:
    """Where the engine keeps past controls for delayed actuators, and of which actuator, (H,).

    For each: a last time and a cursor, then the times of n samples, then their values.
    """
    places: list[int] = []
    actuators: list[int] = []
    for actuator in range(model.nu):
        nb = int(model.actuator_history[actuator, 0])
        begin = int(model.actuator_historyadr[actuator]) + 2 + nb
        places += range(begin, begin + nb)
        actuators += [actuator] * nb
    return torch.tensor(places, dtype=torch.int64), torch.tensor(actuators, dtype=torch.int64)
