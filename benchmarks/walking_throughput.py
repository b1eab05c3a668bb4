"""Training throughput of walking against Stable-Baselines3, on the same robot model.

Environment steps per second of wall time, collecting and learning, logs and checkpoints included.
The peer is Stable-Baselines3's PPO on a lean NumPy environment of the same Go2, with the same
observation, network and settings (`_sb3_walking.py`), in one process or in several, whichever suits
it best. All sides train in turns; start-up counts for none.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import _report
import torch
from _sb3_walking import Walker
from throughput import Turn, against_best, measure, surefoot_side

from surefoot.train.presets import find_preset

TASK, BAR = "quadruped-flat", 4.0
PEERS = {"1 environment": (1, False), "8 environments": (8, False), "2 processes": (2, True),
         "4 processes": (4, True)}  # fmt: skip


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--turns", type=int, help="turns of each side (default: 5; quick: 2)")
    options = parser.parse_args()
    turns = options.turns or (2 if options.quick else 5)
    torch.set_num_threads(1)
    _report.headline(
        "Training throughput of walking, environment steps per second",
        threads="worlds on all cores, our learner on 2 threads, the peer's on 1",
    )
    config = find_preset(TASK, "default")
    walkers = {
        f"Stable-Baselines3, {name}": Walker(config, nb, processes=processes)
        for name, (nb, processes) in PEERS.items()
    }
    ours = "surefoot, default"
    with tempfile.TemporaryDirectory() as folder:
        sides: dict[str, Turn] = {name: _one_threaded(walker) for name, walker in walkers.items()}
        sides[ours] = surefoot_side(TASK, "default", 2, Path(folder))
        speeds = measure(sides, turns)
    for walker in walkers.values():
        walker.close()
    ratios = against_best(speeds, walkers)
    bars = [_report.verdict("ratio", value=statistics.median(ratios[ours]), bar=BAR)]
    _report.write_json(options.json, {"speeds": speeds, "ratios": ratios, "bars": bars})


def _one_threaded(walker: Walker) -> Turn:
    """The peer's learner is fastest on one thread; ours has left its own number behind."""

    def turn() -> int:
        torch.set_num_threads(1)
        return walker.train()

    return turn


if __name__ == "__main__":
    main()
