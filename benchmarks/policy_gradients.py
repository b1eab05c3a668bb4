"""What the score is multiplied by, and nothing else: CartPole-v1 with each of the six Psi.

Trains what is missing, one run after another: `surefoot train CartPole-v1 --algo vpg --algo.psi PSI
--seed S`, all with the same settings; beside them VPG with Spinning Up's settings, and PPO with its
own preset, for as many steps. Ctrl-C saves; the next call goes on where this one stopped. Shown are
means over seeds with Student's 95 % interval: of the last 100 training episodes; of 50 episodes of
the final policy, deterministic; and the median of the steps after which 100 training episodes in a
row had a mean of 400.

The bar: return-to-go, which is REINFORCE, and the advantage reach a mean of 400 in 200,000 steps,
as REINFORCE does in SLM-Lab.
"""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import _report
import _surefoot

from surefoot.data.psi import PSI
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import RunFolder

TASK, NB_STEPS, EPISODES, GOAL = "CartPole-v1", 200_000, 50, 400.0
NAMES = {
    "total-return": "REINFORCE, total return",
    "return-to-go": "REINFORCE, return-to-go",
    "return-to-go-minus-baseline": "REINFORCE with baseline",
    "q-value": "Q estimate",
    "advantage": "VPG (generalized advantage)",
    "td-residual": "one-step actor-critic",
    "spinning-up": "VPG, Spinning Up's settings",
    "ppo": "PPO, its own preset",
}
"""Lines of the table: the six choices, and what they stand beside."""
SPINNING_UP = (
    "--algo", "vpg", "--algo.n-steps", "500", "--algo.learning-rate", "3e-4", "--algo.n-epochs-vf",
    "80", "--agent.normalize-observation", "False", "--agent.ortho-init", "False",
)  # fmt: skip
"""An epoch of 4,000 steps over the preset's 8 environments."""
LINES = {psi: ("--algo", "vpg", "--algo.psi", psi) for psi in PSI} | {
    "spinning-up": SPINNING_UP,
    "ppo": ("--algo", "ppo"),
}
"""Flags of each line."""


def measured(run: Path) -> dict[str, Any]:
    """What is shown of one run; "steps" is None where the goal was not reached."""
    rows = [row for row in read_progress(RunFolder(run).progress) if row["rollout/ep_rew_mean"]]
    reached = [float(row[STEPS]) for row in rows if float(row["rollout/ep_rew_mean"]) >= GOAL]
    return {
        "training": float(rows[-1]["rollout/ep_rew_mean"]),
        "final": float(_surefoot.evaluate(run, episodes=EPISODES)["return_mean"]),
        "steps": min(reached, default=None),
    }


def main() -> None:
    """Train what is missing, evaluate, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=_surefoot.RUNS / "policy_gradients")
    options = parser.parse_args()
    nb_seeds, nb_steps = (2, 10_000) if options.quick else (options.seeds, NB_STEPS)
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    _report.headline(f"Policy gradients on {TASK}, {nb_steps:,} steps", threads="1 thread")

    rows: list[list[Any]] = []
    result: dict[str, Any] = {}
    for line, flags in LINES.items():
        seen: list[dict[str, Any]] = []
        for seed in range(nb_seeds):
            run = _surefoot.finished_run(
                root / line / str(seed), TASK, *flags, "--seed", str(seed),
                "--steps", str(nb_steps),
            )  # fmt: skip
            seen.append(measured(run))
            print(f"{line}, seed {seed}: {seen[-1]}", flush=True)
        result[line] = seen
        training, final, steps = ([one[what] for one in seen] for what in seen[0])
        middle = statistics.median(math.inf if nb is None else nb for nb in steps)
        rows.append([
            NAMES[line], line if line in PSI else "-", _report.interval(training),
            _report.interval(final), min(final),
            f"{middle:,.0f}" if math.isfinite(middle) else "never",
        ])  # fmt: skip
    print()
    _report.table(
        ("method", "--algo.psi", "last 100 training episodes (95 %)", "final policy (95 %)",
         "worst seed", f"steps to {GOAL:.0f}, median"), rows,
    )  # fmt: skip
    result["bars"] = [
        _report.verdict(f"{line}, last 100 training episodes", bar=GOAL,
                        value=statistics.mean(one["training"] for one in result[line]))
        for line in ("return-to-go", "advantage")
    ]  # fmt: skip
    _report.write_json(options.json, result)


if __name__ == "__main__":
    main()
