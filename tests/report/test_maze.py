"""The figure of a maze: what is where, by the colours of its pixels."""

import numpy as np
import pytest
from matplotlib.image import imread

from surefoot.report.maze import MazePicture, draw_maze


def corridor(columns: int, rows: int = 3, *, costs: bool = False) -> MazePicture:
    """An open field with the exit in the south-east; everybody goes east."""
    walls = np.zeros((rows, columns), dtype=bool)
    walls[0, 1] = True
    distance = np.add.outer(np.arange(rows)[::-1], np.arange(columns)[::-1])
    distance[0, 1] = -1
    moves = np.zeros((rows, columns, 2), dtype=int)
    moves[:, :-1] = (0, 1)
    moves[0, 1] = 0
    value = np.where(walls, np.nan, (distance if costs else -distance).astype(float))
    path = np.array([(rows - 1, column) for column in range(columns)])
    return MazePicture(title="a maze", walls=walls, value=value, value_name="value", costs=costs,
                       distance=distance, moves=moves, path=path, start=(rows - 1, 0),
                       exits=np.array([(rows - 1, columns - 1)]))  # fmt: skip


def share(picture: np.ndarray, colour: str) -> float:
    """Share of the pixels that have a colour, within rounding."""
    wanted = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return float((np.abs(picture[..., :3] - wanted).max(axis=-1) < 0.02).mean())


@pytest.mark.parametrize("costs", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (3, 12), (20, 20), (12, 4)])
def test_walls_way_start_and_exit_are_drawn(tmp_path, rows, columns, costs):
    draw_maze(tmp_path / "a.png", corridor(columns, rows, costs=costs), dpi=60)
    picture = imread(tmp_path / "a.png")
    assert share(picture, "#23273a") > 0.002  # walls
    assert share(picture, "#e4572e") > 0.0003  # start and way
    assert share(picture, "#ffd23f") > 0.0001  # exit


def test_the_exit_is_bright_whatever_the_sign(tmp_path):
    for costs in (False, True):
        draw_maze(tmp_path / "a.png", corridor(40, 40, costs=costs), dpi=80)
        left = imread(tmp_path / "a.png")[:, :420, :3]
        rows, columns = np.nonzero(np.abs(left - [1.0, 0.9, 0.15]).max(axis=-1) < 0.15)
        assert rows.mean() > 0.7 * len(left) and columns.mean() > 0.7 * 420  # yellow: south-east


def test_arrows_vanish_where_they_could_not_be_read(tmp_path):
    dark = []
    for size in (20, 60):
        draw_maze(tmp_path / "a.png", corridor(size, size), dpi=80)
        dark.append(share(imread(tmp_path / "a.png")[100:400, 50:380], "#1b1b1f"))
    assert dark[0] > 0.01 and dark[1] == 0.0
