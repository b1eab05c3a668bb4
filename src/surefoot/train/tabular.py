"""The loop of the tabular methods: from settings to values, policy and figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surefoot.algos.tabular.dyna_q import dyna_q
from surefoot.algos.tabular.model import Estimate, action_values
from surefoot.algos.tabular.monte_carlo import monte_carlo
from surefoot.algos.tabular.policy_iteration import policy_iteration
from surefoot.algos.tabular.q_learning import q_learning
from surefoot.algos.tabular.sarsa import sarsa
from surefoot.algos.tabular.tabular_config import ValueIterationConfig
from surefoot.algos.tabular.td0 import td0
from surefoot.algos.tabular.value_iteration import value_iteration
from surefoot.algos.tabular.world import World
from surefoot.interrupt import Interrupt
from surefoot.report.maze import MazePicture, draw_maze
from surefoot.tasks.labyrinth import STEPS, Labyrinth
from surefoot.train.log import STEPS as TIMESTEPS
from surefoot.train.log import MetricsLog
from surefoot.train.tabular_run import FIGURE, Solution, TabularRun

_PLANNING: dict[str, Callable[[Labyrinth, Any], Iterator[Estimate]]] = {
    "value-iteration": value_iteration,
    "policy-iteration": policy_iteration,
}
_SAMPLED: dict[str, Callable[..., Iterator[Estimate]]] = {
    "td0": td0,
    "monte-carlo": monte_carlo,
    "sarsa": sarsa,
    "q-learning": q_learning,
    "dyna-q": dyna_q,
}


def estimates(run: TabularRun, labyrinth: Labyrinth) -> Iterator[Estimate]:
    """What a method believes, from its first iteration to its last; rewards are maximised."""
    config = run.config
    if run.algo in _PLANNING:
        return _PLANNING[run.algo](labyrinth, config.algo)
    world = World(
        labyrinth,
        seed=config.seed,
        random_start=config.task.random_start,
        max_episode_steps=labyrinth.max_episode_steps,
    )
    return _SAMPLED[run.algo](world, config.algo, steps=config.steps, seed=config.seed)


def optimum(labyrinth: Labyrinth, gamma: float) -> NDArray[np.float64]:
    """The value of the best policy in every state, (S,), in rewards; far finer than it is shown."""
    *_, last = value_iteration(labyrinth, ValueIterationConfig(gamma=gamma))
    return last.value


def run_tabular(
    run: TabularRun,
    labyrinth: Labyrinth,
    folder: Path,
    *,
    on_row: Callable[[dict[str, float]], None] = lambda row: None,
) -> tuple[Solution, bool]:
    """Run a method; leave progress.csv, events, result.npz and labyrinth.png in `folder`.

    The first iterations are logged one by one, later ones every 5 %: a large maze takes thousands.
    Ctrl-C ends the method early, and what it believes then is the result.

    Args:
        run: Method and settings.
        labyrinth: Made of those settings.
        folder: The run's folder.
        on_row: Called with every row of metrics.

    Returns:
        What it found, and whether it came to its own end.

    Raises:
        BadFile: The disk is full.
        InvalidConfig: The method's settings cannot work in this labyrinth.
    """
    best = None if run.algo in _PLANNING else optimum(labyrinth, run.config.algo.gamma)
    log = MetricsLog(folder, nb_steps=0)
    begin, due, number = time.perf_counter(), 1, 0
    estimate, logged = None, None

    def write(estimate: Estimate) -> None:
        elapsed = time.perf_counter() - begin
        row = {TIMESTEPS: float(estimate.steps), **_metrics(estimate, labyrinth, best)}
        row |= {"time/time_elapsed": elapsed, "time/fps": estimate.steps / elapsed}
        log.write(row)
        on_row(row)

    with Interrupt() as interrupt:
        for number, estimate in enumerate(estimates(run, labyrinth), 1):
            if number >= due:
                write(estimate)
                due, logged = max(number + 1, int(1.05 * number)), number
            if interrupt.requested:
                break
    assert estimate is not None  # every method yields at least once
    if logged != number:
        write(estimate)
    log.close()
    solution = _solution(estimate, labyrinth, run.config.algo.gamma)
    solution.write(folder, labyrinth)
    draw_maze(folder / FIGURE, picture(run, labyrinth, solution))
    return solution, not interrupt.requested


def greedy_path(labyrinth: Labyrinth, policy: NDArray[np.int8]) -> NDArray[np.int64]:
    """States from the start to the exit when nobody slips, (T,); or until it repeats."""
    state, path, seen = labyrinth.start, [labyrinth.start], {labyrinth.start}
    while not labyrinth.terminal[state]:
        state = int(labyrinth.successor[state, policy[state]])
        path.append(state)
        if state in seen:
            break
        seen.add(state)
    return np.array(path)


def picture(run: TabularRun, labyrinth: Labyrinth, solution: Solution) -> MazePicture:
    """What the figure of a run shows."""
    path = greedy_path(labyrinth, solution.policy)
    slip = f", slip {run.config.task.slip:g}" if run.config.task.slip else ""
    cost = run.config.task.objective == "cost"
    return MazePicture(
        title=f"{run.algo} in the labyrinth '{Path(run.config.task.maze).name}'{slip}",
        walls=labyrinth.maze.walls,
        value=labyrinth.on_grid(solution.value, np.nan),
        value_name="cost to go J(x)" if cost else "value V(x)",
        costs=cost,
        distance=labyrinth.maze.distance,
        moves=labyrinth.on_grid(
            STEPS[solution.policy] * ~labyrinth.terminal[:, None], 0
        ),
        path=labyrinth.cells[path],
        start=labyrinth.maze.start,
        exits=np.argwhere(labyrinth.maze.exits),
    )  # fmt: skip


def _solution(estimate: Estimate, labyrinth: Labyrinth, gamma: float) -> Solution:
    table = estimate.action_value
    if table is None:
        table = action_values(labyrinth, estimate.value, gamma)
    return Solution(
        value=labyrinth.sign * estimate.value + 0.0,  # no minus zero
        policy=table.argmax(axis=1).astype(np.int8),
        action_value=labyrinth.sign * table,
    )


def _metrics(
    estimate: Estimate, labyrinth: Labyrinth, best: NDArray[np.float64] | None
) -> dict[str, float]:
    """The method's own metrics in the user's sign, and how far it is from the optimum."""
    metrics = dict(estimate.metrics)
    if "rollout/ep_rew_mean" in metrics:
        metrics["rollout/ep_rew_mean"] *= labyrinth.sign
    metrics["train/start_value"] = labyrinth.sign * float(estimate.value[labyrinth.start])
    if best is not None:
        states = ~labyrinth.terminal
        error = np.abs(estimate.value - best)[states] / np.abs(best[states])
        metrics["train/value_error"] = float(error.mean())
    return metrics
