"""Training throughput, end to end, against the lecture's pipeline.

Environment steps per second of wall time, collecting and learning, logs and checkpoints included,
from the beginning of a training. The lecture's pipeline is Stable-Baselines3 PPO with its published
settings on the PyBullet simulation of the upkie package, one environment per process
(`_sb3_pipeline.py`), with the number of processes that suits it best. All sides train in turns, so
that a busy machine disturbs all of them; start-up counts for none.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import _report
import torch
from _sb3_pipeline import Pipeline

from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, create_run_folder
from surefoot.train.session import Session

TASK = "upkie-pendulum"
BAR = 25.0
PROCESSES = (1, 2, 4)
UPDATES = {"default": 10, "lecture": 1}
"""Updates per turn of each preset."""

Turn = Callable[[], int]
"""Trains for a while; returns the environment steps that it took."""


def surefoot_side(task: str, preset: str, nb_updates: int, folder: Path) -> Turn:
    """A training of ours, without end; a turn is so many updates."""
    config = dataclasses.replace(find_preset(task, preset), steps=10**9)
    run = Run(task=task, algo="ppo", preset=preset, config=config)
    session, run_folder = Session(run), create_run_folder(folder, run)

    def turn() -> int:
        before = session.nb_steps
        train(session, run_folder, stop_after=session.nb_updates + nb_updates)
        return session.nb_steps - before

    return turn


def measure(sides: dict[str, Turn], turns: int) -> dict[str, list[float]]:
    """Environment steps per second of each side in each turn; a first turn warms up."""
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for n in range(turns + 1):
        for name, turn in sides.items():
            begin = time.perf_counter()
            steps = turn()
            if n > 0:
                speeds[name].append(steps / (time.perf_counter() - begin))
    return speeds


def against_best(speeds: dict[str, list[float]], peers: Collection[str]) -> dict[str, list[float]]:
    """Ratios of all sides to the fastest of the peers, turn by turn; prints the table."""
    best = max(peers, key=lambda name: statistics.median(speeds[name]))
    ratios = {
        name: [ours / theirs for ours, theirs in zip(values, speeds[best], strict=True)]
        for name, values in speeds.items()
    }
    rows = [[n, _report.spread(v), _report.spread(ratios[n])] for n, v in speeds.items()]
    _report.table(("training", "steps per second, median (range)", f"ratio to {best}"), rows)
    return ratios


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--turns", type=int, help="turns of each side (default: 5; quick: 2)")
    parser.add_argument(
        "--processes", type=int, nargs="+", default=PROCESSES, help="of the peer (default: 1 2 4)"
    )
    options = parser.parse_args()
    turns = options.turns or (2 if options.quick else 5)
    torch.set_num_threads(1)  # the best for the small networks of either side
    _report.headline(
        "Training throughput, environment steps per second",
        threads="worlds on all cores, learners on 1 thread, Stable-Baselines3 as stated",
    )
    pipelines = {f"Stable-Baselines3, {n} process(es)": Pipeline(n) for n in options.processes}
    with tempfile.TemporaryDirectory() as folder:
        sides: dict[str, Turn] = {
            name: lambda pipeline=pipeline: pipeline.train(1)
            for name, pipeline in pipelines.items()
        }
        sides |= {
            f"surefoot, {preset}": surefoot_side(TASK, preset, nb, Path(folder))
            for preset, nb in UPDATES.items()
        }
        speeds = measure(sides, turns)
    for pipeline in pipelines.values():
        pipeline.close()

    ratios = against_best(speeds, pipelines)
    ratio = statistics.median(ratios["surefoot, default"])
    bars = [_report.verdict("ratio of the default preset", value=ratio, bar=BAR)]
    lecture = statistics.median(ratios["surefoot, lecture"])
    print(f"ratio of the lecture preset: {lecture:.3g}")
    _report.write_json(options.json, {"speeds": speeds, "ratios": ratios, "bars": bars})


if __name__ == "__main__":
    main()
