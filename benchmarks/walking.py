"""Wall time from process start to a robot that walks, with the default preset.

`surefoot train quadruped-flat --robot ROBOT --seed S` is timed from the start of the process to its
end, the export included. The standard evaluation (32 robots, 20 s each, a new command every 5 s,
deterministic) must then show velocity errors below 0.20 m/s and 0.20 rad/s, less than one fall per
robot and minute, and a sound gait (`surefoot eval` says what that is); a policy that does not reach
this counts as infinitely slow.

The same policies then meet what they were not made for, one thing at a time: 20 % payload, friction
0.4 and 1.2, motors of 0.85 of their strength, 20 ms more delay. Falls per minute are reported.

The runs stay in the folder `runs/walking`.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import _report
import _surefoot
import torch

from surefoot.envs.make import make_batched
from surefoot.sim.randomization import Randomization
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.policies import load_policy
from surefoot.train.walking_evaluate import evaluate_walking

BAR_S, BAR_ERROR, BAR_FALLS = 150.0, 0.20, 1.0
ROBOTS = ("go2", "anymal-c")
QUICK_STEPS = 100_000
TRIALS = {
    "20 % payload": Randomization(base_mass=(0.2, 0.2)),
    "friction 0.4": Randomization(friction=(0.4, 0.4)),
    "friction 1.2": Randomization(friction=(1.2, 1.2)),
    "motor strength 0.85": Randomization(motor_strength=(0.85, 0.85)),
    "20 ms delay": Randomization(action_delay=(0.02, 0.02)),
}
"""What the robots meet beside the standard evaluation."""


def evaluate(run: Path, world: Randomization | None = None) -> dict[str, Any]:
    """The standard evaluation of a run, or the same in a world of its own."""
    loaded = load_policy(str(run))
    config = loaded.config
    assert isinstance(config, WalkingConfig)
    if world is not None:  # a delay is an imperfection: let it in, and nothing else
        noise = replace(config.noise, **dict.fromkeys(vars(config.noise), 0.0))
        config = replace(config, randomize=world, noise=noise, push_s=0.0)
    env = make_batched(loaded.task, config, nb_envs=32, seed=0, imperfect=world is not None)
    result = evaluate_walking(loaded.policy, env, seed=0)
    return {**asdict(result), "flaws": result.flaws}


def walks(seen: dict[str, Any]) -> bool:
    """Whether an evaluation shows what the bar asks for."""
    errors = seen["tracking_error_linear"], seen["tracking_error_yaw"]
    return max(errors) < BAR_ERROR and seen["falls_per_minute"] < BAR_FALLS and not seen["flaws"]


def measure(robot: str, seed: int, options: Any) -> dict[str, Any]:
    """Train one robot with one seed, evaluate."""
    short = ["--steps", str(QUICK_STEPS)] if options.quick else []
    run, seconds = _surefoot.train(
        "quadruped-flat", "--robot", robot, "--seed", str(seed), "--runs", str(options.runs), *short
    )
    result: dict[str, Any] = {"robot": robot, "seed": seed, "run": str(run), "wall_s": seconds}
    result["standard"] = evaluate(run)
    result["trials"] = {name: evaluate(run, world) for name, world in TRIALS.items()}
    return result


def row(result: dict[str, Any]) -> list[Any]:
    """One line of the first table."""
    seen = result["standard"]
    return [
        result["robot"], result["seed"], f"{result['wall_s']:.0f}", seen["tracking_error_linear"],
        seen["tracking_error_yaw"], seen["falls_per_minute"], seen["cost_of_transport"],
        seen["air_time"], seen["duty_factor"], 100.0 * seen["swing_apex"],
        "; ".join(seen["flaws"]) or "sound",
    ]  # fmt: skip


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--robots", nargs="+", default=ROBOTS)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ... (default: 3)")
    parser.add_argument("--runs", type=Path, default=_surefoot.RUNS / "walking")
    options = parser.parse_args()
    torch.set_num_threads(1)
    nb_seeds = 1 if options.quick else options.seeds
    _report.headline(
        "Time to a robot that walks, surefoot train quadruped-flat",
        threads="worlds on all cores, learner on 1 thread",
    )
    results = []
    for robot in options.robots:
        for seed in range(nb_seeds):
            results.append(measure(robot, seed, options))
            print(" ".join(str(cell) for cell in row(results[-1])), flush=True)
    print()
    head = ("robot", "seed", "training, s", "velocity error, m/s", "yaw rate error, rad/s",
            "falls per minute", "cost of transport", "air time, s", "duty factor", "apex, cm",
            "gait")  # fmt: skip
    _report.table(head, [row(result) for result in results])
    _report.table(
        ("falls per minute", "seed", *TRIALS),
        [
            [r["robot"], r["seed"], *(t["falls_per_minute"] for t in r["trials"].values())]
            for r in results
        ],
    )
    bars = []
    for robot in options.robots:
        mine = [r for r in results if r["robot"] == robot]
        times = [r["wall_s"] if walks(r["standard"]) else math.inf for r in mine]
        bars.append(
            _report.verdict(
                f"{robot}: median wall time to walking over {nb_seeds} seeds, s",
                value=statistics.median(times), bar=BAR_S, at_most=True,
            )
        )  # fmt: skip
        worst = max(t["falls_per_minute"] for r in mine for t in r["trials"].values())
        bars.append(
            _report.verdict(f"{robot}: falls per minute, worst trial", value=worst, bar=BAR_FALLS,
                            at_most=True)
        )  # fmt: skip
    _report.write_json(options.json, {"results": results, "bars": bars})


if __name__ == "__main__":
    main()
