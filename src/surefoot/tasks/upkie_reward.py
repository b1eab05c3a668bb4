"""What Upkie is rewarded for, readable from our worlds or from anyone's observations."""

from __future__ import annotations

import torch
from torch import Tensor

from surefoot.signals import Layout
from surefoot.tasks.upkie_config import UpkieConfig, UpkieGyropodConfig
from surefoot.terms import balance


class Smoothness:
    """The command's change against its own low-passed past; nothing in an episode's first step.

    Source: ppo_balancer, smoothness term. Forgetting the past at each reset is ours.
    """

    def __init__(self, config: UpkieConfig, nb_worlds: int, action_size: int) -> None:
        self._config = config
        self._filtered = torch.zeros(nb_worlds, action_size)
        self._is_first = torch.ones(nb_worlds, 1, dtype=torch.bool)

    def reset(self, ids: Tensor) -> None:
        """Forget the worlds `ids` (N,)."""
        self._filtered[ids] = 0.0
        self._is_first[ids] = True

    def _reference(self, command: Tensor) -> Tensor:
        return torch.where(self._is_first, command, self._filtered)

    def term(self, command: Tensor) -> Tensor:
        """Weighted penalty of the commands (E, A), (E,)."""
        return self._config.smoothness_weight * balance.smooth_command(
            command, self._reference(command)
        )

    def advance(self, command: Tensor) -> None:
        """Take the commands (E, A) into the filter, once per step."""
        self._filtered = torch.lerp(self._reference(command), command, self._config.smoothing)
        self._is_first = torch.zeros_like(self._is_first)

    def state_dict(self) -> dict[str, Tensor]:
        """The filter's memory."""
        return {"filtered": self._filtered.clone(), "is_first": self._is_first.clone()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        self._filtered, self._is_first = state["filtered"].clone(), state["is_first"].clone()


def pendulum_terms(
    config: UpkieConfig, view: balance.BalanceView, smoothness: Tensor
) -> dict[str, Tensor]:
    """Tip in place, tip still, command smooth, each (E,). Source: ppo_balancer."""
    height = config.tip_height
    terms = {
        "position": config.position_weight
        * balance.keep_tip_in_place(view, height=height, tolerance=config.position_tolerance),
        "velocity": config.velocity_weight * balance.still_tip(view, height=height),
        "smoothness": smoothness,
    }
    if config.approach_weight:
        terms["approach"] = config.approach_weight * balance.come_back(
            view,
            height=height,
            rate=config.approach_rate,
            max_speed=config.approach_speed,
            tolerance=config.approach_tolerance,
        )
    return terms


def gyropod_terms(
    config: UpkieGyropodConfig, view: balance.BalanceView, target: Tensor, smoothness: Tensor
) -> dict[str, Tensor]:
    """Drive and turn as commanded, command smooth, each (E,).

    Args:
        config: Weights and tolerances.
        view: The robots.
        target: Ground velocity m/s and yaw velocity rad/s to follow, (E, 2).
        smoothness: Weighted smoothness term, (E,).
    """
    return {
        "drive": config.position_weight
        * balance.drive_as_commanded(
            view, target[:, 0], height=config.tip_height, tolerance=config.velocity_tolerance
        ),
        "turn": config.yaw_weight
        * balance.turn_as_commanded(view, target[:, 1], tolerance=config.yaw_tolerance),
        "smoothness": smoothness,
    }


class ObservedPendulum:
    """The balance reward recomputed from what an environment shows: named slices, no simulator.

    Args:
        config: The reward's weights.
        layout: Where pitch, ground position and their velocities stand in the observation.
    """

    def __init__(self, config: UpkieConfig, layout: Layout) -> None:
        self._config, self._layout = config, layout
        self.pitch = self.pitch_velocity = torch.zeros(1)
        self.ground_position = self.ground_velocity = self.yaw_velocity = torch.zeros(1)
        self.reset()

    def reset(self) -> None:
        """Begin a new episode."""
        self._smoothness = Smoothness(self._config, 1, 1)

    def step(self, observation: Tensor, action: Tensor) -> dict[str, Tensor]:
        """Weighted terms of one step: the action (1, A) and the observation after it, (1, O)."""
        for name in ("pitch", "pitch_velocity", "ground_position", "ground_velocity"):
            setattr(self, name, observation[:, self._layout.slice(name)].squeeze(1))
        smoothness = self._smoothness.term(action)
        self._smoothness.advance(action)
        return pendulum_terms(self._config, self, smoothness)
