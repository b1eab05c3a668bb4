"""What memory, RPO, RND and PPG add to PPO: each on the task where it should earn its place.

For every claim, both sides train with the same settings and steps, some seeds each; the final
policy plays 50 episodes from fixed seeds, deterministically. The table shows means over seeds with
Student's 95 % interval, and whether the interval of the difference (Welch) lies above zero. Runs
that were interrupted continue, finished ones are left alone: it can be stopped and started again
(from the repository's root, where the levels of PPG are found).

The bars: every method beats PPO outside the interval; CartPoleNoVel 490 and PendulumNoVel -250 on
average, after 100,000 steps each (one run of Stable-Baselines3's zoo minus a margin), where PPO
without a memory does not get there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import _report
import _surefoot
import numpy as np
from scipy import stats

from surefoot.train.log import read_progress
from surefoot.train.run_folder import RunFolder

EPISODES = 50
QUICK_STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One method, the task it should be better on, and plain PPO beside it."""

    task: str
    steps: int
    method: Side
    plain: Side
    measure: str = "return"
    """"return" of the final policy, or "std", the standard deviation of its actions."""
    bar: float | None = None
    """Mean of the method to reach."""


def _memory(task: str, bar: float) -> Claim:
    return Claim(
        task=task,
        steps=100_000,
        method=Side(name="PPO with LSTM", flags=()),
        plain=Side(name="PPO", flags=("--agent.memory", "none")),
        bar=bar,
    )


CLAIMS: dict[str, Claim] = {
    "memory-cartpole": _memory("Surefoot/CartPoleNoVel-v0", 490.0),
    "memory-pendulum": _memory("Surefoot/PendulumNoVel-v0", -250.0),
    "rpo": Claim(
        task="Pendulum-v1",
        steps=300_000,
        method=Side(name="RPO", flags=("--algo", "rpo")),
        plain=Side(name="PPO", flags=()),
        measure="std",
    ),
    "rnd": Claim(
        task="Surefoot/SparseLabyrinth-v0",
        steps=300_000,
        method=Side(name="RND", flags=("--algo", "rnd")),
        plain=Side(name="PPO", flags=()),
    ),
    "ppg": Claim(
        task="benchmarks._levels:Levels-v0",
        steps=100_000,
        method=Side(name="PPG", flags=("--algo", "ppg")),
        plain=Side(name="PPO", flags=()),
    ),
}
"""By name."""


def run_of(claim: Claim, side: Side, seed: int, root: Path, steps: int) -> Path:
    """The finished run of a side and a seed: found, continued or trained."""
    folder = root / side.name.replace(" ", "-") / str(seed)
    wanted = ("--seed", str(seed), "--steps", str(steps))
    return _surefoot.finished_run(folder, claim.task, *side.flags, *wanted)


def measured(path: Path) -> dict[str, float]:
    """The deterministic return of a run's final policy, and the spread of its actions."""
    evaluation = _surefoot.evaluate(path, episodes=EPISODES)
    last = read_progress(RunFolder(path).progress)[-1]
    return {
        "return": float(evaluation["return_mean"]),
        "std": float(last.get("train/std") or "nan"),
        "seconds": float(last["time/time_elapsed"]),
    }


def interval(values: Sequence[float]) -> str:
    """Mean and Student's 95 % interval over seeds."""
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return f"{mean:.4g}"
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / n**0.5)
    return f"{mean:.4g} ± {half:.2g}"


def lead(method: Sequence[float], plain: Sequence[float]) -> float:
    """Lower end of Welch's 95 % interval of the difference of the means; needs two seeds."""
    a, b = np.asarray(method), np.asarray(plain)
    if len(a) < 2 or not (a.std() or b.std()):
        return float(a.mean() - b.mean())
    return float(stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95).low)


def main() -> None:
    """Train what is missing, evaluate, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("claims", nargs="*", help=f"only these of {', '.join(CLAIMS)}")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=_surefoot.RUNS / "beyond_ppo")
    options = parser.parse_args()
    unknown = [name for name in options.claims if name not in CLAIMS]
    if unknown:
        parser.error(f"no claim named {', '.join(unknown)}; there are {', '.join(CLAIMS)}")
    nb_seeds = min(options.seeds, 2) if options.quick else options.seeds
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    _report.headline("PPO and what goes beyond it", threads="1 thread")

    rows, bars, result = [], [], {}
    for name in options.claims or CLAIMS:
        claim = CLAIMS[name]
        steps = QUICK_STEPS if options.quick else claim.steps
        found: dict[str, list[dict[str, float]]] = {}
        for side in (claim.method, claim.plain):
            found[side.name] = []
            for seed in range(nb_seeds):
                found[side.name].append(measured(run_of(claim, side, seed, root / name, steps)))
                print(f"{name}, {side.name}, seed {seed}: {found[side.name][-1]}", flush=True)
        result[name] = found
        method, plain = (
            [seen[claim.measure] for seen in found[side.name]]
            for side in (claim.method, claim.plain)
        )
        rows.append(
            [f"{claim.method.name} beats {claim.plain.name} on {claim.task}", f"{steps:,}",
             claim.measure, interval(method), interval(plain), f"{lead(method, plain):.3g}"]
        )  # fmt: skip
        bars.append((f"{name}: lead over PPO", lead(method, plain), 0.0))
        if claim.bar is not None:
            bars.append((f"{name}: mean", float(np.mean(method)), claim.bar))
    print()
    _report.table(
        ("claim", "steps", "measure", "method (95 %)", "PPO (95 %)", "lead, at least (95 %)"), rows
    )
    result["bars"] = [_report.verdict(what, value=value, bar=bar) for what, value, bar in bars]
    _report.write_json(options.json, result)


if __name__ == "__main__":
    main()
