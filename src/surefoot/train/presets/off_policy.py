"""Settings of the methods with a replay for any Gymnasium id, and tuned ones for the classic tasks.

Sources: CleanRL's and Stable-Baselines3's defaults; rl-baselines3-zoo's for the classic tasks.
"""

from __future__ import annotations

from surefoot.agent.config import AgentConfig
from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig, TD3Config
from surefoot.algos.dqn_config import C51Config, DQNConfig
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.config import AnyRunConfig, RunConfig

_VALUES = AgentConfig(net_arch_pi=(120, 84), activation="relu", ortho_init=False)
_ACTOR_CRITIC = AgentConfig(
    net_arch_pi=(256, 256), net_arch_vf=(256, 256), activation="relu", ortho_init=False
)


def dqn(env_id: str) -> AnyRunConfig:
    """DQN with CleanRL's settings for classic control, double."""
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=_VALUES,
        algo=DQNConfig(
            buffer_size=10_000, learning_starts=1_000, train_freq=10, gradient_steps=1, double=True
        ),
        nb_envs=1,
        steps=500_000,
        checkpoint_updates=20,
    )


def c51(env_id: str) -> AnyRunConfig:
    """C51 with CleanRL's settings for classic control."""
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=_VALUES,
        algo=C51Config(buffer_size=10_000, learning_starts=1_000, train_freq=10),
        nb_envs=1,
        steps=500_000,
        checkpoint_updates=20,
    )


def ddpg(env_id: str) -> AnyRunConfig:
    """DDPG, 256 x 256."""
    return _continuous(env_id, DDPGConfig(learning_starts=1_000))


def td3(env_id: str) -> AnyRunConfig:
    """TD3, 256 x 256."""
    return _continuous(env_id, TD3Config(learning_starts=1_000))


def sac(env_id: str) -> AnyRunConfig:
    """SAC, 256 x 256."""
    return _continuous(env_id, SACConfig(learning_starts=1_000))


def _continuous(env_id: str, algo: DDPGConfig | SACConfig) -> AnyRunConfig:
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=_ACTOR_CRITIC,
        algo=algo,
        nb_envs=1,
        steps=1_000_000,
        checkpoint_updates=20,
    )
