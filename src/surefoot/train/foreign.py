"""The same policy in a simulator that we did not write: any Gymnasium environment that fits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor

from surefoot.deploy.card import PolicyCard
from surefoot.deploy.fit import Fit, fit
from surefoot.errors import NotFinite
from surefoot.signals import Interface, Layout
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.upkie_config import UpkieConfig, UpkiePendulumConfig
from surefoot.tasks.upkie_reward import ObservedPendulum
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.config import AnyTaskConfig
from surefoot.train.evaluate import Evaluation, Policy, check_finite, check_length, summarize

OnEpisode = Callable[[int], None]
"""Called after each episode with how many are done."""


@torch.no_grad()
def evaluate_foreign(
    policy: Policy,
    interface: Interface,
    task: AnyTaskConfig | None,
    env: gymnasium.Env[Any, Any],
    *,
    episodes: int,
    max_steps: int,
    seed: int = 0,
    on_episode: OnEpisode | None = None,
) -> Evaluation:
    """Play episodes one after the other; our reward is recomputed where the slices suffice.

    Args:
        policy: Who plays.
        interface: What the policy was made for. Commands that the environment does not show are 0.
        task: Settings whose reward is recomputed; otherwise the environment's own reward counts.
        env: Where; it is not closed.
        episodes: How many.
        max_steps: Our time limit.
        seed: Seed of the first reset; the others follow from it.
        on_episode: Progress.

    Raises:
        Mismatch: The environment's spaces or rate are not what the policy was made for.
        NotFinite: The policy's action, or the environment's observation, is NaN or infinite.
        InvalidConfig: There is no step to play.
    """
    begin = time.perf_counter()
    check_length(max_steps)
    fits = check_fit(interface, env, task)
    reward = (
        ObservedPendulum(task, interface.observation)
        if isinstance(task, UpkiePendulumConfig)
        else None
    )

    def observe(values: Any) -> Tensor:
        seen = torch.zeros(1, interface.observation.size)
        seen[0, fits.sensed] = torch.from_numpy(np.array(values, dtype=np.float32).reshape(-1))
        if not bool(torch.isfinite(seen).all()):
            raise NotFinite("the environment's observation", [], "Its simulation broke.")
        return seen

    returns, lengths = np.zeros(episodes), np.zeros(episodes)
    fell = np.zeros(episodes, dtype=np.bool_)
    sums: dict[str, float] = {}
    for episode in range(episodes):
        policy.reset(1)
        if reward is not None:
            reward.reset()
        sensed, _ = env.reset(seed=seed if episode == 0 else None)
        observation = observe(sensed)
        for _ in range(max_steps):
            action = policy.act(observation)
            check_finite(action, torch.ones(1, dtype=torch.bool))
            action = action.clamp(torch.from_numpy(fits.low), torch.from_numpy(fits.high))
            sensed, own_reward, terminated, truncated, _ = env.step(_sent(action, fits))
            observation = observe(sensed)
            lengths[episode] += 1
            if reward is not None:
                terms = {name: float(t[0]) for name, t in reward.step(observation, action).items()}
                for name, value in terms.items():
                    sums[name] = sums.get(name, 0.0) + value
                returns[episode] += sum(terms.values())
            else:
                returns[episode] += float(own_reward)
            if terminated or truncated:
                fell[episode] = bool(terminated)
                break
        if on_episode is not None:
            on_episode(episode + 1)
    wall = time.perf_counter() - begin
    return summarize(returns, lengths, fell, sums, wall_s=wall)


def _sent(action: Tensor, fits: Fit) -> Any:
    """An action (1, A) in the environment's form."""
    if fits.first_choice is not None:
        return int(action[0, 0]) + fits.first_choice
    return action[0].numpy().reshape(fits.action_shape)


def check_fit(
    interface: Interface, env: gymnasium.Env[Any, Any], task: AnyTaskConfig | None
) -> Fit:
    """How what a policy reads and sends corresponds to an environment, as for a deployed policy.

    Raises:
        Mismatch: Sizes, bounds or rates differ from what the policy was made for.
    """
    rate = 1.0 / interface.dt
    if task is None or isinstance(task, GymnasiumConfig):  # it has no rate of its own
        rate = 1.0 / (getattr(env.unwrapped, "dt", None) or interface.dt)
    card = PolicyCard(
        task=_task_name(task),
        observation=interface.observation.signals,
        action=interface.action.signals if isinstance(interface.action, Layout) else (),
        nb_choices=0 if isinstance(interface.action, Layout) else interface.action,
        rate_hz=rate,
        state_size=0,
    )
    return fit(card, env)


def _task_name(task: AnyTaskConfig | None) -> str:
    if isinstance(task, GymnasiumConfig):
        return task.env_id
    return next((name for name, entry in TASKS.items() if entry.config is type(task)), "")


def foreign_arguments(env_id: str, task: AnyTaskConfig | None) -> dict[str, Any]:
    """Arguments that give an environment known to us the policy's rate; ours, no imperfections."""
    if isinstance(task, WalkingConfig) and env_id == TASKS[_task_name(task)].gym_id:
        return {"robot": task.robot, "frequency": task.frequency, "imperfect": False}
    if not isinstance(task, UpkieConfig):
        return {}
    if env_id.startswith("Surefoot/"):
        return {
            "frequency": task.frequency,
            "max_ground_velocity": task.max_ground_velocity,
            "imperfect": False,
        }
    return {"frequency": task.frequency} if env_id.startswith("Upkie-") else {}


def randomize_start(env: gymnasium.Env[Any, Any], task: AnyTaskConfig | None) -> bool:
    """Give a foreign Upkie our initial states; False where that cannot be done."""
    update = getattr(env.unwrapped, "update_init_rand", None)
    if update is None or not isinstance(task, UpkieConfig):
        return False
    bounds = task.reset
    update(
        roll=bounds.roll, pitch=bounds.pitch, x=bounds.x, z=bounds.z,
        omega_x=bounds.omega_x, omega_y=bounds.omega_y, v_x=bounds.v_x, v_z=bounds.v_z,
    )  # fmt: skip
    return True
