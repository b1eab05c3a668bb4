"""Our tasks as Gymnasium users meet them: `Env`, `VectorEnv`, and their registration."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from surefoot.envs.batched import BatchedEnv, Transition
from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.signals import Layout
from surefoot.tasks.catalog import TASKS, TaskConfig
from surefoot.tasks.course_pendulum_config import GYM_ID as COURSE_PENDULUM

Array = NDArray[np.float32]


class SurefootEnv(gymnasium.Env[Any, Any]):
    """One world of a task: named observations in their units, actions in theirs.

    Args:
        task: Name in the catalog.
        frequency: Rate of the policy, Hz; None keeps the task's own.
        imperfect: Sensor noise, action noise and lag, as in training.
        render_mode: "rgb_array" for pictures.
        settings: Any field of the task's config.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        task: str,
        *,
        frequency: float | None = None,
        imperfect: bool = True,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        self.task, self.imperfect, self.render_mode = task, imperfect, render_mode
        self.config = _task_config(task, frequency, settings)
        self._env = self._make(0)
        interface = self._env.interface.on_robot
        self._sensed = slice(interface.observation.size)  # the rest only a simulator knows
        self.observation_space = _box(interface.observation)
        self.action_space = _box(interface.action)
        self.dt = interface.dt
        self._renderer: Any = None

    def _make(self, seed: int) -> BatchedEnv:
        return make_batched(
            self.task, self.config, nb_envs=1, seed=seed, imperfect=self.imperfect, sim_threads=1
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start a new episode; a seed begins its own sequence of episodes."""
        super().reset(seed=seed)
        if seed is not None:
            self._env = self._make(seed)
        return self._env.reset()[0, self._sensed].numpy(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Hold an action for one policy step; `info` has the reward's terms."""
        sent = torch.from_numpy(np.asarray(action, dtype=np.float32))[None]
        t = self._env.step(sent)
        info = {"reward_terms": {name: float(term[0]) for name, term in t.terms.items()}}
        return (
            t.final_obs[0, self._sensed].numpy(),
            float(t.reward[0]),
            bool(t.terminated[0]),
            bool(t.truncated[0]),
            info,
        )

    def render(self) -> NDArray[np.uint8] | None:
        """A picture, (height, width, 3) uint8, in render mode "rgb_array"."""
        if self.render_mode is None:
            return None
        from surefoot.envs.scene import Scene, terrain_of

        if self._renderer is None:
            self._renderer = Scene(self.config.robot, terrain_of(self._env))
        return self._renderer.picture(self._env.worlds.qpos[0].numpy())

    def close(self) -> None:
        """Free the renderer."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


class SurefootVectorEnv(VectorEnv[Any, Any, Any]):
    """Many worlds of a task in one process; an ended episode starts anew within the same step.

    Takes the arguments of `SurefootEnv` and `num_envs`.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        task: str,
        num_envs: int = 1,
        *,
        frequency: float | None = None,
        imperfect: bool = True,
        **settings: Any,
    ) -> None:
        self.task, self.num_envs, self.imperfect = task, num_envs, imperfect
        self.config = _task_config(task, frequency, settings)
        self._env = self._make(0)
        interface = self._env.interface.on_robot
        self._sensed = slice(interface.observation.size)  # the rest only a simulator knows
        self.single_observation_space = _box(interface.observation)
        self.single_action_space = _box(interface.action)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def _make(self, seed: int) -> BatchedEnv:
        return make_batched(
            self.task, self.config, nb_envs=self.num_envs, seed=seed, imperfect=self.imperfect
        )

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start new episodes; of a list of seeds the first one counts for all worlds."""
        first = seed[0] if isinstance(seed, list) else seed
        super().reset(seed=first)
        if first is not None:
            self._env = self._make(first)
        return self._env.reset()[:, self._sensed].numpy(), {}

    def step(
        self, actions: Array
    ) -> tuple[Array, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One policy step of every world; `final_obs` and `reward_terms` are in `info`."""
        t = self._env.step(torch.from_numpy(np.asarray(actions, dtype=np.float32)))
        return (
            t.obs[:, self._sensed].numpy(),
            t.reward.numpy(),
            t.terminated.numpy(),
            t.truncated.numpy(),
            _info(t, self._sensed),
        )


def register() -> None:
    """Make every task known to Gymnasium; done when `surefoot.envs` is imported."""
    for name, entry in TASKS.items():
        if entry.gym_id not in gymnasium.registry:
            gymnasium.register(
                entry.gym_id,
                entry_point="surefoot.envs.gym_api:SurefootEnv",
                vector_entry_point="surefoot.envs.gym_api:SurefootVectorEnv",
                kwargs={"task": name},
            )
    if COURSE_PENDULUM not in gymnasium.registry:
        gymnasium.register(
            COURSE_PENDULUM,
            entry_point="surefoot.envs.course_pendulum_gym:CoursePendulumEnv",
        )


def _info(t: Transition, sensed: slice) -> dict[str, Any]:
    info: dict[str, Any] = {"reward_terms": {name: x.numpy() for name, x in t.terms.items()}}
    done = t.done.numpy()
    if done.any():
        final = np.full(len(done), None, dtype=object)
        for i in np.flatnonzero(done):
            final[i] = t.final_obs[i, sensed].numpy()
        info |= {"final_obs": final, "_final_obs": done}
    return info


def _task_config(task: str, frequency: float | None, settings: dict[str, Any]) -> TaskConfig:
    if frequency is not None:
        settings = {**settings, "frequency": frequency}
    default = TASKS[task].config()
    for name in settings:
        if name not in vars(default):
            raise UnknownName("setting", name, vars(default), f"task '{task}'")
    try:
        return dataclasses.replace(default, **settings)
    except TypeError as error:
        raise InvalidConfig(f"a setting of task '{task}' is of the wrong kind: {error}") from None


def _box(layout: Layout | int) -> gymnasium.spaces.Box:
    assert isinstance(layout, Layout)  # our tasks have continuous actions
    return gymnasium.spaces.Box(layout.low, layout.high, dtype=np.float32)
