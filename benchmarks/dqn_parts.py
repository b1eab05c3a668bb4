"""What the parts of DQN are worth on CartPole: without its target network, its replay, or both.

Each variant trains with the tuned preset but for the part that it lacks. Without a target network,
targets come from the network that learns (`target_update_interval` 1). Without a replay, each
transition is learned from once, when it happens (`buffer_size`, `batch_size` and `train_freq` 1);
"a replay of 256" keeps the number and the size of the gradient steps instead, and remembers only
what was played since the bout of learning before.

After each row of metrics the deterministic policy plays 50 episodes from fixed seeds. DQN's final
policies are noisy, so the table has the mean over the second half of the training as well.
Intervals are Student's, over seeds; the bars are Welch's, of the difference of those means. Runs
that are finished are kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import _report
import numpy as np
from qdagger import measured, planned, read_curve
from scipy import stats

TASK = "CartPole-v1"
QUICK_STEPS = 8_000
NO_TARGET: dict[str, Any] = {"target_update_interval": 1}
NO_REPLAY: dict[str, Any] = {
    "buffer_size": 1, "batch_size": 1, "train_freq": 1, "gradient_steps": 1
}  # fmt: skip
WHOLE = "DQN"
VARIANTS: dict[str, dict[str, Any]] = {
    WHOLE: {},
    "without target network": NO_TARGET,
    "with a replay of 256": {"buffer_size": 256},
    "without replay": NO_REPLAY,
    "without both": {**NO_REPLAY, **NO_TARGET},
}
"""By name, what is changed in the preset."""


def main() -> None:
    """Train what is missing, compare, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=Path("runs/dqn_parts"), help="of all runs")
    options = parser.parse_args()
    seeds = range(2 if options.quick else options.seeds)
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    steps = QUICK_STEPS if options.quick else None
    _report.headline(f"Parts of DQN on {TASK}", threads="1 thread")

    rows, found = [], {}
    for name, changes in VARIANTS.items():
        curves = [
            read_curve(measured(planned(TASK, "dqn", seed, steps, **changes), root / slug(name)))
            for seed in seeds
        ]
        late = [float(np.mean([mean for _, mean in curve[len(curve) // 2 :]])) for curve in curves]
        last = [curve[-1][1] for curve in curves]
        best = [max(mean for _, mean in curve) for curve in curves]
        found[name] = {"second_half": late, "last": last, "best": best}
        rows.append([name, f"{curves[0][-1][0]:,}", *map(_report.interval, (late, last, best))])
        print(f"{name}: {late}", flush=True)
    print()
    _report.table(
        ("variant", "steps", "second half (95 %)", "last policy (95 %)", "best policy (95 %)"), rows
    )
    whole = found[WHOLE]["second_half"]
    bars = []
    for name in [*VARIANTS][1:]:
        test = stats.ttest_ind(whole, found[name]["second_half"], equal_var=False)
        lead = float(test.confidence_interval(0.95).low)
        bars.append(_report.verdict(f"lead of DQN over DQN {name}, at least", value=lead, bar=0.0))
    _report.write_json(options.json, {"variants": found, "bars": bars})


def slug(name: str) -> str:
    """The name as a folder's."""
    return name.replace(" ", "-")


if __name__ == "__main__":
    main()
