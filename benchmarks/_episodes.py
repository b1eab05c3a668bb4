"""Evaluation episode by episode, in both simulators: what confidence intervals are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from surefoot.deploy.environments import make_env
from surefoot.envs.batched import BatchedEnv, Transition
from surefoot.envs.make import make_batched
from surefoot.sim.cpu import CpuWorlds
from surefoot.tasks.upkie_config import UpkieConfig, UpkiePendulumConfig
from surefoot.train.evaluate import Policy, evaluate
from surefoot.train.foreign import evaluate_foreign, foreign_arguments, randomize_start

TASK = "upkie-pendulum"
PYBULLET = "Upkie-PyBullet-Pendulum"
_PITCH, _POSITION, _, _VELOCITY = range(4)  # of an observation of upkie-pendulum


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One episode."""

    fell: bool
    """Whether it ended before its time."""
    reward: float
    """Sum over its steps."""
    balance: float
    """Sum of the reward's position and velocity terms."""
    observations: NDArray[np.float64]
    """Before the first step and after each one, (T + 1, 4)."""

    @property
    def length(self) -> int:
        """T, policy steps."""
        return len(self.observations) - 1

    @property
    def pitch(self) -> NDArray[np.float64]:
        """rad, (T + 1,)."""
        return self.observations[:, _PITCH]

    @property
    def position(self) -> NDArray[np.float64]:
        """Wheel odometry, m, (T + 1,)."""
        return self.observations[:, _POSITION]

    @property
    def sway(self) -> float:
        """Root mean square of the ground velocity in the second half, m/s."""
        late = self.observations[self.length // 2 :, _VELOCITY]
        return float(np.sqrt(np.mean(late**2)))


@dataclass(frozen=True)
class Episodes:
    """Some episodes of one policy under the same conditions."""

    all: Sequence[Episode]

    @property
    def nb_falls(self) -> int:
        """How many ended before their time."""
        return sum(e.fell for e in self.all)

    def falls(self) -> str:
        """Fall rate with its 95 % interval (Wilson): "2.0 % (0.4 to 10.5)"."""
        rate = stats.binomtest(self.nb_falls, len(self.all))
        low, high = rate.proportion_ci(method="wilson")
        return f"{100 * rate.statistic:.1f} % ({100 * low:.1f} to {100 * high:.1f})"

    def per_step(self, name: str) -> tuple[float, float, float]:
        """Mean per step of `reward` or `balance`; 95 % bootstrap interval over episodes."""
        sums = np.array([getattr(e, name) for e in self.all])
        lengths = np.array([e.length for e in self.all])
        draw = np.random.default_rng(0).integers(len(sums), size=(10_000, len(sums)))
        means = sums[draw].sum(axis=1) / lengths[draw].sum(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        return float(sums.sum() / lengths.sum()), float(low), float(high)

    def interval(self, name: str) -> str:
        """The same as text: "0.74 (0.72 to 0.76)"."""
        return "{:.3f} ({:.3f} to {:.3f})".format(*self.per_step(name))

    @property
    def mean_return(self) -> float:
        """Mean sum of rewards over episodes."""
        return float(np.mean([e.reward for e in self.all]))

    @property
    def sway(self) -> float:
        """Median over episodes of the ground speed's root mean square, second half, m/s."""
        return float(np.median([e.sway for e in self.all]))


Adjust = Callable[[CpuWorlds], None]
"""Changes the worlds before an evaluation."""


def in_mujoco(
    policy: Policy,
    config: UpkieConfig,
    *,
    episodes: int,
    seed: int = 0,
    imperfect: bool = False,
    adjust: Adjust | None = None,
) -> Episodes:
    """Episodes in our own worlds, side by side.

    Args:
        policy: Who plays.
        config: The task's settings, its reset range among them.
        episodes: How many.
        seed: Seed of the starts.
        imperfect: Sensor noise, action noise and lag, as far as the settings have them.
        adjust: Changes the worlds beforehand.
    """
    env = make_batched(TASK, config, nb_envs=episodes, seed=seed, imperfect=imperfect)
    if adjust is not None:
        assert isinstance(env.worlds, CpuWorlds)
        adjust(env.worlds)
    witness = _Witness(env)
    evaluate(policy, witness, episodes=episodes, max_steps=config.max_episode_steps)
    return witness.episodes()


class _Witness:
    """An environment that writes down the first episode of each world."""

    def __init__(self, env: BatchedEnv) -> None:
        self._env = env
        self.interface, self.nb_worlds = env.interface, env.nb_worlds
        self.report, self.close = env.report, env.close
        self.state_dict, self.load_state_dict = env.state_dict, env.load_state_dict

    def reset(self) -> Tensor:
        obs = self._env.reset()
        self._seen, self._steps = [obs], list[Transition]()
        return obs

    def step(self, action: Tensor) -> Transition:
        step = self._env.step(action)
        self._seen.append(step.final_obs)
        self._steps.append(step)
        return step

    def episodes(self) -> Episodes:
        done = torch.stack([s.done for s in self._steps])
        reward = torch.stack([s.reward for s in self._steps])
        balance = torch.stack([s.terms["position"] + s.terms["velocity"] for s in self._steps])
        seen = torch.stack(self._seen).double().numpy()
        found = []
        for world in range(self.nb_worlds):
            last = int(done[:, world].int().argmax())  # the first end
            found.append(
                Episode(
                    fell=bool(self._steps[last].terminated[world]),
                    reward=float(reward[: last + 1, world].sum()),
                    balance=float(balance[: last + 1, world].sum()),
                    observations=seen[: last + 2, world],
                )
            )
        return Episodes(found)


def in_pybullet(
    policy: Policy, config: UpkiePendulumConfig, *, episodes: int, seed: int = 0
) -> Episodes:
    """Episodes in the upkie package's PyBullet simulation, one after the other."""
    interface = make_batched(TASK, config, nb_envs=1, seed=0).interface
    env = _Log(make_env(PYBULLET, **foreign_arguments(PYBULLET, config)))
    if not randomize_start(env, config):
        raise RuntimeError(f"{PYBULLET} does not take our initial states")
    found = []
    for episode in range(episodes):
        seen = evaluate_foreign(
            policy, interface, config, env,
            episodes=1, max_steps=config.max_episode_steps, seed=1000 * seed + episode,
        )  # fmt: skip
        found.append(
            Episode(
                fell=seen.falls > 0,
                reward=seen.return_mean,
                balance=(seen.terms["position"] + seen.terms["velocity"]) * seen.length_mean,
                observations=np.array(env.seen, dtype=np.float64),
            )
        )
    env.close()
    return Episodes(found)


class _Log(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment that writes down the observations of its newest episode."""

    def reset(self, **arguments: Any) -> Any:
        obs, info = self.env.reset(**arguments)
        self.seen = [obs]
        return obs, info

    def step(self, action: Any) -> Any:
        obs, *rest = self.env.step(action)
        self.seen.append(obs)
        return obs, *rest
