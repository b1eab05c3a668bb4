"""`surefoot compare`: what it says about groups of runs, and what it refuses."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support import balancer, short_run
from surefoot.train.evaluated import SavedEvaluation, conditions_of, newest_fingerprint, save
from surefoot.train.run_folder import Run, RunFolder


def planned(task: str = "CartPole-v1", seed: int = 0, **settings: object) -> Run:
    """What a run trains: ten updates."""
    run = short_run(task)
    config = replace(run.config, task=replace(run.config.task, **settings), seed=seed)
    return replace(run, config=replace(config, steps=10 * config.steps_per_update))


def make_run(
    path: Path,
    run: Run,
    *,
    final: float | None,
    returns: list[object] | None = None,
    figures: dict[str, object] | None = None,
    steps: int | None = None,
) -> Path:
    """A run folder as a training and its evaluation leave it."""
    folder = RunFolder(path)
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(run)
    np.savez(folder.last.with_suffix(""), final=final or 0.0)
    folder.last.with_suffix(".npz").rename(folder.last)  # an archive, as checkpoints are
    returns = ["", 1.0, 5.0, 10.0] if returns is None else returns
    last = run.config.total_updates * run.config.steps_per_update if steps is None else steps
    lines = ["time/total_timesteps,time/time_elapsed,rollout/ep_rew_mean"]
    for n, value in enumerate(returns, start=1):
        lines.append(f"{last * n // len(returns)},{n},{value}")
    folder.progress.write_text("\n".join(lines) + "\n")
    found = {"return_mean": final, "falls": 3, "episodes": 50, "wall_s": 1.0, **(figures or {})}
    save(path, SavedEvaluation(
        conditions=conditions_of(run), checkpoint=newest_fingerprint(path), steps=last,
        figures=found,
    ))  # fmt: skip
    return path


def make_group(
    name: str, finals: list[float], task: str = "CartPole-v1", first_seed: int = 0, **settings
) -> Path:
    """A group in the current folder; its prefix."""
    prefix = Path("runs", task, f"2026-01-01_00-00-00_{name}")
    for seed, final in enumerate(finals, start=first_seed):
        run = planned(task, seed, **settings)
        make_run(prefix.with_name(f"{prefix.name}_{seed}"), run, final=final)
    return prefix


@pytest.fixture
def groups(surefoot) -> tuple[Path, Path]:
    """Two groups of five, far apart."""
    return make_group("fox", [10, 12, 11, 14, 13]), make_group("owl", [30, 33, 31, 32, 34])


def test_it_says_who_is_better(surefoot, groups):
    said = surefoot("compare", *groups)
    assert said.code == 0, said
    assert (
        "owl is better than fox in final return with probability 1.00 (95 % interval 0.64 to "
        "1.00); with 5 seeds a difference below 3.2 would not be seen." in said.out
    )
    assert "│ final return " in said.out and "12 (10 to 14)" in said.out
    assert "no difference in return while learning can be seen between fox and owl" in said.out
    # from 1 to 10, four fifths of the way: 8.2, reached by all with the last row
    assert "the threshold is a training return of 8.2." in said.out


def test_json_is_one_object_with_every_number(surefoot, groups):
    said = surefoot("compare", *groups, "--json")
    found = json.loads(said.out)
    assert found["groups"]["fox"]["seeds"] == [0, 1, 2, 3, 4]
    assert found["groups"]["owl"]["runs"][4] == f"{groups[1]}_4"
    names = [result["metric"] for result in found["results"]]
    assert names == ["final_return", "learning_return", "steps_to_level", "seconds_to_level"]
    question = found["results"][0]
    assert question["groups"][0]["iqm"] == {"value": 12.0, "ci95": [10.0, 14.0]}
    assert question["pairs"][0]["better"] == "owl" and question["pairs"][0]["difference"] == 20.0
    steps = found["results"][2]["groups"][0]["values"]
    assert steps == [480.0] * 5


def test_figures_and_tables_are_written(surefoot, groups, tmp_path):
    said = surefoot("compare", *groups, "--out", "new/place")
    assert said.code == 0, said
    names = {path.name for path in (tmp_path / "new" / "place").iterdir()}
    figures = {"intervals", "curves", "profile", "improvement"}
    assert names == {f"{figure}.{kind}" for figure in figures for kind in ("png", "svg")} | {
        "comparison.json", "runs.csv", "pairs.csv",
    }  # fmt: skip
    place = tmp_path / "new" / "place"
    assert (place / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in (place / "curves.svg").read_text()
    rows = list(csv.DictReader((place / "runs.csv").read_text().splitlines()))
    assert [row["final_return"] for row in rows][:2] == ["10.0", "12.0"] and len(rows) == 10
    whole = json.loads((place / "comparison.json").read_text())
    assert whole["results"][0]["pairs"][0]["better"] == "owl"


def test_groups_of_which_every_run_failed_can_be_drawn(surefoot):
    for name in ("fox", "owl"):
        for seed in range(1 if name == "fox" else 3):
            make_run(Path(f"2026-01-01_00-00-00_{name}_{seed}"), planned(seed=seed), final=None,
                     returns=["", 1.0, "nan"])  # fmt: skip
    fox, owl = (f"{name}[1]=2026-01-01_00-00-00_{name}" for name in ("fox", "owl"))
    said = surefoot("compare", fox, owl, "--out", "out")
    assert said.code == 0, said
    assert "one seed of fox[1] says what that run did" in said.out
    assert Path("out/profile.svg").exists()


def test_any_metric_can_be_the_question(surefoot, groups):
    found = json.loads(surefoot("compare", *groups, "--metric", "learning_return", "--json").out)
    assert [(result["metric"], result["alpha"]) for result in found["results"]][:2] == [
        ("learning_return", 0.05), ("final_return", 0.01),
    ]  # fmt: skip


def test_labels_tell_groups_apart(surefoot, groups):
    other = make_group("fox", [1, 2, 3], task="CartPole-v1", first_seed=5)
    assert other == groups[0]  # more seeds of the same group
    found = json.loads(
        surefoot("compare", f"with lag={groups[0]}", f"without={groups[1]}", "--json").out
    )
    assert [*found["groups"]] == ["with lag", "without"]
    assert found["groups"]["with lag"]["seeds"] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_three_groups_are_compared_in_pairs(surefoot, groups):
    third = make_group("elk", [10, 12, 11, 14, 13.5])
    found = json.loads(surefoot("compare", *groups, third, "--json").out)
    pairs = found["results"][0]["pairs"]
    assert [(pair["first"], pair["second"], pair["better"]) for pair in pairs] == [
        ("fox", "owl", "owl"), ("fox", "elk", None), ("owl", "elk", "owl"),
    ]  # fmt: skip


def test_what_is_not_evaluated_plays(surefoot, tmp_path):
    runs = {"steady": balancer(tmp_path, leans=1.0), "falling": balancer(tmp_path, leans=-1.0)}
    for run in runs.values():
        (run / "progress.csv").write_text(
            "time/total_timesteps,time/time_elapsed,rollout/ep_rew_mean\n1,1,1\n2,2,2\n"
        )
    named = [f"{name}={run}" for name, run in runs.items()]
    said = surefoot("compare", *named, "--json")
    assert "evaluating 2 runs" in said.err
    found = json.loads(said.out)["results"][0]
    assert found["groups"][0]["values"] == [500.0] and found["groups"][1]["values"][0] < 50.0
    assert found["pairs"][0]["sentence"].startswith("one seed of steady and falling says what")
    assert surefoot("compare", *named, "--json").err == ""  # it is kept


def test_walking_is_compared_by_what_walking_is_about(surefoot):
    figures = {"tracking_error_linear": 0.2, "tracking_error_yaw": 0.1, "falls_per_minute": 0.5}
    for name in ("fox", "owl"):
        for seed in range(3):
            path = Path("runs", f"2026-01-01_00-00-00_{name}_{seed}")
            worse = {key: value + seed + (name == "owl") for key, value in figures.items()}
            if (name, seed) == ("owl", 2):
                worse["tracking_error_yaw"] = None  # every robot fell before it had settled
            make_run(path, planned("quadruped-flat", seed), final=seed, figures=worse)
    fox, owl = (f"runs/2026-01-01_00-00-00_{name}" for name in ("fox", "owl"))
    found = json.loads(surefoot("compare", fox, owl, "--json").out)["results"]
    assert [result["metric"] for result in found][:4] == [
        "final_return", "tracking_error_linear", "tracking_error_yaw", "falls_per_minute",
    ]  # fmt: skip
    linear, yaw = found[1], found[2]
    assert linear["groups"][0]["values"] == pytest.approx([0.2, 1.2, 2.2])
    assert linear["pairs"][0]["probability"] == pytest.approx(2 / 9)  # less is better
    assert yaw["pairs"][0]["probability"] == pytest.approx(2 / 9)  # as the worst, not the best
    assert yaw["groups"][1]["failed"] == 1 and yaw["pairs"][0]["welch_p"] is None


def test_a_return_that_is_no_number_is_the_worst(surefoot, groups):
    path = Path(f"{groups[0]}_9")
    make_run(path, planned(seed=9), final=None, returns=["", 1.0, "nan", "nan"])
    said = surefoot("compare", *groups)
    assert said.code == 0, said
    assert "owl is better than fox in final return with probability 1.00" in said.out
    assert "1 of 6 runs of fox failed, so that ranks decide" in said.out
    assert f"the return of {path} became NaN: it counts as the worst while it learned." in said.out


def test_unequal_lengths_are_said(surefoot, groups):
    short = Path(f"{groups[0]}_9")
    make_run(short, planned(seed=9), final=12.5, steps=300)
    said = surefoot("compare", *groups)
    assert f"{short} stopped after 300 of 480 steps: it counts as it is." in said.out
    assert "the groups trained for different numbers of steps" in said.out


def test_other_worlds_are_refused_and_mended_by_a_common_one(surefoot, refuse):
    task = "upkie-pendulum"
    ours = make_group("fox", [1, 2, 3], task)
    theirs = make_group("owl", [1, 2, 3], task, episode_s=5.0)
    message = refuse("compare", ours, theirs)
    assert message == (
        f"{ours}_0 and {theirs}_0 are evaluated in different worlds: they differ in episode_s. "
        f"With --world {ours}_0 all play in the same"
    )
    for seed in range(3):  # as if they had played in our world
        run = Path(f"{theirs}_{seed}")
        save(run, SavedEvaluation(
            conditions=conditions_of(planned(task)), checkpoint=newest_fingerprint(run), steps=1,
            figures={"return_mean": 50.0 + seed, "falls": 0},
        ))  # fmt: skip
    said = surefoot("compare", ours, theirs, "--world", "fox", "--json")
    assert said.code == 0, said
    found = json.loads(said.out)
    assert found["results"][0]["groups"][1]["values"] == [50.0, 51.0, 52.0]
    assert [result["metric"] for result in found["results"]] == ["final_return", "falls"]
    assert (
        "the runs trained in different worlds: their training curves are not compared"
        in (found["notes"])
    )


def test_pairs_need_the_same_seeds(surefoot, groups, refuse):
    found = json.loads(surefoot("compare", *groups, "--paired", "--json").out)
    pair = found["results"][0]["pairs"][0]
    assert pair["p"] == pair["paired_p"] != pair["welch_p"]
    other = make_group("elk", [1, 2, 3], first_seed=7)
    assert refuse("compare", *groups, other, "--paired") == (
        "--paired needs runs of the same seeds in every group"
    )


def test_copies_of_runs_are_refused_or_said(surefoot, groups, refuse):
    fox, owl = groups
    assert "is in fox and in again: a run counts once" in refuse("compare", fox, f"again={fox}")
    said = surefoot("compare", *groups)  # the curves here are all alike
    assert "fox and owl are the same trainings, number for number" in said.out
    make_run(Path(f"{owl}_17"), planned(seed=3), final=1.0)
    assert "have the same settings and the same seed" in refuse("compare", fox, owl)


def test_a_group_of_mixed_settings_is_said(surefoot, groups):
    run = planned(seed=8)
    run = replace(run, config=replace(run.config, algo=replace(run.config.algo, gamma=0.5)))
    make_run(Path(f"{groups[0]}_8"), run, final=12.0)
    said = surefoot("compare", *groups)
    assert "the runs of fox differ in more than their seeds: algo.gamma." in said.out


def test_a_run_that_still_trains_is_refused(groups, refuse):
    path = Path(f"{groups[1]}_3")
    with RunFolder(path).locked():
        assert refuse("compare", *groups) == (
            f"another process is training in {path}: wait for it, or stop it first"
        )


def test_mistakes_are_one_sentence(surefoot, groups, refuse):
    fox, owl = groups
    assert refuse("compare", fox) == "a comparison needs two groups: surefoot compare A B"
    assert "there are no runs here" in refuse("compare", fox, "runs/nowhere")
    assert "no metric named 'final_retrun'" in refuse(
        "compare", fox, owl, "--metric", "final_retrun"
    )
    assert "--effect must be above 0" in refuse("compare", fox, owl, "--effect", "0")
    assert "must be a number" in refuse("compare", fox, owl, "--level", "high")
    assert "two groups are called 'a'" in refuse("compare", f"a={fox}", f"a={owl}")
    walking = make_group("elk", [1.0], "quadruped-flat")
    assert "fox learns CartPole-v1 and elk learns quadruped-flat" in refuse("compare", fox, walking)
    Path("taken").touch()
    assert "taken: cannot be written" in refuse("compare", fox, owl, "--out", "taken")
    RunFolder(Path(f"{fox}_0")).progress.unlink()
    assert "no training episode has ended here yet" in refuse("compare", fox, owl)
    RunFolder(Path(f"{owl}_0")).last.unlink()
    assert "this run has no checkpoint yet" in refuse("compare", owl, f"{fox}_1")
