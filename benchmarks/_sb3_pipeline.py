"""The lecture's pipeline: Stable-Baselines3 PPO on the upkie package's PyBullet simulation.

Settings, wrappers and their order are those of ppo_balancer, around `Upkie-PyBullet-Pendulum` of
upkie 13.1. Wrappers are merged where that costs nothing, so that the peer runs as fast as it can.

Source: ppo_balancer (published configuration, 2025); upkie 13.1.0.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

Vector = NDArray[np.float32]
Observation = tuple[Vector, float, bool, bool, dict[str, Any]]

ENV_ID = "Upkie-PyBullet-Pendulum"
DT = 0.005  # s
MAX_VELOCITY = 2.0  # m/s
MAX_ACCELERATION = 10.0  # m/s^2
HISTORY = 10
CURRICULUM_STEPS = 100_000


class Reward(gymnasium.Wrapper[Vector, Vector, Vector, Vector]):
    """Tip in place, tip still, command smooth; sees the command as the robot gets it."""

    def reset(self, **arguments: Any) -> tuple[Vector, dict[str, Any]]:
        """Start an episode."""
        self._filtered: float | None = None
        return self.env.reset(**arguments)

    def step(self, action: Vector) -> Observation:
        """Step, and reward."""
        obs, _, terminated, truncated, info = self.env.step(action)
        pitch, position, pitch_velocity, velocity = obs.tolist()
        command = float(action[0])
        filtered = command if self._filtered is None else self._filtered
        tip_position = position + 0.58 * np.sin(pitch)
        tip_velocity = velocity + 0.58 * pitch_velocity * np.cos(pitch)
        reward = np.exp(-((tip_position / 0.05) ** 2)) - 0.1 * abs(tip_velocity)
        reward -= 100.0 * (command - filtered) ** 2
        self._filtered = 0.4 * command + 0.6 * filtered
        return obs, float(reward), terminated, truncated, info


class Imperfections(gymnasium.Wrapper[Vector, Vector, Vector, Vector]):
    """Noise on observations; lag, drawn at each reset, and noise on actions."""

    def reset(self, **arguments: Any) -> tuple[Vector, dict[str, Any]]:
        """Start an episode with a lag of its own."""
        obs, info = self.env.reset(**arguments)
        self._gain = DT / self.np_random.uniform(0.05, 0.15)
        self._lagged = 0.0
        return self._noisy(obs), info

    def step(self, action: Vector) -> Observation:
        """Disturb on the way in, and on the way out."""
        self._lagged += self._gain * (float(action[0]) - self._lagged)
        command = self._lagged + self.np_random.uniform(-0.05, 0.05)
        command = min(max(command, -MAX_VELOCITY), MAX_VELOCITY)
        obs, reward, terminated, truncated, info = self.env.step(np.array([command], np.float32))
        return self._noisy(obs), float(reward), terminated, truncated, info

    def _noisy(self, obs: Vector) -> Vector:
        return obs + self.np_random.uniform(-0.01, 0.01, len(obs)).astype(np.float32)


class AgentSide(gymnasium.Wrapper[Vector, Vector, Vector, Vector]):
    """Actions in [-1, 1] are accelerations; observations have the last command and a history."""

    def __init__(self, env: gymnasium.Env[Vector, Vector]) -> None:
        super().__init__(env)
        self.action_space = Box(-1.0, 1.0, (1,))
        self.observation_space = Box(-np.inf, np.inf, (HISTORY * 5,))
        self._frames: deque[Vector] = deque(maxlen=HISTORY)
        self._command = 0.0

    def reset(self, **arguments: Any) -> tuple[Vector, dict[str, Any]]:
        """Start an episode at rest; its first observation fills the history."""
        obs, _ = self.env.reset(**arguments)
        self._command = 0.0
        for _ in range(HISTORY):
            self._remember(obs)
        return np.concatenate(self._frames), {}

    def step(self, action: Vector) -> Observation:
        """Integrate the action."""
        change = min(max(float(action[0]), -1.0), 1.0) * MAX_ACCELERATION * DT
        self._command = min(max(self._command + change, -MAX_VELOCITY), MAX_VELOCITY)
        command = np.array([self._command], np.float32)
        obs, reward, terminated, truncated, _ = self.env.step(command)
        self._remember(obs)
        # The info is the simulator's whole state: to keep it spares the processes' pipes.
        return np.concatenate(self._frames), float(reward), terminated, truncated, {}

    def _remember(self, obs: Vector) -> None:
        self._frames.append(np.append(obs, np.float32(self._command)))


def make_env() -> gymnasium.Env[Vector, Vector]:
    """One environment, all wrappers included, with the time limit of 10 s."""
    import upkie.envs
    from upkie.logging import logger

    logger.setLevel(logging.ERROR)  # it would report each command that it clamps
    if ENV_ID not in gymnasium.registry:
        upkie.envs.register()
    env = gymnasium.make(
        ENV_ID, gui=False, regulate_frequency=False, frequency=1.0 / DT,
        max_ground_velocity=MAX_VELOCITY, max_episode_steps=2000, disable_env_checker=True,
    )  # fmt: skip
    return AgentSide(Imperfections(Reward(env)))


class Curriculum(BaseCallback):
    """Lets the range of initial states grow with the first steps, once per rollout."""

    def _on_rollout_start(self) -> None:
        scale = min(1.0, self.num_timesteps / CURRICULUM_STEPS)
        self.training_env.env_method(
            "update_init_rand", pitch=0.25 * scale, v_x=0.1 * scale, omega_y=0.1 * scale
        )

    def _on_step(self) -> bool:
        return True


class Pipeline:
    """A training of the lecture's pipeline.

    Args:
        nb_processes: Environments, each in a process of its own.
        seed: Seed of everything.
    """

    def __init__(self, nb_processes: int, seed: int = 0) -> None:
        self._env = make_vec_env(make_env, nb_processes, seed=seed, vec_env_cls=SubprocVecEnv)
        self.model = PPO(
            "MlpPolicy",
            self._env,
            n_steps=2048,
            batch_size=64,
            n_epochs=10,
            gamma=0.999,
            gae_lambda=0.95,
            clip_range=0.1,
            ent_coef=0.0,
            vf_coef=0.5,
            max_grad_norm=0.5,
            learning_rate=lambda remaining: 1e-3 + 2e-3 * remaining,
            policy_kwargs={
                "net_arch": {"pi": [16, 16], "vf": [32, 32]},
                "activation_fn": torch.nn.Tanh,
            },
            device="cpu",
            seed=seed,
        )

    def train(self, nb_updates: int) -> int:
        """Collect and learn so many times; returns the environment steps taken."""
        before = self.model.num_timesteps
        steps = nb_updates * self.model.n_steps * self._env.num_envs
        self.model.learn(steps, callback=Curriculum(), reset_num_timesteps=False)
        return self.model.num_timesteps - before

    def close(self) -> None:
        """End the processes."""
        self._env.close()
