"""A whole training run as data: task, agent, algorithm, and what they run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from surefoot.agent.config import AgentConfig
from surefoot.algos.catalog import AnyAlgoConfig
from surefoot.errors import InvalidConfig
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.upkie_config import UpkieConfig
from surefoot.tasks.walking_config import WalkingConfig

AnyTaskConfig = UpkieConfig | WalkingConfig | GymnasiumConfig
"""Settings of any task, ours or foreign."""
TaskT = TypeVar("TaskT", bound=AnyTaskConfig)
AlgoT = TypeVar("AlgoT", bound=AnyAlgoConfig)


@dataclass(frozen=True, kw_only=True)
class RunConfig(Generic[TaskT, AlgoT]):
    """Everything that decides a run's numbers. Same config and seed: same bits."""

    task: TaskT
    """The task's settings."""
    agent: AgentConfig
    """Memory, action type, networks."""
    algo: AlgoT
    """The algorithm's settings."""
    nb_envs: int
    """Environments stepped together."""
    steps: int
    """Environment steps in total; whole updates, at least one."""
    seed: int = 0
    """Seed of every random generator."""
    torch_threads: int = 1
    """Threads of the learner's tensor operations. Part of the run: sums depend on it. On-policy
    learners play with one."""
    sim_threads: int = 0
    """Threads that step the worlds, 0 for every processor. Results do not depend on it."""
    checkpoint_updates: int = 10
    """Save a checkpoint every so many updates."""

    def __post_init__(self) -> None:
        for name in ("nb_envs", "steps", "torch_threads", "checkpoint_updates"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("seed", "sim_threads"):
            if getattr(self, name) < 0:
                raise InvalidConfig(f"{name} must not be negative, got {getattr(self, name)}")
        self.algo.decisions_per_update(self.nb_envs)  # refuses what cannot work

    @property
    def steps_per_update(self) -> int:
        """Environment steps collected for each update."""
        return self.algo.decisions_per_update(self.nb_envs) * self.agent.action_repeat

    @property
    def total_updates(self) -> int:
        """Updates from beginning to end."""
        return max(1, self.steps // self.steps_per_update)

    @property
    def planned_steps(self) -> int:
        """Environment steps of all updates; more than `steps` where those do not make one."""
        return self.total_updates * self.steps_per_update


AnyRunConfig = RunConfig[AnyTaskConfig, AnyAlgoConfig]
"""Settings of a run of any task with any algorithm."""
