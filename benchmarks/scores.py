"""Scores of the algorithms over seeds, beside what others have published or reach here.

Trains what the record (scores.csv) does not have yet, one run after another, the first seed of
everything first, with the bare command and its preset: `surefoot train TASK --algo ALGO --seed S`.
Each finished run is evaluated once (deterministic policy, 50 episodes, seed 0) and becomes a line
of the record: score, steps, commit, machine. Ctrl-C saves; the next call goes on where this one
stopped. Intervals are Student's, over seeds.

Published figures are of training episodes (CleanRL) or of one trained agent (rl-baselines3-zoo),
with the steps that they took: read them as the neighbourhood. DDPG, TD3 and SAC on HalfCheetah-v5
and Hopper-v5 stand beside Stable-Baselines3 trained here with the same settings and steps.
"""

from __future__ import annotations

import csv
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import _report
from _surefoot import evaluate, is_finished, read_run, surefoot, train

from surefoot.errors import BadFile

EPISODES = 50
OURS, PEER = "Surefoot", "Stable-Baselines3"
ZOO = "rl-baselines3-zoo, 1 agent"
CLEANRL = "CleanRL, 3 seeds"
CLASSIC_SEEDS, ROBOT_SEEDS = 10, 3
SHORT = 200_000
"""Steps of the off-policy methods on the robots."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the table."""

    task: str
    algo: str
    published: str = ""
    by: str = CLEANRL
    seeds: int = CLASSIC_SEEDS
    steps: int | None = None
    """None: the preset's."""
    who: str = OURS


def _robots() -> Iterator[Entry]:
    """Gymnasium's MuJoCo robots."""
    for task, published in (
        ("HalfCheetah-v5", "1443 ± 46 at 1M, v4"),
        ("Hopper-v5", "2383 ± 272 at 1M, v4"),
        ("Walker2d-v5", "2288 ± 572 at 1M, v4"),
    ):
        yield Entry(task=task, algo="ppo", published=published, seeds=ROBOT_SEEDS)
    for task, algo, published in (
        ("HalfCheetah-v5", "ddpg", "10374 ± 157 at 1M, v4"),
        ("HalfCheetah-v5", "td3", "9583 ± 126 at 1M, v4"),
        ("HalfCheetah-v5", "sac", "9635 ± 1424 at 1M, v4"),
        ("Hopper-v5", "ddpg", "1577 ± 819 at 1M, v4"),
        ("Hopper-v5", "td3", "3135 ± 360 at 1M, v4"),
        ("Hopper-v5", "sac", "2310 ± 343 at 1M, v4"),
    ):
        for who in (OURS, PEER):
            yield Entry(
                task=task, algo=algo, published=published, seeds=ROBOT_SEEDS, steps=SHORT, who=who
            )


ENTRIES = (
    Entry(task="CartPole-v1", algo="ppo", published="490 ± 6 at 500k"),
    Entry(task="CartPole-v1", algo="dqn", published="489 ± 16 at 500k"),
    Entry(task="CartPole-v1", algo="c51", published="481 ± 21 at 500k"),
    Entry(task="Acrobot-v1", algo="ppo", published="-86.4 ± 1.3 at 500k"),
    Entry(task="Acrobot-v1", algo="dqn", published="-91.5 ± 7.2 at 500k"),
    Entry(task="Acrobot-v1", algo="c51", published="-87.7 ± 5.5 at 500k"),
    Entry(task="MountainCar-v0", algo="ppo", published="-200 ± 0 at 500k"),
    Entry(task="MountainCar-v0", algo="dqn", published="-101 ± 10 at 120k", by=ZOO),
    Entry(task="MountainCar-v0", algo="c51", published="-166 ± 28 at 500k"),
    Entry(task="Pendulum-v1", algo="ppo", published="-172 ± 104 at 100k", by=ZOO),
    Entry(task="Pendulum-v1", algo="ddpg", published="-152 ± 94 at 20k", by=ZOO),
    Entry(task="Pendulum-v1", algo="td3", published="-152 ± 90", by=ZOO),
    Entry(task="Pendulum-v1", algo="sac", published="-157 ± 89 at 20k", by=ZOO),
    *_robots(),
)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A line of the record."""

    task: str
    algo: str
    who: str
    seed: int
    steps: int
    score: float
    """Mean return of the final policy over the episodes of its evaluation."""
    minutes: float
    """Wall time of the training, on a machine that may have been busy."""
    commit: str
    machine: str


class Record:
    """The scores so far, in a file.

    Args:
        path: A CSV file; made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = csv.DictReader(path.read_text().splitlines()) if path.exists() else ()
        self.scores = [
            Score(
                task=line["task"],
                algo=line["algo"],
                who=line["who"],
                seed=int(line["seed"]),
                steps=int(line["steps"]),
                score=float(line["score"]),
                minutes=float(line["minutes"]),
                commit=line["commit"],
                machine=line["machine"],
            )
            for line in lines
        ]

    def of(self, entry: Entry) -> list[Score]:
        """The scores of a line of the table, by seed."""
        scores = [
            score
            for score in self.scores
            if (score.task, score.algo, score.who) == (entry.task, entry.algo, entry.who)
            and entry.steps in (None, score.steps)
        ]
        return sorted(scores, key=lambda score: score.seed)

    def add(self, score: Score) -> None:
        """Append a line."""
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(Score)], lineterminator="\n")
            if not self.scores:
                writer.writeheader()
            writer.writerow(asdict(score))
        self.scores.append(score)


def play(entry: Entry, seed: int, root: Path) -> Score:
    """Train one seed, or finish its training, and evaluate it."""
    before = commit()
    if entry.who == PEER:
        from _sb3_scores import train_and_evaluate

        assert entry.steps is not None
        begin = time.perf_counter()
        mean = train_and_evaluate(
            entry.task, entry.algo, seed=seed, steps=entry.steps, episodes=EPISODES
        )
        steps, seconds = entry.steps, time.perf_counter() - begin
    else:
        folder, seconds = finish(root, entry, seed)
        mean = evaluate(folder, episodes=EPISODES)["return_mean"]
        steps = read_run(folder).config.steps
    facts = _report.machine()
    return Score(
        task=entry.task,
        algo=entry.algo,
        who=entry.who,
        seed=seed,
        steps=steps,
        score=round(mean, 1),
        minutes=round(seconds / 60.0, 1),
        commit=before,
        machine=f"{facts['cores']} cores, {facts['processor']}",
    )


def finish(root: Path, entry: Entry, seed: int) -> tuple[Path, float]:
    """The finished run of a seed, continued or trained, and the time it took just now, s."""
    folder = find_run(root, entry, seed)
    if folder is None:
        steps = () if entry.steps is None else ("--steps", str(entry.steps))
        return train(entry.task, "--algo", entry.algo, "--seed", str(seed), "--runs", str(root),
                     *steps)  # fmt: skip
    begin = time.perf_counter()
    if not is_finished(folder):
        surefoot("train", "--resume", str(folder))
    return folder, time.perf_counter() - begin


def find_run(root: Path, entry: Entry, seed: int) -> Path | None:
    """The run of a seed in `root`, finished or not; the newest if there are several."""
    for folder in sorted((root / entry.task).glob(f"*_{seed}"), reverse=True):
        try:
            run = read_run(folder)
        except BadFile:
            continue
        same = (run.algo, run.config.seed) == (entry.algo, seed)
        if same and entry.steps in (None, run.config.steps):
            return folder
    return None


def commit() -> str:
    """The commit that trains; "-dirty" where the learner's own files differ from it."""
    said = subprocess.run(("git", "describe", "--always"), capture_output=True, text=True)
    changed = subprocess.run(("git", "diff", "--quiet", "HEAD", "--", "src"), capture_output=True)
    return (said.stdout.strip() or "unknown") + "-dirty" * (changed.returncode == 1)


def main() -> None:
    """Train what is missing, print the table of everything."""
    parser = _report.parser(__doc__)
    parser.add_argument("--tasks", nargs="+", help="(default: all)")
    parser.add_argument("--algos", nargs="+", help="(default: all)")
    parser.add_argument("--seeds", type=int, help="at most so many (default: 10, robots 3)")
    parser.add_argument("--table", action="store_true", help="print the record, train nothing")
    parser.add_argument("--runs", type=Path, default=Path("runs/scores"), help="folder of the runs")
    parser.add_argument("--record", type=Path, default=Path(__file__).with_suffix(".csv"))
    options = parser.parse_args()
    record = Record(options.record)
    entries = [
        entry
        for entry in ENTRIES
        if (options.tasks is None or entry.task in options.tasks)
        and (options.algos is None or entry.algo in options.algos)
    ]
    limit = 1 if options.quick else options.seeds or CLASSIC_SEEDS
    missing = [
        (seed, entry)
        for seed in range(limit)
        for entry in entries
        if seed < entry.seeds and seed not in [score.seed for score in record.of(entry)]
    ]
    for n, (seed, entry) in enumerate(() if options.table else missing):
        score = play(entry, seed, options.runs)
        record.add(score)
        print(f"{n + 1} of {len(missing)}: {entry.task} {entry.algo} {entry.who} seed {seed}: "
              f"{score.score} after {score.minutes} min", flush=True)  # fmt: skip
    rows = []
    for entry in entries:
        scores = record.of(entry)
        if scores:
            values = [score.score for score in scores]
            steps = "/".join(f"{n:,}" for n in sorted({score.steps for score in scores}))
            rows.append([entry.task, entry.algo, entry.who, len(values), steps,
                         _report.interval(values), min(values), entry.published,
                         entry.by])  # fmt: skip
    _report.table(["task", "algorithm", "by", "seeds", "steps", "return (95 % interval)",
                   "worst seed", "published", "whose"], rows)  # fmt: skip
    _report.write_json(options.json, {"scores": [asdict(score) for score in record.scores]})


if __name__ == "__main__":
    main()
