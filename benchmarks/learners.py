"""Gradient steps per second of DQN and SAC, against Stable-Baselines3 with the same settings.

Both sides hold a replay of the same task, filled with as many uniform transitions, and take
gradient steps in turns, one thread each: drawing the batch, losses, optimizers, targets. Time is
the processor's, of this process, so that a busy machine changes little; on a quiet one it is wall
time.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import _report
import torch
from stable_baselines3 import DQN, SAC

from surefoot.agent.config import AgentConfig
from surefoot.algos.actor_critic_config import SACConfig
from surefoot.algos.catalog import OffPolicyAlgoConfig
from surefoot.algos.dqn_config import DQNConfig
from surefoot.train.off_policy import OffPolicy
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session

BAR = 1.5
FILLED = 5_000
"""Transitions in the replay."""

Turn = Callable[[int], Any]
"""Takes so many gradient steps."""


def surefoot_side(task: str, algo: str, settings: OffPolicyAlgoConfig, net: list[int]) -> Turn:
    """Ours, with the replay filled and nothing learned yet."""
    agent = AgentConfig(
        net_arch_pi=tuple(net), net_arch_vf=tuple(net), activation="relu", ortho_init=False
    )
    settings = dataclasses.replace(settings, learning_starts=FILLED, log_interval=FILLED)
    config = dataclasses.replace(
        find_preset(task, "default", algo=algo), agent=agent, algo=settings
    )
    session = Session(Run(task=task, algo=algo, preset="default", config=config))
    session.update()
    learning = session.learning
    assert isinstance(learning, OffPolicy)
    return learning.learn


def peer_side(task: str, cls: type[DQN | SAC], batch_size: int, **settings: Any) -> Turn:
    """Stable-Baselines3, the same."""
    model = cls("MlpPolicy", task, device="cpu", batch_size=batch_size, learning_starts=FILLED,
                **settings)  # fmt: skip
    model.learn(FILLED)
    return lambda nb: model.train(nb, batch_size)


def pairs() -> dict[str, tuple[Turn, Turn]]:
    """What is compared: ours and the peer's."""
    sac: dict[str, Any] = {"learning_rate": 3e-4, "batch_size": 256}
    dqn: dict[str, Any] = {"learning_rate": 2.5e-4, "batch_size": 128}
    nets = [256, 256], [120, 84], [64, 64]
    return {
        "DQN, CartPole-v1, 120 x 84, batch 128": (
            surefoot_side("CartPole-v1", "dqn", DQNConfig(**dqn), nets[1]),
            peer_side("CartPole-v1", DQN, policy_kwargs={"net_arch": nets[1]}, **dqn),
        ),
        "SAC, Pendulum-v1, 64 x 64, batch 256": (
            surefoot_side("Pendulum-v1", "sac", SACConfig(**sac), nets[2]),
            peer_side("Pendulum-v1", SAC, policy_kwargs={"net_arch": nets[2]}, **sac),
        ),
        "SAC, HalfCheetah-v5, 256 x 256, batch 256": (
            surefoot_side("HalfCheetah-v5", "sac", SACConfig(**sac), nets[0]),
            peer_side("HalfCheetah-v5", SAC, policy_kwargs={"net_arch": nets[0]}, **sac),
        ),
    }


def speed(turn: Turn, seconds: float) -> float:
    """Gradient steps per second of processor time."""
    nb, begin = 0, time.process_time()
    while time.process_time() - begin < seconds:
        turn(10)
        nb += 10
    return nb / (time.process_time() - begin)


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    options = parser.parse_args()
    turns, seconds = (3, 1.0) if options.quick else (30, 1.0)
    torch.set_num_threads(1)
    _report.headline("Gradient steps per second", threads="one thread each, in turns")
    rows, verdicts, results = [], [], {}
    for name, (ours, peer) in pairs().items():
        speed(ours, 0.5), speed(peer, 0.5)
        measured = [(speed(ours, seconds), speed(peer, seconds)) for _ in range(turns)]
        ratios = [a / b for a, b in measured]
        rows.append([name, *(_report.spread(side) for side in zip(*measured, strict=True)),
                     _report.spread(ratios)])  # fmt: skip
        results[name] = {"measured": measured, "ratio": statistics.median(ratios)}
    _report.table(["algorithm and task", "Surefoot", "Stable-Baselines3", "ratio"], rows)
    for name, result in results.items():
        verdicts.append(_report.verdict(name, value=result["ratio"], bar=BAR))
    _report.write_json(options.json, {"results": results, "verdicts": verdicts})


if __name__ == "__main__":
    main()
