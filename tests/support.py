"""Shared by the tests: tiny runs of every task, and comparison bit for bit."""

from __future__ import annotations

from dataclasses import replace

import torch

from surefoot.algos.ppo_config import PPOConfig
from surefoot.train.config import RunConfig
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run

TASKS = ("upkie-pendulum", "upkie-gyropod", "CartPole-v1", "Pendulum-v1")
"""Every task of ours, and a foreign one of each kind of action."""


OFF_POLICY = (
    ("CartPole-v1", "dqn"),
    ("CartPole-v1", "c51"),
    ("Pendulum-v1", "ddpg"),
    ("Pendulum-v1", "td3"),
    ("Pendulum-v1", "sac"),
    ("upkie-pendulum", "sac"),
)
"""Every off-policy algorithm on a task that it can act in, and one on a task of ours."""


def short_run(
    task: str, updates: int = 4, algo: str = "ppo", memory: str = "none", **changes: object
) -> Run:
    """A run of a few small updates, with every option that has a state switched on."""
    preset = find_preset(task, "default", algo=algo)
    if isinstance(preset.algo, PPOConfig):
        settings = replace(
            preset.algo, n_steps=12, batch_size=16 if memory == "none" else 24, n_epochs=2,
            normalize_return=True, learning_rate_schedule="linear", desired_kl=None,
        )  # fmt: skip
        agent = replace(preset.agent, memory=memory)
    else:
        settings = replace(
            preset.algo, buffer_size=80, learning_starts=20, batch_size=16, train_freq=3,
            gradient_steps=2, n_steps=3, log_interval=36,
        )  # fmt: skip
        agent = replace(
            preset.agent, net_arch_pi=(16,), net_arch_vf=(16,), normalize_observation=True
        )
    config = replace(preset, algo=settings, agent=agent, nb_envs=4, checkpoint_updates=1)
    config = replace(config, steps=updates * config.steps_per_update)
    config = replace(config, **changes)
    assert isinstance(config, RunConfig)
    return Run(task=task, algo=algo, preset="default", config=config)


def assert_same_state(a: object, b: object, where: str = "") -> None:
    """Every tensor, number and generator alike, bit for bit; names the first that differs."""
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            assert_same_state(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same_state(x, y, f"{where}[{i}]")
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and a.shape == b.shape, where
        assert a.numpy().tobytes() == b.numpy().tobytes(), where
    else:
        assert a == b, where
