"""Shared by the tests: tiny runs of every task, and comparison bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.algos.catalog import ALGORITHMS
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.vpg_config import VPGConfig
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.checkpoint import save_checkpoint
from surefoot.train.config import RunConfig
from surefoot.train.policies import content_of
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, create_run_folder

TASKS = ("upkie-pendulum", "upkie-gyropod", "quadruped-flat", "CartPole-v1", "Pendulum-v1")
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
    elif isinstance(preset.algo, VPGConfig):
        settings = replace(preset.algo, n_steps=12, n_epochs_vf=3, normalize_return=True)
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


def linear_agent(
    interface: Interface,
    weight: list[list[float]],
    bias: list[float],
    *,
    algo: str = "dqn",
    **settings: object,
) -> Agent:
    """An agent whose action values, or preferences, are linear in its features."""
    config = replace(AgentConfig(net_arch_pi=(), net_arch_vf=()), **settings)
    agent = Agent(config, interface, head=ALGORITHMS[algo].config().head)
    with torch.no_grad():
        agent.actor[0].weight.copy_(torch.tensor(weight))
        agent.actor[0].bias.copy_(torch.tensor(bias))
    return agent


def balancer(root: Path, *, leans: float = 1.0, algo: str = "dqn") -> Path:
    """The folder of a run on CartPole-v1 that balances by a linear rule; it tips it with -1.

    It remembers its last choice, and likes it a little.
    """
    seen = Layout((Signal(name="observation", unit="1", size=4),))
    rule = [leans * weight for weight in (0.1, 0.5, 5.0, 1.5)] + [0.02]
    agent = linear_agent(
        Interface(observation=seen, action=2, dt=0.02),
        [[-weight for weight in rule], rule], [0.01, -0.01], algo=algo, append_last_command=True,
    )  # fmt: skip
    run = short_run("CartPole-v1", algo=algo)
    run = replace(run, config=replace(run.config, agent=agent.config))
    folder = create_run_folder(root, run)
    save_checkpoint(folder.last, {**content_of(run, agent), "nb_steps": 0})
    return folder.path


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
