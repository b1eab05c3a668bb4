"""The world as an agent meets it: a task over many worlds, with resets, limits and noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from surefoot.errors import NotFinite, SurefootError
from surefoot.sim.backend import Worlds
from surefoot.tasks.task import Task

MAX_DIVERGED_SHARE = 0.05
"""Share of worlds that may diverge in one step before training stops."""


@dataclass(kw_only=True)
class Transition:
    """What one step brings; shapes with E worlds, O observation values."""

    obs: Tensor
    """Observation to act on next: of the new episode where one has ended, (E, O)."""
    final_obs: Tensor
    """Observation the step led to, before any reset, (E, O); equals `obs` where nothing ended."""
    reward: Tensor
    """Sum of `terms`, (E,)."""
    terminated: Tensor
    """The task ended: nothing is to be gained any more, bool (E,)."""
    truncated: Tensor
    """Ended for another reason, as time: the task would go on, bool (E,). Never together with
    `terminated`."""
    terms: dict[str, Tensor] = field(default_factory=dict)
    """Weighted terms of the reward by name, each (E,)."""
    causes: dict[str, Tensor] = field(default_factory=dict)
    """Why episodes ended, by name, each bool (E,); the first that holds counts. Empty: nobody knows
    more than `terminated` and `truncated`."""

    @property
    def done(self) -> Tensor:
        """terminated or truncated, bool (E,)."""
        return self.terminated | self.truncated


class BatchedEnv:
    """E worlds of one task, stepped together, reset one by one, never leaving tensors.

    Args:
        task: The task over `worlds`.
        worlds: The physics.
        imperfect: Sensor noise, action noise and lag; off for evaluation.
        curriculum_steps: Environment steps over all worlds in which the reset range grows.
        spread: The very first episodes are of different lengths, so that not all robots start anew
            at once ever after.
    """

    def __init__(
        self,
        task: Task,
        worlds: Worlds,
        *,
        imperfect: bool = True,
        curriculum_steps: int = 0,
        spread: bool = False,
    ) -> None:
        self.task, self.worlds, self.imperfect = task, worlds, imperfect
        self.interface = task.interface
        self.nb_worlds = worlds.nb_worlds
        self.nb_diverged = 0
        """Worlds that have diverged since the beginning; each was ended and started afresh."""
        self.nb_steps = 0
        """Environment steps since the beginning, over all worlds."""
        self._curriculum_steps = curriculum_steps
        self._elapsed = torch.zeros(self.nb_worlds, dtype=torch.int64)
        self._spread = spread

    @property
    def reset_scale(self) -> float:
        """Share of the reset range in use, in [0, 1]: the initial-state curriculum."""
        if self._curriculum_steps == 0:
            return 1.0
        return min(1.0, self.nb_steps / self._curriculum_steps)

    def reset(self) -> Tensor:
        """Start a new episode in every world; returns the observation, (E, O)."""
        self.task.reset(torch.arange(self.nb_worlds), self.reset_scale, imperfect=self.imperfect)
        self._elapsed.zero_()
        if self._spread:
            share = torch.arange(self.nb_worlds) / self.nb_worlds
            self._elapsed = (share * self.task.max_episode_steps).long()
        return self._sense()

    def step(self, action: Tensor) -> Transition:
        """Hold an action (E, A), in the task's units, for one policy step.

        Raises:
            NotFinite: A reward term is NaN or infinite in a world that has not diverged.
            SurefootError: More than 5 % of the worlds diverged at once.
        """
        task = self.task
        task.apply(action, imperfect=self.imperfect)
        diverged = self.worlds.step(task.nb_substeps)
        self.nb_steps += self.nb_worlds
        self._elapsed += 1
        broken = bool(diverged.any())
        obs = self._sense()
        terms = task.reward_terms()
        if broken:
            self._isolate(diverged, obs, terms)
        reward = torch.stack(list(terms.values())).sum(dim=0)
        if not bool(torch.isfinite(reward).all()):
            _name_the_culprit(terms)
        task.advance()
        failures = {"diverged": diverged, **task.terminations()}
        interruptions = {
            "time_limit": self._elapsed >= task.max_episode_steps,
            "interrupted": task.interrupted(),
        }
        terminated = torch.stack(list(failures.values())).any(dim=0)
        truncated = torch.stack(list(interruptions.values())).any(dim=0) & ~terminated
        final_obs = obs
        ids = (terminated | truncated).nonzero().squeeze(1)
        if len(ids):
            task.reset(ids, self.reset_scale, imperfect=self.imperfect)
            self._elapsed[ids] = 0
            obs = final_obs.clone()
            obs[ids] = self._sense(ids)
        return Transition(
            obs=obs,
            final_obs=final_obs,
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            terms=terms,
            causes={**failures, **interruptions},
        )

    def observe(self) -> Tensor:
        """The observation of this instant, (E, O), noise included: for who changes the world."""
        return self._sense()

    def _sense(self, ids: Tensor | None = None) -> Tensor:
        obs = self.task.observe()
        obs = obs if ids is None else obs[ids]
        return self.task.disturb(obs) if self.imperfect else obs

    def _isolate(self, diverged: Tensor, obs: Tensor, terms: dict[str, Tensor]) -> None:
        """Count the diverged worlds and keep their broken numbers away from everyone."""
        nb = int(diverged.sum())
        self.nb_diverged += nb
        if nb > max(1.0, MAX_DIVERGED_SHARE * self.nb_worlds):
            raise SurefootError(
                f"{nb} of {self.nb_worlds} worlds diverged in one step: the simulation is unstable."
                " Lower the gains, the torque limits or the physics step."
            )
        obs[diverged] = 0.0
        for term in terms.values():
            term[diverged] = 0.0

    def report(self) -> dict[str, float]:
        """Diverged worlds so far and the curriculum's state."""
        return {
            "worlds/diverged": float(self.nb_diverged),
            "curriculum/reset_scale": self.reset_scale,
            **self.task.report(),
        }

    def close(self) -> None:
        """Nothing to free: worlds go with the object."""

    def state_dict(self) -> dict[str, Any]:
        """Everything the next step depends on."""
        return {
            "worlds": self.worlds.state_dict(),
            "task": self.task.state_dict(),
            "elapsed": self._elapsed.clone(),
            "nb_steps": self.nb_steps,
            "nb_diverged": self.nb_diverged,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        self.worlds.load_state_dict(state["worlds"])
        self.task.load_state_dict(state["task"])
        self._elapsed = state["elapsed"].clone()
        self.nb_steps, self.nb_diverged = state["nb_steps"], state["nb_diverged"]


def _name_the_culprit(terms: dict[str, Tensor]) -> None:
    for name, term in terms.items():
        worlds = (~torch.isfinite(term)).nonzero().squeeze(1).tolist()
        if worlds:
            raise NotFinite(f"reward term '{name}'", worlds, "Check the term and its inputs.")
