"""Tuned and published settings of Upkie's tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from surefoot.agent.config import AgentConfig
from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig, TD3Config
from surefoot.algos.catalog import OffPolicyAlgoConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.vpg_config import VPGConfig
from surefoot.tasks.upkie_config import UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.train.config import AnyRunConfig, RunConfig

_HISTORY = AgentConfig(history=10, append_last_command=True, action_rates=(10.0,))
"""What both presets of Upkie's balance share: ten observations of five values, an acceleration."""

_FAST_PPO = PPOConfig(
    n_steps=32,
    batch_size=2048,
    n_epochs=8,
    gamma=0.99,
    learning_rate=3e-3,
    learning_rate_schedule="linear",
    learning_rate_final=3e-4,
    normalize_return=True,
)
"""Few large minibatches: on two cores the physics, not the learner, sets the pace."""

_REPLAY: dict[str, Any] = {
    "learning_rate": 1e-3,
    "buffer_size": 300_000,
    "learning_starts": 5_120,
    "gradient_steps": 16,
    "n_steps": 3,
    "log_interval": 5_120,
}
"""What the presets with a replay share: a gradient step for every four decisions."""

UPKIE: dict[tuple[str, str], dict[str, AnyRunConfig]] = {
    ("upkie-pendulum", "ppo"): {
        # Tuned for wall time on two cores. It decides at 50 Hz and acts at 200 Hz: an acceleration
        # held for 20 ms is felt by the robot, one of 5 ms drowns in the noise of its neighbours.
        # Coming back and staying near are rewarded and practised from the beginning. Episodes are
        # short: in full ones each robot would start twice, and hardly ever from far.
        "default": RunConfig(
            task=UpkiePendulumConfig(
                approach_weight=0.5,
                smoothness_weight=20.0,
                odometry_offset=0.3,
                max_drift=1.0,
                lag_min_s=0.0,
                curriculum_steps=400_000,
                practice_s=4.0,
            ),
            agent=replace(
                _HISTORY,
                action_repeat=4,
                normalize_observation=True,
                net_arch_pi=(32, 32),
                net_arch_vf=(32, 32),
                log_std_init=-0.5,
            ),
            algo=_FAST_PPO,
            nb_envs=512,
            steps=1_703_936,
        ),
        # ppo_balancer as published: Stable-Baselines3 PPO, 6 environments, 1M steps.
        "lecture": RunConfig(
            task=UpkiePendulumConfig(),
            agent=replace(_HISTORY, net_arch_pi=(16, 16), net_arch_vf=(32, 32)),
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
    ("upkie-gyropod", "ppo"): {
        "default": RunConfig(
            task=UpkieGyropodConfig(
                smoothness_weight=20.0, lag_min_s=0.0, curriculum_steps=400_000
            ),
            agent=AgentConfig(
                inputs=("pitch", "pitch_velocity", "ground_velocity", "target_velocity",
                        "target_yaw_velocity"),
                history=10,
                append_last_command=True,
                action_repeat=4,
                action_rates=(10.0, 10.0),
                normalize_observation=True,
                net_arch_pi=(32, 32),
                net_arch_vf=(64, 64),
                log_std_init=-0.5,
            ),
            algo=_FAST_PPO,
            nb_envs=512,
            steps=3_145_728,
        ),
    },
}  # fmt: skip
"""Presets by task and algorithm, then by name."""


def _with_replay(task: str, algo: OffPolicyAlgoConfig) -> AnyRunConfig:
    """The task and memory tuned for PPO with a replay instead; not tuned any further."""
    tuned = UPKIE[task, "ppo"]["default"]
    agent = replace(
        tuned.agent,
        net_arch_pi=(64, 64),
        net_arch_vf=(128, 128),
        activation="relu",
        ortho_init=False,
    )
    return replace(tuned, agent=agent, algo=algo, nb_envs=64, steps=983_040)


_WITH_REPLAY: dict[str, OffPolicyAlgoConfig] = {
    "ddpg": DDPGConfig(**_REPLAY),
    "td3": TD3Config(**_REPLAY),
    "sac": SACConfig(**_REPLAY),
}
UPKIE.update(
    ((task, algo), {"default": _with_replay(task, settings)})
    for task in ("upkie-pendulum", "upkie-gyropod")
    for algo, settings in _WITH_REPLAY.items()
)


def _vpg(task: str) -> AnyRunConfig:
    """The task and the agent tuned for PPO, with one policy step per rollout."""
    algo = VPGConfig(
        n_steps=16, gae_lambda=0.95, learning_rate=3e-3, learning_rate_vf=3e-3, n_epochs_vf=20,
        normalize_return=True,
    )  # fmt: skip
    return replace(UPKIE[task, "ppo"]["default"], algo=algo, nb_envs=128)


UPKIE.update(
    ((task, "vpg"), {"default": _vpg(task)}) for task in ("upkie-pendulum", "upkie-gyropod")
)
