"""Evaluations that a run keeps: what they hold, when they are reused, and in whose world."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from support import balancer, short_run
from surefoot.errors import BadFile, InvalidConfig, Mismatch
from surefoot.train.evaluate import Evaluation
from surefoot.train.evaluated import conditions_of, evaluate_run, figures_of, find_saved
from surefoot.train.loop import train
from surefoot.train.run_folder import Run, RunFolder, create_run_folder
from surefoot.train.session import Session


@pytest.fixture
def nobody_plays(monkeypatch):
    """From now on, whoever plays fails the test."""

    def forbid() -> None:
        def play(*_: object, **__: object) -> Evaluation:
            raise AssertionError("it played")

        monkeypatch.setattr("surefoot.train.standard.evaluate_standard", play)

    return forbid


def trained(root: Path, run: Run, updates: int = 1) -> Path:
    """A run of so many updates."""
    folder = create_run_folder(root, run)
    train(Session(run), folder, stop_after=updates)
    return folder.path


def upkie(**task: object) -> Run:
    """A tiny run of upkie-pendulum in a world of its own."""
    run = short_run("upkie-pendulum")
    return replace(run, config=replace(run.config, task=replace(run.config.task, **task)))


def test_the_figures_are_those_of_the_episodes(tmp_path):
    run = balancer(tmp_path)
    saved = evaluate_run(run)
    assert saved.conditions.version == "CartPole-v1" and saved.conditions.episodes == 50
    # it balances to the time limit: each of 500 steps pays 1
    assert saved.returns.tolist() == saved.lengths.tolist() == [500.0] * 50
    assert saved.figures["return_mean"] == 500.0 and saved.figures["falls"] == 0
    assert saved.wall_s > 0.0 and saved.steps == 0


def test_it_plays_once_and_again_after_more_training(tmp_path, nobody_plays):
    run = trained(tmp_path, short_run("CartPole-v1"))
    first = evaluate_run(run)
    config = RunFolder(run).read_config()
    train(Session(config, RunFolder(run).read_last(config)), RunFolder(run), stop_after=3)
    later = evaluate_run(run)
    assert (first.steps, later.steps) == (48, 144)
    assert first.checkpoint != later.checkpoint
    assert first.returns.tolist() != later.returns.tolist()
    nobody_plays()
    assert evaluate_run(run) == later  # wall time included: it was read
    kept = json.loads((run / "evaluation.json").read_text())["evaluations"]
    assert [saved["steps"] for saved in kept] == [144]  # the old checkpoint's is gone


def test_other_conditions_stand_beside_each_other(tmp_path, nobody_plays):
    run = trained(tmp_path, upkie(episode_s=1.0))
    world = create_run_folder(tmp_path, upkie(episode_s=0.1)).path
    ours, noisy, theirs = (
        evaluate_run(run),
        evaluate_run(run, imperfect=True),
        evaluate_run(run, world=world),
    )
    assert ours.returns.tolist() != noisy.returns.tolist()
    assert max(theirs.lengths) == 20.0 < max(ours.lengths)  # 0.1 s at 200 Hz
    assert ours.conditions.differences(noisy.conditions) == ["imperfect"]
    assert ours.conditions.differences(theirs.conditions) == ["settings.episode_s"]
    nobody_plays()
    assert evaluate_run(run) == ours
    assert evaluate_run(run, imperfect=True) == noisy
    assert evaluate_run(run, world=world) == theirs


def test_a_group_is_a_world_too(tmp_path):
    run = trained(tmp_path, upkie())
    world = create_run_folder(tmp_path, upkie(episode_s=0.1)).path
    group = world.with_name(world.name.removesuffix("_0"))
    assert max(evaluate_run(run, world=group).lengths) == 20.0


def test_a_policy_that_does_not_fit_a_world_is_refused(tmp_path):
    run = trained(tmp_path, upkie())
    cart = create_run_folder(tmp_path, short_run("CartPole-v1")).path
    slower = create_run_folder(tmp_path, upkie(frequency=100.0)).path
    with pytest.raises(InvalidConfig, match=f"world of {cart} is one of CartPole-v1, but {run} tr"):
        evaluate_run(run, world=cart)
    with pytest.raises(Mismatch, match=f"{run} cannot play in the world of {slower}: it has an"):
        evaluate_run(run, world=slower)


def test_a_run_without_a_checkpoint_says_so(tmp_path):
    run = create_run_folder(tmp_path, upkie()).path
    with pytest.raises(BadFile, match="this run has no checkpoint yet"):
        evaluate_run(run)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:100],
        lambda _: "[]",
        lambda _: '{"version": 1}',
        lambda text: text.replace('"version": 1', '"version": 2', 1),
        lambda text: text.replace('"task"', '"tusk"'),
    ],
)
def test_what_cannot_be_read_is_played_again(tmp_path, spoil):
    run = balancer(tmp_path)
    evaluate_run(run)
    file = run / "evaluation.json"
    file.write_text(spoil(file.read_text()))
    conditions = conditions_of(RunFolder(run).read_config())
    assert find_saved(run, conditions) is None
    assert evaluate_run(run).returns.sum() == 25_000.0
    assert find_saved(run, conditions) is not None


def test_a_folder_that_cannot_be_written_gives_its_figures_all_the_same(tmp_path):
    run = balancer(tmp_path)
    (run / "evaluation.json.unfinished").mkdir()  # in the way of the file
    assert evaluate_run(run).figures["return_mean"] == 500.0
    assert not (run / "evaluation.json").exists()


def test_what_is_not_finite_is_none():
    result = Evaluation(
        episodes=1, falls=0, return_mean=float("nan"), return_ci95=(float("-inf"), 1.0),
        length_mean=1.0, reward_per_step=2.0, wall_s=0.1, terms={"a": float("inf")},
    )  # fmt: skip
    figures = figures_of(result)
    assert figures["return_mean"] is None and figures["return_ci95"] == [None, 1.0]
    assert figures["terms"] == {"a": None} and figures["reward_per_step"] == 2.0
