"""The same policy in a simulator that we did not write: any Gymnasium environment that fits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch

from surefoot.errors import Mismatch, NotFinite
from surefoot.signals import Interface, Layout
from surefoot.tasks.upkie_config import UpkieConfig, UpkiePendulumConfig
from surefoot.tasks.upkie_reward import ObservedPendulum
from surefoot.train.config import AnyTaskConfig
from surefoot.train.evaluate import Evaluation, Policy, summarize

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
        interface: What the policy was made for. Signals of the operator are fed zeros.
        task: Settings whose reward is recomputed; otherwise the environment's own reward counts.
        env: Where; it is not closed.
        episodes: How many.
        max_steps: Our time limit.
        seed: Seed of the first reset; the others follow from it.
        on_episode: Progress.

    Raises:
        Mismatch: The environment's spaces are not what the policy was made for.
        NotFinite: The policy's action is NaN or infinite.
    """
    begin = time.perf_counter()
    nb_sensed = check_fit(interface, env)
    reward = (
        ObservedPendulum(task, interface.observation)
        if isinstance(task, UpkiePendulumConfig)
        else None
    )
    returns, lengths = np.zeros(episodes), np.zeros(episodes)
    fell = np.zeros(episodes, dtype=np.bool_)
    sums: dict[str, float] = {}
    for episode in range(episodes):
        policy.reset(1)
        if reward is not None:
            reward.reset()
        observation, _ = env.reset(seed=seed if episode == 0 else None)
        for _ in range(max_steps):
            sensed = torch.zeros(1, interface.observation.size)
            sensed[0, :nb_sensed] = torch.from_numpy(np.array(observation, dtype=np.float32))
            action = policy.act(sensed)
            if not bool(torch.isfinite(action).all()):
                raise NotFinite("the policy's action", [], "Train it again.")
            sent = int(action[0, 0]) if isinstance(interface.action, int) else action[0].numpy()
            observation, own_reward, terminated, truncated, _ = env.step(sent)
            lengths[episode] += 1
            if reward is not None:
                seen = torch.from_numpy(np.array(observation, dtype=np.float32))[None]
                terms = {name: float(t[0]) for name, t in reward.step(seen, action).items()}
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


def check_fit(interface: Interface, env: gymnasium.Env[Any, Any]) -> int:
    """How many values the environment senses; the operator's signals come after them.

    Raises:
        Mismatch: Sizes or action bounds differ from what the policy was made for.
    """
    nb_sensed = sum(s.size for s in interface.observation if s.source == "sensor")
    seen, acts = env.observation_space, env.action_space
    if not isinstance(seen, gymnasium.spaces.Box) or seen.shape != (nb_sensed,):
        raise Mismatch(
            f"the policy reads {nb_sensed} values ({', '.join(interface.observation.names)}), "
            f"this environment shows {seen}"
        )
    if isinstance(interface.action, Layout):
        if not isinstance(acts, gymnasium.spaces.Box) or acts.shape != (interface.action.size,):
            raise Mismatch(
                f"the policy sends {interface.action.size} values "
                f"({', '.join(interface.action.names)}), this environment takes {acts}"
            )
        if bool((interface.action.high > acts.high + 1e-6).any()):
            raise Mismatch(
                f"the policy sends up to {interface.action.high}, this environment takes {acts}"
            )
    elif not isinstance(acts, gymnasium.spaces.Discrete) or acts.n != interface.action:
        raise Mismatch(f"the policy has {interface.action} choices, this environment takes {acts}")
    return nb_sensed


def foreign_arguments(env_id: str, task: AnyTaskConfig | None) -> dict[str, Any]:
    """Arguments that give an environment known to us the policy's rate."""
    if env_id.startswith("Upkie-") and isinstance(task, UpkieConfig):
        return {"frequency": task.frequency}
    return {}


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
