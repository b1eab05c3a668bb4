"""Shared by the tests of the command line: tiny runs, and how a command ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from surefoot.train.run_folder import RunFolder

TINY = (
    "--nb-envs", "4", "--algo.n-steps", "10", "--algo.batch-size", "20", "--algo.n-epochs", "1",
    "--agent.action-repeat", "1", "--sim-threads", "1",
)  # fmt: skip
"""An update of 40 steps."""

_OFF_POLICY = (
    "--algo.learning-starts", "40", "--algo.log-interval", "100", "--algo.buffer-size", "500",
    "--algo.batch-size", "16", "--algo.train-freq", "2", "--algo.gradient-steps", "1",
    "--steps", "200",
)  # fmt: skip

LEARNING = (
    ("labyrinth", "--algo", "q-learning", "--task.maze", "dyna", "--steps", "9000"),
    ("course-pendulum", "--algo", "reinforce", "--nb-envs", "50", "--episodes", "200"),
    ("upkie-pendulum", "--algo", "ppo", *TINY, "--steps", "80"),
    ("CartPole-v1", "--algo", "ppo", *TINY, "--steps", "80"),
    ("CartPole-v1", "--algo", "dqn", *_OFF_POLICY),
    ("Pendulum-v1", "--algo", "sac", *_OFF_POLICY),
)  # fmt: skip
"""A short training of every kind that rolls dice: what follows `surefoot train`."""


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: object
    out: str
    err: str

    @property
    def run(self) -> Path:
        """The run folder: alone on the last line of standard output."""
        return Path(self.out.splitlines()[-1])


Surefoot = Callable[..., Said]


def assert_goes_to_the_robot(surefoot: Surefoot, folder: RunFolder, task: str) -> None:
    """A run and its exported policy play the same episodes, and the policy can be deployed."""
    both = [
        json.loads(surefoot("eval", policy, "--episodes", "3", "--json").out)
        for policy in (folder.path, folder.policy)
    ]
    for name in ("return_mean", "length_mean"):
        assert both[0][name] == pytest.approx(both[1][name], rel=1e-4)
    deployed = surefoot("deploy", folder.policy, "--env", task, "--duration", "0.1")
    assert deployed.code == 0, deployed
