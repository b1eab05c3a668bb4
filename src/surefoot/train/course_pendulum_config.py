"""Settings of a training on the course's pendulum, and its presets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from surefoot.agent.seed_config import SeedAgentConfig
from surefoot.algos.policy_gradient_config import (
    ActorCriticConfig,
    PolicyGradientConfig,
    ReinforceBaselineConfig,
    ReinforceConfig,
)
from surefoot.data.psi_config import PsiName
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.course_pendulum_config import NAME, CoursePendulumConfig

AlgoT = TypeVar("AlgoT", bound=PolicyGradientConfig)


@dataclass(frozen=True, kw_only=True)
class CoursePendulumRun(Generic[AlgoT]):
    """Everything that decides a run's numbers. Same settings: same bits."""

    algo: AlgoT
    """The algorithm's settings."""
    agent: SeedAgentConfig = field(default_factory=SeedAgentConfig)
    """Linear or network."""
    task: CoursePendulumConfig = field(default_factory=CoursePendulumConfig)
    """Which cost."""
    nb_envs: int = 1
    """Episodes played at once, whose mean gradient is followed; 1 is the lecture's listing."""
    episodes: int = 20_000
    """Episodes of each seed in total."""
    seed: int = 0
    """The first seed."""
    seeds: int = 1
    """How many seeds are trained side by side: `seed`, `seed` + 1, and so on."""
    torch_threads: int = 1
    """Threads of the tensor operations."""

    def __post_init__(self) -> None:
        for name in ("nb_envs", "episodes", "seeds", "torch_threads"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise InvalidConfig(f"seed must not be negative, got {self.seed}")
        if self.episodes % self.nb_envs:
            raise InvalidConfig(
                f"episodes must be a multiple of nb_envs, got {self.episodes} and {self.nb_envs}"
            )


ALGORITHMS = {
    "reinforce": "policy gradient from whole returns",
    "reinforce-baseline": "the same against what was to be expected",
    "actor-critic": "policy gradient from one step and a learned value",
}
"""Policy gradients of the lecture by name, each in one line."""

_NETWORK = SeedAgentConfig(model="network", fourier_order=1)

PRESETS: dict[str, dict[str, CoursePendulumRun[PolicyGradientConfig]]] = {
    "reinforce": {
        "default": CoursePendulumRun(
            algo=ReinforceConfig(learning_rate=2e-6, block_steps=100), nb_envs=100
        ),
        "lecture": CoursePendulumRun(algo=ReinforceConfig()),
        "network": CoursePendulumRun(
            algo=ReinforceConfig(learning_rate=1e-3, block_steps=100),
            agent=_NETWORK,
            nb_envs=20,
            episodes=5_000,
        ),
    },
    "reinforce-baseline": {
        "default": CoursePendulumRun(
            algo=ReinforceBaselineConfig(
                learning_rate=1e-5, learning_rate_vf=1e-4, block_steps=100
            ),
            nb_envs=100,
        ),
        "lecture": CoursePendulumRun(algo=ReinforceBaselineConfig()),
        "network": CoursePendulumRun(
            algo=ReinforceBaselineConfig(
                learning_rate=3e-3, learning_rate_vf=1e-2, block_steps=100
            ),
            agent=_NETWORK,
            nb_envs=20,
            episodes=5_000,
        ),
    },
    "actor-critic": {
        "default": CoursePendulumRun(algo=ActorCriticConfig(learning_rate=1e-4), nb_envs=100),
        "lecture": CoursePendulumRun(algo=ActorCriticConfig(learning_rate=1e-5)),
        "network": CoursePendulumRun(
            algo=ActorCriticConfig(learning_rate=1e-4, learning_rate_vf=3e-3),
            agent=SeedAgentConfig(model="network"),
            nb_envs=20,
            episodes=5_000,
        ),
    },
}
"""Settings to begin from, by algorithm and name. "lecture" is the slides' listing, one episode at a
time, at their rates; they give none for the actor-critic, which bears ten times the baseline's.
"default" follows the mean of 100 episodes, which bears larger steps; "network" is the same with
networks and Adam."""


_ELSEWHERE: dict[str, PsiName] = {
    "reinforce": "return-to-go",
    "reinforce-baseline": "return-to-go-minus-baseline",
    "actor-critic": "td-residual",
}
"""What the same methods are called on other tasks: VPG with this Psi."""


def refuse_course_method(algo: str, task: str) -> None:
    """Refuse a method of the course's pendulum for another task.

    Raises:
        InvalidConfig: It is one; the error says how the task is trained with it.
    """
    if algo in _ELSEWHERE:
        raise InvalidConfig(
            f"{algo} plays {NAME} by this name; on {task} it is --algo vpg --algo.psi "
            f"{_ELSEWHERE[algo]}"
        )


def find_course_preset(algo: str, name: str) -> CoursePendulumRun[PolicyGradientConfig]:
    """The settings of a preset.

    Raises:
        UnknownName: There is no such algorithm for this task, or no such preset.
    """
    if algo not in PRESETS:
        raise UnknownName("algorithm", algo, PRESETS, "task 'course-pendulum'")
    if name not in PRESETS[algo]:
        raise UnknownName("preset", name, PRESETS[algo], f"course-pendulum with {algo}")
    return PRESETS[algo][name]
