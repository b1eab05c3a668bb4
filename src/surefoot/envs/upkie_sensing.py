"""What Upkie's spine reports, read from a MuJoCo world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from upkie.model import Model
from upkie.utils.rotations import quaternion_from_rotation_matrix

from surefoot.robots.upkie import WHEEL_JOINTS
from surefoot.sim.assembly import FLOOR

Array = NDArray[np.float64]

_GRAVITY = np.array([0.0, 0.0, -9.81])
_ARS_FROM_WORLD = np.diag([1.0, -1.0, -1.0])  # attitude reference: x forward, y right, z down
_TEMPERATURE, _VOLTAGE = 42.0, 18.0  # nominal values, as in the upkie package's simulations


class UpkieSensing:
    """Sensors of one Upkie, as dictionaries of the upkie package's spine.

    Positions and velocities belong to the instant of the state; the servos' torques and the floor
    contact to the last physics step; the IMU's acceleration is the mean over the control step.

    Args:
        physics: The compiled model.
        data: Its state.
        model: The upkie package's model: frames, wheel radius and side.
        joints: Servos in the order of the actuators.
        dt: Duration of a control step, s.

    Source: `PyBulletBackend` of upkie 13.1.0 for the fields and frames.
    """

    def __init__(
        self,
        physics: mujoco.MjModel,
        data: mujoco.MjData,
        model: Model,
        joints: Sequence[str],
        dt: float,
    ) -> None:
        self._data, self._joints, self._dt = data, joints, dt
        handles = [physics.joint(name) for name in joints]
        self._q = np.array([int(joint.qposadr[0]) for joint in handles])
        self._v = np.array([int(joint.dofadr[0]) for joint in handles])
        self._left, self._right = (joints.index(name) for name in WHEEL_JOINTS)
        self._signed_radius = model.wheel_radius * (1.0 if model.left_wheeled else -1.0)
        self._floor = int(physics.geom(FLOOR).id)
        wheels = [int(handles[i].bodyid[0]) for i in (self._left, self._right)]
        self._tires = np.flatnonzero(np.isin(physics.geom_bodyid, wheels))
        self._imu_from_base = np.asarray(model.rotation_base_to_imu)
        self._imu_in_base = np.asarray(
            model.kinematic_tree.get_transform_frame_to_base("imu").translation
        )
        self.torque_noise = np.zeros(len(joints))
        """Standard deviation of the noise on measured torques, N m, (J,)."""
        self.reset()

    def reset(self) -> None:
        """Begin anew: nothing was commanded, nothing accelerates."""
        self._torque = np.zeros(len(self._joints))
        self._imu_velocity = self._velocity_of_imu()
        self._imu_acceleration = np.zeros(3)

    def advance(self) -> None:
        """Take in a control step that has just ended."""
        velocity = self._velocity_of_imu()
        self._imu_acceleration = (velocity - self._imu_velocity) / self._dt
        self._imu_velocity = velocity
        self._torque = self._data.qfrc_actuator[self._v]  # after the clamps of command and URDF

    def observe(self, random: np.random.Generator) -> dict[str, Any]:
        """The spine observation; `random` draws the noise."""
        servo = self._servo(random)
        return {
            "base_orientation": self._base_orientation(),
            "floor_contact": {"contact": self._touches_floor()},
            "imu": self._imu(),
            "servo": servo,
            "wheel_odometry": self._wheel_odometry(servo),
        }

    def _base_orientation(self) -> dict[str, Any]:
        w, x, y, z = self._data.qpos[3:7].tolist()
        return {
            "angular_velocity": self._data.qvel[3:6].tolist(),
            "linear_velocity": self._data.qvel[:3].tolist(),
            "pitch": float(np.arcsin(np.clip(2.0 * (w * y - z * x), -1.0, 1.0))),
            "rotation_base_to_world": self._world_from_base().tolist(),
        }

    def _imu(self) -> dict[str, Any]:
        world_from_imu = self._world_from_base() @ self._imu_from_base.T
        imu_from_world = world_from_imu.T
        orientation = np.full(4, np.nan)
        if np.isfinite(world_from_imu).all():
            orientation = quaternion_from_rotation_matrix(_ARS_FROM_WORLD @ world_from_imu)
        proper = imu_from_world @ (self._imu_acceleration - _GRAVITY)
        return {
            "orientation": orientation.tolist(),
            "angular_velocity": (self._imu_from_base @ self._data.qvel[3:6]).tolist(),
            "linear_acceleration": (imu_from_world @ self._imu_acceleration).tolist(),
            "raw_linear_acceleration": proper.tolist(),
        }

    def _servo(self, random: np.random.Generator) -> dict[str, dict[str, float]]:
        torque = self._torque
        if self.torque_noise.any():
            torque = torque + random.normal(0.0, self.torque_noise)
        position, velocity = self._data.qpos[self._q], self._data.qvel[self._v]
        return {
            name: {
                "position": float(position[i]),
                "velocity": float(velocity[i]),
                "torque": float(torque[i]),
                "temperature": _TEMPERATURE,
                "voltage": _VOLTAGE,
            }
            for i, name in enumerate(self._joints)
        }

    def _wheel_odometry(self, servo: dict[str, dict[str, float]]) -> dict[str, float]:
        left, right = servo[self._joints[self._left]], servo[self._joints[self._right]]
        return {
            key: 0.5 * self._signed_radius * (left[key] - right[key])
            for key in ("position", "velocity")
        }

    def _touches_floor(self) -> bool:
        pairs = self._data.contact.geom
        touches = (pairs == self._floor).any(axis=1) & np.isin(pairs, self._tires).any(axis=1)
        return bool(touches.any())

    def _world_from_base(self) -> Array:
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, self._data.qpos[3:7])
        return matrix.reshape(3, 3)

    def _velocity_of_imu(self) -> Array:
        """Of the IMU's origin in the world frame, m/s."""
        turning = np.cross(self._data.qvel[3:6], self._imu_in_base)
        return self._data.qvel[:3] + self._world_from_base() @ turning
