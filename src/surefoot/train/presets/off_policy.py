"""Settings of the methods with a replay: for any Gymnasium id, and tuned for the classic tasks.

Sources: CleanRL's and Stable-Baselines3's defaults; rl-baselines3-zoo's settings of the classic
tasks, where we begin from. Their target networks are renewed every so many environment steps, ours
every so many gradient steps: the figures are converted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from surefoot.agent.config import AgentConfig
from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig, TD3Config
from surefoot.algos.catalog import OffPolicyAlgoConfig
from surefoot.algos.dqn_config import C51Config, DQNConfig, QDaggerConfig
from surefoot.tasks.course_pendulum_config import GYM_ID as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.config import AnyRunConfig, RunConfig


def _network(*hidden: int) -> AgentConfig:
    return AgentConfig(net_arch_pi=hidden, net_arch_vf=hidden, activation="relu", ortho_init=False)


def _student(settings: DQNConfig) -> QDaggerConfig:
    """DQN's settings for a student, who explores no more than DQN does in the end."""
    calm = replace(settings, exploration_initial_eps=settings.exploration_final_eps)
    return QDaggerConfig(**vars(calm))


def _classic_student(settings: DQNConfig) -> QDaggerConfig:
    """The same where a step pays 1 or -1, and the values of choices differ by less than that."""
    return replace(_student(settings), teacher_steps=5_000, temperature=0.1)


_VALUES = _network(120, 84)
_ACTOR_CRITIC = _network(256, 256)
_DEFAULTS: dict[str, tuple[AgentConfig, OffPolicyAlgoConfig, int]] = {
    "dqn": (
        _VALUES,
        DQNConfig(buffer_size=10_000, learning_starts=10_000, train_freq=10),
        500_000,
    ),
    "c51": (
        _VALUES,
        C51Config(buffer_size=10_000, learning_starts=10_000, train_freq=10),
        500_000,
    ),
    "qdagger": (
        _VALUES,
        _student(DQNConfig(buffer_size=100_000, learning_starts=10_000, train_freq=10)),
        250_000,
    ),
    "ddpg": (_ACTOR_CRITIC, DDPGConfig(learning_rate=3e-4, learning_starts=10_000), 1_000_000),
    "td3": (_ACTOR_CRITIC, TD3Config(learning_rate=3e-4, learning_starts=10_000), 1_000_000),
    "sac": (_ACTOR_CRITIC, SACConfig(learning_starts=10_000), 1_000_000),
}
"""Networks, settings and steps of each algorithm where nothing is known of the environment."""

_ON_CARTPOLE: dict[str, Any] = {
    "batch_size": 64,
    "buffer_size": 100_000,
    "learning_starts": 1_000,
    "train_freq": 256,
    "gradient_steps": 128,
    "exploration_fraction": 0.16,
    "exploration_final_eps": 0.04,
    "log_interval": 1_024,
}
_CARTPOLE = DQNConfig(learning_rate=2.3e-3, target_update_interval=128, **_ON_CARTPOLE)
_CARTPOLE_C51 = C51Config(learning_rate=2.5e-4, target_update_interval=256, **_ON_CARTPOLE)
_ACROBOT = DQNConfig(
    learning_rate=6.3e-4,
    buffer_size=50_000,
    learning_starts=1_000,
    train_freq=4,
    gradient_steps=4,
    target_update_interval=250,
    exploration_fraction=0.12,
    exploration_final_eps=0.1,
)
_MOUNTAIN_CAR = DQNConfig(
    learning_rate=4e-3,
    buffer_size=10_000,
    learning_starts=1_000,
    gamma=0.98,
    train_freq=16,
    gradient_steps=8,
    target_update_interval=300,
    exploration_fraction=0.2,
    exploration_final_eps=0.07,
    log_interval=1_008,
)
_SWING_UP = DQNConfig(
    learning_rate=1e-3,
    batch_size=64,
    buffer_size=50_000,
    learning_starts=1_000,
    target_update_interval=200,
    exploration_fraction=0.3,
    exploration_final_eps=0.1,
)
_PENDULUM = _network(64, 64)

_TUNED: dict[tuple[str, str], tuple[AgentConfig, OffPolicyAlgoConfig, int]] = {
    ("CartPole-v1", "dqn"): (_network(256, 256), _CARTPOLE, 50_000),
    ("CartPole-v1", "c51"): (_VALUES, _CARTPOLE_C51, 100_000),
    ("Acrobot-v1", "dqn"): (_network(256, 256), _ACROBOT, 100_000),
    ("MountainCar-v0", "dqn"): (_network(256, 256), _MOUNTAIN_CAR, 120_000),
    (COURSE_PENDULUM, "dqn"): (
        replace(_network(64, 64), normalize_observation=True),
        _SWING_UP,
        100_000,
    ),
    ("CartPole-v1", "qdagger"): (_network(256, 256), _classic_student(_CARTPOLE), 25_000),
    ("Acrobot-v1", "qdagger"): (_network(256, 256), _classic_student(_ACROBOT), 50_000),
    ("MountainCar-v0", "qdagger"): (_network(256, 256), _classic_student(_MOUNTAIN_CAR), 40_000),
    ("Pendulum-v1", "ddpg"): (
        _PENDULUM,
        DDPGConfig(gamma=0.98, buffer_size=200_000, learning_starts=1_000),
        20_000,
    ),
    ("Pendulum-v1", "td3"): (
        _PENDULUM,
        TD3Config(gamma=0.98, buffer_size=200_000, learning_starts=1_000),
        20_000,
    ),
    ("Pendulum-v1", "sac"): (
        _PENDULUM,
        SACConfig(learning_rate=1e-3, gamma=0.98, buffer_size=200_000, learning_starts=1_000),
        20_000,
    ),
}
"""The same where it was tuned."""


_Q_LEARNING = DQNConfig(
    learning_rate=0.1,
    optimizer="sgd",
    max_grad_norm=None,
    batch_size=1,
    buffer_size=1,
    learning_starts=0,
    target_update_interval=1,
    exploration_fraction=0.0,
    exploration_final_eps=0.1,
)
"""Q-learning with a network and nothing else: learn from the last step, by the network's own
word for what follows. Below an error of 1, Huber's loss is half of its square."""

NAMED: dict[tuple[str, str], dict[str, AnyRunConfig]] = {
    (COURSE_PENDULUM, "dqn"): {
        # Course ROB-GY 6323, homework on Q-learning with a network; the number of episodes is ours.
        "homework": RunConfig(
            task=GymnasiumConfig(env_id=COURSE_PENDULUM, env_kwargs=("cost=homework",)),
            agent=_network(64, 64, 64),
            algo=_Q_LEARNING,
            nb_envs=1,
            steps=300_000,
            checkpoint_updates=20,
        )
    }
}
"""Published settings for a Gymnasium id and an algorithm, by name."""


def off_policy(env_id: str, algo: str) -> AnyRunConfig:
    """The settings of an off-policy algorithm for a Gymnasium id."""
    agent, settings, steps = _TUNED.get((env_id, algo), _DEFAULTS[algo])
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=agent,
        algo=settings,
        nb_envs=1,
        steps=steps,
        checkpoint_updates=20,
    )
