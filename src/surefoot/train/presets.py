"""Tuned and published settings of every pair of task and algorithm, in one place."""

from __future__ import annotations

from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.errors import UnknownName
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.upkie_config import UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.train.config import AnyTaskConfig, RunConfig

_UPKIE_AGENT = AgentConfig(
    history=10,
    append_last_command=True,
    action_rates=(10.0,),
    normalize_observation=True,
    net_arch_pi=(16, 16),
    net_arch_vf=(32, 32),
    log_std_init=-0.7,
)

PRESETS: dict[str, dict[str, RunConfig[AnyTaskConfig]]] = {
    "upkie-pendulum": {
        # Tuned for wall time on two cores.
        "default": RunConfig(
            task=UpkiePendulumConfig(),
            agent=_UPKIE_AGENT,
            algo=PPOConfig(
                n_steps=32,
                batch_size=2048,
                n_epochs=8,
                gamma=0.995,
                learning_rate=3e-3,
                learning_rate_schedule="linear",
                learning_rate_final=3e-4,
                normalize_return=True,
            ),
            nb_envs=512,
            steps=1_000_000,
        ),
        # ppo_balancer as published: Stable-Baselines3 PPO, 6 environments, 1M steps.
        "lecture": RunConfig(
            task=UpkiePendulumConfig(),
            agent=AgentConfig(
                history=10,
                append_last_command=True,
                action_rates=(10.0,),
                net_arch_pi=(16, 16),
                net_arch_vf=(32, 32),
            ),
            algo=PPOConfig(
                n_steps=2048,
                batch_size=64,
                n_epochs=10,
                gamma=0.999,
                gae_lambda=0.95,
                learning_rate=3e-3,
                learning_rate_schedule="linear",
                learning_rate_final=1e-3,
                clip_range=0.1,
            ),
            nb_envs=6,
            steps=1_000_000,
        ),
    },
    "upkie-gyropod": {
        "default": RunConfig(
            task=UpkieGyropodConfig(),
            agent=AgentConfig(
                inputs=("pitch", "pitch_velocity", "ground_velocity", "target_velocity",
                        "target_yaw_velocity"),
                history=10,
                append_last_command=True,
                action_rates=(10.0, 10.0),
                normalize_observation=True,
                net_arch_pi=(32, 32),
                net_arch_vf=(64, 64),
                log_std_init=-0.7,
            ),
            algo=PPOConfig(
                n_steps=32,
                batch_size=2048,
                n_epochs=8,
                gamma=0.995,
                learning_rate=3e-3,
                learning_rate_schedule="linear",
                learning_rate_final=3e-4,
                normalize_return=True,
            ),
            nb_envs=512,
            steps=2_000_000,
        ),
    },
}  # fmt: skip
"""Presets by task and name."""


def find_preset(task: str, name: str) -> RunConfig[AnyTaskConfig]:
    """The settings called `name` for a task; any Gymnasium id has one, "default".

    Raises:
        UnknownName: There is no such preset.
    """
    presets = PRESETS[task] if task in PRESETS else {"default": _gymnasium_default(task)}
    if name not in presets:
        raise UnknownName("preset", name, presets, f"task '{task}'")
    return presets[name]


def _gymnasium_default(env_id: str) -> RunConfig[AnyTaskConfig]:
    """Settings that solve the classic-control tasks. Source: CleanRL's PPO, ours adapted."""
    return RunConfig(
        task=GymnasiumConfig(env_id=env_id),
        agent=AgentConfig(normalize_observation=True),
        algo=PPOConfig(
            n_steps=128,
            batch_size=256,
            n_epochs=4,
            gamma=0.99,
            learning_rate=1e-3,
            learning_rate_schedule="linear",
            normalize_return=True,
            clip_range_vf=None,
            ent_coef=0.0,
        ),
        nb_envs=8,
        steps=500_000,
    )
