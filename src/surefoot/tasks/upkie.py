"""Upkie as a wheeled inverted pendulum: what its tasks share, whatever they reward.

Source: environments of the upkie package (13.1.0) for observation, action, leg return, fall and
reset; ppo_balancer's wrappers for noise, lag and reward. Drawing everything per world is ours.
"""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.robots.upkie import LEG_JOINTS, UPKIE, WHEEL_BASE, WHEEL_JOINTS, WHEEL_RADIUS
from surefoot.seeding import stream_seed
from surefoot.signals import Interface, Layout
from surefoot.sim.backend import Worlds
from surefoot.sim.randomizer import Randomizer
from surefoot.tasks.task import uniform
from surefoot.tasks.upkie_config import UpkieConfig
from surefoot.tasks.upkie_reward import Smoothness
from surefoot.terms import balance

_SERVOS = [servo.joint for servo in UPKIE.servos]
_LEGS = [_SERVOS.index(joint) for joint in LEG_JOINTS]
_LEFT, _RIGHT = (_SERVOS.index(joint) for joint in WHEEL_JOINTS)
_LEG_KP = torch.tensor([UPKIE.servos[i].kp for i in _LEGS])
_WHEEL_KD = UPKIE.servos[_LEFT].kd
_JOINT_Q, _JOINT_V = 7, 6  # the joints follow the free base in qpos and qvel


class Upkie:
    """E Upkies balancing; its attributes are the view that the reward terms read.

    Args:
        config: Rates, limits, imperfections, reward.
        worlds: Worlds of the robot 'upkie', E of them.
        randomizer: What makes these worlds differ.
        seed: Seed of the resets, the noise and the lags.
        action: The named velocity commands.
        observation: The named observations.
    """

    def __init__(
        self,
        config: UpkieConfig,
        worlds: Worlds,
        randomizer: Randomizer,
        seed: int,
        action: Layout,
        observation: Layout,
    ) -> None:
        self.config, self.randomizer = config, randomizer
        self.action = action
        self.interface = Interface(
            observation=observation, action=action, dt=1.0 / config.frequency
        )
        self.max_episode_steps = config.max_episode_steps
        self.nb_substeps = config.nb_substeps
        self._worlds = worlds
        self._dt = 1.0 / config.frequency
        self._random = torch.Generator().manual_seed(stream_seed(seed, "world"))
        nb_worlds, size = worlds.nb_worlds, action.size
        self._low, self._high = torch.from_numpy(action.low), torch.from_numpy(action.high)
        self._lag = torch.zeros(nb_worlds, 1)
        self._command = torch.zeros(nb_worlds, size)  # after lag and noise: what the robot gets
        self._smoothness = Smoothness(config, nb_worlds, size)
        self._lagged = torch.zeros(nb_worlds, size)
        self._legs = torch.zeros(nb_worlds, len(_LEGS))
        quaternion, position, velocity = worlds.qpos[:, 3:7], worlds.qpos, worlds.qvel
        self._quaternion = quaternion
        self._wheel_q = position[:, _JOINT_Q + _LEFT], position[:, _JOINT_Q + _RIGHT]
        self._wheel_v = velocity[:, _JOINT_V + _LEFT], velocity[:, _JOINT_V + _RIGHT]
        self._omega = velocity[:, 3:6]
        self._sense()

    def _sense(self) -> None:
        """Read the pendulum's quantities from the worlds; see `balance.BalanceView`."""
        w, x, y, z = self._quaternion.unbind(dim=1)
        self.pitch = torch.asin((2.0 * (w * y - z * x)).clamp(-1.0, 1.0)).float()
        self.ground_position = (0.5 * WHEEL_RADIUS * (self._wheel_q[0] - self._wheel_q[1])).float()
        self.ground_velocity = (0.5 * WHEEL_RADIUS * (self._wheel_v[0] - self._wheel_v[1])).float()
        self.pitch_velocity = self._omega[:, 1].float()
        self.yaw_velocity = -self._omega[
            :, 2
        ].float()  # right turns count as positive, as commanded

    def reset(self, ids: Tensor, scale: float, *, imperfect: bool) -> None:
        """Drop the robots `ids` upright, within `scale` of the reset range; draw their lags."""
        bounds, nb = self.config.reset, len(ids)
        draw = 2.0 * torch.rand(nb, 9, generator=self._random, dtype=torch.float64) - 1.0
        limits = (bounds.roll, bounds.pitch, bounds.x, bounds.z,
                  bounds.omega_x, bounds.omega_y, bounds.v_x, bounds.v_y, bounds.v_z)  # fmt: skip
        roll, pitch, x, z, wx, wy, vx, vy, vz = (scale * draw * torch.tensor(limits)).unbind(1)
        qpos = torch.zeros(nb, self._worlds.qpos.shape[1], dtype=torch.float64)
        qvel = torch.zeros(nb, self._worlds.qvel.shape[1], dtype=torch.float64)
        qpos[:, 0] = x
        qpos[:, 2] = UPKIE.base_height + 0.5 * (z + scale * bounds.z)
        cp, sp = torch.cos(pitch / 2), torch.sin(pitch / 2)
        cr, sr = torch.cos(roll / 2), torch.sin(roll / 2)
        qpos[:, 3:7] = torch.stack([cp * cr, cp * sr, sp * cr, -sp * sr], dim=1)
        qvel[:, 0:6] = torch.stack([vx, vy, vz, wx, wy, torch.zeros_like(wx)], dim=1)
        if imperfect:
            turned = uniform(self._random, x, self.config.odometry_offset / WHEEL_RADIUS)
            qpos[:, _JOINT_Q + _LEFT], qpos[:, _JOINT_Q + _RIGHT] = turned, -turned
        self.randomizer.draw(ids, self._random, imperfect=imperfect)
        self._worlds.set_state(ids, qpos, qvel)
        span = self.config.lag_max_s - self.config.lag_min_s
        self._lag[ids] = self.config.lag_min_s + span * torch.rand(nb, 1, generator=self._random)
        self._command[ids] = 0.0
        self._lagged[ids] = 0.0
        self._smoothness.reset(ids)
        self._legs[ids] = qpos[:, [_JOINT_Q + i for i in _LEGS]].float()
        self._sense()

    def apply(self, action: Tensor, *, imperfect: bool) -> None:
        """Clamp the command, let it lag and add noise, and hand it to the servos."""
        command = action.clamp(self._low, self._high)
        if imperfect:
            self._lagged = lag_step(self._lagged, command, self._lag, self._dt)
            noise = uniform(self._random, command, self.config.action_noise)
            command = (self._lagged + noise).clamp(self._low, self._high)
        self._command = command
        self._legs = self._legs * (1.0 - self._dt / self.config.leg_return_s)
        forward = command[:, 0] / WHEEL_RADIUS
        turn = 0.5 * WHEEL_BASE / WHEEL_RADIUS * command[:, 1] if command.shape[1] > 1 else 0.0
        ctrl = self._worlds.ctrl
        ctrl[:, _LEFT], ctrl[:, _RIGHT] = _WHEEL_KD * (turn + forward), _WHEEL_KD * (turn - forward)
        ctrl[:, _LEGS] = (self._legs * _LEG_KP).double()

    def disturb(self, observation: Tensor) -> Tensor:
        """Uniform noise on every value."""
        return observation + uniform(self._random, observation, self.config.observation_noise)

    def terminations(self) -> dict[str, Tensor]:
        """The robot has fallen, or drifted away."""
        causes = {"fallen": balance.fallen(self, fall_pitch=self.config.fall_pitch)}
        if self.config.max_drift is not None:
            causes["drifted"] = balance.drifted(self, max_drift=self.config.max_drift)
        return causes

    def interrupted(self) -> Tensor:
        """Never."""
        return torch.zeros(self._worlds.nb_worlds, dtype=torch.bool)

    def report(self) -> dict[str, float]:
        """How far the worlds differ, where that changes."""
        return self.randomizer.report()

    def advance(self) -> None:
        """Remember the command that the next step's smoothness is measured against."""
        self.randomizer.follow(balance.fallen(self, fall_pitch=self.config.fall_pitch), self._dt)
        self._smoothness.advance(self._command)

    _STATE = ("_lag", "_command", "_lagged", "_legs")

    def state_dict(self) -> dict[str, Tensor]:
        """Filters, lags and the generator."""
        state = {name: getattr(self, name).clone() for name in self._STATE}
        state |= self._smoothness.state_dict() | self.randomizer.state_dict()
        return state | {"random": self._random.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        for name in self._STATE:
            setattr(self, name, state[name].clone())
        self._smoothness.load_state_dict(state)
        self.randomizer.load_state_dict(state)
        self._random.set_state(state["random"])
        self._sense()


def lag_step(lagged: Tensor, target: Tensor, time_constant: Tensor, dt: float) -> Tensor:
    """One step of a first-order low-pass; a time constant up to 2 dt passes everything.

    Args:
        lagged: Output so far, (E, A).
        target: Input, (E, A).
        time_constant: T, s, (E, 1).
        dt: Step, s.

    Returns:
        lagged + dt/T (target - lagged), (E, A).

    Source: low-pass filter of the upkie package, as used in ppo_balancer's action lag.
    """
    gain = torch.where(time_constant > 2.0 * dt, dt / time_constant, 1.0)
    return torch.lerp(lagged, target, gain)
