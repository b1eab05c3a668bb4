"""Scores of the algorithms on the classic tasks, over seeds, beside what others have published.

Trains what is missing, one run after another, with the bare command and its tuned preset:
`surefoot train TASK --algo ALGO --seed S`. Ctrl-C saves; the next call goes on where this one
stopped. Each finished run is evaluated once (deterministic policy, 50 episodes, seed 0; kept in the
run's folder). Intervals are Student's, over seeds. Published figures are of training episodes
(CleanRL) or of one trained agent (rl-baselines3-zoo), with the steps that they took: read them as
the neighbourhood.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import _report
import numpy as np
from _surefoot import evaluate, is_finished, read_run, surefoot, train
from scipy import stats

from surefoot.errors import BadFile

EPISODES = 50
ZOO = "rl-baselines3-zoo, 1 agent"
CLEANRL = "CleanRL, 3 seeds"
PUBLISHED: dict[tuple[str, str], tuple[str, str]] = {
    ("CartPole-v1", "ppo"): ("490 ± 6 at 500k", CLEANRL),
    ("CartPole-v1", "dqn"): ("489 ± 16 at 500k", CLEANRL),
    ("CartPole-v1", "c51"): ("481 ± 21 at 500k", CLEANRL),
    ("Acrobot-v1", "ppo"): ("-86.4 ± 1.3 at 500k", CLEANRL),
    ("Acrobot-v1", "dqn"): ("-91.5 ± 7.2 at 500k", CLEANRL),
    ("Acrobot-v1", "c51"): ("-87.7 ± 5.5 at 500k", CLEANRL),
    ("MountainCar-v0", "ppo"): ("-200 ± 0 at 500k", CLEANRL),
    ("MountainCar-v0", "dqn"): ("-101 ± 10 at 120k", ZOO),
    ("MountainCar-v0", "c51"): ("-166 ± 28 at 500k", CLEANRL),
    ("Pendulum-v1", "ppo"): ("-172 ± 104 at 100k", ZOO),
    ("Pendulum-v1", "ddpg"): ("-152 ± 94 at 20k", ZOO),
    ("Pendulum-v1", "td3"): ("-152 ± 90", ZOO),
    ("Pendulum-v1", "sac"): ("-157 ± 89 at 20k", ZOO),
    ("HalfCheetah-v5", "ddpg"): ("10374 ± 157 at 1M, v4", CLEANRL),
    ("HalfCheetah-v5", "td3"): ("9583 ± 126 at 1M, v4", CLEANRL),
    ("HalfCheetah-v5", "sac"): ("9635 ± 1424 at 1M, v4", CLEANRL),
    ("Hopper-v5", "ddpg"): ("1577 ± 819 at 1M, v4", CLEANRL),
    ("Hopper-v5", "td3"): ("3135 ± 360 at 1M, v4", CLEANRL),
    ("Hopper-v5", "sac"): ("2310 ± 343 at 1M, v4", CLEANRL),
}
"""Mean and spread after so many steps, and whose."""
CLASSIC = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1")


def find_run(root: Path, task: str, algo: str, seed: int, steps: int | None) -> Path | None:
    """The run of a seed in `root`, finished or not; the newest if there are several."""
    for folder in sorted((root / task).glob(f"*_{seed}"), reverse=True):
        try:
            run = read_run(folder)
        except BadFile:
            continue
        if (run.algo, run.config.seed) == (algo, seed) and steps in (None, run.config.steps):
            return folder
    return None


def finish(root: Path, task: str, algo: str, seed: int, steps: int | None) -> Path:
    """The finished run of a seed: found, continued, or trained."""
    folder = find_run(root, task, algo, seed, steps)
    if folder is None:
        wanted = () if steps is None else ("--steps", str(steps))
        folder, _ = train(task, "--algo", algo, "--seed", str(seed), "--runs", str(root), *wanted)
    elif not is_finished(folder):
        surefoot("train", "--resume", str(folder))
    return folder


def score(folder: Path) -> dict[str, Any]:
    """The evaluation of a finished run, computed once."""
    kept = folder / "evaluation.json"
    if not kept.exists():
        kept.write_text(json.dumps(evaluate(folder, episodes=EPISODES)))
    return json.loads(kept.read_text())


def interval(values: list[float]) -> str:
    """Mean and Student's 95 % interval over seeds."""
    mean = float(np.mean(values))
    if len(values) == 1:
        return f"{mean:.1f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{mean:.1f} ({mean - half:.1f} to {mean + half:.1f})"


def commit() -> str:
    """The commit that trains."""
    said = subprocess.run(
        ("git", "describe", "--always", "--dirty"), capture_output=True, text=True
    )
    return said.stdout.strip() or "unknown"


def main() -> None:
    """Train, evaluate, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--tasks", nargs="+", default=CLASSIC, help=f"(default: {CLASSIC})")
    parser.add_argument("--algos", nargs="+", help="(default: all that have a published figure)")
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0 (default: 10)")
    parser.add_argument("--steps", type=int, help="environment steps (default: the preset's)")
    parser.add_argument("--runs", type=Path, default=Path("runs/scores"), help="folder of the runs")
    options = parser.parse_args()
    seeds = range(1 if options.quick else options.seeds)
    steps = 2_000 if options.quick else options.steps
    _report.headline(f"Scores, commit {commit()}", threads="one thread each")
    rows, results = [], []
    for task, algo in PUBLISHED:
        if task not in options.tasks or (options.algos and algo not in options.algos):
            continue
        scores: list[float] = []
        for seed in seeds:
            folder = finish(options.runs, task, algo, seed, steps)
            scores.append(score(folder)["return_mean"])
            print(f"{task} {algo} seed {seed}: {scores[-1]:.1f}  {folder}", flush=True)
        trained = read_run(folder).config.steps
        figure, source = PUBLISHED[task, algo]
        rows.append([task, algo, len(scores), f"{trained:,}", interval(scores), min(scores),
                     figure, source])  # fmt: skip
        results.append({"task": task, "algo": algo, "steps": trained, "scores": scores})
    print()
    _report.table(["task", "algorithm", "seeds", "steps", "return (95 % interval)", "worst seed",
                   "published", "by"], rows)  # fmt: skip
    _report.write_json(options.json, {"commit": commit(), "results": results})


if __name__ == "__main__":
    main()
