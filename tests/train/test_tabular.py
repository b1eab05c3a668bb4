"""Whole runs in the labyrinth: files, signs, evaluation."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from support_tabular import solve
from surefoot.errors import BadFile, InvalidConfig
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.tasks.labyrinth_config import LabyrinthConfig
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import RunFolder, task_of
from surefoot.train.tabular import greedy_path, optimum, run_tabular
from surefoot.train.tabular_config import TABULAR, TabularRunConfig
from surefoot.train.tabular_evaluate import evaluate_labyrinth
from surefoot.train.tabular_run import TabularRun, read_policy, read_tabular_run


def short_run(algo: str, *, steps: int = 20_000, seed: int = 0, **task) -> TabularRun:
    entry = TABULAR[algo]
    config = TabularRunConfig(
        task=LabyrinthConfig(**{"maze": "dyna", **task}),
        algo=entry.config(),
        steps=steps if entry.steps else None,
        seed=seed,
    )
    return TabularRun(algo=algo, config=config)


def solve_in(folder, run: TabularRun, **arguments):
    folder.mkdir(exist_ok=True)
    return run_tabular(run, Labyrinth(run.config.task), folder, **arguments)


@pytest.mark.parametrize("algo", TABULAR)
def test_costs_are_rewards_with_their_sign_turned_in_everything_that_is_left(tmp_path, algo):
    run = short_run(algo, slip=0.1)
    cost = replace(run.config.task, objective="cost")
    turned = replace(run, config=replace(run.config, task=cost))
    (a, _), (b, _) = solve_in(tmp_path / "a", run), solve_in(tmp_path / "b", turned)
    np.testing.assert_array_equal(a.value, -b.value)
    np.testing.assert_array_equal(a.action_value, -b.action_value)
    np.testing.assert_array_equal(a.policy, b.policy)
    assert a.value.min() < -10.0 and a.value.max() == 0.0 and b.value.min() == 0.0
    rows_a, rows_b = (read_progress(tmp_path / name / "progress.csv") for name in "ab")
    for name in ("train/start_value", "rollout/ep_rew_mean"):
        if name in rows_a[-1]:
            assert float(rows_a[-1][name]) == -float(rows_b[-1][name]) < 0.0
    with np.load(tmp_path / "b" / "result.npz") as content:
        assert np.nanmin(content["value"]) == 0.0 and np.isnan(content["value"][1, 2])
        assert content["policy"][1, 2] == -1 and content["action_value"].shape == (6, 9, 4)


def test_what_a_run_leaves_and_logs(tmp_path):
    rows = []
    solution, finished = solve_in(tmp_path / "run", short_run("q-learning"), on_row=rows.append)
    assert finished
    found = {path.name.partition(".tfevents")[0] for path in (tmp_path / "run").iterdir()}
    assert found == {"progress.csv", "events.out", "result.npz", "labyrinth.png"}
    logged = read_progress(tmp_path / "run" / "progress.csv")
    assert len(logged) == len(rows)
    assert float(logged[-1][STEPS]) == 20_000.0
    expected, _ = solve("dyna", 0.0, 0.99)
    best = np.where(expected == 0.0, 1.0, expected)
    error = np.abs(solution.value - expected)[expected < 0.0] / -best[expected < 0.0]
    assert rows[-1]["train/value_error"] == pytest.approx(error.mean(), abs=1e-6)
    assert rows[0]["train/value_error"] > 10.0 * rows[-1]["train/value_error"]
    assert rows[-1]["train/start_value"] == solution.value[Labyrinth(LabyrinthConfig(
        maze="dyna")).start]  # fmt: skip


def test_same_config_same_bits_in_the_file(tmp_path):
    for name in "ab":
        solve_in(tmp_path / name, short_run("dyna-q", steps=2000, slip=0.2))
    a, b = ((tmp_path / name / "result.npz").read_bytes() for name in "ab")
    assert a == b


def test_the_seed_decides_the_methods_dice_too(tmp_path):
    for seed in (1, 2):  # from the start and without slips, the world has no dice
        run = short_run("q-learning", steps=2000, seed=seed, random_start=False)
        solve_in(tmp_path / str(seed), run)
    a, b = ((tmp_path / str(seed) / "result.npz").read_bytes() for seed in (1, 2))
    assert a != b


def test_later_rows_are_rarer(tmp_path):
    run = short_run("value-iteration", maze="101x101", slip=0.1)
    rows = []
    solve_in(tmp_path / "run", run, on_row=rows.append)
    sweeps = [int(row["train/n_updates"]) for row in rows]
    assert sweeps[:20] == [*range(1, 21)] and len(sweeps) < 110 < sweeps[-1]
    assert rows[-1]["train/value_change"] < 1e-4 * 0.01 / 1.98  # the last sweep is there


def test_an_interrupt_keeps_what_was_found(tmp_path):
    def stop(row):
        if row[STEPS] >= 2000.0:
            os.kill(os.getpid(), signal.SIGINT)

    solution, finished = solve_in(tmp_path / "run", short_run("sarsa"), on_row=stop)
    assert not finished
    assert (tmp_path / "run" / "result.npz").exists() and solution.value.min() < 0.0
    last = read_progress(tmp_path / "run" / "progress.csv")[-1]
    assert float(last[STEPS]) < 5000.0


def test_the_way_of_a_policy():
    labyrinth = Labyrinth(LabyrinthConfig(maze="corridor"))
    east = np.full(11, 2, dtype=np.int8)
    assert greedy_path(labyrinth, east).tolist() == [*range(11)]
    assert greedy_path(labyrinth, np.full(11, 3, dtype=np.int8)).tolist() == [0, 0]  # the wall


def test_evaluation_of_the_best_and_of_a_useless_policy():
    labyrinth = Labyrinth(LabyrinthConfig(maze="corridor", objective="cost"))
    east, west = (np.full(11, move, dtype=np.int8) for move in (2, 3))
    result = evaluate_labyrinth(labyrinth, east, gamma=0.9, episodes=5, seed=0)
    # ten steps: 1 + 0.9 + ... + 0.9^9 = (1 - 0.9^10) / 0.1 = 6.5132156
    assert (result.exits, result.length_mean, result.reward_per_step) == (5, 10.0, 1.0)
    assert result.return_mean == pytest.approx(6.5132156) == pytest.approx(result.optimum)
    result = evaluate_labyrinth(labyrinth, west, gamma=0.9, episodes=5, seed=0)
    assert (result.exits, result.length_mean) == (0, 20.0)  # the time limit


def test_episodes_agree_with_the_exact_value_of_the_policy():
    labyrinth = Labyrinth(LabyrinthConfig(maze="dyna", slip=0.3, max_episode_steps=1000))
    value, table = solve("dyna", 0.3, 0.95)
    policy = table.argmax(axis=1).astype(np.int8)
    result = evaluate_labyrinth(labyrinth, policy, gamma=0.95, episodes=4000, seed=0)
    low, high = result.return_ci95
    assert low < value[labyrinth.start] < high and high - low < 0.2
    assert result.optimum == pytest.approx(value[labyrinth.start], abs=1e-3)
    assert np.allclose(optimum(labyrinth, 0.95), value, atol=1e-3)
    again = evaluate_labyrinth(labyrinth, policy, gamma=0.95, episodes=4000, seed=0)
    assert again.return_mean == result.return_mean


def test_a_run_is_read_back_and_damage_is_named(tmp_path):
    run = short_run("td0", steps=500)
    solution, _ = solve_in(tmp_path / "run", run)
    folder = RunFolder(tmp_path / "run")
    assert task_of(folder.path) is None  # no settings yet
    folder.write_config(run)
    assert task_of(folder.path) == "labyrinth" and read_tabular_run(folder.path) == run
    labyrinth = Labyrinth(run.config.task)
    np.testing.assert_array_equal(read_policy(folder.path, labyrinth), solution.policy)
    other = Labyrinth(LabyrinthConfig(maze="field"))
    with pytest.raises(BadFile, match="it belongs to another maze"):
        read_policy(folder.path, other)
    with pytest.raises(BadFile, match=r"a run of labyrinth is evaluated .*, but not played"):
        folder.read_config()
    (folder.path / "result.npz").write_bytes(b"PK damaged")
    with pytest.raises(BadFile, match="this is no result of a run"):
        read_policy(folder.path, labyrinth)
    (folder.path / "result.npz").unlink()
    with pytest.raises(BadFile, match="there is no such file"):
        read_policy(folder.path, labyrinth)
    text = folder.config.read_text()
    folder.config.write_text(text.replace("algo: td0", "algo: td1"))
    with pytest.raises(BadFile, match=r"no algorithm named 'td1'.*mean 'td0'"):
        read_tabular_run(folder.path)
    folder.config.write_text(text.replace("slip: 0.0", "slip: 7.0"))
    with pytest.raises(BadFile, match=r"task.slip must be in \[0, 1\], got 7.0"):
        read_tabular_run(folder.path)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"steps": 0}, "^steps must be at least 1"), ({"seed": -1}, "^seed must not be negative")],
)
def test_settings_that_cannot_work(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        replace(short_run("sarsa").config, **settings)
