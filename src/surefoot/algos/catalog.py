"""Every algorithm by name, without loading any of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from surefoot.algos.actor_critic_config import DDPGConfig, SACConfig, TD3Config
from surefoot.algos.dqn_config import C51Config, DQNConfig, QDaggerConfig
from surefoot.algos.ppg_config import PPGConfig
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.rnd_config import RNDConfig
from surefoot.algos.rpo_config import RPOConfig
from surefoot.algos.vpg_config import VPGConfig
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout

OnPolicyConfig = VPGConfig | PPOConfig | RPOConfig | RNDConfig | PPGConfig
"""Settings of the algorithms that learn from rollouts of the policy as it is."""
OffPolicyAlgoConfig = DQNConfig | QDaggerConfig | C51Config | DDPGConfig | TD3Config | SACConfig
"""Settings of the algorithms that learn from a replay."""
AnyAlgoConfig = OnPolicyConfig | OffPolicyAlgoConfig
"""Settings of any algorithm."""


@dataclass(frozen=True, kw_only=True)
class AlgorithmEntry:
    """One algorithm of the catalog."""

    config: type[AnyAlgoConfig]
    """Its settings."""
    actions: Literal["any", "discrete", "continuous", "bounded"]
    """What it can send: anything, a choice, continuous values, or such between finite bounds."""
    summary: str
    """What it is, in one line."""


ALGORITHMS: dict[str, AlgorithmEntry] = {
    "ppo": AlgorithmEntry(
        config=PPOConfig,
        actions="any",
        summary="proximal policy optimization (on-policy, Box or Discrete actions)",
    ),
    "vpg": AlgorithmEntry(
        config=VPGConfig,
        actions="any",
        summary="vanilla policy gradient, REINFORCE and actor-critic by --algo.psi (on-policy, Box "
        "or Discrete actions)",
    ),
    "dqn": AlgorithmEntry(
        config=DQNConfig,
        actions="discrete",
        summary="deep Q-learning, double and duelling on request (off-policy, Discrete actions)",
    ),
    "c51": AlgorithmEntry(
        config=C51Config,
        actions="discrete",
        summary="deep Q-learning of the law of the return (off-policy, Discrete actions)",
    ),
    "qdagger": AlgorithmEntry(
        config=QDaggerConfig,
        actions="discrete",
        summary="deep Q-learning from a teacher, an earlier run (off-policy, Discrete actions)",
    ),
    "ddpg": AlgorithmEntry(
        config=DDPGConfig,
        actions="bounded",
        summary="deep deterministic policy gradient (off-policy, Box actions)",
    ),
    "td3": AlgorithmEntry(
        config=TD3Config,
        actions="bounded",
        summary="twin delayed deep policy gradient (off-policy, Box actions)",
    ),
    "sac": AlgorithmEntry(
        config=SACConfig,
        actions="bounded",
        summary="soft actor-critic with automatic temperature (off-policy, Box actions)",
    ),
    "rpo": AlgorithmEntry(
        config=RPOConfig,
        actions="continuous",
        summary="robust policy optimization: PPO that keeps exploring (on-policy, Box actions)",
    ),
    "rnd": AlgorithmEntry(
        config=RNDConfig,
        actions="any",
        summary="random network distillation: PPO with curiosity (on-policy, Box or Discrete "
        "actions)",
    ),
    "ppg": AlgorithmEntry(
        config=PPGConfig,
        actions="any",
        summary="phasic policy gradient: PPO with an auxiliary phase (on-policy, Box or Discrete "
        "actions)",
    ),
}
"""Algorithms by their name on the command line."""


def check_actions(algo: str, interface: Interface) -> None:
    """Refuse an algorithm that cannot act in an environment.

    Raises:
        InvalidConfig: Its actions are of another kind; the error names who can.
    """
    kind = _kind(interface.action)
    if _can(algo, kind):
        return
    able = [name for name in ALGORITHMS if _can(name, kind)]
    raise InvalidConfig(
        f"{algo} needs {_WORDS[ALGORITHMS[algo].actions]} actions, and these are {_WORDS[kind]}. "
        f"Take --algo {' or '.join(able)}."
    )


_WORDS = {
    "discrete": "discrete",
    "continuous": "continuous",
    "bounded": "continuous, bounded",
    "unbounded": "continuous, unbounded",
}


def _kind(action: Layout | int) -> str:
    if isinstance(action, int):
        return "discrete"
    bounds = (*action.low, *action.high)
    return "bounded" if all(math.isfinite(bound) for bound in bounds) else "unbounded"


def _can(algo: str, kind: str) -> bool:
    actions = ALGORITHMS[algo].actions
    return actions in ("any", kind) or (actions == "continuous" and kind != "discrete")
