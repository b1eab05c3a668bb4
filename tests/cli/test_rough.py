"""Rough terrain from the command line: train, resume, evaluate, film; and what is refused."""

import json

import pytest

from support_cli import TINY
from surefoot.train.log import read_progress
from surefoot.train.run_folder import RunFolder

FIELD = (
    "--task.terrain.levels", "2", "--task.terrain.tile", "4",
    "--task.curriculum.start-level", "1", "--task.episode-s", "0.3",
    "--agent.net-arch-pi", "8", "--agent.net-arch-vf", "8",
)  # fmt: skip
LEVEL = "curriculum/level_"


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory) -> RunFolder:
    from surefoot.cli.main import main

    folder = tmp_path_factory.mktemp("rough")
    arguments = ["train", "quadruped-rough", *TINY, *FIELD, "--steps", "80", "--runs", str(folder)]
    assert main(arguments) == 0
    (config,) = folder.rglob("config.yaml")
    return RunFolder(config.parent)


def test_a_training_logs_and_draws_the_level_on_each_kind_of_terrain(run):
    rows = read_progress(run.progress)
    names = [name.removeprefix(LEVEL) for name in rows[-1] if name.startswith(LEVEL)]
    assert names == ["smooth_slope", "stairs_up", "stairs_down"]  # four robots on columns 0, 5, ...
    assert (run.path / "terrain_levels.png").stat().st_size > 5000


def test_it_can_be_continued(surefoot, run, tmp_path):
    said = surefoot("train", "--resume", run.path, "--steps", "120")
    assert said.code == 0, said
    assert len(read_progress(run.progress)) == 3


def test_eval_says_which_tiles_are_crossed(surefoot, run, monkeypatch):
    monkeypatch.setattr("surefoot.train.crossing.CROSSING_S", 0.2)
    said = surefoot("eval", run.path, "--episodes", "1", "--json")
    assert said.code == 0, said
    result = json.loads(said.out)
    assert result["episodes"] == 5 * 2  # kinds x levels, one robot each
    assert result["crossing_success"] == 0.0  # nobody walks 2 m in 0.2 s
    assert [len(shares) for shares in result["crossed"].values()] == [2] * 5
    table = surefoot("eval", run.path, "--episodes", "1").out
    assert "  crossed            0 % of all tiles" in table
    assert "  stairs up             0    0" in table


def test_the_exported_policy_walks_there_too(surefoot, run, monkeypatch):
    monkeypatch.setattr("surefoot.train.crossing.CROSSING_S", 0.2)
    both = [
        json.loads(surefoot("eval", policy, "--episodes", "1", "--json").out)
        for policy in (run.path, run.policy)
    ]
    assert both[0]["return_mean"] == pytest.approx(both[1]["return_mean"], rel=1e-4)


def test_play_films_it(surefoot, run, tmp_path):
    video = tmp_path / "rough.mp4"
    said = surefoot("play", run.path, "--video", video, "--duration", "0.2")
    assert said.code == 0, said
    assert video.stat().st_size > 1000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--task.terrain.tile", "200"), "the field of 10 x 20 tiles of 200.0 m would have"),
        (("--task.terrain.platform", "9"), "task.terrain.platform of 9.0 m must be smaller"),
        (("--task.terrain.mix.gaps", "0.001"), "task.terrain.mix.gaps of 0.001 is less than one"),
        (("--task.curriculum.band", "0.9", "0.5"), "task.curriculum.band must be a range"),
        (("--task.curriculum.start-level", "10"), "start_level 10 is beyond the 10 levels"),
        (("--task.terrain.levles", "3"), "levels"),
    ],
)
def test_mistakes_are_answered_in_one_sentence(refuse, flags, message):
    assert message in refuse("train", "quadruped-rough", *flags)
