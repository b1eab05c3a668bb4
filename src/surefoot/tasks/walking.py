"""Legged robots that walk as commanded.

Source: legged_gym (Rudin et al. 2022) for observation, action and reset; the clock as in MuJoCo
Playground. Joint targets bounded by the reach of each joint are ours.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from surefoot.seeding import stream_seed
from surefoot.signals import Layout
from surefoot.sim.anatomy import Anatomy
from surefoot.sim.backend import Worlds
from surefoot.sim.description import Robot
from surefoot.sim.randomizer import Randomizer
from surefoot.tasks.task import uniform
from surefoot.tasks.walking_commands import Commands
from surefoot.tasks.walking_config import (
    GRAVITY,
    RESET_ANGLE,
    RESET_VELOCITY,
    WalkingConfig,
)
from surefoot.tasks.walking_gait import Gait
from surefoot.tasks.walking_ground import Ground, Plane
from surefoot.tasks.walking_interface import noise_amplitudes, walking_interface
from surefoot.tasks.walking_reward import walking_terms
from surefoot.terms import walking

_FIRST_Q, _FIRST_V = 7, 6  # the joints follow the free base in qpos and qvel
_NB_AROUND, _AROUND = 8, 0.2  # points around a foot, at this share of the legs' length
_CLEARANCE = 0.02
"""Height from which a robot is set down, m."""


class Walking:
    """E legged robots; its attributes are the view that the reward terms read.

    Args:
        config: Commands, rhythm, reward, imperfections.
        robot: Gains and reach of its joints.
        body: Where its parts stand in the tensors.
        worlds: Worlds of that robot, E of them.
        randomizer: What makes these worlds differ.
        seed: Seed of resets, commands, noise and pushes.
        ground: What they walk on; None: a plane.
    """

    def __init__(
        self,
        config: WalkingConfig,
        robot: Robot,
        body: Anatomy,
        worlds: Worlds,
        randomizer: Randomizer,
        *,
        seed: int,
        ground: Ground | None = None,
    ) -> None:
        self.config, self.body, self.ground = config, body, ground or Plane()
        self.name = self.ground.task
        self.interface = walking_interface(config, robot, body, self.ground.scan)
        assert isinstance(self.interface.action, Layout)
        self.action = self.interface.action
        self.max_episode_steps, self.nb_substeps = config.max_episode_steps, config.nb_substeps
        self.leg_length = body.leg_length
        """Height of the base over the ground when the robot stands at home, m."""
        self._worlds, self._dt = worlds, 1.0 / config.frequency
        self.randomizer = randomizer
        self._random = torch.Generator().manual_seed(stream_seed(seed, "world"))
        nb = worlds.nb_worlds
        self._low, self._high = (torch.from_numpy(b) for b in (self.action.low, self.action.high))
        self._kp = torch.tensor([servo.kp for servo in robot.servos])
        self._reach = torch.tensor([servo.reach for servo in robot.servos])
        self._home = torch.from_numpy(body.home).float()
        self._soft_low, self._soft_high = walking.soft_limits(torch.from_numpy(body.joint_limits))
        self._torque_limit = torch.from_numpy(body.torque_limits).float()
        self._weight = body.mass * GRAVITY
        angle = torch.arange(_NB_AROUND) * (2.0 * torch.pi / _NB_AROUND)
        self._around_foot = (_AROUND * body.leg_length) * torch.stack([angle.cos(), angle.sin()], 1)
        self._foot_geoms = torch.from_numpy(body.foot_geoms)
        self._foot_sensors = torch.from_numpy(body.foot_sensors)
        self._sensors, self._places = worlds.derived("sensordata"), worlds.derived("geom_xpos")
        self._torques = worlds.derived("actuator_force")
        self._noise = noise_amplitudes(config.noise, self.interface.observation, self.ground.scan)
        self.commands = Commands(config.command, nb, self._dt)
        self.gait = Gait(
            config.gait, leg_length=self.leg_length, foot_home=body.foot_home,
            nb_worlds=nb, dt=self._dt,
        )  # fmt: skip
        nb_joints, nb_feet = len(self._home), len(body.foot_geoms)
        # what the joints were sent to in this step, the last, and the one before, (3, E, J)
        self._targets = self._home.repeat(3, nb, 1)
        self.action_change = torch.zeros(nb, nb_joints)
        self.command, self.moving = self.commands.value, self.commands.moving
        self._last_joint_velocity = torch.zeros(nb, nb_joints)
        self._last_foot_place = torch.zeros(nb, nb_feet, 2)
        self._air_time = torch.zeros(nb, nb_feet)
        self._sense()

    def _sense(self) -> None:
        """Read what belongs to this instant; see `walking.WalkingView`."""
        q, v = self._worlds.qpos.float(), self._worlds.qvel.float()
        w, x, y, z = q[:, 3:7].unbind(dim=1)
        forward = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
        left = torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])
        up = torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
        axes = torch.stack([forward, left, up])  # base axes in the world, (3, 3, E)
        self.linear_velocity = torch.einsum("ije,ej->ei", axes, v[:, :3])
        self.angular_velocity = v[:, 3:6]
        self.gravity = -axes[:, 2].T
        self.yaw = torch.atan2(forward[1], forward[0])
        self.place = q[:, :2]
        self.joint_angle, self.joint_velocity = q[:, _FIRST_Q:], v[:, _FIRST_V:]
        feet = self._places[:, self._foot_geoms].float()  # (E, F, G, 3)
        self._foot_place = feet[..., :2].mean(dim=2)
        under_feet = self.ground.heights_at(self._foot_place)
        self.foot_height = feet[..., 2].amin(dim=2) - self.body.foot_radius - under_feet
        self.height = q[:, 2] - under_feet.mean(dim=1)
        touching = self._sensors[:, self._foot_sensors]
        self.foot_contact = (touching > 0.0).any(dim=2)
        self.base_contact = self._sensors[:, self.body.base_sensor] > 0.0
        self.other_contacts = (
            self._sensors[:, self.body.floor_sensor] - touching.sum(dim=(1, 2))
        ).float()

    def _measure(self) -> None:
        """What the step that has just been made adds to that."""
        self.joint_position = self.joint_angle - self._home
        self.joint_acceleration = (self.joint_velocity - self._last_joint_velocity) / self._dt
        self.torque = torque = self._torques.float()
        self.torque_share = torque / self._torque_limit
        self.power = torque * self.joint_velocity / self._weight
        below, above = self._soft_low - self.joint_angle, self.joint_angle - self._soft_high
        self.beyond_limit = torch.maximum(below, above).clamp(min=0.0)
        self.foot_speed = (self._foot_place - self._last_foot_place).norm(dim=2) / self._dt
        self.foot_height_wanted = self.gait.foot_heights(self.moving)
        self.landed_after = self._air_time * self.foot_contact

    @property
    def foot_target_bend(self) -> Tensor:
        """Second difference of where the joint targets put the feet, (E, F, 3), m."""
        now, last, before = self.body.feet_at(self._targets.flatten(0, 1)).unflatten(0, (3, -1))
        return now - 2.0 * last + before

    @property
    def foot_clearance(self) -> Tensor:
        """Height of the soles above the highest ground around them, (E, F), m."""
        here = self.ground.heights_at(self._foot_place)
        around = self.ground.heights_at(self._foot_place[:, :, None] + self._around_foot)
        return self.foot_height + here - torch.maximum(around.amax(dim=2), here)

    def reset(self, ids: Tensor, scale: float, *, imperfect: bool) -> None:
        """Stand the robots `ids` somewhere near home, moving a little; new commands."""
        nb, nb_joints, random = len(ids), len(self._home), self._random
        qpos = torch.zeros(nb, self._worlds.qpos.shape[1], dtype=torch.float64)
        qvel = torch.zeros(nb, self._worlds.qvel.shape[1], dtype=torch.float64)
        half = 0.5 * math.pi * (2.0 * torch.rand(nb, generator=random, dtype=torch.float64) - 1.0)
        place = self.ground.begin(ids, self.place[ids], self.has_fallen[ids], random)
        qpos[:, :2] = place
        qpos[:, 2] = self.ground.heights_at(place) + self.leg_length + _CLEARANCE
        qpos[:, 3], qpos[:, 6] = torch.cos(half), torch.sin(half)
        joints = self._home + uniform(random, torch.zeros(nb, nb_joints), scale * RESET_ANGLE)
        qpos[:, _FIRST_Q:] = joints
        qvel[:, :6] = uniform(random, torch.zeros(nb, 6), scale * RESET_VELOCITY)
        self.randomizer.draw(ids, random, imperfect=imperfect)
        rest = (self._home - self.randomizer.encoder_bias[ids]) * self._kp
        self._worlds.set_state(ids, qpos, qvel, rest.double())
        self._targets[:, ids] = self._home
        self.gait.reset(ids, random)
        self._air_time[ids] = 0.0
        self._sense()
        self.commands.draw(ids, self.yaw, random)
        self._last_joint_velocity[ids] = self.joint_velocity[ids]
        self._last_foot_place[ids] = self._foot_place[ids]

    def apply(self, action: Tensor, *, imperfect: bool) -> None:
        """Send the joints to their targets, (E, J) rad; push some robots if `imperfect`.

        The step is rewarded by the command that the action followed, with the clock as it will be
        when the step is over; both are then as the next observation shows them.
        """
        target = torch.minimum(torch.maximum(action, self._low), self._high)
        self.action_change = (target - self._targets[0]) / self._reach
        self._targets = torch.stack([target, self._targets[0], self._targets[1]])
        self._worlds.ctrl.copy_((target - self.randomizer.encoder_bias) * self._kp)
        if imperfect and self.config.push_s:
            self._push()
        self.command, self.moving = self.commands.value.clone(), self.commands.moving
        self.commands.advance(self.yaw, self._random)
        self.gait.advance()

    def _push(self) -> None:
        chance = self._dt / self.config.push_s
        pushed = torch.rand(self._worlds.nb_worlds, generator=self._random) < chance
        ids = pushed.nonzero().squeeze(1)
        if len(ids):
            bound = self.config.push_velocity
            self._worlds.qvel[ids, :2] += uniform(self._random, torch.zeros(len(ids), 2), bound)

    def observe(self) -> Tensor:
        """What exact sensors read, the command, the clock, and what only a simulator knows."""
        self._sense()
        moving = self.commands.moving
        sensed = [
            self.linear_velocity, self.angular_velocity, self.gravity, self.commands.value,
            self.gait.signal(moving), self.joint_angle + self.randomizer.encoder_bias,
            self.joint_velocity,
        ]  # fmt: skip
        secret = [self.height[:, None], self.foot_height, self.foot_contact.float()]
        scan = self.ground.scan
        if scan is not None:
            part = sensed if scan.signal.source == "sensor" else secret
            part.append(scan.read(self.place, self.yaw, self._worlds.qpos[:, 2].float()))
        return torch.cat(sensed + secret, dim=1)

    def disturb(self, observation: Tensor) -> Tensor:
        """Noise on what is sensed; commands and clock arrive exactly."""
        u = torch.empty_like(observation).uniform_(-1.0, 1.0, generator=self._random)
        return observation + self._noise * u

    def reward_terms(self) -> dict[str, Tensor]:
        """The weighted terms of this step."""
        self._measure()
        return walking_terms(self.config.reward, self, self.gait.tolerance, self.leg_length)

    def terminations(self) -> dict[str, Tensor]:
        """The ways to fall."""
        c = self.config
        return walking.falls(self, tilt=c.fall_tilt, height=c.fall_height * self.leg_length)

    @property
    def has_fallen(self) -> Tensor:
        """Tilted too far, too low, or with the base on the ground, bool (E,)."""
        return torch.stack(list(self.terminations().values())).any(dim=0)

    def interrupted(self) -> Tensor:
        """Whether the robot has crossed its tile."""
        return self.ground.crossed(self.place)

    def report(self) -> dict[str, float]:
        """What the ground has to say, and how far the worlds differ."""
        return {**self.ground.report(), **self.randomizer.report()}

    def advance(self) -> None:
        """Remember what the next step compares with."""
        self.randomizer.follow(self.has_fallen, self._dt)
        self.ground.advance(self.linear_velocity[:, :2], self.command, self.yaw)
        self._last_joint_velocity = self.joint_velocity.clone()
        self._last_foot_place = self._foot_place
        self._air_time = (self._air_time + self._dt) * ~self.foot_contact

    _STATE = ("_targets", "action_change", "_last_joint_velocity", "_last_foot_place", "_air_time")

    def state_dict(self) -> dict[str, Tensor]:
        """What the next step compares with, clocks, commands and the generator."""
        state = {name: getattr(self, name).clone() for name in self._STATE}
        state |= self.commands.state_dict() | self.randomizer.state_dict()
        state["cycle"] = self.gait.cycle.clone()
        return state | self.ground.state_dict() | {"random": self._random.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        for name in self._STATE:
            setattr(self, name, state[name].clone())
        self.commands.load_state_dict(state)
        self.randomizer.load_state_dict(state)
        self.gait.cycle = state["cycle"].clone()
        self.ground.load_state_dict(state)
        self._random.set_state(state["random"])
        self._sense()
