"""Training on the course's pendulum: several seeds side by side, several episodes at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from surefoot.agent.seed_agent import SeedAgent
from surefoot.algos.actor_critic import ActorCritic
from surefoot.algos.policy_gradient_config import (
    PolicyGradientConfig,
    ReinforceBaselineConfig,
    ReinforceConfig,
)
from surefoot.algos.reinforce import Reinforce
from surefoot.algos.reinforce_baseline import ReinforceBaseline
from surefoot.data.episodes import Episodes
from surefoot.data.psi import returns_to_go
from surefoot.seeding import stream_seed
from surefoot.tasks.course_pendulum import CONTROLS, MAX_VELOCITY, CoursePendulum, push
from surefoot.train.course_pendulum_config import CoursePendulumRun

AnyRun = CoursePendulumRun[PolicyGradientConfig]
"""Settings with any of the algorithms."""
OnStep = Callable[[int, Tensor, Tensor, Tensor, Tensor], None]
"""Called after every step with t, features, action, signal, next features."""


Act = Callable[[Tensor], Tensor]
"""A deterministic policy: states (..., 2) to actions (...)."""


@dataclass(frozen=True)
class RollOut:
    """What happened in an episode of T steps."""

    state: Tensor
    """(T + 1, ..., 2)."""
    action: Tensor
    """(T, ...)."""
    signal: Tensor
    """Costs or rewards, (T, ...)."""

    def discounted(self, gamma: float) -> Tensor:
        """Discounted sum of the signal from the start, (...)."""
        return returns_to_go(self.signal, gamma)[0]


def make_agent(run: AnyRun) -> SeedAgent:
    """Policy and value of all seeds of a run, before training."""
    seeds = range(run.seed, run.seed + run.seeds)
    return SeedAgent(
        run.agent,
        scale=(1.0, math.pi / MAX_VELOCITY),
        nb_actions=len(CONTROLS),
        generators=[_generator(seed, "networks") for seed in seeds],
    )


@torch.no_grad()
def play_episodes(
    task: CoursePendulum,
    agent: SeedAgent,
    uniform: Tensor,
    on_step: OnStep | None = None,
    push_uniform: Tensor | None = None,
) -> Episodes:
    """Episodes of the stochastic policy from the start until time is up.

    Args:
        task: The pendulum.
        agent: Its policy is played.
        uniform: Numbers in [0, 1) that decide the actions, (T, S, E).
        on_step: Hears of every step; what it changes in the policy counts from the next one.
        push_uniform: Numbers in [0, 1) that decide the pushes after each step, (T, S, E); None:
            nobody pushes.
    """
    state = task.start(*uniform.shape[1:])
    x = agent.features(state)
    features, actions, signals = [x], [], []
    for t, number in enumerate(uniform):
        u = agent.policy.law(x).quantile(number.flatten()).long().reshape(number.shape)
        signal, state = task.step(state, u)
        if push_uniform is not None:
            state = push(state, t + 1, push_uniform[t])
        next_x = agent.features(state)
        if on_step is not None:
            on_step(t, x, u, signal, next_x)
        x = next_x
        features.append(x)
        actions.append(u)
        signals.append(signal)
    return Episodes(
        features=torch.stack(features), action=torch.stack(actions), signal=torch.stack(signals)
    )


@torch.no_grad()
def roll_out(
    task: CoursePendulum, act: Act, start: Tensor, push_uniform: Tensor | None = None
) -> RollOut:
    """One episode under a deterministic policy.

    Args:
        task: The pendulum.
        act: The policy.
        start: First states, (..., 2).
        push_uniform: Numbers in [0, 1) that decide the pushes of the test, (T, ...); None: none.
    """
    state, states, actions, signals = start, [], [], []
    for t in range(task.config.episode_steps):
        if push_uniform is not None:
            state = push(state, t, push_uniform[t])
        action = act(state)
        states.append(state)
        signal, state = task.step(state, action)
        actions.append(action)
        signals.append(signal)
    return RollOut(torch.stack([*states, state]), torch.stack(actions), torch.stack(signals))


def greedy(agent: SeedAgent) -> Act:
    """The most likely action of each seed's policy, for states (S, N, 2)."""
    return lambda state: (
        agent.policy.law(agent.features(state)).mode.long().reshape(state.shape[:-1])
    )


@dataclass(frozen=True)
class Progress:
    """One update of a training."""

    episodes: int
    """Episodes of each seed behind."""
    cost: Tensor
    """Discounted cost of the update's episodes from their start, (S, E)."""


def train_course_pendulum(run: AnyRun, agent: SeedAgent) -> Iterator[Progress]:
    """Train all seeds; yields after every update."""
    torch.set_num_threads(run.torch_threads)
    task = CoursePendulum(run.task)
    seeds = range(run.seed, run.seed + run.seeds)
    dice, world = ([_generator(seed, name) for seed in seeds] for name in ("policy", "world"))
    shape = run.task.episode_steps, run.nb_envs
    objective, algo = run.task.objective, run.algo
    learn: Callable[[Episodes], None] | None = None
    on_step: OnStep | None = None
    if isinstance(algo, ReinforceConfig):
        learn = Reinforce(agent.policy, algo, objective).update
    elif isinstance(algo, ReinforceBaselineConfig):
        learn = ReinforceBaseline(agent.policy, agent.value, algo, objective).update
    else:
        on_step = _online(ActorCritic(agent.policy, agent.value, algo, objective))
    for episodes in range(run.nb_envs, run.episodes + 1, run.nb_envs):
        pushes = _uniform(shape, world) if run.task.pushes else None
        played = play_episodes(task, agent, _uniform(shape, dice), on_step, pushes)
        if learn is not None:
            learn(played)
        start = returns_to_go(played.signal, algo.gamma)[0]
        yield Progress(episodes, start if objective == "cost" else -start)


def _online(learner: ActorCritic) -> OnStep:
    """Learning at every step; nothing ever ends but time."""

    def on_step(t: int, x: Tensor, u: Tensor, signal: Tensor, next_x: Tensor) -> None:
        learner.update(t, x, u, signal, next_x, torch.zeros_like(u, dtype=torch.bool))

    return on_step


def _uniform(shape: tuple[int, int], generators: list[Generator]) -> Tensor:
    """Numbers in [0, 1) of S generators, (T, S, E)."""
    drawn = [torch.rand(shape, generator=g, dtype=torch.float64) for g in generators]
    return torch.stack(drawn, dim=1)


def _generator(seed: int, stream: str) -> Generator:
    return Generator().manual_seed(stream_seed(seed, stream))
