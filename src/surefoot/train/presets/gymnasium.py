"""Settings of each algorithm for any Gymnasium id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from surefoot.agent.config import AgentConfig
from surefoot.algos.catalog import OnPolicyConfig
from surefoot.algos.ppg_config import PPGConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.rnd_config import RNDConfig
from surefoot.algos.rpo_config import RPOConfig
from surefoot.algos.vpg_config import VPGConfig
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.labyrinth_config import SPARSE_GYM_ID
from surefoot.train.config import AnyRunConfig, RunConfig
from surefoot.train.presets.off_policy import off_policy

_PPO = PPOConfig(
    n_steps=128,
    batch_size=256,
    n_epochs=4,
    gamma=0.99,
    learning_rate=1e-3,
    learning_rate_schedule="linear",
    normalize_return=True,
    clip_range_vf=None,
    ent_coef=0.0,
)
"""Settings that solve the classic-control tasks. Source: CleanRL's PPO, ours adapted."""

_MUJOCO_PPO = PPOConfig(
    n_steps=256,
    batch_size=64,
    n_epochs=10,
    gamma=0.99,
    learning_rate=3e-4,
    learning_rate_schedule="linear",
    normalize_return=True,
    clip_range_vf=None,
    ent_coef=0.0,
)
"""For Gymnasium's MuJoCo robots. Source: CleanRL's PPO for continuous actions, its rollout of 2048
steps in eight environments, and no clip on values."""
_MUJOCO = (
    "Ant",
    "HalfCheetah",
    "Hopper",
    "Humanoid",
    "HumanoidStandup",
    "InvertedDoublePendulum",
    "InvertedPendulum",
    "Pusher",
    "Reacher",
    "Swimmer",
    "Walker2d",
)
"""Gymnasium's MuJoCo robots, any version."""

_HIDDEN: dict[str, tuple[int, dict[str, Any]]] = {
    "Surefoot/CartPoleNoVel-v0": (8, {"n_epochs": 8}),
    "Surefoot/PendulumNoVel-v0": (16, {"n_steps": 64, "n_epochs": 10, "gamma": 0.9}),
}
"""Tasks that do not show their velocities: how many environments, and what PPO needs there besides
a memory."""


def _config(env_id: str, algo: OnPolicyConfig) -> AnyRunConfig:
    if env_id == SPARSE_GYM_ID and isinstance(algo, PPOConfig):
        return RunConfig(
            task=GymnasiumConfig(env_id=env_id),
            agent=AgentConfig(),
            algo=replace(algo, n_steps=32, ent_coef=0.01),
            nb_envs=32,
            steps=300_000,
        )
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=AgentConfig(normalize_observation=True),
        algo=algo,
        nb_envs=8,
        steps=500_000,
    )


def _ppo(env_id: str) -> AnyRunConfig:
    if env_id.partition("-v")[0] in _MUJOCO:
        return replace(_config(env_id, _MUJOCO_PPO), steps=1_000_000)
    config = _config(env_id, _PPO)
    if env_id not in _HIDDEN:
        return config
    nb_envs, settings = _HIDDEN[env_id]
    agent, algo = replace(config.agent, memory="lstm"), replace(_PPO, **settings)
    return replace(config, agent=agent, algo=algo, nb_envs=nb_envs, steps=100_000)


def _vpg(env_id: str) -> AnyRunConfig:
    algo = VPGConfig(n_steps=256, learning_rate=5e-3, n_epochs_vf=40)
    return replace(_config(env_id, algo), steps=200_000)


def _rpo(env_id: str) -> AnyRunConfig:
    return _config(env_id, RPOConfig(**vars(_PPO)))


def _rnd(env_id: str) -> AnyRunConfig:
    return _config(env_id, RNDConfig(**vars(_PPO), rnd_learning_rate=3e-4))


def _ppg(env_id: str) -> AnyRunConfig:
    return _config(env_id, PPGConfig(**vars(_PPO), n_policy=8))


GYMNASIUM: dict[str, Callable[[str], AnyRunConfig]] = {
    "ppo": _ppo,
    "vpg": _vpg,
    "rpo": _rpo,
    "rnd": _rnd,
    "ppg": _ppg,
    **{
        algo: partial(off_policy, algo=algo)
        for algo in ("dqn", "c51", "qdagger", "ddpg", "td3", "sac")
    },
}
"""Settings of each algorithm for any Gymnasium id."""
