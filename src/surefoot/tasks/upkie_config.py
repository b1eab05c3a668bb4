"""Settings of the Upkie tasks: numbers and their sources, no physics and no learning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from surefoot.errors import InvalidConfig
from surefoot.sim.randomization import IMPERFECTIONS, Randomization, spread


@dataclass(frozen=True, kw_only=True)
class ResetRange:
    """How far from upright and at rest an episode may start: uniform in +- each bound.

    Source: ppo_balancer, initial-state randomization; roll, x, z and omega_x are there too, at 0.
    """

    roll: float = 0.0
    """Roll of the base, rad."""
    pitch: float = 0.25
    """Pitch of the base, rad."""
    x: float = 0.0
    """Position along x, m."""
    z: float = 0.0
    """Additional height, m, uniform in [0, z]."""
    omega_x: float = 0.0
    """Angular velocity about x, body frame, rad/s."""
    omega_y: float = 0.1
    """Angular velocity about y, body frame, rad/s."""
    v_x: float = 0.1
    """Linear velocity along x, m/s."""
    v_y: float = 0.0
    """Linear velocity along y, m/s."""
    v_z: float = 0.0
    """Linear velocity along z, m/s."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0.0:
                raise InvalidConfig(f"ResetRange.{name} must be >= 0, got {value}")


@dataclass(frozen=True, kw_only=True)
class UpkieConfig:
    """What both Upkie tasks share: rates, limits, the world's imperfections, the reward."""

    robot: ClassVar[str] = "upkie"

    frequency: float = 200.0
    """Rate of the policy, Hz."""
    spine_frequency: float = 1000.0
    """Rate of the physics and of the servo law, Hz; an integer multiple of `frequency`."""
    episode_s: float = 10.0
    """Time limit of an episode, s."""
    practice_s: float | None = None
    """Time limit of a training episode, s: short ones practise the start more often. None:
    `episode_s`. Ours."""
    fall_pitch: float = 1.0
    """Pitch beyond which the robot has fallen, rad."""
    max_ground_velocity: float = 2.0
    """Largest ground velocity that may be commanded, m/s."""
    max_drift: float | None = None
    """Ground position beyond which an episode ends like a fall, m; None lets the robot drift."""
    leg_return_s: float = 1.0
    """Time constant with which the legs return to straight, s."""
    reset: ResetRange = ResetRange()
    """Where episodes start, once the curriculum is over."""
    curriculum_steps: int = 100_000
    """Environment steps, over all worlds, in which the reset range grows from 0; 0 for none."""
    observation_noise: float = 0.01
    """Uniform noise on each sensed value, +-, in that value's unit."""
    action_noise: float = 0.05
    """Uniform noise on the velocity command after its lag, +-, m/s (and rad/s for yaw)."""
    odometry_offset: float = 0.0
    """Where the wheels' odometry may stand at the start of an episode, +-, m, in an imperfect
    world: so that coming back is practised from the beginning. Ours."""
    lag_min_s: float = 0.05
    """Shortest time constant of the command's low-pass, drawn at each reset, s."""
    lag_max_s: float = 0.15
    """Longest time constant of the command's low-pass, drawn at each reset, s."""
    randomize: Randomization = field(default_factory=Randomization)
    """How the worlds differ from each other, drawn for each episode. The wheels' odometry goes by
    the nominal radius all the same, and so do commands."""
    tip_height: float = 0.58
    """Height of the virtual tip whose position and velocity the reward looks at, m."""
    position_weight: float = 1.0
    """Weight of the motivation to keep the tip in place."""
    position_tolerance: float = 0.05
    """Tip position at which that motivation falls to 1/e, m."""
    approach_weight: float = 0.0
    """Weight of the motivation to move the tip back at a fitting speed; 0 leaves it out. Ours."""
    approach_rate: float = 1.0
    """Fitting speed over distance, 1/s: the tip comes back as exp(-rate t)."""
    approach_speed: float = 0.5
    """Largest fitting speed, m/s."""
    approach_tolerance: float = 0.3
    """Error of the speed at which that motivation falls to 1/e, m/s."""
    velocity_weight: float = 0.1
    """Weight of the penalty on the tip's speed, s/m."""
    smoothness_weight: float = 100.0
    """Weight of the penalty on the squared change of the command, s2/m2."""
    smoothing: float = 0.4
    """Share of the newest command in the filtered one that the change is measured against."""

    def __post_init__(self) -> None:
        positive = ("frequency", "spine_frequency", "episode_s", "fall_pitch", "tip_height",
                    "max_ground_velocity", "leg_return_s", "position_tolerance",
                    "approach_rate", "approach_speed", "approach_tolerance")  # fmt: skip
        for name in positive:
            if not 0.0 < getattr(self, name) < float("inf"):
                raise InvalidConfig(
                    f"task.{name} must be positive and finite, got {getattr(self, name)}"
                )
        ratio = self.spine_frequency / self.frequency
        if abs(ratio - round(ratio)) > 1e-9 or ratio < 1.0:
            raise InvalidConfig(
                f"task.spine_frequency must be an integer multiple of task.frequency, "
                f"got {self.spine_frequency} Hz and {self.frequency} Hz"
            )
        if self.practice_s is not None and not 1.0 <= self.practice_s * self.frequency < math.inf:
            raise InvalidConfig(
                f"task.practice_s must be at least one step of {1.0 / self.frequency} s, "
                f"got {self.practice_s} s"
            )
        if self.max_episode_steps < 1:
            raise InvalidConfig(
                f"task.episode_s must be at least one step of {1.0 / self.frequency} s, "
                f"got {self.episode_s} s"
            )
        if not 0.0 <= self.lag_min_s <= self.lag_max_s:
            raise InvalidConfig(
                f"task lags need 0 <= lag_min_s <= lag_max_s, "
                f"got {self.lag_min_s} s and {self.lag_max_s} s"
            )
        for name in IMPERFECTIONS:
            if getattr(self.randomize, name) is not None:
                raise InvalidConfig(
                    f"task.randomize.{name} is for walking robots: Upkie has task.lag_max_s and "
                    "task.odometry_offset"
                )
        for name in ("observation_noise", "action_noise", "odometry_offset", "curriculum_steps"):
            if getattr(self, name) < 0:
                raise InvalidConfig(f"task.{name} must be >= 0, got {getattr(self, name)}")
        if not 0.0 < self.smoothing <= 1.0:
            raise InvalidConfig(f"task.smoothing must be in (0, 1], got {self.smoothing}")

    def variations(self) -> list[dict[str, str]]:
        """All that differs from world to world and from time to time, a line each."""
        lags = f"{self.lag_min_s:g} to {self.lag_max_s:g}"
        lag = {"field": "lag of the command", "law": "set", "range": lags, "unit": "s",
               "when": "each episode"}  # fmt: skip
        lines = [*self.randomize.table(), lag]
        lines += spread("sensed values", "add", self.observation_noise, "of each", "each step")
        lines += spread("command", "add", self.action_noise, "m/s, rad/s", "each step")
        lines += spread("odometry", "add", self.odometry_offset, "m", "each start")
        units = {"roll": "rad", "pitch": "rad", "x": "m", "z": "m", "omega_x": "rad/s",
                 "omega_y": "rad/s", "v_x": "m/s", "v_y": "m/s", "v_z": "m/s"}  # fmt: skip
        for name, bound in vars(self.reset).items():
            lines += spread(name.replace("_", " "), "set", bound, units[name], "each start")
        return lines

    @property
    def timestep(self) -> float:
        """Physics step, s."""
        return 1.0 / self.spine_frequency

    @property
    def nb_substeps(self) -> int:
        """Physics steps per policy step."""
        return round(self.spine_frequency / self.frequency)

    @property
    def max_episode_steps(self) -> int:
        """Policy steps per episode."""
        return round(self.episode_s * self.frequency)


@dataclass(frozen=True, kw_only=True)
class UpkiePendulumConfig(UpkieConfig):
    """Balance on the spot: one action, the ground velocity.

    Source: ppo_balancer (published configuration) around UpkieGroundVelocity.
    """


@dataclass(frozen=True, kw_only=True)
class UpkieGyropodConfig(UpkieConfig):
    """Balance, drive and turn as commanded: two actions, ground and yaw velocity.

    The command follows the operator's limits of the upkie package; rewards are ours.
    """

    max_yaw_velocity: float = 1.0
    """Largest yaw velocity that may be commanded, rad/s."""
    command_velocity: float = 0.5
    """Ground velocities to follow are drawn uniformly in +- this, m/s."""
    command_yaw: float = 1.0
    """Yaw velocities to follow are drawn uniformly in +- this, rad/s."""
    command_s: float = 4.0
    """A new command is drawn this often, s."""
    standing_share: float = 0.2
    """Share of commands that are zero: stand still."""
    velocity_tolerance: float = 0.25
    """Velocity error at which the tracking motivation falls to 1/e, m/s."""
    yaw_weight: float = 0.5
    """Weight of the motivation to turn as commanded."""
    yaw_tolerance: float = 0.25
    """Yaw rate error at which that motivation falls to 1/e, rad/s."""
    position_weight: float = 1.0
    """Weight of the motivation to drive as commanded."""
