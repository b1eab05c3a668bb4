"""Every kind of training writes events for TensorBoard: all of progress.csv, documented names."""

import re
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from support_cli import LEARNING, TINY
from surefoot.train.log import STEPS, read_progress

DOCS = Path(__file__).parents[2] / "docs"
TRAININGS = (
    *LEARNING,
    ("labyrinth", "--algo", "value-iteration", "--task.maze", "dyna"),
    ("labyrinth", "--algo", "policy-iteration", "--task.maze", "dyna"),
    ("course-pendulum", "--algo", "reinforce", "--nb-envs", "50", "--episodes", "200",
     "--seeds", "2"),
    ("CartPole-v1", "--algo", "rnd", *TINY, "--steps", "80"),
)  # fmt: skip


def is_documented(name: str, pages: str) -> bool:
    """Whether a page names a metric; capitals stand for every term, cause and number of a seed."""
    general = re.sub(r"_\d+$", "_NUMBER", name)
    for group, capitals in (("reward", "TERM"), ("ends", "CAUSE")):
        general = re.sub(rf"^{group}/\w+$", f"{group}/{capitals}", general)
    return f"`{name}`" in pages or f"`{general}`" in pages


@pytest.mark.usefixtures("no_export", "no_figures")
@pytest.mark.parametrize("arguments", TRAININGS, ids=lambda a: f"{a[0]} {a[2]}")
def test_events_hold_the_rows_of_the_progress_by_documented_names(surefoot, arguments):
    said = surefoot("train", *arguments)
    assert said.code == 0, said
    rows = read_progress(said.run / "progress.csv")
    accumulator = EventAccumulator(str(said.run))
    accumulator.Reload()
    names = accumulator.Tags()["scalars"]
    assert sorted(names) == sorted(rows[-1]) and len(names) > 4
    for name in names:
        expected = [(int(float(r[STEPS])), float(r[name])) for r in rows if r[name]]
        seen = [(event.step, event.value) for event in accumulator.Scalars(name)]
        assert [step for step, _ in seen] == [step for step, _ in expected], name
        # events are single precision
        values = [value for _, value in expected]
        assert [value for _, value in seen] == pytest.approx(values, rel=1e-6, nan_ok=True), name
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
    assert [name for name in names if not is_documented(name, pages)] == []
