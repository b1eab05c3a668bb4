"""A policy from whatever names it: a run, a checkpoint, an ONNX file, a baseline."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.control import feedback
from surefoot.control.lqr import CENTRED, LQR
from surefoot.control.mpc import MPC
from surefoot.control.pendulum import UPKIE_BODY_LENGTH, UPKIE_TIP_LENGTH, WheeledInvertedPendulum
from surefoot.deploy.card import PolicyCard
from surefoot.deploy.policy import OnnxPolicy
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.signals import Interface, Layout
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.config import AnyTaskConfig
from surefoot.train.evaluate import Policy
from surefoot.train.plain import from_plain, to_plain
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder, run_from_plain


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy and what it was made for."""

    policy: Policy
    task: str
    config: AnyTaskConfig
    """The task's settings, as trained where that is known."""
    interface: Interface | None
    """What it reads and sends; None: whatever the task has."""
    agent: Agent | None = None
    """The torch agent, where there is one."""
    run: Run | None = None
    nb_steps: int = 0
    """Environment steps of training behind it, where that is known."""


def load_policy(source: str, task: str | None = None) -> LoadedPolicy:
    """The policy that `source` names.

    Args:
        source: A run folder, a .pt checkpoint, an .onnx file, or a baseline's name.
        task: The task that a baseline plays; a trained policy knows its own.

    Raises:
        UnknownName: It is nothing of all that.
        BadFile: It is damaged, foreign or newer.
        InvalidConfig: It does not play that task.
    """
    path = Path(source)
    if source in BASELINES and not path.exists():
        return _baseline(source, task or "upkie-pendulum")
    loaded = _from_file(path, source)
    if task not in (None, loaded.task):
        raise InvalidConfig(f"'{source}' was trained for {loaded.task}, not for --task {task}")
    return loaded


def _from_file(path: Path, source: str) -> LoadedPolicy:
    if path.suffix == ".onnx":
        return _from_onnx(path)
    if path.is_dir():
        return load_run(RunFolder(path))
    if path.exists() or path.suffix == ".pt" or "/" in source:
        return load_agent(path)
    raise UnknownName(
        "policy", source, BASELINES, "Surefoot (name a run folder, a .pt or .onnx file, or one of)"
    )


def load_run(folder: RunFolder) -> LoadedPolicy:
    """The newest policy of a run."""
    folder.read_config()
    if not folder.last.exists():
        raise BadFile(folder.path, "this run has no checkpoint yet", "Let it train a little.")
    return load_agent(folder.last)


def load_agent(path: Path) -> LoadedPolicy:
    """The agent of a checkpoint."""
    content = load_checkpoint(path)
    run, agent = agent_of(content, path)
    return LoadedPolicy(
        policy=AgentPolicy(agent),
        task=run.task,
        config=run.config.task,
        interface=agent.interface.on_robot,
        agent=agent,
        run=run,
        nb_steps=content.get("nb_steps", 0),
    )


def agent_of(content: dict[str, Any], path: Path) -> tuple[Run, Agent]:
    """The agent that a checkpoint's content describes, and the run that trained it.

    Raises:
        BadFile: The content, which was read from `path`, is incomplete or contradicts itself.
    """
    remedy = "Take another checkpoint."
    try:
        run = run_from_plain(content["run"], path)
        interface = from_plain(Interface, content["interface"])
        agent = Agent(run.config.agent, interface, head=run.config.algo.head)
        agent.load_state_dict(content["agent"])
    except (UnknownName, TypeError, ValueError, RuntimeError):
        raise BadFile(path, "its weights do not fit its own settings", remedy) from None
    except KeyError as error:
        raise BadFile(path, f"this checkpoint is incomplete: it has no {error}", remedy) from None
    agent.eval()
    return run, agent


def content_of(run: Run, agent: Agent) -> dict[str, Any]:
    """What `agent_of` needs."""
    return {
        "run": run.to_plain(),
        "interface": to_plain(agent.interface),
        "agent": agent.state_dict(),
    }


def _from_onnx(path: Path) -> LoadedPolicy:
    policy = OnnxPolicy(path)
    card = policy.card
    interface = Interface(
        observation=Layout(card.observation),
        action=Layout(card.action) if card.action else int(card.nb_choices),
        dt=1.0 / card.rate_hz,
    )
    return LoadedPolicy(
        policy=_BatchedOnnx(policy),
        task=card.task,
        config=_settings_of(path, card),
        interface=interface,
    )


def _settings_of(path: Path, card: PolicyCard) -> AnyTaskConfig:
    """The task's settings: those of the run that the file lies in; else what its card tells.

    A card knows robot, rate and limits; the reward is the default preset's then.

    Raises:
        BadFile: The run's config.yaml is damaged.
        InvalidConfig: The task cannot run at the policy's rate.
    """
    folder = RunFolder(path.absolute().parent)
    if folder.config.exists():
        run = folder.read_config()
        if run.task == card.task:
            return run.config.task
    config = find_preset(card.task, "default").task
    if isinstance(config, WalkingConfig):
        robot = card.robot or config.robot
        return dataclasses.replace(config, robot=robot, frequency=card.rate_hz)
    if isinstance(config, GymnasiumConfig):
        return config
    limits = {f"max_{signal.name}": signal.high for signal in card.action}
    known = {name: value for name, value in limits.items() if hasattr(config, name)}
    return dataclasses.replace(config, frequency=card.rate_hz, **known)


class _BatchedOnnx:
    """The deployed graph over E worlds; it leaves out what only a simulator knows."""

    def __init__(self, policy: OnnxPolicy) -> None:
        self._policy = policy

    def reset(self, nb_worlds: int) -> None:
        self._policy.reset(nb_worlds)

    def reset_worlds(self, done: Tensor) -> None:
        self._policy.reset_worlds(done.numpy())

    def act(self, observation: Tensor) -> Tensor:
        sensed = observation[:, : self._policy.card.observation_size]
        return torch.from_numpy(self._policy.act(sensed.numpy()))


class _Still:
    """Commands nothing: velocity zero."""

    def reset(self, nb_worlds: int) -> None:
        """Nothing to forget."""

    def reset_worlds(self, done: Tensor) -> None:
        """Nothing to forget."""

    def act(self, observation: Tensor) -> Tensor:
        return torch.zeros(len(observation), 1)


class _Random(_Still):
    """Uniform random commands, from a fixed seed, up to 1 m/s."""

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(0)

    def act(self, observation: Tensor) -> Tensor:
        return 2.0 * torch.rand(len(observation), 1, generator=self._generator) - 1.0


BASELINES: dict[str, Callable[[], Any]] = {
    "zero": _Still,
    "random": _Random,
    "lecture-feedback": lambda: feedback.LinearFeedback(
        feedback.LECTURE_GAINS, feedback.PUBLISHED_LIMIT
    ),
    "published-feedback": lambda: feedback.LinearFeedback(
        feedback.PUBLISHED_GAINS, feedback.PUBLISHED_LIMIT
    ),
    "published-feedback-2.9": lambda: feedback.LinearFeedback(
        feedback.PUBLISHED_GAINS, feedback.STABILISING_LIMIT
    ),
    "stabilising-feedback": lambda: feedback.LinearFeedback(
        feedback.STABILISING_GAINS, feedback.STABILISING_LIMIT
    ),
    "lqr": lambda: LQR(WheeledInvertedPendulum(length=UPKIE_BODY_LENGTH), CENTRED),
    "mpc": lambda: MPC(WheeledInvertedPendulum(length=UPKIE_TIP_LENGTH), 0.0),
}
"""What a learned policy is compared with."""


def _baseline(name: str, task: str) -> LoadedPolicy:
    if task != "upkie-pendulum":
        raise InvalidConfig(f"the baseline '{name}' plays upkie-pendulum, not {task}")
    config = find_preset(task, "default").task
    wide = dataclasses.replace(config, max_ground_velocity=3.0)  # the feedbacks clip themselves
    return LoadedPolicy(policy=BASELINES[name](), task=task, config=wide, interface=None)
