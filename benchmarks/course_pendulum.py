"""The lecture's pendulum: policy gradients and networks of values against the optimum.

    python benchmarks/course_pendulum.py                  # trains what runs/ does not have yet
    python benchmarks/course_pendulum.py --figures docs   # and draws the two figures of the lecture

Four tables: the optimum by value iteration; the slides' listing, one episode at a time at their
rates; the presets that play many episodes at once, linear and with networks; and deep Q-learning
through Gymnasium, the homework's network and the tuned preset. A policy gradient has 10 seeds, a
Q-network 5, all of them counted.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import _report
import torch
from qdagger import measured
from scipy import stats
from torch import Tensor

from surefoot.agent.seed_agent import SeedAgent
from surefoot.cli.main import main as surefoot
from surefoot.tasks.course_pendulum import CoursePendulum, is_upright
from surefoot.tasks.course_pendulum_config import GYM_ID, CoursePendulumConfig
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train.course_pendulum import Act, AnyRun, greedy, roll_out
from surefoot.train.course_pendulum_config import find_course_preset
from surefoot.train.course_pendulum_evaluate import HOLD_S, stands
from surefoot.train.course_pendulum_folder import (
    draw_learning_curves,
    draw_swing_ups,
    first_seed,
    read_result,
    read_run,
)
from surefoot.train.course_pendulum_reference import optimal_policy, reference_costs
from surefoot.train.policies import load_policy
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run

GAMMA, SEEDS, DEEP_SEEDS, LEARNED = 0.99, 10, 5, 300.0
PUBLISHED = {"lecture": 110.9, "homework": 0.517}
"""Optimal costs of an episode, from an independent value iteration."""


@dataclass(frozen=True)
class Case:
    """One row: an algorithm, a preset, and what is different from it."""

    name: str
    algo: str
    preset: str
    episodes: int
    learning_rate: float | None = None


LISTING = (
    Case("REINFORCE, 1e-7", "reinforce", "lecture", 10_000),
    Case("REINFORCE, 1e-6", "reinforce", "lecture", 3_000, 1e-6),
    Case("with baseline, 1e-6", "reinforce-baseline", "lecture", 10_000),
    Case("with baseline, 1e-5", "reinforce-baseline", "lecture", 500, 1e-5),
    Case("actor-critic, 1e-6", "actor-critic", "lecture", 3_000, 1e-6),
    Case("actor-critic, 1e-5", "actor-critic", "lecture", 500),
)
AT_ONCE = tuple(
    Case(f"{name}, {'linear' if preset == 'default' else 'networks'}", algo, preset, episodes)
    for preset, episodes in (("default", 20_000), ("network", 5_000))
    for name, algo in (
        ("REINFORCE", "reinforce"),
        ("with baseline", "reinforce-baseline"),
        ("actor-critic", "actor-critic"),
    )
)
DEEP = {"Q-network of the homework": "homework", "DQN": "default"}
"""Presets of DQN by the name of a row."""


@dataclass
class Result:
    """A finished training of all seeds."""

    agent: SeedAgent
    cost: Tensor
    seconds: float | None

    @property
    def last(self) -> Tensor:
        """Mean cost of each seed's last 100 episodes, (S,)."""
        return self.cost[:, -100:].mean(dim=1)

    def steps_to(self, level: float, window: int = 20) -> list[float]:
        """Environment steps until the mean of the last `window` episodes is at most `level`."""
        means = self.cost.unfold(1, window, 1).mean(dim=2)
        reached = [torch.nonzero(row <= level) for row in means]
        return [100.0 * (int(r[0]) + window) if len(r) else math.inf for r in reached]

    def nb_standing(self) -> int:
        """Seeds whose greedy policy swings up and stands for the last 3 s of an episode."""
        task = CoursePendulum()
        swing = roll_out(task, greedy(self.agent), task.start(len(self.cost), 1))
        return int(stands(swing, HOLD_S).sum())


def settings(case: Case, quick: bool) -> AnyRun:
    """What `surefoot train` is asked for."""
    run = find_course_preset(case.algo, case.preset)
    if case.learning_rate is not None:
        run = replace(run, algo=replace(run.algo, learning_rate=case.learning_rate))
    episodes = max(100, case.episodes // 50) if quick else case.episodes
    return replace(run, episodes=episodes, seeds=2 if quick else SEEDS)


def result_of(case: Case, root: Path, quick: bool) -> Result:
    """The finished training of a case; trains it if there is none with the same settings."""
    wanted, seconds = settings(case, quick), None
    folders = [f.parent for f in (root / "course-pendulum").glob("*/parameters.pt")]
    known = [folder for folder in folders if read_run(folder) == wanted]
    if not known:
        flags = ["--algo", case.algo, "--preset", case.preset, "--runs", str(root)]
        flags += ["--episodes", str(wanted.episodes), "--seeds", str(wanted.seeds)]
        flags += ["--algo.learning-rate", str(wanted.algo.learning_rate)]
        said, started = io.StringIO(), time.perf_counter()
        with contextlib.redirect_stdout(said):
            code = surefoot(["train", "course-pendulum", *flags])
        if code != 0:
            raise SystemExit(code)
        seconds = time.perf_counter() - started
        known = [Path(said.getvalue().splitlines()[-1])]
    return Result(*read_result(known[-1]), seconds)


def interval(values: Tensor) -> str:
    """Mean and 95 % Student interval over seeds."""
    low, high = stats.t.interval(
        0.95, len(values) - 1, float(values.mean()), float(stats.sem(values))
    )
    return f"{float(values.mean()):.3g} ({low:.3g} to {high:.3g})"


def optimum() -> tuple[list[list[Any]], list[dict[str, Any]]]:
    """Rows and bars of value iteration."""
    rows, bars = [], []
    omega = torch.linspace(-2 * math.pi, 2 * math.pi, 401, dtype=torch.float64)
    pushed = torch.stack([torch.full_like(omega, math.pi), omega], dim=1)
    for cost, published in PUBLISHED.items():
        config = CoursePendulumConfig(cost=cost)
        task = CoursePendulum(config)
        started = time.perf_counter()
        best = optimal_policy(config, GAMMA)
        seconds = time.perf_counter() - started
        found = reference_costs(config, GAMMA)
        upright = is_upright(roll_out(task, best.act, task.start(1)).state[:, 0]).tolist()
        recovery = is_upright(roll_out(task, best.act, pushed).state)
        slowest = int((~recovery).nonzero()[:, 0].max()) + 1
        first = upright.index(True)
        rows.append([cost, f"{found.zero:.4g}", f"{found.random:.4g} ± {found.random_std:.2g}",
                     f"{found.optimal:.4g}", published, first, all(upright[first:]),
                     f"{slowest / 10:.1f}", f"{seconds:.1f}"])  # fmt: skip
        bars += [
            _report.verdict(f"{cost}: distance of the optimal cost from the published one, %",
                            value=100 * abs(found.optimal / published - 1), bar=1.0, at_most=True),
            _report.verdict(f"{cost}: slowest recovery from a push, s", value=slowest / 10,
                            bar=5.0, at_most=True),
        ]  # fmt: skip
    return rows, bars


def row(case: Case, result: Result) -> list[Any]:
    """A row of the second and the third table."""
    steps = result.steps_to(LEARNED)
    nb = len(steps)
    middle = sorted(steps)[nb // 2]
    return [
        case.name, result.cost.shape[1], interval(result.cost[:, :20].mean(dim=1)),
        interval(result.last), f"{float(result.last.max()):.0f}",
        f"{int((result.last <= LEARNED).sum())} of {nb}",
        f"{middle:,.0f}" if math.isfinite(middle) else "never",
        f"{result.nb_standing()} of {nb}",
        "-" if result.seconds is None else f"{result.seconds:.0f}",
    ]  # fmt: skip


def deep_policy(folder: Path) -> Act:
    """What a training with DQN has learned."""
    policy = load_policy(str(folder)).policy
    policy.reset(1)
    return lambda state: policy.act(state.float())[:, 0].long()


def deep(root: Path, quick: bool) -> tuple[list[list[Any]], list[dict[str, Any]], Act]:
    """Rows and bars of deep Q-learning, and the policy of the last row's first seed."""
    rows, bars, acts = [], [], []
    for name, preset in DEEP.items():
        config = find_preset(GYM_ID, preset, algo="dqn")
        assert isinstance(config.task, GymnasiumConfig)
        steps = 2_000 if quick else config.steps
        runs = [
            Run(task=GYM_ID, algo="dqn", preset=preset,
                config=replace(config, seed=seed, steps=steps))
            for seed in range(2 if quick else DEEP_SEEDS)
        ]  # fmt: skip
        acts = [deep_policy(measured(run, root / preset, end_only=True)) for run in runs]
        cost = CoursePendulumConfig(**config.task.arguments())
        task = CoursePendulum(cost)
        swings = [roll_out(task, act, task.start(1)) for act in acts]
        costs = torch.cat([swing.discounted(GAMMA) for swing in swings])
        nb = sum(bool(stands(swing, HOLD_S)) for swing in swings)
        optimal = reference_costs(cost, GAMMA).optimal
        rows.append([name, cost.cost, f"{steps:,}", interval(costs), f"{float(costs.max()):.3g}",
                     f"{optimal:.3g}", f"{nb} of {len(runs)}"])  # fmt: skip
        bars.append(_report.verdict(f"{name}: share of seeds that swing up and hold",
                                    value=nb / len(runs), bar=0.8))  # fmt: skip
    return rows, bars, acts[0]


def judge(results: dict[str, Result]) -> list[dict[str, Any]]:
    """The bars on the slides' listing."""
    plain, wild, baseline = (results[case.name] for case in LISTING[:3])
    critic = results[LISTING[-1].name]
    p = stats.ttest_ind(baseline.last, plain.last, equal_var=False).pvalue
    difference = float(plain.last.mean() - baseline.last.mean())
    print(f"last 100 episodes, plain minus baseline: {difference:.0f}, Welch p = {p:.2g}")
    print(f"spread of the seeds: plain {float(plain.last.std()):.0f}, "
          f"plain at 1e-6 {float(wild.last.std()):.0f}, "
          f"baseline {float(baseline.last.std()):.0f}")  # fmt: skip
    steps = [torch.tensor(r.steps_to(LEARNED)).median().item() for r in (baseline, critic)]
    return [
        _report.verdict("share of seeds with baseline that reach 300",
                        value=float((baseline.last <= LEARNED).double().mean()), bar=0.8),
        _report.verdict("with baseline against without, Welch p", value=float(p), bar=0.05,
                        at_most=True),
        _report.verdict("seeds of plain REINFORCE at 1e-6 that end above 300",
                        value=int((wild.last > LEARNED).sum()), bar=1),
        _report.verdict("steps to 300: actor-critic over baseline", value=steps[1] / steps[0],
                        bar=1.0, at_most=True),
    ]  # fmt: skip


def main() -> None:
    """Train what is missing, print, draw."""
    parser = _report.parser(__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/course_pendulum_benchmark"))
    parser.add_argument("--figures", type=Path, help="folder of the figures (default: --runs)")
    options = parser.parse_args()
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    _report.headline("The course's pendulum", threads="1 thread")

    rows, bars = optimum()
    print()
    _report.table(
        ("cost", "motor off", "random", "optimal", "published", "upright at step", "held",
         "slowest recovery, s", "value iteration, s"), rows,
    )  # fmt: skip
    head = ("method", "episodes", "cost, first 20", "cost, last 100 (95 %)", "worst seed",
            "seeds <= 300", "steps to 300", "seeds that stand", "training, s")  # fmt: skip
    results: dict[str, Result] = {}
    for cases in (LISTING, AT_ONCE):
        for case in cases:
            results[case.name] = result_of(case, root, options.quick)
        _report.table(head, [row(case, results[case.name]) for case in cases])
    deep_rows, deep_bars, dqn = deep(root, options.quick)
    print()
    _report.table(
        ("method", "cost function", "steps", "cost (95 %)", "worst seed", "optimal",
         "seeds that stand"), deep_rows,
    )  # fmt: skip
    bars += [*judge(results), *deep_bars]

    figures = options.figures or root
    names = {"REINFORCE": "REINFORCE, linear", "with baseline": "with baseline, linear",
             "actor-critic": "actor-critic, linear",
             "actor-critic, networks": "actor-critic, networks"}  # fmt: skip
    task = CoursePendulumConfig()
    draw_learning_curves(
        figures / "course_pendulum_learning.png",
        {short: results[name].cost for short, name in names.items()}, task, GAMMA,
    )  # fmt: skip
    policies = {short: first_seed(results[name].agent) for short, name in names.items()}
    draw_swing_ups(figures / "course_pendulum_swing_up.png", {**policies, "DQN": dqn}, task, GAMMA)
    result = {case.name: results[case.name].last.tolist() for case in (*LISTING, *AT_ONCE)}
    _report.write_json(options.json, {"last_100": result, "bars": bars})


if __name__ == "__main__":
    main()
