"""Tuned and published settings of the walking tasks."""

from __future__ import annotations

from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.tasks.walking_config import GaitConfig, WalkingConfig, WalkingReward
from surefoot.train.config import AnyRunConfig, RunConfig

WALKING: dict[tuple[str, str], dict[str, AnyRunConfig]] = {
    ("quadruped-flat", "ppo"): {
        "default": RunConfig(
            task=WalkingConfig(
                gait=GaitConfig(height=0.25, tolerance=0.07),
                reward=WalkingReward(gait=3.0, slip=0.3, height=5.0, pose=0.1),
            ),
            agent=AgentConfig(
                append_last_command=True,
                normalize_observation=True,
                mirror="network",
                net_arch_pi=(128, 128),
                net_arch_vf=(128, 128),
                activation="relu",
                log_std_init=-1.2,
            ),
            algo=PPOConfig(
                n_steps=24,
                batch_size=3072,
                n_epochs=4,
                gamma=0.97,
                learning_rate=1e-3,
                learning_rate_schedule="adaptive",
                desired_kl=0.01,
                max_grad_norm=1.0,
                ent_coef=0.0,
                vf_coef=1.0,
                normalize_return=True,
            ),
            nb_envs=512,
            steps=1_474_560,
        ),
    },
}
"""Presets by task and algorithm, then by name."""
