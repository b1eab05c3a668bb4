"""Which run folders a path names."""

from pathlib import Path

import pytest

from surefoot.errors import BadFile
from surefoot.train.group import find_runs, group_of, members_of


@pytest.fixture
def runs(tmp_path) -> Path:
    """Two groups of a task and a run that was renamed, in a folder with other things."""
    for name in ("day_olive_10", "day_olive_2", "day_olive_0", "day_oliver_1", "day_fox_3", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").touch()
    (tmp_path / "day_olive_7").mkdir()  # no config.yaml: never begun
    (tmp_path / "day_olive_notes").mkdir()
    (tmp_path / "table.csv").touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_run_folder_is_itself(runs):
    assert find_runs(runs / "day_olive_2") == [runs / "day_olive_2"]
    assert find_runs(runs / "mine") == [runs / "mine"]


def test_a_group_is_its_runs_in_the_order_of_their_seeds(runs):
    assert names(find_runs(runs / "day_olive")) == ["day_olive_0", "day_olive_2", "day_olive_10"]


def test_a_run_is_no_group_and_least_of_all_of_itself(runs):
    assert members_of(runs / "mine") == members_of(runs / "day_olive_2") == []
    (runs / "mine_1").mkdir()
    (runs / "mine_1" / "config.yaml").touch()
    assert members_of(runs / "mine") == []
    assert find_runs(runs / "mine") == [runs / "mine"]
    assert members_of(runs / "day_olive") == find_runs(runs / "day_olive")


def test_a_folder_gives_all_its_runs_group_by_group(runs):
    assert names(find_runs(runs)) == [
        "day_fox_3", "day_olive_0", "day_olive_2", "day_olive_10", "day_oliver_1", "mine",
    ]  # fmt: skip


def test_the_path_may_be_relative_and_end_in_a_slash(runs, monkeypatch):
    monkeypatch.chdir(runs)
    assert names(find_runs(Path("day_fox/"))) == ["day_fox_3"]
    assert len(find_runs(Path("."))) == 6


@pytest.mark.parametrize(
    "where", ["day_oli", "day", "day_olive_7", "nowhere/day_olive", "table.csv"]
)
def test_no_runs_is_one_sentence(runs, where):
    with pytest.raises(BadFile) as error:
        find_runs(runs / where)
    assert str(error.value) == (
        f"{runs / where}: there are no runs here. "
        "Name a run folder, a group (runs/TASK/DATE_NAME), or a folder of runs."
    )


def test_the_group_of_a_run_is_its_name_without_the_seed():
    assert group_of(Path("runs/task/2026-01-02_olive_12")) == Path("runs/task/2026-01-02_olive")
    assert group_of(Path("runs/task/mine")) == Path("runs/task/mine")
