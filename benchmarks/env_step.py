"""What a step of the environment costs beside the physics it cannot do without.

Both sides take the same physics steps in the same process. Every policy step of the environment
(action in; lag, noise, observation, reward, ends of episodes, resets) is recorded, and then a bare
`mujoco.batch.Batch` of the same model repeats its physics from the same states with the same
controls: that it ends in the same states, bit for bit, is checked. Choosing the actions, recording
and copying states is timed on neither side. The two sides take turns several times a second, so a
busy machine disturbs both.

Upkies balance on the floor under the LQR; a second variant ends their episodes after 0.5 s, as
they end at the beginning of a training: in each step one world in a hundred starts anew. Go2s trot
on the spot in worlds that are all alike, with the physics of evaluation and with that of training.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import _report
import numpy as np
import torch
from mujoco import batch
from numpy.typing import NDArray

from surefoot.envs.batched import BatchedEnv
from surefoot.envs.make import make_batched
from surefoot.robots.registry import find_robot
from surefoot.sim.cpu import CpuWorlds
from surefoot.sim.description import Robot
from surefoot.sim.randomization import Randomization
from surefoot.train.evaluate import Policy
from surefoot.train.policies import load_policy
from surefoot.train.presets import find_preset

BAR = 0.85
SIZES = (512, 4096)
LANDING = 100
"""Policy steps before the first measurement: the robots have landed and caught themselves."""


class Recorded:
    """An environment whose physics steps are written down, at nobody's expense.

    Args:
        env: The environment.
        policy: Who plays.
    """

    def __init__(self, env: BatchedEnv, policy: Policy) -> None:
        self._env, self._policy = env, policy
        self._pause = 0.0
        self.befores: list[NDArray[np.float64]] = []
        """The engine's states, controls included, before each step's physics, each (E, S)."""
        self.afters: list[NDArray[np.float64]] = []
        """And after it, before any reset."""
        self._step = env.worlds.step
        env.worlds.step = self._step_and_record
        policy.reset(env.nb_worlds)
        self._obs = env.reset()
        state = env.state_dict()  # episodes begin at different times, as they do in training
        state["elapsed"] = torch.arange(env.nb_worlds) % env.task.max_episode_steps
        env.load_state_dict(state)

    def _step_and_record(self, nb_steps: int) -> torch.Tensor:
        begin = time.perf_counter()
        self.befores.append(self._state())
        self._pause += time.perf_counter() - begin
        diverged = self._step(nb_steps)
        begin = time.perf_counter()
        self.afters.append(self._state())
        self._pause += time.perf_counter() - begin
        return diverged

    def _state(self) -> NDArray[np.float64]:
        assert isinstance(self._env.worlds, CpuWorlds)
        return self._env.worlds.state_dict()["state"].numpy()

    def play(self, nb_steps: int) -> tuple[float, int]:
        """Seconds in the environment's `step`, and how many episodes ended."""
        self.befores, self.afters = [], []
        seconds, ends = 0.0, 0
        for _ in range(nb_steps):
            action = self._policy.act(self._obs)
            self._pause = 0.0
            begin = time.perf_counter()
            step = self._env.step(action)
            seconds += time.perf_counter() - begin - self._pause
            self._policy.reset_worlds(step.done)
            self._obs = step.obs
            ends += int(step.done.sum())
        return seconds, ends


def replay(bare: batch.Batch, recorded: Recorded, nb_substeps: int) -> float:
    """Seconds that the bare engine takes for the physics just recorded.

    Raises:
        RuntimeError: It did not arrive where the environment's worlds did.
    """
    seconds = 0.0
    for before, after in zip(recorded.befores, recorded.afters, strict=True):
        bare.state[...] = before
        begin = time.perf_counter()
        bare.step(nstep=nb_substeps)
        seconds += time.perf_counter() - begin
        if not np.array_equal(bare.state, after):
            raise RuntimeError("the bare engine did other work than the environment's")
    return seconds


class Trot:
    """Go2s that lift diagonal feet in turn, open loop."""

    def __init__(self, robot: Robot, dt: float) -> None:
        self._home = torch.tensor([servo.home for servo in robot.servos])
        self._lift = torch.tensor([0.0, 0.25, -0.5]).repeat(4)  # hips still, thighs, calves
        self._side = torch.tensor([1.0, -1.0, -1.0, 1.0]).repeat_interleave(3)
        self._advance, self._angle = 2.0 * torch.pi * 2.0 * dt, torch.zeros(0)

    def reset(self, nb_worlds: int) -> None:
        """Begin anywhere in the cycle."""
        self._angle = torch.linspace(0.0, 2.0 * torch.pi, nb_worlds)[:, None]

    def reset_worlds(self, done: torch.Tensor) -> None:
        """The clock goes on."""

    def act(self, observation: torch.Tensor) -> torch.Tensor:
        """Joint targets."""
        self._angle = self._angle + self._advance
        return self._home + self._lift * (self._side * torch.sin(self._angle)).clamp(min=0.0)


@dataclasses.dataclass(frozen=True)
class Variant:
    """A task, and who plays it."""

    task: str
    config: Any
    policy: Callable[[BatchedEnv], Policy]
    training: bool = False


def variants() -> dict[str, Variant]:
    """Everything that is measured, by name."""
    upkie, go2 = (find_preset(t, "default").task for t in ("upkie-pendulum", "quadruped-flat"))
    go2 = dataclasses.replace(go2, randomize=Randomization())

    def balance(env: BatchedEnv) -> Policy:
        return load_policy("lqr").policy

    def trot(env: BatchedEnv) -> Policy:
        return Trot(find_robot("go2"), env.interface.dt)

    return {
        "Upkie, balancing": Variant(
            "upkie-pendulum", dataclasses.replace(upkie, episode_s=10.0), balance
        ),
        "Upkie, frequent resets": Variant(
            "upkie-pendulum", dataclasses.replace(upkie, episode_s=0.5), balance
        ),
        "Go2, physics of evaluation": Variant("quadruped-flat", go2, trot),
        "Go2, physics of training": Variant("quadruped-flat", go2, trot, training=True),
    }


def compare(variant: Variant, nb_worlds: int, *, turns: int, threads: int) -> dict[str, Any]:
    """Both sides in turn; the ratio is bare over environment, 1 would be free of charge."""
    env = make_batched(
        variant.task, variant.config, nb_envs=nb_worlds, seed=0, training=variant.training,
        sim_threads=threads,
    )  # fmt: skip
    assert isinstance(env.worlds, CpuWorlds)
    bare = batch.Batch(env.worlds.model, nb_worlds, threads)
    recorded = Recorded(env, variant.policy(env))
    nb_substeps = env.task.nb_substeps
    nb_steps = max(1, max(SIZES) // nb_worlds)
    for _ in range(LANDING // nb_steps):
        recorded.play(nb_steps)
    replay(bare, recorded, nb_substeps)
    ours, theirs, ends = [], [], 0
    for _ in range(turns):
        seconds, ended = recorded.play(nb_steps)
        ours.append(1e3 * seconds / nb_steps)
        theirs.append(1e3 * replay(bare, recorded, nb_substeps) / nb_steps)
        ends += ended
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {
        "worlds": nb_worlds,
        "resets_per_step": ends / (turns * nb_steps),
        "env_ms": statistics.median(ours),
        "bare_ms": statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "quartiles": statistics.quantiles(ratios, n=4)[::2],
        "ratio_of_sums": sum(theirs) / sum(ours),
    }


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--turns", type=int, help="turns of each side (default: 60; quick: 10)")
    parser.add_argument("--threads", type=int, default=0, help="of the physics; 0: every core")
    options = parser.parse_args()
    turns = options.turns or (10 if options.quick else 60)
    torch.set_num_threads(1)
    threads = f"{options.threads or 'all'} threads for the physics, 1 for the tensors"
    _report.headline("Environment step against bare Batch.step", threads=threads)
    results = {
        f"{name}, {nb} worlds": compare(variant, nb, turns=turns, threads=options.threads)
        for name, variant in variants().items()
        for nb in SIZES
    }
    rows = [
        [name, r["resets_per_step"], r["env_ms"], r["bare_ms"],
         f"{r['ratio']:.3f} ({r['quartiles'][0]:.3f} to {r['quartiles'][1]:.3f})"]
        for name, r in results.items()
    ]  # fmt: skip
    head = ("worlds", "resets per step", "env.step, ms", "Batch.step, ms", "ratio (quartiles)")
    _report.table(head, rows)
    bars = [
        _report.verdict(f"ratio, {name}", value=r["ratio"], bar=BAR) for name, r in results.items()
    ]
    _report.write_json(options.json, {"results": results, "bars": bars})


if __name__ == "__main__":
    main()
