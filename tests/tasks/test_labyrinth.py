"""The labyrinth: the exact model, the text format, generated mazes, and every bad maze."""

import numpy as np
import pytest

from support_tabular import transitions
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_builtin import MAZES
from surefoot.tasks.labyrinth_config import LabyrinthConfig
from surefoot.tasks.labyrinth_maze import generate_maze, load_maze, parse_maze


def from_text(tmp_path, text: str, **settings) -> Labyrinth:
    file = tmp_path / "maze.txt"
    file.write_text(text)
    return Labyrinth(LabyrinthConfig(maze=str(file), **settings))


def test_moves_go_where_they_should_and_walls_stop_them(tmp_path):
    # states by row: 0 = S (0, 0), 1 = (0, 1), 2 = (1, 0), 3 = (2, 0), 4 = (2, 1), 5 = E (2, 2)
    world = from_text(tmp_path, "S.#\n.##\n..E\n")
    assert world.cells.tolist() == [[0, 0], [0, 1], [1, 0], [2, 0], [2, 1], [2, 2]]
    assert world.successor.tolist() == [  # north, south, east, west
        [0, 2, 1, 0], [1, 1, 1, 0], [0, 3, 2, 2], [2, 3, 4, 3], [4, 4, 5, 3], [5, 5, 5, 4],
    ]  # fmt: skip
    assert (world.start, world.terminal.tolist()) == (0, [False] * 5 + [True])
    assert world.reward.shape == (6, 4) and (world.reward == -1.0).all()
    assert world.maze.distance[:, 0].tolist() == [4, 3, 2]


@pytest.mark.parametrize("slip", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("maze", MAZES)
def test_the_model_is_the_one_of_an_independent_construction(maze, slip):
    world = Labyrinth(LabyrinthConfig(maze=maze, slip=slip))
    chances, terminal = transitions(maze, slip)
    ours = np.zeros_like(chances)
    for state in range(world.nb_states):
        for action in range(4):
            for move in range(4):
                there = world.successor[state, move]
                ours[action, state, there] += world.move_probability[action, move]
    np.testing.assert_allclose(ours, chances, atol=1e-15)
    np.testing.assert_array_equal(world.terminal, terminal)


@pytest.mark.parametrize(("maze", "steps"), [("dyna", 14), ("corridor", 10), ("field", 14),
                                            ("classic", 72), ("four-rooms", 20)])  # fmt: skip
def test_the_shortest_ways_are_known(maze, steps):
    built_in = load_maze(LabyrinthConfig(maze=maze))
    assert built_in.distance[built_in.start] == steps


def test_cells_without_a_way_to_an_exit_are_no_states(tmp_path):
    world = from_text(tmp_path, "S.E#.\n")
    assert world.cells.tolist() == [[0, 0], [0, 1], [0, 2]]
    grid = world.on_grid(np.array([1.0, 2.0, 3.0]), np.nan)
    np.testing.assert_array_equal(grid, [[1.0, 2.0, 3.0, np.nan, np.nan]])


def test_costs_turn_the_sign_and_nothing_else():
    reward, cost = (Labyrinth(LabyrinthConfig(objective=what)) for what in ("reward", "cost"))
    assert (reward.sign, cost.sign) == (1.0, -1.0)
    np.testing.assert_array_equal(reward.reward, cost.reward)


def test_the_time_limit_is_twice_the_longest_way_unless_it_is_set():
    assert Labyrinth(LabyrinthConfig(maze="corridor")).max_episode_steps == 20
    assert Labyrinth(LabyrinthConfig(max_episode_steps=7)).max_episode_steps == 7


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "maze: line 1: the maze is empty"),
        ("S..\n..E.\n...\n", "maze: line 2 has 4 cells, line 1 has 3."),
        ("\n\nS..\n..E\n..\n", "maze: line 5 has 2 cells, line 3 has 3."),
        ("S..\n...\n", "maze: no exit: lines 1 to 2 have no 'E'."),
        ("...\n..E\n", "maze: one start, please: lines 1 to 2 have no 'S'."),
        ("S..\n..E\n..S\n", "maze: one start, please: lines 1, 3 have 2 of 'S'."),
        (
            "..#\n#S#\n###\n..E\n",
            "maze: line 2: no way leads from the start in column 2 to",
        ),
        ("S.E\n.x.\n", "maze: line 2, column 2: 'x' is no cell."),
    ],
)
def test_a_bad_maze_names_the_line(text, sentence):
    with pytest.raises(BadFile) as error:
        parse_maze(text, "maze")
    assert str(error.value).startswith(sentence), error.value


def test_a_maze_is_found_by_name_file_or_size(tmp_path):
    with pytest.raises(UnknownName, match=r"no maze or file named 'clasic'.*mean 'classic'"):
        load_maze(LabyrinthConfig(maze="clasic"))
    with pytest.raises(BadFile, match="cannot be read"):
        load_maze(LabyrinthConfig(maze=str(tmp_path)))
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(BadFile, match="this is no text"):
        load_maze(LabyrinthConfig(maze=str(tmp_path / "noise")))
    with pytest.raises(InvalidConfig, match=r"task\.maze 2x9 cannot be generated: at least 3 rows"):
        load_maze(LabyrinthConfig(maze="2x9"))
    assert load_maze(LabyrinthConfig(maze="5x9")).walls.shape == (5, 9)


def test_a_generated_maze_without_loops_is_a_tree_and_with_all_of_them_has_no_dead_end():
    tree = generate_maze(31, 41, loops=0.0, seed=0)
    free = ~tree.walls
    doors = (free[1:] & free[:-1]).sum() + (free[:, 1:] & free[:, :-1]).sum()
    assert doors == free.sum() - 1  # a connected graph with so many edges is a tree
    assert (tree.distance[free] >= 0).all()
    assert free.sum() == 2 * 16 * 21 - 1  # rooms, and one opened wall fewer than rooms
    assert tree.exits[30, 40] and tree.start == (0, 0)
    grid = generate_maze(31, 41, loops=1.0, seed=0)
    assert (~grid.walls).sum() == 16 * 21 + 15 * 21 + 16 * 20  # every wall between two rooms


def test_the_same_seed_makes_the_same_maze():
    a, b, c = (generate_maze(21, 21, loops=0.2, seed=seed).walls for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"slip": 1.5}, r"^task.slip must be in \[0, 1\], got 1.5$"),
        ({"loops": -0.1}, r"^task.loops must be in \[0, 1\], got -0.1$"),
        ({"maze_seed": -1}, "^task.maze_seed must not be negative, got -1$"),
        ({"max_episode_steps": 0}, "^task.max_episode_steps must be at least 1, got 0$"),
    ],
)
def test_settings_that_cannot_work(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        LabyrinthConfig(**settings)
