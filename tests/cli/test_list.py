"""`surefoot list`: everything that can be named on the command line."""

import pytest

from surefoot.algos.catalog import ALGORITHMS
from surefoot.cli.list import BASELINES, KINDS
from surefoot.robots.registry import ROBOTS
from surefoot.tasks import course_pendulum_config as pendulum
from surefoot.tasks import labyrinth_config as labyrinth
from surefoot.tasks.catalog import TASKS
from surefoot.train import policies
from surefoot.train.course_pendulum_config import ALGORITHMS as GRADIENTS
from surefoot.train.presets import PRESETS
from surefoot.train.tabular_config import TABULAR

OWN = (labyrinth.NAME, pendulum.NAME)
"""Tasks with algorithms of their own."""


def test_everything_is_listed_with_one_line_each(surefoot):
    said = surefoot("list")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [f"{kind}:" for kind in KINDS]
    for name in (*OWN, *TASKS, *ROBOTS, *TABULAR, *GRADIENTS, *ALGORITHMS, *BASELINES):
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1, name


def test_a_task_says_its_presets_and_its_gymnasium_id(surefoot):
    maze, swing, *lines = surefoot("list", "tasks").out.splitlines()
    for line, task in ((maze, labyrinth), (swing, pendulum)):
        assert line.startswith(f"{task.NAME} ") and task.SUMMARY in line and task.GYM_ID in line
    for line in lines[: len(TASKS)]:
        name = line.split()[0]
        assert TASKS[name].summary in line and TASKS[name].gym_id in line
        for (task, algo), presets in PRESETS.items():
            expected = f"presets of {algo}: {', '.join(presets)};"
            assert (expected in line) == (task == name) or presets.keys() == {"default"}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("tasks", [*OWN, *TASKS, "(and"]),
        ("robots", [*ROBOTS]),
        ("algorithms", [*TABULAR, *GRADIENTS, *ALGORITHMS]),
        ("baselines", [*BASELINES]),
    ],
)
def test_a_single_catalog_has_no_title_and_no_indent(surefoot, kind, names):
    assert [line.split()[0] for line in surefoot("list", kind).out.splitlines()] == names


def test_the_baselines_listed_are_those_that_can_be_played():
    assert [*BASELINES] == [*policies.BASELINES]


def test_mistakes(refuse):
    assert refuse("list", "taks").startswith("no catalog named 'taks' in Surefoot. Did you mean "
                                             "'tasks'? It has 4: tasks, ")  # fmt: skip
    assert refuse("list", "tasks", "more") == (
        "surefoot list takes no 'more' here (see surefoot list --help)"
    )
    assert refuse("list", "--json").startswith("no flag named '--json' in surefoot list")
