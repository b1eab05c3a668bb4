"""`--seed`: the same curve again, and another one with another seed, for every kind of training."""

import pytest

from support_cli import LEARNING
from surefoot.train.log import read_progress


@pytest.mark.usefixtures("no_export", "no_figures")
@pytest.mark.parametrize("arguments", LEARNING, ids=lambda a: f"{a[0]} {a[2]}")
def test_same_seed_same_curve_and_another_seed_another(surefoot, arguments):
    def curve(seed: int) -> list[dict[str, str]]:
        said = surefoot("train", *arguments, "--seed", seed)
        assert said.code == 0 and said.run.name.endswith(f"_{seed}"), said
        rows = read_progress(said.run / "progress.csv")
        clock = ("time/fps", "time/time_elapsed")
        return [{name: row[name] for name in row if name not in clock} for row in rows]

    first = curve(1)
    assert len(first) > 1 and len(first[-1]) > 2
    assert curve(1) == first
    assert curve(2) != first
