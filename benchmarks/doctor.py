"""Whether `surefoot doctor` names what is wrong, and stays silent where nothing is.

Trains deliberately sick runs and 20 healthy ones, with the tasks' presets and seeds as listed here
(most for fewer steps than the preset has), and asks the doctor about each. The thresholds were
fixed on the first 10 healthy runs (group "fixed"), before the other 10 were looked at (group
"checked": other tasks, seeds and algorithms). Any finding on a healthy run is a false alarm.

The runs stay in `runs/doctor`; those that are there already are not trained again. `--record
FOLDER` writes what the rules read of each run as small tables, the data of
`tests/report/trainings`. `--only NAME ...` is for one at a time.
"""

from __future__ import annotations

import csv
import json
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import _report
from _sick import SICK_ID

from surefoot.errors import SurefootError
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.checkup import examine
from surefoot.train.config import AnyRunConfig
from surefoot.train.log import STEPS, read_progress
from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder
from surefoot.train.session import Session

ROOT = Path("runs/doctor")
UNREAD = ("time/time_elapsed", "train/policy_gradient_loss", "train/clip_range", "train/actor_loss")
"""Columns that no rule reads."""
READ = ("gamma", "max_grad_norm", "action_repeat")
"""Settings that rules read."""
Change = Callable[[AnyRunConfig], AnyRunConfig]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One training, and what is wrong with it."""

    group: Literal["sick", "fixed", "checked"]
    task: str
    algo: str
    steps: int
    seed: int = 0
    expected: str = ""
    """The finding that names the sickness."""
    change: Change = lambda config: config
    """What is wrong."""

    def run(self) -> Run:
        """The settings."""
        config = find_preset(self.task, "default", algo=self.algo)
        config = self.change(replace(config, steps=self.steps, seed=self.seed))
        task = config.task.env_id if isinstance(config.task, GymnasiumConfig) else self.task
        return Run(task=task, algo=self.algo, preset="default", config=config)


def algo(**settings: Any) -> Change:
    """Change settings of the algorithm; a number is a factor where it is called `times_...`."""

    def change(config: AnyRunConfig) -> AnyRunConfig:
        of_algo: dict[str, Any] = {}
        for name, value in settings.items():
            known = name.removeprefix("times_")
            of_algo[known] = value * getattr(config.algo, known) if known != name else value
        return replace(config, algo=replace(config.algo, **of_algo))

    return change


def agent(**settings: Any) -> Change:
    """Change settings of the agent."""
    return lambda config: replace(config, agent=replace(config.agent, **settings))


def task(**settings: Any) -> Change:
    """Change settings of the task."""
    return lambda config: replace(config, task=replace(config.task, **settings))


def both(first: Change, second: Change) -> Change:
    """One change after the other."""
    return lambda config: second(first(config))


def sick(healthy: str, **faults: Any) -> Change:
    """The same task of Gymnasium with something wrong."""
    arguments = (
        f"healthy={healthy}",
        *(f"{name}={json.dumps(value)}" for name, value in faults.items()),
    )
    return task(env_id=SICK_ID, env_kwargs=arguments)


UPKIE, POLE, SWING = "upkie-pendulum", "CartPole-v1", "Pendulum-v1"
CASES: dict[str, Case] = {
    "rate-times-100-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=655_360, expected="policy_moves_too_far",
        change=algo(times_learning_rate=100.0, times_learning_rate_final=100.0),
    ),
    "rate-times-100-cartpole-ppo": Case(
        group="sick", task=POLE, algo="ppo", steps=150_000, expected="policy_moves_too_far",
        change=algo(times_learning_rate=100.0),
    ),
    "rate-times-100-cartpole-dqn": Case(
        group="sick", task=POLE, algo="dqn", steps=30_000, expected="values_explode",
        change=algo(times_learning_rate=100.0),
    ),
    "rate-times-100-pendulum-sac": Case(
        group="sick", task=SWING, algo="sac", steps=8_000, expected="same_everywhere",
        change=algo(times_learning_rate=100.0),
    ),
    "bounds-times-100-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=851_968, expected="actions_near_zero",
        change=both(agent(action_rates=(1000.0,)), task(max_ground_velocity=200.0)),
    ),
    "bounds-over-100-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=851_968,
        expected="actions_make_no_difference",
        change=both(agent(action_rates=(0.1,)), task(max_ground_velocity=0.02)),
    ),
    "bounds-over-100-pendulum-ppo": Case(
        group="sick", task=SWING, algo="ppo", steps=200_000, expected="actions_at_limits",
        change=sick(SWING, bounds=0.01),
    ),
    "bounds-over-100-pendulum-sac": Case(
        group="sick", task=SWING, algo="sac", steps=10_000, expected="actions_at_limits",
        change=sick(SWING, bounds=0.01),
    ),
    "no-bootstrap-pendulum-ppo": Case(
        group="sick", task=SWING, algo="ppo", steps=100_000, expected="time_limit_is_failure",
        change=sick(SWING, end_is_failure=True),
    ),
    "dead-value-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=655_360, expected="value_explains_nothing",
        change=algo(vf_coef=0.0),
    ),
    "dead-value-pendulum-ppo": Case(
        group="sick", task=SWING, algo="ppo", steps=150_000, expected="value_explains_nothing",
        change=algo(vf_coef=0.0),
    ),
    "wrong-sign-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=524_288, expected="better_dead",
        change=task(position_weight=-1.0),
    ),
    "drowned-upkie-ppo": Case(
        group="sick", task=UPKIE, algo="ppo", steps=524_288, expected="one_term_drowns",
        change=task(smoothness_weight=200_000.0),
    ),
    "nan-sensor-pendulum-ppo": Case(
        group="sick", task=SWING, algo="ppo", steps=20_000, expected="broke_off",
        change=sick(SWING, nan_after=1000),
    ),
    "huge-units-pendulum-ppo": Case(
        group="sick", task=SWING, algo="ppo", steps=50_000, expected="observations_are_huge",
        change=both(sick(SWING, units=1000.0), agent(normalize_observation=False)),
    ),
    "cartpole-ppo-0": Case(group="fixed", task=POLE, algo="ppo", steps=150_000),
    "cartpole-vpg-0": Case(group="fixed", task=POLE, algo="vpg", steps=100_000),
    "cartpole-dqn-0": Case(group="fixed", task=POLE, algo="dqn", steps=30_000),
    "pendulum-ppo-0": Case(group="fixed", task=SWING, algo="ppo", steps=300_000),
    "pendulum-sac-0": Case(group="fixed", task=SWING, algo="sac", steps=8_000),
    "pendulum-ddpg-0": Case(group="fixed", task=SWING, algo="ddpg", steps=8_000),
    "acrobot-ppo-0": Case(group="fixed", task="Acrobot-v1", algo="ppo", steps=120_000),
    "acrobot-ppo-1": Case(group="fixed", task="Acrobot-v1", algo="ppo", steps=120_000, seed=1),
    "cartpole-ppo-1": Case(group="fixed", task=POLE, algo="ppo", steps=150_000, seed=1),
    "upkie-ppo-0": Case(group="fixed", task=UPKIE, algo="ppo", steps=1_703_936),
    "cartpole-rnd-3": Case(group="checked", task=POLE, algo="rnd", steps=100_000, seed=3),
    "acrobot-ppg-4": Case(group="checked", task="Acrobot-v1", algo="ppg", steps=120_000, seed=4),
    "acrobot-dqn-5": Case(group="checked", task="Acrobot-v1", algo="dqn", steps=20_000, seed=5),
    "pendulum-td3-6": Case(group="checked", task=SWING, algo="td3", steps=8_000, seed=6),
    "cartpole-c51-7": Case(group="checked", task=POLE, algo="c51", steps=30_000, seed=7),
    "pendulum-rpo-8": Case(group="checked", task=SWING, algo="rpo", steps=300_000, seed=8),
    "inverted-pendulum-ppg-9": Case(
        group="checked", task="InvertedPendulum-v5", algo="ppg", steps=60_000, seed=9
    ),
    "inverted-pendulum-ppo-10": Case(
        group="checked", task="InvertedPendulum-v5", algo="ppo", steps=60_000, seed=10
    ),
    "cartpole-ppg-11": Case(group="checked", task=POLE, algo="ppg", steps=100_000, seed=11),
    "acrobot-vpg-12": Case(group="checked", task="Acrobot-v1", algo="vpg", steps=200_000, seed=12),
}  # fmt: skip
"""Every training by its name."""


def trained(name: str) -> RunFolder:
    """The folder of a training, which is done now if it has not been."""
    folder, run = RunFolder(ROOT / name), CASES[name].run()
    if not (folder.failure.exists() or folder.policy.exists()):
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.write_config(run)
        begin = time.monotonic()
        try:
            if not train(Session(run), folder).finished:
                raise KeyboardInterrupt
            folder.policy.touch()
        except SurefootError as error:
            print(f"{name}: {error}", flush=True)
        print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)
    return folder


def _median(texts: list[str]) -> str:
    """Of the numbers there are, with four digits."""
    numbers = [float(text) for text in texts if text]
    return f"{statistics.median(numbers):.4g}" if numbers else ""


def record(names: list[str], folder: Path) -> None:
    """Write what the rules read of each run: at most 40 rows with four digits, and its settings.

    Each row is the median of as many rows as that takes, at the steps of the last of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {}
    for name in names:
        run = RunFolder(ROOT / name)
        rows = read_progress(run.progress)
        per_row = max(1, math.ceil(len(rows) / 40))
        parts = [rows[max(end - per_row, 0) : end] for end in range(len(rows), 0, -per_row)][::-1]
        fields = [field for field in (rows[-1] if rows else ()) if field not in UNREAD]
        with open(folder / f"{name}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for part in parts:
                medians = {field: _median([row[field] for row in part]) for field in fields}
                writer.writerow({**medians, STEPS: part[-1][STEPS]})
        config = CASES[name].run().to_plain()["config"]
        facts[name] = {
            "group": CASES[name].group,
            "expected": CASES[name].expected,
            "failure": run.failure.read_text() if run.failure.exists() else "",
            "settings": {
                "steps": config["steps"],
                **{
                    part: {name: config[part][name] for name in READ if name in config[part]}
                    for part in ("algo", "agent")
                },
            },
        }
    (folder / "runs.json").write_text(json.dumps(facts, indent=1) + "\n")


def main() -> None:
    """Train what is missing, ask the doctor, print the table."""
    parser = _report.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=CASES, default=[*CASES], metavar="NAME")
    parser.add_argument("--record", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    quick = ["nan-sensor-pendulum-ppo", "no-bootstrap-pendulum-ppo"]
    names = quick if options.quick else options.only
    _report.headline("surefoot doctor on sick and healthy runs", threads="one for the learner")
    rows: list[tuple[str, ...]] = []
    missed, alarms = 0, {"fixed": 0, "checked": 0}
    for name in names:
        case, findings = CASES[name], examine(trained(name).path).findings
        found = [finding.name for finding in findings]
        if case.group == "sick":
            missed += case.expected not in found
        else:
            alarms[case.group] += len(found)
        rows.append((case.group, name, case.expected, ", ".join(found) or "-"))
    _report.table(("group", "run", "expected", "found"), rows)
    verdicts = [
        _report.verdict("sick runs not named", value=missed, bar=0, at_most=True),
        *(
            _report.verdict(f"false alarms, group {group}", value=nb, bar=0, at_most=True)
            for group, nb in alarms.items()
        ),
    ]
    if options.record:
        record(names, options.record)
    _report.write_json(options.json, {"runs": rows, "verdicts": verdicts})


if __name__ == "__main__":
    main()
