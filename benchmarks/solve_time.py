"""Wall time from process start to a balancing policy, with the default preset.

`surefoot train upkie-pendulum --seed S` is timed from the start of the process to its end, the
export included. Its last policy must then not fall in 50 episodes of 10 s (deterministic, full
randomisation of the start, no noise) and earn 0.7 per step of the position and velocity terms; a
policy that does not reach this has not solved the task, and counts as infinitely slow. With
`--pybullet` the same policies are also evaluated in the PyBullet simulation of the upkie package,
which takes minutes; there they must not fall either, and earn 0.6.

Beside the wall time stands what nobody can go below: the time that the bare engine, measured before
each training, needs for the physics of its environment steps alone.

The runs stay in the folder `runs/solve_time`.
"""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import _report
import _surefoot
import env_step
import torch

from surefoot.train.presets import find_preset

BAR_S = 60.0
BALANCE, BALANCE_PYBULLET = 0.7, 0.6
EPISODES = 50
QUICK_STEPS = 100_000


def measure(seed: int, options: Any) -> dict[str, Any]:
    """Train with one seed, evaluate, and say whether that solved the task."""
    episodes = 5 if options.quick else EPISODES
    short = ["--steps", str(QUICK_STEPS)] if options.quick else []
    nb_envs = find_preset(_surefoot.TASK, "default").nb_envs
    physics_ms = env_step.compare(nb_envs, 10.0, turns=5, threads=0)["bare_ms"]
    run, seconds = _surefoot.train(
        _surefoot.TASK, "--seed", str(seed), "--runs", str(options.runs), *short
    )
    config = _surefoot.read_run(run).config
    nb_steps = config.total_updates * config.steps_per_update / config.nb_envs
    result: dict[str, Any] = {
        "seed": seed, "run": str(run), "wall_s": seconds, "physics_s": 1e-3 * physics_ms * nb_steps
    }  # fmt: skip
    result["mujoco"] = _surefoot.evaluate(run, episodes=episodes)
    if options.pybullet:
        result["pybullet"] = _surefoot.evaluate(run, "--env", _surefoot.PYBULLET, episodes=episodes)
    mujoco = result["mujoco"]
    result["solved"] = mujoco["falls"] == 0 and _surefoot.balance(mujoco) >= BALANCE
    return result


def row(result: dict[str, Any], simulator: str) -> list[Any]:
    """One line of the table."""
    seen = result[simulator]
    low, high = seen["return_ci95"]
    return [
        result["seed"],
        simulator,
        f"{result['wall_s']:.1f}",
        f"{result['physics_s']:.1f} ({result['physics_s'] / result['wall_s']:.2f})",
        f"{seen['falls']} of {seen['episodes']}",
        f"{_surefoot.balance(seen):.3f}",
        f"{seen['reward_per_step']:.3f}",
        f"{seen['return_mean']:.0f} ({low:.0f} to {high:.0f})",
    ]


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--pybullet", action="store_true", help="evaluate in PyBullet as well")
    parser.add_argument("--runs", type=Path, default=_surefoot.RUNS / "solve_time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    nb_seeds = min(options.seeds, 2) if options.quick else options.seeds
    _report.headline(
        f"Time to a balancing policy, surefoot train {_surefoot.TASK}",
        threads="worlds on all cores, learner on 1 thread",
    )
    results = []
    for seed in range(nb_seeds):
        results.append(measure(seed, options))
        print(f"seed {seed}: {results[-1]['wall_s']:.1f} s", flush=True)
    print()
    simulators = ("mujoco", "pybullet") if options.pybullet else ("mujoco",)
    head = ("seed", "simulator", "training, s", "bare physics, s (share)", "falls",
            "position + velocity per step", "reward per step", "return (95 %)")  # fmt: skip
    _report.table(head, [row(result, name) for name in simulators for result in results])

    times = [r["wall_s"] if r["solved"] else math.inf for r in results]
    bars = [
        _report.verdict(
            f"median wall time to a solution over {nb_seeds} seeds, s",
            value=statistics.median(times), bar=BAR_S, at_most=True,
        )
    ]  # fmt: skip
    for name, bar in zip(simulators, (BALANCE, BALANCE_PYBULLET), strict=False):
        falls = sum(r[name]["falls"] for r in results)
        worst = min(_surefoot.balance(r[name]) for r in results)
        bars.append(_report.verdict(f"falls, {name}", value=falls, bar=0, at_most=True))
        bars.append(_report.verdict(f"position + velocity, worst, {name}", value=worst, bar=bar))
    _report.write_json(options.json, {"results": results, "bars": bars})


if __name__ == "__main__":
    main()
