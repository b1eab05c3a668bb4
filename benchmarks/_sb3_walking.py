"""A quadruped for Stable-Baselines3: plain MuJoCo and NumPy, one robot per environment.

Robot model, physics steps, observation, action, network and settings of the learner are those of
`quadruped-flat`'s default preset; mirrors, noise and randomization, which a peer would have to
write, are left out, and the reward has a handful of terms, so that the peer runs as fast as it can.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import mujoco
import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecNormalize

from surefoot.algos.ppo_config import PPOConfig
from surefoot.envs.make import walking_model
from surefoot.robots.registry import find_robot
from surefoot.sim.randomization import Randomization
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.config import RunConfig

Vector = NDArray[np.float32]
_FREE = 7  # the joints follow the free base in qpos


class Quadruped(gymnasium.Env[Vector, Vector]):
    """A robot that walks as commanded for twenty seconds.

    Args:
        task: The task that it does the same as.
    """

    def __init__(self, task: WalkingConfig) -> None:
        task = task.practised
        self._robot = find_robot(task.robot)
        self._model = walking_model(replace(task, randomize=Randomization()), self._robot)
        self._data = mujoco.MjData(self._model)
        servos = self._robot.servos
        self._kp, self._home, self._reach = (
            np.array([getattr(servo, name) for servo in servos]) for name in ("kp", "home", "reach")
        )
        self._nb_substeps, self._max_steps = task.nb_substeps, task.max_episode_steps
        self._low, self._clock_step = 0.65 * self._robot.base_height, 2.0 * np.pi * 2.2 * 0.02
        self.action_space = Box(-1.0, 1.0, (len(servos),))
        self.observation_space = Box(-np.inf, np.inf, (14 + 3 * len(servos),))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Stand near home, with a command."""
        super().reset(seed=seed)
        mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[2] = self._robot.base_height
        self._data.qpos[_FREE:] = self._home + self.np_random.uniform(-0.15, 0.15, len(self._home))
        self._command = self.np_random.uniform([-1.0, -0.5, -1.0], [1.0, 0.5, 1.0])
        self._clock = self.np_random.uniform(0.0, 2.0 * np.pi)
        self._last, self._steps = np.zeros(len(self._home)), 0
        mujoco.mj_forward(self._model, self._data)
        return self._observe(), {}

    def step(self, action: Vector) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Send joint targets for 20 ms."""
        target = np.clip(action, -1.0, 1.0)
        self._data.ctrl[:] = self._kp * (self._home + self._reach * target)
        mujoco.mj_step(self._model, self._data, self._nb_substeps)
        change, self._last = target - self._last, target
        self._clock += self._clock_step
        self._steps += 1
        observation = self._observe()
        error = self._command[:2] - observation[:2]
        turn = self._command[2] - observation[5]
        reward = (
            2.0 * np.exp(-4.0 * error @ error)
            + 1.5 * np.exp(-4.0 * turn * turn)
            - 0.5 * observation[2] ** 2
            - 2.0 * (observation[6:8] @ observation[6:8])
            - 0.02 * (change @ change)
        )
        fell = bool(self._data.qpos[2] < self._low or observation[8] > -0.54)
        return observation, float(reward), fell, self._steps >= self._max_steps, {}

    def _observe(self) -> Vector:
        """Velocities and gravity in the base frame, command, clock, joints, last action."""
        data = self._data
        base_to_world = data.xmat[1].reshape(3, 3)
        parts = (
            base_to_world.T @ data.qvel[:3], data.qvel[3:6], -base_to_world[2], self._command,
            (np.sin(self._clock), np.cos(self._clock)), data.qpos[_FREE:], data.qvel[6:],
            self._last,
        )  # fmt: skip
        return np.concatenate(parts).astype(np.float32)


class Walker:
    """A training of the peer.

    Args:
        config: The training of ours that it has the settings of.
        nb_envs: Environments.
        processes: Each in a process of its own, or all in this one.
    """

    def __init__(self, config: RunConfig[Any, Any], nb_envs: int, *, processes: bool) -> None:
        algo = config.algo
        assert isinstance(algo, PPOConfig)
        env = make_vec_env(
            lambda: Quadruped(config.task), nb_envs, seed=0,
            vec_env_cls=SubprocVecEnv if processes else DummyVecEnv,
        )  # fmt: skip
        self._samples = config.nb_envs * algo.n_steps
        self._env = VecNormalize(env, gamma=algo.gamma)
        self.model = PPO(
            "MlpPolicy",
            self._env,
            n_steps=self._samples // nb_envs,
            batch_size=algo.batch_size,
            n_epochs=algo.n_epochs,
            gamma=algo.gamma,
            learning_rate=algo.learning_rate,
            max_grad_norm=algo.max_grad_norm,
            vf_coef=algo.vf_coef,
            policy_kwargs={
                "net_arch": {"pi": config.agent.net_arch_pi, "vf": config.agent.net_arch_vf},
                "activation_fn": torch.nn.ReLU,
            },
            device="cpu",
            seed=0,
        )

    def train(self) -> int:
        """Collect and learn once; returns the environment steps taken."""
        self.model.learn(self._samples, reset_num_timesteps=False)
        return self._samples

    def close(self) -> None:
        """End the processes."""
        self._env.close()
