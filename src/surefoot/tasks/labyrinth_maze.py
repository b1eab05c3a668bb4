"""Mazes: as text, built in, from a file, or generated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.seeding import stream_seed
from surefoot.tasks.labyrinth_builtin import MAZES
from surefoot.tasks.labyrinth_config import LabyrinthConfig

WALL, FREE, START, EXIT = "#", ".", "S", "E"
"""The four characters of the text format; a blank is free as well."""
_LARGEST = 100_000_000  # cells of a generated maze: ten thousand each way
_REMEDY = f"A maze is lines of equal length of '{WALL}', '{FREE}', one '{START}' and an '{EXIT}'."


@dataclass(frozen=True)
class Maze:
    """Where the walls are, where it begins and where it ends. What lies outside is wall."""

    walls: NDArray[np.bool_]
    """Cells nobody can enter, (R, C); row 0 is the north edge."""
    start: tuple[int, int]
    """Row and column of the start."""
    exits: NDArray[np.bool_]
    """Cells that end an episode, (R, C)."""
    distance: NDArray[np.int64]
    """Steps from each cell to the nearest exit, (R, C); -1 where no way leads."""


def load_maze(config: LabyrinthConfig) -> Maze:
    """The maze that the settings name.

    Raises:
        UnknownName: It is neither built in, nor a file, nor a size.
        BadFile: The file is no maze, or one without a way from the start to an exit.
        InvalidConfig: The size cannot be generated.
    """
    name = config.maze
    if name in MAZES:
        return parse_maze(MAZES[name], name)
    if size := re.fullmatch(r"(\d+)x(\d+)", name):
        rows, columns = map(int, size.groups())
        return generate_maze(rows, columns, loops=config.loops, seed=config.maze_seed)
    path = Path(name)
    if not path.exists():
        known = (*MAZES, "ROWSxCOLUMNS")
        raise UnknownName("maze or file", name, known, "Surefoot")
    try:
        return parse_maze(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError:
        raise BadFile(name, "this is no text", _REMEDY) from None
    except OSError as error:
        raise BadFile(name, f"cannot be read ({error.strerror})", _REMEDY) from None


def parse_maze(text: str, source: str) -> Maze:
    """The maze that `text` draws; `source` is its name in errors.

    Raises:
        BadFile: A line is ragged or has a strange character, or start, exit or the way between
            them is missing; the error names the line.
    """
    lines = text.strip("\n").splitlines()
    first = 1 + len(text) - len(text.lstrip("\n"))  # number of the first line, as an editor shows
    if not lines:
        raise BadFile(source, "line 1: the maze is empty", _REMEDY)
    for number, line in enumerate(lines, first):
        if len(line) != len(lines[0]):
            problem = f"line {number} has {len(line)} cells, line {first} has {len(lines[0])}"
            raise BadFile(source, problem, _REMEDY)
        if strange := re.search(f"[^{WALL}{FREE}{START}{EXIT} ]", line):
            place = f"line {number}, column {strange.start() + 1}"
            raise BadFile(source, f"{place}: '{strange[0]}' is no cell", _REMEDY)
    grid = np.array([list(line) for line in lines])
    starts, exits = np.argwhere(grid == START), grid == EXIT
    span = f"lines {first} to {first + len(lines) - 1}"
    if not exits.any():
        raise BadFile(source, f"no exit: {span} have no '{EXIT}'", _REMEDY)
    if len(starts) != 1:
        count = f"have no '{START}'" if len(starts) == 0 else f"have {len(starts)} of '{START}'"
        where = span if len(starts) == 0 else f"lines {_joined(starts[:, 0] + first)}"
        raise BadFile(source, f"one start, please: {where} {count}", _REMEDY)
    row, column = (int(i) for i in starts[0])
    distance = distance_to_exit(grid == WALL, exits)
    if distance[row, column] < 0:
        problem = f"line {row + first}: no way leads from the start in column {column + 1} to "
        raise BadFile(source, f"{problem}an exit", "Open a wall.")
    return Maze(walls=grid == WALL, start=(row, column), exits=exits, distance=distance)


def generate_maze(rows: int, columns: int, *, loops: float, seed: int) -> Maze:
    """A maze from the north-west to the south-east corner.

    Rooms are the cells of even row and column; a random spanning tree of their neighbourhoods is
    opened, so that exactly one way leads from each room to each other, and then a share of the
    remaining walls, so that there is something to choose.

    Args:
        rows: Height, cells, at least 3; an even one leaves a row of wall.
        columns: Width, cells.
        loops: Share of the remaining walls between two rooms that is opened, in [0, 1].
        seed: Same seed, same maze.

    Raises:
        InvalidConfig: It is too small, or larger than memory.

    Source: Kruskal's algorithm with random weights (the classic maze generator).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    if min(rows, columns) < 3 or rows * columns > _LARGEST:
        raise InvalidConfig(
            f"task.maze {rows}x{columns} cannot be generated: at least 3 rows and columns, and at "
            f"most {_LARGEST:,} cells"
        )
    generator = np.random.default_rng(stream_seed(seed, "maze"))
    rooms = np.arange(((rows + 1) // 2) * ((columns + 1) // 2)).reshape((rows + 1) // 2, -1)
    east, south = (rooms[:, :-1], rooms[:, 1:]), (rooms[:-1], rooms[1:])
    one, other = (np.concatenate([a.ravel(), b.ravel()]) for a, b in zip(east, south, strict=True))
    weights = generator.permutation(len(one)) + 1.0  # all different: one tree, whatever the order
    graph = coo_array((weights, (one, other)), shape=(rooms.size, rooms.size)).tocsr()
    tree = minimum_spanning_tree(graph).tocoo()
    more = np.flatnonzero(generator.random(len(one)) < loops)
    walls = np.ones((rows, columns), dtype=bool)
    walls[::2, ::2] = False
    for a, b in ((tree.row, tree.col), (one[more], other[more])):  # a door lies between two rooms
        (row_a, column_a), (row_b, column_b) = (np.divmod(x, rooms.shape[1]) for x in (a, b))
        walls[row_a + row_b, column_a + column_b] = False
    exits = np.zeros_like(walls)
    exits[2 * (rooms.shape[0] - 1), 2 * (rooms.shape[1] - 1)] = True
    return Maze(walls=walls, start=(0, 0), exits=exits, distance=distance_to_exit(walls, exits))


def distance_to_exit(walls: NDArray[np.bool_], exits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Steps to the nearest exit without slipping, (R, C), by breadth-first search; -1: no way."""
    width = walls.shape[1] + 2
    padded = np.pad(walls, 1, constant_values=True).ravel()
    distance = np.full(padded.shape, -1, dtype=np.int64)
    wave = np.flatnonzero(np.pad(exits, 1).ravel())
    steps = 0
    while len(wave):
        distance[wave] = steps
        around = (wave[:, None] + np.array([-width, width, 1, -1])).ravel()
        wave = np.unique(around[~padded[around] & (distance[around] < 0)])
        steps += 1
    return distance.reshape(-1, width)[1:-1, 1:-1]


def _joined(numbers: NDArray[np.int64]) -> str:
    return ", ".join(str(number) for number in numbers[:5])
