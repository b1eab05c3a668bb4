"""Our MuJoCo physics behind the environments of the `upkie` package: its `Backend` interface."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from upkie.envs.backends.backend import Backend
from upkie.model import JointProperties, Model
from upkie.utils.joystick import Joystick
from upkie.utils.robot_state import RobotState

from surefoot.envs.upkie_sensing import UpkieSensing
from surefoot.errors import InvalidConfig
from surefoot.robots.upkie import UPKIE
from surefoot.sim.assembly import build_model

_SPINE_FREQUENCY = 1000.0
_STICTION_VELOCITY = 1e-3  # rad/s; no kinetic friction below, as in the upkie package


class MuJoCoBackend(Backend):
    """One Upkie in MuJoCo, commanded and observed as a spine would be.

    Arguments are those of the package's PyBullet backend, so that one can take the other's place;
    `seed` is ours. The servo law runs in the engine at every substep:
    tau = clamp(feedforward + kp kp_scale (q* - q) + kd kd_scale (qd* - qd), +-maximum_torque),
    further limited by the effort of the URDF. Two things differ from PyBullet: `reset` does not
    take a physics step, so the first observation is the initial state itself, and there is no
    window.

    Args:
        dt: Duration of a control step, s.
        gui: There is no window; True says so and goes on without.
        inertia_variation: Each body's mass and inertia is scaled by one factor 1 + U(-e, e).
        joint_properties: Friction and noise by joint; none by default.
        js_path: Joystick to read, if it is there.
        model: Robot model; None is the one of `upkie_description`.
        nb_substeps: Physics steps per control step; None makes them 1 ms.
        torque_control_kd: Velocity gain, N m s/rad.
        torque_control_kp: Position gain, N m/rad.
        seed: Of the inertia variation and the noise.

    Source: `PyBulletBackend` of upkie 13.1.0 for the interface, the servo law, friction and noise.
    """

    def __init__(
        self,
        dt: float,
        gui: bool = False,
        inertia_variation: float = 0.0,
        joint_properties: Mapping[str, JointProperties] | None = None,
        js_path: str = "/dev/input/js0",
        model: Model | None = None,
        nb_substeps: int | None = None,
        torque_control_kd: float = 1.0,
        torque_control_kp: float = 20.0,
        seed: int = 0,
    ) -> None:
        if gui:
            warnings.warn(
                "Upkie-MuJoCo environments have no window (gui=True is ignored): watch a policy "
                "with `surefoot play`",
                stacklevel=2,
            )
        nb = max(1, round(_SPINE_FREQUENCY * dt)) if nb_substeps is None else nb_substeps
        if not dt > 0.0 or nb < 1:
            raise InvalidConfig(f"MuJoCoBackend needs dt > 0 and nb_substeps >= 1, got {dt}, {nb}")
        model = Model() if model is None else model
        urdf = Path(model.urdf_path)
        robot = dataclasses.replace(UPKIE, urdf=lambda: urdf)
        self.physics = build_model(robot, timestep=dt / nb)
        """MuJoCo's model, for those who want to change it."""
        # A diverged simulation stays NaN, for whoever watches; the engine would hide it.
        self.physics.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        mujoco.set_mju_user_warning(lambda _: None)
        self.data = mujoco.MjData(self.physics)
        """MuJoCo's state, for those who want to push the robot (`xfrc_applied`) or look at it."""
        self._nb_substeps = nb
        self._random = np.random.default_rng(seed)
        self._joints = [servo.joint for servo in robot.servos]
        order = {joint.name: joint.idx_q for joint in model.joints}
        self._order = [order[name] for name in self._joints]
        addresses = [self.physics.joint(name) for name in self._joints]
        self._q = np.array([int(joint.qposadr[0]) for joint in addresses])
        self._v = np.array([int(joint.dofadr[0]) for joint in addresses])
        self._sensing = UpkieSensing(self.physics, self.data, model, self._joints, dt)
        self.torque_control_kd, self.torque_control_kp = torque_control_kd, torque_control_kp
        self.joystick = Joystick(js_path) if Path(js_path).exists() else None
        properties = joint_properties or {}
        known = [properties.get(name, JointProperties()) for name in self._joints]
        self._friction = np.array([p.friction for p in known])
        self._control_noise = np.array([p.torque_control_noise for p in known])
        self._sensing.torque_noise = np.array([p.torque_measurement_noise for p in known])
        self.inertia_variation = inertia_variation
        if inertia_variation > 0.0:
            self._vary_inertias(inertia_variation)

    def close(self) -> None:
        """Nothing to free."""

    def reset(self, init_state: RobotState) -> dict[str, Any]:
        """Start from a state; returns the spine observation of that very state."""
        data = self.data
        mujoco.mj_resetData(self.physics, data)
        x, y, z, w = init_state.orientation_base_in_world.as_quat()
        data.qpos[:3] = init_state.position_base_in_world
        data.qpos[3:7] = w, x, y, z
        data.qpos[self._q] = np.asarray(init_state.joint_configuration)[self._order]
        data.qvel[:3] = init_state.linear_velocity_base_to_world_in_world
        data.qvel[3:6] = init_state.angular_velocity_base_in_base
        data.qvel[self._v] = np.asarray(init_state.joint_velocity)[self._order]
        mujoco.mj_forward(self.physics, data)
        self._sensing.reset()
        return self._observed()

    def step(self, action: dict[str, Any]) -> dict[str, Any]:
        """Hold servo commands for one control step; returns the spine observation after it."""
        drive = self._command(action.get("servo", {}))
        if self._friction.any() or self._control_noise.any():
            for _ in range(self._nb_substeps):
                self.data.ctrl[:] = drive + self._disturbance()
                mujoco.mj_step(self.physics, self.data)
        else:
            self.data.ctrl[:] = drive
            mujoco.mj_step(self.physics, self.data, nstep=self._nb_substeps)
        self._sensing.advance()
        return self._observed()

    def get_spine_observation(self) -> dict[str, Any]:
        """What the spine would report now."""
        return self._sensing.observe(self._random)

    def _observed(self) -> dict[str, Any]:
        observation = self.get_spine_observation()
        if self.joystick is not None:
            self.joystick.write(observation)
        return observation

    def _command(self, servos: Mapping[str, Mapping[str, float]]) -> NDArray[np.float64]:
        """Set the servos' gains and limits; a servo without a command is off.

        Returns:
            The drive, N m, (J,): drive - kp q - kd qd is the torque before its clamp.
        """
        drive = np.zeros(len(self._joints))
        bias, limits = self.physics.actuator_biasprm, self.physics.actuator_forcerange
        for i, name in enumerate(self._joints):
            servo = servos.get(name, _OFF)
            position, kp = servo["position"], servo.get("kp_scale", 1.0) * self.torque_control_kp
            if math.isnan(position):
                position = kp = 0.0
            kd = servo.get("kd_scale", 1.0) * self.torque_control_kd
            drive[i] = servo.get("feedforward_torque", 0.0) + kp * position + kd * servo["velocity"]
            if not math.isfinite(drive[i]):
                raise InvalidConfig(
                    f"servo '{name}' needs finite commands (only its position may be NaN), "
                    f"got {dict(servo)}"
                )
            bias[i, 1:3] = -kp, -kd
            limits[i] = -servo["maximum_torque"], servo["maximum_torque"]
        return drive

    def _disturbance(self) -> NDArray[np.float64]:
        """Kinetic friction and control noise of this instant, N m, (J,)."""
        velocity = self.data.qvel[self._v]
        friction = np.where(
            np.abs(velocity) > _STICTION_VELOCITY, -self._friction * np.sign(velocity), 0.0
        )
        return friction + self._random.normal(0.0, self._control_noise)

    def _vary_inertias(self, variation: float) -> None:
        factor = 1.0 + self._random.uniform(-variation, variation, self.physics.nbody)
        self.physics.body_mass[:] *= factor
        self.physics.body_inertia[:] *= factor[:, None]
        mujoco.mj_setConst(self.physics, self.data)


_OFF: Mapping[str, float] = {
    "position": math.nan,
    "velocity": 0.0,
    "kp_scale": 0.0,
    "kd_scale": 0.0,
    "maximum_torque": 0.0,
}
