"""Settings of the walking tasks: numbers and their sources, no physics and no learning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from surefoot.errors import InvalidConfig
from surefoot.sim.randomization import Randomization, spread

GRAVITY = 9.81
"""m/s2."""
RESET_ANGLE = 0.15
"""How far from home a joint may begin, +-, rad."""
RESET_VELOCITY = 0.3
"""How fast the base may begin, +-, m/s and rad/s."""
Collisions = Literal["all", "feet + body", "feet"]


@dataclass(frozen=True, kw_only=True)
class CommandConfig:
    """What the robot is told to do: velocities of its base, in its own frame.

    Source: ranges of the commands and the heading mode as in legged_gym, redrawing and standing as
        in mjlab 1.6.0.
    """

    forward: tuple[float, float] = (-1.0, 1.0)
    """Lowest and highest velocity along x, m/s."""
    sideways: tuple[float, float] = (-0.5, 0.5)
    """Lowest and highest velocity along y, left positive, m/s."""
    turn: tuple[float, float] = (-1.0, 1.0)
    """Lowest and highest yaw rate, left positive, rad/s."""
    redraw_s: tuple[float, float] = (3.0, 8.0)
    """Shortest and longest time until the next command, s."""
    standing_share: float = 0.1
    """Share of the commands that say: stand."""
    heading_share: float = 0.3
    """Share of the commands that give a heading to turn to instead of a yaw rate."""
    heading_gain: float = 0.5
    """Yaw rate per heading error, 1/s, within the range of `turn`."""

    def __post_init__(self) -> None:
        for name in ("forward", "sideways", "turn", "redraw_s"):
            low, high = getattr(self, name)
            if not -math.inf < low <= high < math.inf:
                raise InvalidConfig(
                    f"task.command.{name} must be a range from low to high, got {low} to {high}"
                )
        if self.redraw_s[0] <= 0.0:
            raise InvalidConfig(f"task.command.redraw_s must be positive, got {self.redraw_s}")
        if not 0.0 <= self.heading_gain < math.inf:
            raise InvalidConfig(
                f"task.command.heading_gain must not be negative, got {self.heading_gain}"
            )
        for name in ("standing_share", "heading_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InvalidConfig(
                    f"task.command.{name} must be in [0, 1], got {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class GaitConfig:
    """The rhythm that a clock gives the feet: diagonal feet swing together.

    Source: Lee et al. 2020, supplement, for the profile of a swing; its place in the reward as in
        MuJoCo Playground's feet_phase. Scaling the rhythm with the length of the legs is ours.
    """

    frequency: float = 0.4
    """Steps of a foot per second for legs of length l, as a share of sqrt(g / l)."""
    stance: float = 0.55
    """Share of its cycle that a foot spends on the ground."""
    height: float = 0.2
    """Highest point of a swinging foot, as a share of the length of the legs."""
    tolerance: float = 0.1
    """Error of a foot's height at which its score falls to 1/e, as a share of the length."""

    def __post_init__(self) -> None:
        for name in ("frequency", "height", "tolerance"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidConfig(f"task.gait.{name} must be positive, got {getattr(self, name)}")
        if not 0.0 < self.stance < 1.0:
            raise InvalidConfig(f"task.gait.stance must be in (0, 1), got {self.stance}")

    def hertz(self, leg_length: float) -> float:
        """Steps of a foot per second for legs of this length, m."""
        return self.frequency * math.sqrt(GRAVITY / leg_length)


@dataclass(frozen=True, kw_only=True)
class WalkingReward:
    """Weights of the reward's terms; a term of weight 0 is not computed.

    Source: legged_gym (Rudin et al. 2022) for the forms; torques as shares of their limits and the
        weights are ours, so that one table fits every robot.
    """

    linear_velocity: float = 2.0
    """Motivation to move as commanded."""
    linear_tolerance: float = 0.5
    """Error at which it falls to 1/e, m/s."""
    yaw_velocity: float = 1.0
    """Motivation to turn as commanded."""
    yaw_tolerance: float = 0.5
    """Error at which it falls to 1/e, rad/s."""
    gait: float = 1.0
    """Motivation to lift and set down the feet with the clock."""
    vertical_velocity: float = 0.5
    """Penalty on the squared vertical velocity of the base, s2/m2."""
    tilt_velocity: float = 0.02
    """Penalty on the squared rates of roll and pitch, s2/rad2."""
    orientation: float = 2.0
    """Penalty on the squared tilt: the horizontal part of the direction of gravity."""
    height: float = 0.0
    """Penalty on the squared error of the base's height, as a share of the nominal one."""
    torque: float = 0.02
    """Penalty on the squared torques, as shares of their limits."""
    energy: float = 0.0
    """Penalty on the mechanical power over the robot's weight, s/m."""
    joint_acceleration: float = 0.0
    """Penalty on the squared joint accelerations, s4/rad2."""
    action_rate: float = 0.02
    """Penalty on the squared change of the joint targets, as shares of a joint's reach."""
    pose: float = 0.0
    """Penalty on the squared distance of the joints from home, 1/rad2."""
    stand_still: float = 0.2
    """The same, while the command says: stand."""
    slip: float = 0.1
    """Penalty on the squared speed of feet on the ground, s2/m2."""
    air_time: float = 0.0
    """Motivation to keep feet in the air for longer than 0.5 s, at each touch-down, 1/s."""
    collision: float = 1.0
    """Penalty on contacts of anything but the feet."""
    joint_limit: float = 1.0
    """Penalty on the part of a joint's angle beyond 90 % of its range, 1/rad."""
    direction: float = 0.0
    """Motivation to move at 0.6 m/s or faster where the command points."""
    turn_direction: float = 0.0
    """Motivation to turn at 0.6 rad/s or faster to the commanded side."""
    steady_base: float = 0.0
    """Motivations to move nowhere else, and to roll and pitch slowly."""
    foot_clearance: float = 0.0
    """Motivation to lift swinging feet above the ground around them."""
    foot_smoothness: float = 0.0
    """Penalty on the second difference of where the joint targets put the feet, 1/m."""
    torque_sum: float = 0.0
    """Penalty on the sum of the torques, 1/(N m)."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value < math.inf:
                raise InvalidConfig(f"task.reward.{name} must not be negative, got {value}")
        for name in ("linear_tolerance", "yaw_tolerance"):
            if getattr(self, name) == 0.0:
                raise InvalidConfig(f"task.reward.{name} must be positive, got 0")


@dataclass(frozen=True, kw_only=True)
class SensorNoise:
    """Uniform noise on what the robot senses, +-. Source: legged_gym (Rudin et al. 2022)."""

    linear_velocity: float = 0.1
    """m/s."""
    angular_velocity: float = 0.2
    """rad/s."""
    gravity: float = 0.05
    """Of each component of its direction."""
    joint_position: float = 0.01
    """rad."""
    joint_velocity: float = 1.5
    """rad/s."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value < math.inf:
                raise InvalidConfig(f"task.noise.{name} must not be negative, got {value}")


@dataclass(frozen=True, kw_only=True)
class PracticeConfig:
    """What training does differently, to be faster; play and evaluation never do. Ours."""

    physics_frequency: float = 100.0
    """Rate of the physics and of the servo law, Hz."""
    collisions: Collisions = "feet"
    """Which of the robot's shapes touch the ground."""
    fall_height: float = 0.65
    """Height of the base below which an episode ends, as a share of the nominal one: before
    anything could touch the ground that the physics leaves out."""

    def __post_init__(self) -> None:
        for name in ("physics_frequency", "fall_height"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidConfig(
                    f"task.practice.{name} must be positive, got {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class WalkingConfig:
    """Walk as commanded, on flat ground."""

    robot: str = "go2"
    """A legged robot of `surefoot list robots`."""
    frequency: float = 50.0
    """Rate of the policy, Hz."""
    physics_frequency: float = 200.0
    """Rate of the physics and of the servo law, Hz; an integer multiple of `frequency`."""
    collisions: Collisions = "feet + body"
    """Which of the robot's shapes touch the ground."""
    episode_s: float = 20.0
    """Time limit of an episode, s."""
    practice: PracticeConfig = PracticeConfig()
    """What training does differently."""
    command: CommandConfig = CommandConfig()
    """What the robot is told to do."""
    gait: GaitConfig = GaitConfig()
    """Rhythm of the feet."""
    reward: WalkingReward = WalkingReward()
    """Weights of the reward's terms."""
    randomize: Randomization = field(default_factory=Randomization)
    """How the worlds differ from each other, drawn for each episode."""
    noise: SensorNoise = SensorNoise()
    """What the sensors add."""
    fall_tilt: float = 1.0
    """Tilt of the base beyond which the robot has fallen, rad."""
    fall_height: float = 0.4
    """Height of the base below which it has fallen, as a share of the nominal one."""
    push_s: float = 10.0
    """Mean time between pushes, s; 0 for none."""
    push_velocity: float = 0.5
    """A push changes the horizontal velocity by up to this, +- each, m/s."""

    def __post_init__(self) -> None:
        positive = ("frequency", "physics_frequency", "episode_s", "fall_tilt", "fall_height")
        for name in positive:
            if not 0.0 < getattr(self, name) < math.inf:
                raise InvalidConfig(
                    f"task.{name} must be positive and finite, got {getattr(self, name)}"
                )
        if self.fall_tilt > math.pi:
            raise InvalidConfig(f"task.fall_tilt must be at most pi, got {self.fall_tilt} rad")
        self._check_rate("task.physics_frequency", self.physics_frequency)
        self._check_rate("task.practice.physics_frequency", self.practice.physics_frequency)
        if self.max_episode_steps < 1:
            raise InvalidConfig(
                f"task.episode_s must be at least one step of {1.0 / self.frequency} s, "
                f"got {self.episode_s} s"
            )
        for name in ("push_s", "push_velocity"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise InvalidConfig(f"task.{name} must not be negative, got {getattr(self, name)}")

    def _check_rate(self, name: str, physics: float) -> None:
        ratio = physics / self.frequency
        if abs(ratio - round(ratio)) > 1e-9 or ratio < 1.0:
            raise InvalidConfig(
                f"{name} must be an integer multiple of task.frequency, "
                f"got {physics} Hz and {self.frequency} Hz"
            )

    def variations(self) -> list[dict[str, str]]:
        """All that differs from world to world and from time to time, a line each."""
        lines = self.randomize.table()
        if self.push_s:
            lines += spread("push", "add", self.push_velocity, "m/s", f"every {self.push_s:g} s")
        units = {"linear_velocity": "m/s", "angular_velocity": "rad/s", "gravity": "1",
                 "joint_position": "rad", "joint_velocity": "rad/s"}  # fmt: skip
        for name, amplitude in vars(self.noise).items():
            what = f"sensed {name.replace('_', ' ')}"
            lines += spread(what, "add", amplitude, units[name], "each step")
        lines += spread("joint angles", "add", RESET_ANGLE, "rad", "each start")
        lines += spread("base velocities", "set", RESET_VELOCITY, "m/s, rad/s", "each start")
        return lines

    @property
    def practised(self) -> WalkingConfig:
        """The task as training has it."""
        return replace(self, **vars(self.practice))

    @property
    def timestep(self) -> float:
        """Physics step, s."""
        return 1.0 / self.physics_frequency

    @property
    def nb_substeps(self) -> int:
        """Physics steps per policy step."""
        return round(self.physics_frequency / self.frequency)

    @property
    def max_episode_steps(self) -> int:
        """Policy steps per episode."""
        return round(self.episode_s * self.frequency)
