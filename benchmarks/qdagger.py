"""What a teacher saves: the steps that QDagger and DQN alone need to reach a score.

DQN trains with its tuned preset, some seeds. Then as many students train with QDagger's, each with
one of these runs as its teacher: the finished run of the next seed, however good it has become.
After every row of metrics the deterministic policy plays 50 episodes from fixed seeds; the first
time that their mean reaches the score, the steps so far are taken down. A student's steps are all
that is played for it: uniform choices, its teacher's samples, and its own. The teacher's training
is not among them; it is DQN's column. Where DQN does not reach the score, its steps are all it had.

The bar: students need at most half of DQN's steps, outside Welch's 95 % interval. Finished runs are
kept; one that was interrupted begins again.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import _report
import numpy as np
from scipy import stats
from scores import interval

from surefoot.agent.agent import AgentPolicy
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.train.evaluate import evaluate
from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, create_run_folder
from surefoot.train.session import Session

SCORES = {"CartPole-v1": 475.0, "MountainCar-v0": -120.0}
"""Mean return to reach."""
EPISODES = 50
QUICK_STEPS = 8_000
CURVE = "curve.json"
Curve = list[tuple[int, float]]
"""Steps, and the mean return of the policy after them."""


def planned(task: str, algo: str, seed: int, *, quick: bool, **changes: Any) -> Run:
    """The tuned preset of a task and an algorithm, with a seed and changes of its settings."""
    preset = find_preset(task, "default", algo=algo)
    config = replace(preset, seed=seed, algo=replace(preset.algo, **changes))
    if quick:
        config = replace(config, steps=QUICK_STEPS)
    return Run(task=task, algo=algo, preset="default", config=config)


def measured(run: Run, root: Path) -> Path:
    """The folder of a finished run, with its curve: found or trained.

    Raises:
        SystemExit: The training was interrupted.
    """
    root = root / run.algo / str(run.config.seed)
    for known in root.glob(f"{run.task}/*/{CURVE}"):
        return known.parent
    folder = create_run_folder(root, run)
    env = make_gymnasium(run.config.task, nb_envs=EPISODES, seed=0)
    curve: Curve = []

    def watch(session: Session, metrics: dict[str, float]) -> None:
        found = evaluate(AgentPolicy(session.agent), env, episodes=EPISODES, max_steps=10**6)
        curve.append((session.nb_steps, found.return_mean))

    if not train(Session(run), folder, on_update=watch).finished:
        raise SystemExit(f"{folder.path} was interrupted: start again")
    (folder.path / CURVE).write_text(json.dumps(curve))
    return folder.path


def read_curve(folder: Path) -> Curve:
    """What `measured` left beside a run."""
    return [(steps, mean) for steps, mean in json.loads((folder / CURVE).read_text())]


def steps_to(curve: Curve, score: float) -> float:
    """Steps until the score is reached for the first time; infinite if never."""
    return next((float(steps) for steps, mean in curve if mean >= score), math.inf)


def return_at(curve: Curve, steps: float) -> float:
    """Mean return of the last policy that took no more than so many steps."""
    return [mean for at, mean in curve if at <= steps][-1]


def excess(students: list[float], alone: list[float]) -> float:
    """Upper end of Welch's 95 % interval of the students' mean minus half of DQN's, in steps."""
    if math.inf in students:
        return math.inf
    halves = [0.5 * steps for steps in alone]
    if not (np.std(students) or np.std(halves)):
        return float(np.mean(students) - np.mean(halves))
    test = stats.ttest_ind(students, halves, equal_var=False)
    return float(test.confidence_interval(0.95).high)


def main() -> None:
    """Train what is missing, compare, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--tasks", nargs="+", default=SCORES, choices=SCORES, help="only these")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=Path("runs/qdagger"), help="of all runs")
    options = parser.parse_args()
    seeds = range(2 if options.quick else options.seeds)
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    _report.headline("QDagger and DQN alone", threads="1 thread")

    rows, verdicts, results = [], [], {}
    for task in options.tasks:
        score = SCORES[task]
        teachers = [measured(planned(task, "dqn", s, quick=options.quick), root) for s in seeds]
        students = [
            measured(
                planned(task, "qdagger", s, quick=options.quick,
                        teacher=str(teachers[(s + 1) % len(teachers)])),
                root,
            )
            for s in seeds
        ]  # fmt: skip
        curves = {"DQN": [*map(read_curve, teachers)], "QDagger": [*map(read_curve, students)]}
        found = {name: [steps_to(curve, score) for curve in all_] for name, all_ in curves.items()}
        alone = [min(n, c[-1][0]) for n, c in zip(found["DQN"], curves["DQN"], strict=True)]
        half = 0.5 * float(np.mean(alone))
        for name, all_ in curves.items():
            reached = [steps for steps in found[name] if steps < math.inf]
            rows.append(
                [task, name, f"{len(reached)} of {len(all_)}",
                 interval(alone if name == "DQN" else reached) if reached else "-",
                 interval([return_at(curve, half) for curve in all_]),
                 interval([curve[-1][1] for curve in all_]), f"{all_[0][-1][0]:,}"]
            )  # fmt: skip
        results[task] = {"score": score, "curves": curves, "half": half}
        late = excess(found["QDagger"], alone)
        verdicts.append((f"{task}: students' steps beyond half of DQN's, at most (95 %)", late))
    _report.table(
        ("task", "learner", "reach the score", "steps to it", "return at half of DQN's steps",
         "return at the end", "after"), rows
    )  # fmt: skip
    results["bars"] = [
        _report.verdict(what, value=value, bar=0.0, at_most=True) for what, value in verdicts
    ]
    _report.write_json(options.json, results)


if __name__ == "__main__":
    main()
