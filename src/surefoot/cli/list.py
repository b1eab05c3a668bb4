"""`surefoot list`: what there is, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from surefoot.cli.parser import Parser
from surefoot.errors import UnknownName

BASELINES = {
    "zero": "commands nothing",
    "random": "uniform random commands",
    "lecture-feedback": "v = 10 pitch",
    "published-feedback": "gains [10, 1, 0.1, 0.1], clip 0.99 m/s",
    "published-feedback-2.9": "the same, clip 2.9 m/s",
    "stabilising-feedback": "gains [20, 1, 2, 1.5], clip 2.9 m/s",
    "lqr": "linear-quadratic regulator of the wheeled inverted pendulum",
    "mpc": "model predictive control, 1 s horizon",
}
"""Policies to compare with, by the name that `eval` and `play` take."""
KINDS = ("tasks", "robots", "algorithms", "baselines")
"""Catalogs that can be listed."""


def main(argv: Sequence[str]) -> int:
    """Print the catalogs."""
    from surefoot.algos.catalog import ALGORITHMS
    from surefoot.tasks import course_pendulum_config as pendulum
    from surefoot.tasks import labyrinth_config as labyrinth
    from surefoot.tasks.catalog import TASKS
    from surefoot.train.course_pendulum_config import ALGORITHMS as GRADIENTS
    from surefoot.train.tabular_config import TABULAR

    parser = Parser(prog="surefoot list", description="What there is.")
    parser.add_argument("kind", nargs="?", help=f"only these: {', '.join(KINDS)}")
    kind = parser.read(argv).kind
    if kind not in (None, *KINDS):
        raise UnknownName("catalog", kind, KINDS, "Surefoot")
    catalogs = {
        "tasks": {
            labyrinth.NAME: f"{labyrinth.SUMMARY} (tabular methods; {labyrinth.GYM_ID})",
            pendulum.NAME: f"{pendulum.SUMMARY} (policy gradients; {pendulum.GYM_ID})",
        }
        | {
            name: f"{entry.summary} ({_presets(name)}; {entry.gym_id})"
            for name, entry in TASKS.items()
        },
        "robots": _robots() if kind in (None, "robots") else {},
        "algorithms": {n: f"{entry.summary} (labyrinth)" for n, entry in TABULAR.items()}
        | {name: f"{summary} (course-pendulum)" for name, summary in GRADIENTS.items()}
        | {name: entry.summary for name, entry in ALGORITHMS.items()},
        "baselines": BASELINES,
    }
    for title, entries in catalogs.items():
        if kind not in (None, title):
            continue
        if kind is None:
            print(f"{title}:")
        for name, what in entries.items():
            print(f"  {name:<24}{what}" if kind is None else f"{name:<24}{what}")
        if title == "tasks":
            indent = "  " if kind is None else ""
            print(f"{indent}(and any Gymnasium id with Box observations, such as CartPole-v1)")
    return 0


def _presets(task: str) -> str:
    """The presets of each algorithm for a task."""
    from surefoot.train.presets import PRESETS

    of_task = {algo: names for (name, algo), names in PRESETS.items() if name == task}
    return "; ".join(f"presets of {algo}: {', '.join(names)}" for algo, names in of_task.items())


def _robots() -> dict[str, str]:
    from surefoot.errors import MissingPackage
    from surefoot.robots.registry import ROBOTS

    lines: dict[str, str] = {}
    for name, robot in ROBOTS.items():
        try:
            weight = f"{robot.mass:.1f} kg"
        except MissingPackage as error:
            weight = error.install
        lines[name] = f"{robot.title}; {weight}, {len(robot.servos)} joints; {robot.source}"
    return lines
