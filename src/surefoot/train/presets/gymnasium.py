"""Settings of each algorithm for any Gymnasium id."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from surefoot.agent.config import AgentConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.config import AnyRunConfig, RunConfig
from surefoot.train.presets.off_policy import off_policy


def _ppo(env_id: str) -> AnyRunConfig:
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


GYMNASIUM: dict[str, Callable[[str], AnyRunConfig]] = {
    "ppo": _ppo,
    **{algo: partial(off_policy, algo=algo) for algo in ("dqn", "c51", "ddpg", "td3", "sac")},
}
"""Settings of each algorithm for any Gymnasium id."""
