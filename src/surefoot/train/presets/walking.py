"""Tuned and published settings of the walking tasks."""

from __future__ import annotations

from dataclasses import replace

from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.sim.randomization import Randomization
from surefoot.tasks.walking_config import CommandConfig, GaitConfig, WalkingConfig, WalkingReward
from surefoot.tasks.walking_rough_config import CurriculumConfig, RoughWalkingConfig
from surefoot.train.config import AnyRunConfig, RunConfig

_ROBUST = Randomization(
    friction=(0.4, 1.25),
    base_mass=(-0.05, 0.2),
    link_mass=(0.9, 1.1),
    base_com=(-0.02, 0.02),
    motor_strength=(0.85, 1.1),
    stiffness=(0.9, 1.1),
    damping=(0.9, 1.1),
    action_delay=(0.0, 0.02),
    encoder_bias=(-0.015, 0.015),
    grows=True,
)
"""Dry friction in the joints is left out: it costs a fifth of the physics' speed."""
_MILD = Randomization(
    friction=(0.5, 1.25),
    base_mass=(-0.05, 0.1),
    base_com=(-0.01, 0.01),
    motor_strength=(0.9, 1.1),
    action_delay=(0.0, 0.005),
    encoder_bias=(-0.01, 0.01),
    grows=True,
)
"""Where the time to a walk counts: every range makes it longer."""

_FLAT = WalkingConfig(
    command=CommandConfig(heading_share=0.1),
    gait=GaitConfig(height=0.25, tolerance=0.07),
    reward=WalkingReward(yaw_velocity=1.5, gait=3.0, slip=0.3, height=5.0, pose=0.1),
    randomize=_MILD,
)
_AGENT = AgentConfig(
    append_last_command=True,
    normalize_observation=True,
    mirror="network",
    net_arch_pi=(128, 128),
    net_arch_vf=(128, 128),
    activation="relu",
    log_std_init=-1.2,
)
_PPO = PPOConfig(
    n_steps=24,
    batch_size=3072,
    n_epochs=4,
    gamma=0.97,
    learning_rate=1e-3,
    learning_rate_schedule="adaptive",
    desired_kl=0.01,
    max_grad_norm=1.0,
    vf_coef=1.0,
    normalize_return=True,
)

_ROUGH = RoughWalkingConfig(
    gait=GaitConfig(height=0.3, tolerance=0.1),
    reward=WalkingReward(gait=2.0, slip=0.1, height=1.0, pose=0.1, orientation=1.0),
)
_LEE = WalkingReward(
    **{
        **{name: 0.0 for name in vars(WalkingReward()) if not name.endswith("_tolerance")},
        "direction": 0.05,
        "turn_direction": 0.05,
        "steady_base": 0.04,
        "foot_clearance": 0.01,
        "collision": 0.02,
        "foot_smoothness": 0.025,
        "torque_sum": 2e-5,
    }
)
"""The reward of the lecture: Lee et al. 2020."""

WALKING: dict[tuple[str, str], dict[str, AnyRunConfig]] = {
    ("quadruped-flat", "ppo"): {
        name: RunConfig(
            task=task, agent=_AGENT, algo=_PPO, nb_envs=512, steps=steps, torch_threads=2
        )
        for name, (task, steps) in {
            "default": (_FLAT, 1_966_080),
            # The lecture's reward, for whoever wants to compare.
            "lee": (replace(_FLAT, reward=_LEE), 4_915_200),
            # For worlds that differ more, over two and a half times the steps.
            "robust": (replace(_FLAT, randomize=_ROBUST), 4_915_200),
        }.items()
    },
    ("quadruped-rough", "ppo"): {
        name: RunConfig(
            task=task,
            agent=replace(
                _AGENT,
                net_arch_pi=(256, 128),
                net_arch_vf=(256, 128),
                activation="elu",
                log_std_init=-1.0,
            ),
            algo=replace(_PPO, batch_size=6144, gamma=0.99),
            nb_envs=1024,
            steps=29_491_200,
        )
        for name, task in {
            "default": _ROUGH,
            "lee": replace(_ROUGH, reward=_LEE, curriculum=CurriculumConfig(rule="particles")),
        }.items()
    },
}
"""Presets by task and algorithm, then by name."""
