"""Stable-Baselines3's DDPG, TD3 and SAC with our settings, trained and evaluated."""

from __future__ import annotations

import numpy as np
import torch
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.noise import NormalActionNoise

from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig
from surefoot.train.presets import find_preset

CLASSES = {"ddpg": DDPG, "td3": TD3, "sac": SAC}


def train_and_evaluate(task: str, algo: str, *, seed: int, steps: int, episodes: int) -> float:
    """Mean return of the final policy, deterministic, over so many episodes."""
    torch.set_num_threads(1)
    config = find_preset(task, "default", algo=algo)
    ours = config.algo
    assert isinstance(ours, DDPGConfig | SACConfig)
    env = make_vec_env(task, n_envs=1, seed=seed)
    noise = None
    if isinstance(ours, DDPGConfig):
        nb_actions = int(np.prod(env.action_space.shape or ()))
        noise = NormalActionNoise(np.zeros(nb_actions), np.full(nb_actions, ours.action_noise))
    model = CLASSES[algo](
        "MlpPolicy",
        env,
        learning_rate=ours.learning_rate,
        buffer_size=ours.buffer_size,
        learning_starts=ours.learning_starts,
        batch_size=ours.batch_size,
        tau=ours.tau,
        gamma=ours.gamma,
        train_freq=ours.train_freq,
        gradient_steps=ours.gradient_steps,
        action_noise=noise,
        policy_kwargs={"net_arch": list(config.agent.net_arch_pi)},
        seed=seed,
        device="cpu",
    )
    model.learn(steps)
    mean, _ = evaluate_policy(model, make_vec_env(task, n_envs=1, seed=0), n_eval_episodes=episodes)
    assert isinstance(mean, float)
    return mean
