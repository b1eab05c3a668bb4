"""What a teacher saves: the steps that QDagger and DQN alone need to reach a score.

DQN trains with its tuned preset, some seeds, and as many students with QDagger's. A student's
teacher is the finished run of the next seed, however good it has become: of DQN, and on CartPole,
where DQN's final policies are anything between 100 and 500, of PPO. After every row of metrics the
deterministic policy plays 50 episodes from fixed seeds; the first time that their mean reaches the
score, the steps so far are taken down. A student's steps are all that is played for it: uniform
choices, its teacher's samples, and its own; not what its teacher was trained with. Where DQN does
not reach the score, its steps are all it had.

The bar: students need at most half of DQN's steps, outside Welch's 95 % interval. Finished runs are
kept; one that was interrupted begins again. --quick takes CartPole alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import _report
import numpy as np
from scipy import stats

from surefoot.agent.agent import AgentPolicy
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.train.evaluate import evaluate
from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, create_run_folder
from surefoot.train.session import Session


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is to be reached on a task, and who teaches."""

    score: float
    """Mean return."""
    teacher: str
    """Algorithm."""
    teacher_steps: int | None = None
    """Environment steps that a teacher is trained with; None: the preset's."""


CLAIMS = {
    "CartPole-v1": Claim(score=475.0, teacher="ppo", teacher_steps=100_000),
    "MountainCar-v0": Claim(score=-120.0, teacher="dqn"),
}
"""By task."""
EPISODES = 50
QUICK_STEPS = 8_000
CURVE = "curve.json"
Curve = list[tuple[int, float]]
"""Steps, and the mean return of the policy after them."""


def planned(task: str, algo: str, seed: int, steps: int | None, **changes: Any) -> Run:
    """The tuned preset of a task and an algorithm, with a seed and changes of its settings."""
    preset = find_preset(task, "default", algo=algo)
    config = replace(preset, seed=seed, algo=replace(preset.algo, **changes))
    config = replace(config, steps=steps or preset.steps)
    return Run(task=task, algo=algo, preset="default", config=config)


def measured(run: Run, root: Path, *, end_only: bool = False) -> Path:
    """The folder of a finished run, with its curve, or the end of it: found or trained.

    Raises:
        SystemExit: The training was interrupted.
    """
    root = root / run.algo / str(run.config.seed)
    for known in root.glob(f"{run.task.replace('/', '-')}/*/{CURVE}"):
        return known.parent
    folder = create_run_folder(root, run)
    env = make_gymnasium(run.config.task, nb_envs=EPISODES, seed=0)
    curve: Curve = []

    def watch(session: Session, metrics: dict[str, float]) -> None:
        if end_only and not session.finished:
            return
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
    parser.add_argument("--tasks", nargs="+", default=CLAIMS, choices=CLAIMS, help="only these")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=Path("runs/qdagger"), help="of all runs")
    options = parser.parse_args()
    seeds = range(2 if options.quick else options.seeds)
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    steps = QUICK_STEPS if options.quick else None
    _report.headline("QDagger and DQN alone", threads="1 thread")

    rows, verdicts, results = [], [], {}
    for task in ["CartPole-v1"] if options.quick else options.tasks:
        score, who = CLAIMS[task].score, CLAIMS[task].teacher
        alone = [measured(planned(task, "dqn", s, steps), root) for s in seeds]
        plans = [planned(task, who, s, steps or CLAIMS[task].teacher_steps) for s in seeds]
        teachers = [measured(plan, root, end_only=True) for plan in plans]
        students = [
            measured(planned(task, "qdagger", s, steps, teacher=str(teacher)), root)
            for s, teacher in zip(seeds, [*teachers[1:], teachers[0]], strict=True)
        ]
        curves = {"DQN": [*map(read_curve, alone)], "QDagger": [*map(read_curve, students)]}
        found = {name: [steps_to(curve, score) for curve in all_] for name, all_ in curves.items()}
        spent = [min(n, c[-1][0]) for n, c in zip(found["DQN"], curves["DQN"], strict=True)]
        half = 0.5 * float(np.mean(spent))
        for name, all_ in curves.items():
            reached = [n for n in (spent if name == "DQN" else found[name]) if n < math.inf]
            nb = sum(n < math.inf for n in found[name])
            rows.append(
                [task, name, f"{nb} of {len(all_)}", _report.interval(reached) if reached else "-",
                 _report.interval([return_at(curve, half) for curve in all_]),
                 _report.interval([curve[-1][1] for curve in all_]), f"{all_[0][-1][0]:,}"]
            )  # fmt: skip
        taught = [read_curve(teacher)[-1][1] for teacher in teachers]
        results[task] = {"score": score, "curves": curves, "half": half, "teachers": taught}
        print(
            f"{task}: teachers ({who}) {_report.interval(taught)}; half of DQN's steps {half:,.0f}"
        )
        late = excess(found["QDagger"], spent)
        verdicts.append((f"{task}: students' steps beyond half of DQN's, at most (95 %)", late))
    print()
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
