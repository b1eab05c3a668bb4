"""Value iteration in large labyrinths, and against the two ways in which one writes it first.

The first table solves generated mazes of 1000 x 1000 cells; the time is of value iteration alone,
to a greedy policy within 1e-4 of the optimum (rewards of -1 per step, discount 0.999), on one
thread. Seconds are the thread's processor time: on an idle machine, those of the clock.

The second one compares with whole sweeps, to the same stopping rule and in the same process, turn
by turn: a product with a sparse transition matrix per sweep, and plain loops over Python lists.
That all of them find the same values is checked. Both peers do what the textbook's listing says,
beginning with zeros; ours backs up only the states whose successors have moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import _report
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from surefoot.algos.tabular.tabular_config import ValueIterationConfig
from surefoot.algos.tabular.value_iteration import value_iteration
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_config import LabyrinthConfig

BAR_S = 10.0
CONFIG = ValueIterationConfig(gamma=0.999)


def ours(model: Labyrinth) -> NDArray[np.float64]:
    """Surefoot's value iteration."""
    *_, last = value_iteration(model, CONFIG)
    return last.value


def sparse(model: Labyrinth) -> NDArray[np.float64]:
    """Whole sweeps, each one product with the transition matrices of all actions."""
    states, successor = np.arange(model.nb_states), model.successor
    rows, inside = np.repeat(states, 4), ~model.terminal
    matrices = [
        csr_array((np.tile(chance, model.nb_states), (rows, successor.ravel())),
                  shape=(model.nb_states, model.nb_states))
        for chance in model.move_probability
    ]  # fmt: skip
    for matrix in matrices:
        matrix.eliminate_zeros()
    matrix = vstack(matrices).tocsr()
    value, change = np.zeros(model.nb_states), np.inf
    while change >= CONFIG.threshold:
        best = (-1.0 + CONFIG.gamma * (matrix @ value)).reshape(4, -1).max(axis=0) * inside
        change = float(np.abs(best - value).max())
        value = best
    return value


def loops(model: Labyrinth) -> NDArray[np.float64]:
    """Whole sweeps, state by state, over lists."""
    successor, terminal = model.successor.tolist(), model.terminal.tolist()
    chances = [[(m, p) for m, p in enumerate(row) if p] for row in model.move_probability.tolist()]
    value, change = [0.0] * model.nb_states, np.inf
    while change >= CONFIG.threshold:
        change, before = 0.0, value
        value = [0.0] * len(before)
        for state, there in enumerate(successor):
            if not terminal[state]:
                value[state] = max(
                    sum(p * (-1.0 + CONFIG.gamma * before[there[m]]) for m, p in row)
                    for row in chances
                )
                change = max(change, abs(value[state] - before[state]))
    return np.array(value)


def seconds(
    method: Callable[[Labyrinth], NDArray[np.float64]], model: Labyrinth
) -> tuple[float, NDArray[np.float64]]:
    """Processor time of a method, and its values."""
    begin = time.process_time()
    value = method(model)
    return time.process_time() - begin, value


def compare(name: str, peer: Any, size: int, slip: float, turns: int) -> dict[str, Any]:
    """Ours and a peer in turn, on the same maze."""
    model = Labyrinth(LabyrinthConfig(maze=f"{size}x{size}", slip=slip))
    ratios, times = [], []
    for _ in range(turns):
        (a, value), (b, other) = seconds(ours, model), seconds(peer, model)
        np.testing.assert_allclose(value, other, atol=2.0 * CONFIG.tolerance)
        times.append((a, b))
        ratios.append(b / a)
    mine, theirs = np.median(times, axis=0).tolist()
    return {"peer": name, "maze": f"{size} x {size}", "slip": slip, "ours_s": mine,
            "peer_s": theirs, "ratios": ratios}  # fmt: skip


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--turns", type=int, help="turns of each side (default: 5; quick: 1)")
    options = parser.parse_args()
    turns = options.turns or (1 if options.quick else 5)
    size = 200 if options.quick else 1000
    _report.headline("Value iteration in the labyrinth", threads="1 thread")
    large = []
    for slip in (0.0, 0.1):
        model = Labyrinth(LabyrinthConfig(maze=f"{size}x{size}", slip=slip))
        times = [seconds(ours, model)[0] for _ in range(turns)]
        large.append({"maze": f"{size} x {size}", "slip": slip, "states": model.nb_states,
                      "times_s": times})  # fmt: skip
    _report.table(
        ("maze", "slip", "states", "processor time, s, median (range)"),
        [[r["maze"], r["slip"], f"{r['states']:,}", _report.spread(r["times_s"])] for r in large],
    )
    peers = (
        ("sparse matrix, whole sweeps", sparse, 61 if options.quick else 201, turns),
        ("Python loops, whole sweeps", loops, 31 if options.quick else 51, 1),
    )
    small = [
        compare(name, peer, side, slip, nb) for name, peer, side, nb in peers for slip in (0.0, 0.1)
    ]
    _report.table(
        ("peer", "maze", "slip", "ours, s", "peer, s", "peer / ours"),
        [
            [r["peer"], r["maze"], r["slip"], r["ours_s"], r["peer_s"], _report.spread(r["ratios"])]
            for r in small
        ],
    )
    slowest = [max(r["times_s"]) for r in large]
    bars = [
        _report.verdict(f"{size} x {size}, slip {r['slip']:g}, s", value=worst, bar=BAR_S,
                        at_most=True)
        for r, worst in zip(large, slowest, strict=True)
    ]  # fmt: skip
    _report.write_json(options.json, {"large": large, "small": small, "bars": bars})


if __name__ == "__main__":
    main()
