"""PPO as a single file trains it: one loop, one process, `SyncVectorEnv`, PyTorch modules.

The structure is CleanRL's (Huang et al. 2022, JMLR 23(274)): acting, storing, advantages and
mini-batches in one function over preallocated tensors. The lines are ours. It is a peer to measure
speed against, not to learn with: the learning rate stays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Normal


class _Agent(nn.Module):
    """Two networks, and the laws of torch.distributions."""

    def __init__(self, env: gymnasium.vector.VectorEnv[Any, Any, Any], hidden: list[int]) -> None:
        super().__init__()
        action = env.single_action_space
        self.discrete = isinstance(action, gymnasium.spaces.Discrete)
        nb_actions = int(action.n) if self.discrete else int(np.prod(action.shape))  # type: ignore[attr-defined]
        nb_inputs = int(np.prod(env.single_observation_space.shape or ()))
        self.actor = _network([nb_inputs, *hidden, nb_actions])
        self.critic = _network([nb_inputs, *hidden, 1])
        self.log_std = nn.Parameter(torch.zeros(1, nb_actions))

    def act(self, obs: Tensor, action: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Action, its log probability, and the entropy."""
        output = self.actor(obs)
        if self.discrete:
            law = Categorical(logits=output)
            action = law.sample() if action is None else action
            return action, law.log_prob(action), law.entropy()
        law = Normal(output, self.log_std.exp().expand_as(output))
        action = law.sample() if action is None else action
        return action, law.log_prob(action).sum(1), law.entropy().sum(1)

    def value(self, obs: Tensor) -> Tensor:
        """Values, (N,)."""
        return self.critic(obs).flatten()


def _network(sizes: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width_in, width_out in itertools.pairwise(sizes):
        layers += [nn.Linear(width_in, width_out), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def training(
    task: str, *, nb_envs: int, n_steps: int, batch_size: int, n_epochs: int, hidden: list[int],
    learning_rate: float, normalize: bool,
) -> Callable[[], int]:  # fmt: skip
    """A training without end: each call is one update, and returns the steps that it took."""
    gamma, lam = 0.99, 0.95

    def make() -> gymnasium.Env[Any, Any]:
        env = gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make(task))
        if not normalize:
            return env
        if isinstance(env.action_space, gymnasium.spaces.Box):
            env = gymnasium.wrappers.ClipAction(env)
        env = gymnasium.wrappers.NormalizeObservation(env)
        return gymnasium.wrappers.NormalizeReward(env, gamma=gamma)

    envs = gymnasium.vector.SyncVectorEnv([make for _ in range(nb_envs)])
    agent = _Agent(envs, hidden)
    optimizer = torch.optim.Adam(agent.parameters(), lr=learning_rate, eps=1e-5)
    shape = (n_steps, nb_envs)
    obs = torch.zeros(*shape, *(envs.single_observation_space.shape or ()))
    actions = torch.zeros(*shape, *(envs.single_action_space.shape or ()))
    log_probs, rewards, dones, values = torch.zeros(4, *shape)
    first, _ = envs.reset(seed=0)
    next_obs, next_done = torch.tensor(first, dtype=torch.float32), torch.zeros(nb_envs)

    def update() -> int:
        nonlocal next_obs, next_done
        for t in range(n_steps):
            obs[t], dones[t] = next_obs, next_done
            with torch.no_grad():
                action, log_probs[t], _ = agent.act(next_obs)
                values[t] = agent.value(next_obs)
            actions[t] = action
            seen, reward, terminated, truncated, _ = envs.step(action.numpy())
            rewards[t] = torch.tensor(reward)
            next_obs = torch.tensor(seen, dtype=torch.float32)
            next_done = torch.tensor(terminated | truncated, dtype=torch.float32)
        with torch.no_grad():
            advantages, last = torch.zeros(shape), torch.zeros(nb_envs)
            value, going = agent.value(next_obs), 1.0 - next_done
            for t in reversed(range(n_steps)):
                delta = rewards[t] + gamma * value * going - values[t]
                advantages[t] = last = delta + gamma * lam * going * last
                value, going = values[t], 1.0 - dones[t]
            returns = advantages + values
        flat = [x.reshape(-1, *x.shape[2:]) for x in
                (obs, actions, log_probs, advantages, returns)]  # fmt: skip
        order = np.arange(n_steps * nb_envs)
        for _ in range(n_epochs):
            np.random.shuffle(order)
            for start in range(0, len(order), batch_size):
                picked = order[start : start + batch_size]
                descend(*(x[picked] for x in flat))
        return n_steps * nb_envs

    def descend(
        obs: Tensor, action: Tensor, old: Tensor, advantage: Tensor, target: Tensor
    ) -> None:
        _, log_prob, entropy = agent.act(obs, action)
        log_ratio = log_prob - old
        ratio = log_ratio.exp()
        with torch.no_grad():
            ((ratio - 1) - log_ratio).mean()
            ((ratio - 1.0).abs() > 0.2).float().mean().item()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clipped = ratio.clamp(0.8, 1.2)
        policy_loss = torch.max(-advantage * ratio, -advantage * clipped).mean()
        value_loss = 0.5 * (agent.value(obs) - target).square().mean()
        loss = policy_loss - 0.0 * entropy.mean() + 0.5 * value_loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimizer.step()

    return update
