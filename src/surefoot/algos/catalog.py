"""Every algorithm by name, without loading any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from surefoot.algos.ppo_config import PPOConfig
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout

OnPolicyConfig = PPOConfig
"""Settings of the algorithms that learn from rollouts of the policy as it is."""
AnyAlgoConfig = OnPolicyConfig
"""Settings of any algorithm."""


@dataclass(frozen=True, kw_only=True)
class AlgorithmEntry:
    """One algorithm of the catalog."""

    config: type[AnyAlgoConfig]
    """Its settings."""
    actions: Literal["any", "discrete", "continuous"]
    """The action spaces it can act on."""
    summary: str
    """What it is, in one line."""


ALGORITHMS: dict[str, AlgorithmEntry] = {
    "ppo": AlgorithmEntry(
        config=PPOConfig,
        actions="any",
        summary="proximal policy optimization (on-policy, Box or Discrete actions)",
    ),
}
"""Algorithms by their name on the command line."""


def check_actions(algo: str, interface: Interface) -> None:
    """Refuse an algorithm that cannot act in an environment.

    Raises:
        InvalidConfig: Its actions are of the other kind; the error names who can.
    """
    kind = "continuous" if isinstance(interface.action, Layout) else "discrete"
    if ALGORITHMS[algo].actions in ("any", kind):
        return
    able = [name for name, entry in ALGORITHMS.items() if entry.actions in ("any", kind)]
    raise InvalidConfig(
        f"{algo} needs {ALGORITHMS[algo].actions} actions, and these are {kind}. "
        f"Take --algo {' or '.join(able)}."
    )
