"""How often intervals of few runs hold the truth, how often `compare` errs, and how long it takes.

Every interval is of one task's runs. Draws experiments from distributions whose mean and IQM are
known, and counts. "kinds" is of two kinds of runs: three in ten do not learn the task, and "tight"
is the same with hardly any spread within a kind. `surefoot compare` is timed with 10 runs of 1000
rows whose evaluations are there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import _report
import _surefoot
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from surefoot.report import statistics
from surefoot.report.comparison import Metric, compare
from surefoot.report.significance import ALPHA, power, welch_test
from surefoot.train.checkpoint import write_atomically
from surefoot.train.evaluated import SavedEvaluation, conditions_of, newest_fingerprint, save
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder

Floats = NDArray[np.float64]
Draw = Callable[[tuple[int, ...]], Floats]
SIZES = (3, 5, 10, 20)
FULL = {"trials": 10_000, "slow": 1_000}
QUICK = {"trials": 1_000, "slow": 100}
"""Experiments, and how many of them have a bootstrap."""


def distributions(rng: np.random.Generator) -> dict[str, Draw]:
    """What runs are drawn from."""
    return {
        "Gaussian": lambda size: rng.normal(size=size),
        "exponential": lambda size: rng.exponential(size=size),
        "lognormal 0.5": lambda size: rng.lognormal(sigma=0.5, size=size),
        "lognormal 1": lambda size: rng.lognormal(sigma=1.0, size=size),
        "kinds": lambda size: (rng.random(size) > 0.3) + 0.25 * rng.normal(size=size),
        "kinds, tight": lambda size: (rng.random(size) > 0.3) + 0.1 * rng.normal(size=size),
    }


def yuen(scores: Floats) -> statistics.Interval:
    """Student's interval on the trimmed mean, with the spread of the Winsorized scores."""
    nb = scores.shape[-1]
    cut = nb // 4
    ordered = np.sort(scores, axis=-1)
    wins = np.clip(scores, ordered[..., cut, None], ordered[..., nb - cut - 1, None])
    error = wins.std(axis=-1, ddof=1) / ((1.0 - 2.0 * cut / nb) * np.sqrt(nb))
    half = stats.t.isf(0.025, nb - 2 * cut - 1) * error
    middle = statistics.iqm(scores, axis=-1)
    return middle - half, middle + half


def bootstrap(name: statistics.Statistic, method: str) -> Callable[[Floats], statistics.Interval]:
    """The interval of scipy's bootstrap."""

    def interval(scores: Floats) -> statistics.Interval:
        found = stats.bootstrap(
            (scores,), statistics.STATISTICS[name], axis=-1, n_resamples=999, method=method,
            batch=100, rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        return found.low, found.high

    return interval


def shown(name: statistics.Statistic) -> Callable[[Floats], statistics.Interval]:
    """What `surefoot compare` shows."""
    return lambda scores: statistics.interval(scores, name)


METHODS: dict[str, tuple[statistics.Statistic, Callable[[Floats], statistics.Interval], bool]] = {
    "IQM: shown by compare": ("iqm", shown("iqm"), False),
    "median: shown by compare": ("median", shown("median"), False),
    "mean: shown by compare (Hall)": ("mean", shown("mean"), False),
    "mean: Student": ("mean", statistics.student_interval, False),
    "mean: bootstrap, percentile": ("mean", bootstrap("mean", "percentile"), True),
    "mean: bootstrap, BCa": ("mean", bootstrap("mean", "BCa"), True),
    "IQM: Yuen": ("iqm", yuen, False),
    "IQM: bootstrap, percentile": ("iqm", bootstrap("iqm", "percentile"), True),
    "IQM: bootstrap, BCa": ("iqm", bootstrap("iqm", "BCa"), True),
}
"""What each is of, and whether it resamples."""


def measure_coverage(size: int, counts: dict[str, int]) -> dict[str, dict[str, float]]:
    """Share of the experiments with `size` runs whose interval holds the truth, by method."""
    rng = np.random.default_rng(size)
    draws = distributions(rng)
    found: dict[str, dict[str, float]] = {}
    large = {name: draw((4_000_000,)) for name, draw in draws.items()}
    truth = {
        (name, of): float(statistic(scores))
        for name, scores in large.items()
        for of, statistic in statistics.STATISTICS.items()
    }
    for method, (of, interval, slow) in METHODS.items():
        slow = slow or (size >= statistics.ENOUGH and of != "mean" and "shown" in method)
        for name, draw in draws.items():
            low, high = interval(draw((counts["slow" if slow else "trials"], size)))
            covered = (low <= truth[name, of]) & (truth[name, of] <= high)
            found.setdefault(method, {})[name] = float(covered.mean())
    return found


def wrong_claims(trials: int) -> dict[str, float]:
    """Share of comparisons of 5 seeds with 5 others that see something where there is nothing."""
    rng = np.random.default_rng(0)
    seeds = {"A": range(5), "B": range(5)}
    found: dict[str, float] = {}
    for name, draw in distributions(rng).items():
        if name not in ("Gaussian", "exponential", "lognormal 1", "kinds"):
            continue  # a comparison takes a twentieth of a second
        wrong = 0
        for _ in range(trials):
            runs, others = draw((2, 5)), draw((3, 2, 5))
            metrics = [
                Metric(name=str(n), title=str(n), higher_is_better=True,
                       values={"A": a, "B": b})
                for n, (a, b) in enumerate([runs, *(0.7 * runs + 0.7 * others)])
            ]  # fmt: skip
            wrong += any(result.pairs[0].better for result in compare(metrics, seeds))
        found[name] = wrong / trials
    return found


def seen(trials: int) -> list[tuple[float, int, float, float]]:
    """Distance in standard deviations, runs, power by formula, and as simulated."""
    rng = np.random.default_rng(1)
    rows: list[tuple[float, int, float, float]] = []
    for distance, size in ((2.0, 5), (2.0, 6), (1.0, 17), (0.5, 64)):
        x, y = rng.normal(size=(2, trials, size))
        share = np.mean([welch_test(a + distance, b) < ALPHA for a, b in zip(x, y, strict=True)])
        rows.append((distance, size, power(distance, (1.0, 1.0), (size, size)), float(share)))
    return rows


def make_runs(folder: Path, rows: int) -> list[str]:
    """Two groups of 5 runs with so many rows each, evaluated; their prefixes."""
    preset = find_preset("CartPole-v1", "default")
    rng = np.random.default_rng(0)
    for name in ("fox", "owl"):
        for seed in range(5):
            run = Run(task="CartPole-v1", algo="ppo", preset="default",
                      config=replace(preset, seed=seed))  # fmt: skip
            place = RunFolder(folder / f"2026-01-01_00-00-00_{name}_{seed}")
            place.checkpoints.mkdir(parents=True)
            place.write_config(run)
            np.savez(place.last.with_suffix(""), seed=seed)
            place.last.with_suffix(".npz").rename(place.last)
            steps = np.arange(1, rows + 1)
            returns = 500.0 * steps / rows + rng.normal(size=rows)
            table = np.stack((1000.0 * steps, 0.1 * steps, returns), axis=1)
            head = "time/total_timesteps,time/time_elapsed,rollout/ep_rew_mean\n"
            lines = "\n".join(",".join(map(str, row)) for row in table.tolist())
            write_atomically(place.progress, (head + lines + "\n").encode())
            save(place.path, SavedEvaluation(
                conditions=conditions_of(run), checkpoint=newest_fingerprint(place.path),
                steps=1000 * rows, figures={"return_mean": float(returns[-1])},
            ))  # fmt: skip
    return [str(folder / f"2026-01-01_00-00-00_{name}") for name in ("fox", "owl")]


def wall_s(*command: str) -> float:
    """Wall time of a process, s."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    """Measure, print, save."""
    options = _report.parser(__doc__).parse_args()
    counts = QUICK if options.quick else FULL
    _report.headline("Coverage of 95 % intervals over runs of one task", threads="1 thread")
    coverage = {size: measure_coverage(size, counts) for size in SIZES}
    for size, methods in coverage.items():
        print(f"{size} runs; {counts['trials']} experiments, {counts['slow']} of a bootstrap")
        names = next(iter(methods.values()))
        _report.table(
            ("interval", *names), [[method, *row.values()] for method, row in methods.items()]
        )
    wrong = wrong_claims(counts["slow"])
    print("Comparisons of 5 seeds with 5 others of the same kind, 4 metrics, that claim anything:")
    _report.table([*wrong], [[*wrong.values()]])
    rows = seen(counts["trials"])
    _report.table(("difference, standard deviations", "runs", "power", "simulated"), rows)
    with tempfile.TemporaryDirectory() as folder:
        command = (*_surefoot.COMMAND, "compare", *make_runs(Path(folder), 1000))
        times = [wall_s(*command) for _ in range(5)]
        drawn = [wall_s(*command, "--out", str(Path(folder) / "out")) for _ in range(3)]
        bare = [wall_s(sys.executable, "-c", "import scipy.stats") for _ in range(5)]
    _report.table(
        ("10 runs of 1000 rows", "s, median (range)"),
        [
            ["surefoot compare", _report.spread(times)],
            ["surefoot compare --out", _report.spread(drawn)],
            ["python, importing SciPy's statistics", _report.spread(bare)],
        ],
    )
    default = {size: coverage[size]["IQM: shown by compare"] for size in (5, 10)}
    skewed = ("exponential", "lognormal 0.5", "lognormal 1", "kinds")
    bars: list[dict[str, Any]] = [
        _report.verdict("least coverage on Gaussian runs",
                        value=min(row["Gaussian"] for row in default.values()), bar=0.93),
        _report.verdict("largest coverage on Gaussian runs", at_most=True,
                        value=max(row["Gaussian"] for row in default.values()), bar=0.97),
        _report.verdict("least coverage on skewed runs",
                        value=min(row[n] for row in default.values() for n in skewed), bar=0.9),
        _report.verdict("most wrong claims", value=max(wrong.values()), bar=0.06, at_most=True),
        _report.verdict("compare on 10 runs of 1000 rows, s", value=float(np.median(times)),
                        bar=3.0, at_most=True),
    ]  # fmt: skip
    _report.write_json(
        options.json,
        {"coverage": coverage, "wrong": wrong, "power": rows, "times_s": times, "bars": bars},
    )


if __name__ == "__main__":
    main()
