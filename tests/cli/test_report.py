"""`surefoot report`: one page with all that there is to say, which needs nothing else."""

import base64
import html
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from support import short_run
from surefoot.train.evaluated import evaluate_run
from surefoot.train.group import find_runs
from surefoot.train.loop import train
from surefoot.train.report_page import report_page
from surefoot.train.run_folder import RunFolder, create_run_folder
from surefoot.train.session import Session

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def learn(root: Path, *, seed: int, stop_after: int | None = None, **task: object) -> Path:
    """A tiny run of upkie-pendulum in a group."""
    run = short_run("upkie-pendulum", seed=seed)
    run = replace(run, config=replace(run.config, task=replace(run.config.task, **task)))
    folder = create_run_folder(root, run, group="day_olive")
    train(Session(run), folder, stop_after=stop_after)
    return folder.path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A finished group of the seeds 0 and 1, evaluated; only to be read."""
    root = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        evaluate_run(learn(root, seed=seed, episode_s=0.5))
    return root / "upkie-pendulum" / "day_olive"


@pytest.fixture
def group(made, tmp_path) -> Path:
    """The same, to change."""
    for run in find_runs(made):
        shutil.copytree(run, tmp_path / run.name)
    return tmp_path / made.name


def edit(run: Path, old: str, new: str) -> None:
    """Another setting in a run's config.yaml."""
    config = RunFolder(run).config
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))


def read(surefoot: Callable, *arguments: object) -> str:
    """The page that the command writes."""
    said = surefoot("report", *arguments)
    assert said.code == 0, said
    return Path(said.out.removesuffix("\n")).read_text(encoding="utf-8")


def test_a_group_has_everything_on_its_page(surefoot, group):
    page = read(surefoot, group)
    assert (group.parent / "day_olive.html").exists()
    assert "<h1>upkie-pendulum with ppo</h1>" in page
    assert "day_olive, preset default, seeds 0, 1" in page
    scores = [evaluate_run(run).figures["return_mean"] for run in find_runs(group)]
    assert all(f"<td>{score:.4g} (" in page for score in scores)
    assert f"return {np.mean(scores):.4g} on average (95 % interval over seeds: " in page
    for term in ("position", "velocity", "smoothness", "approach"):  # of the reward
        assert re.search(rf">{term}</text>", page)
    assert ">environment steps</text>" in page and ">explained variance: " in page
    assert re.search(r"<td>task.episode_s</td><td>0.5</td><td>10.0</td>", page)
    assert "<td>seed</td>" not in page and "sim_threads</td>" not in page
    assert f"<td>{metadata.version('torch')}</td>" in page
    assert "<h2>Health</h2>" in page and "<h2>Video</h2>" not in page
    assert "It cost" not in page and re.search(r"All of it cost \d+\.\d s", page)


def test_the_page_needs_nothing_from_elsewhere(surefoot, group):
    page = read(surefoot, group)
    links = re.findall(r"(?:src|href)=\"([^\"#][^\"]*)|url\(([^#)][^)]*)", page)
    assert [link for pair in links for link in pair if link] == ["data:,"]
    assert "@import" not in page and "<script" not in page
    names = re.findall(r'\bid="([^"]+)"', page)
    assert names and len(names) == len({*names})
    used = {*re.findall(r'(?:href="|url\()#([^")]+)', page)}
    assert used <= {*names}


def test_one_seed_says_what_it_cannot_tell(surefoot, group):
    page = read(surefoot, find_runs(group)[1])
    assert (find_runs(group)[1] / "report.html").exists()
    assert "One seed tells how this training went, and not how another would" in page
    assert "<td>seed</td>" not in page  # of the settings: 1 is not the preset's
    assert "over seeds" not in page and "day_olive_1, preset default, seed 1" in page


def test_what_was_evaluated_is_not_played_again(surefoot, group, monkeypatch):
    def play(*_: object, **__: object) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr("surefoot.train.standard.evaluate_standard", play)
    assert "<h2>Evaluation</h2>" in read(surefoot, group)


def test_what_is_not_finished_is_said(surefoot, group):
    learn(group.parent.parent, seed=2, stop_after=1, episode_s=0.5)
    shutil.move(group.parent.parent / "upkie-pendulum" / "day_olive_2", group.parent)
    run = short_run("upkie-pendulum", seed=3)
    task = replace(run.config.task, episode_s=0.5)
    create_run_folder(group.parent, replace(run, config=replace(run.config, task=task)),
                      group="day_olive")  # fmt: skip
    shutil.move(group.parent / "upkie-pendulum" / "day_olive_3", group.parent)
    page = read(surefoot, group)
    assert "Seed 2 is not finished: 25 % is trained." in page  # 1 of 4 updates
    assert "Seed 3 is not finished: 0 % is trained." in page
    assert "seeds 0, 1, 2, 3" in page and page.count("of 50</td>") == 3
    first = find_runs(group)[2]
    steps = RunFolder(first).read_config().config.steps_per_update
    assert f"as far as all of them have come ({steps} steps)" in page


def test_a_run_that_has_not_begun_has_a_page_too(surefoot, tmp_path):
    folder = create_run_folder(tmp_path, short_run("CartPole-v1"))
    page = read(surefoot, folder.path)
    assert "No run has a checkpoint yet: let it train a little." in page
    assert "Learning curve" not in page


def test_text_is_escaped(surefoot, group):
    for run in find_runs(group):
        edit(run, "preset: default", 'preset: "<script>alert(1)</script>"')
    page = read(surefoot, group)
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script>") in page


def test_the_clip_of_the_middle_seed_is_in_the_page(surefoot, group):
    runs = find_runs(group)
    for run in runs:
        folder = RunFolder(run).videos
        folder.mkdir()
        (folder / "step-000000000.mp4").write_bytes(b"before")
        (folder / "step-000000048.mp4").write_bytes(b"after " + run.name.encode())
    lower = min(runs, key=lambda run: evaluate_run(run).figures["return_mean"])
    page = read(surefoot, group)
    clip = base64.b64encode(b"after " + lower.name.encode()).decode()
    assert f'src="data:video/mp4;base64,{clip}"' in page
    assert "after 48 environment steps of training" in page


def test_a_run_without_a_record_of_its_machine(surefoot, group):
    for run in find_runs(group):
        (run / "machine.yaml").unlink()
    assert "Not recorded: this run was trained by an earlier version." in read(surefoot, group)


def test_curves_stand_at_common_steps(group, monkeypatch):
    drawn = {}

    def draw(name: str, steps: np.ndarray, values: np.ndarray, **_: object) -> Markup:
        drawn[name] = (steps.tolist(), values.tolist())
        return Markup("")

    monkeypatch.setattr("surefoot.train.report_page.draw_curve", draw)
    for run, values in zip(find_runs(group), ((0.0, 40.0), (10.0, 20.0)), strict=True):
        (run / "progress.csv").write_text(
            "time/total_timesteps,rollout/ep_rew_mean,reward/x,other\n"
            f"48,{values[0]},1,2\n96,,1,2\n144,nan,1,2\n240,{values[1]},1,2\n"
        )
    page = report_page(group)
    assert [curve.title for curve in page.curves] == [
        "Learning curve",
        "What the reward is made of",
    ]
    assert page.strip == []
    # four steps from 48 to 240, 64 apart; in between on a line, as the middle rows have no episode
    third = [
        pytest.approx([0.0, 40 / 3, 80 / 3, 40.0]),
        pytest.approx([10.0, 40 / 3, 50 / 3, 20.0]),
    ]
    assert drawn == {"curve": ([48.0, 112.0, 176.0, 240.0], third)}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "^nowhere: there are no runs here. Name a run folder, a group"),
        ([], "the following arguments are required: RUN_OR_GROUP"),
        (["nowhere", "--out", "page.pdf"], "^--out must end in .html, got 'page.pdf'$"),
        (["nowhere", "--vidoe"], "mean '--video'"),
    ],
)
def test_mistakes(refuse, arguments, sentence):
    assert re.search(sentence, refuse("report", *arguments))


def test_where_nothing_can_be_written(surefoot, group):
    (group.parent / "file").touch()
    said = surefoot("report", group, "--out", group.parent / "file" / "page.html")
    assert said.code == 2
    assert said.err.endswith("cannot be written (Not a directory). Choose another --out.\n") or (
        "cannot be written (File exists)" in said.err
    )


def test_runs_that_differ_are_no_group(refuse, group):
    edit(find_runs(group)[1], "gamma: 0.99", "gamma: 0.98")
    said = refuse("report", group)
    assert said.startswith("day_olive_0 and day_olive_1 differ in algo.gamma: a report is about")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the page with")
def test_a_browser_has_nothing_to_complain_about(surefoot, group, tmp_path):
    read(surefoot, group, "--out", "page.html")
    bad = tmp_path / "bad.html"
    bad.write_text("<script>nothing.here()</script>")
    assert "CONSOLE" in complaints(bad)  # so would it be seen
    assert "CONSOLE" not in complaints(tmp_path / "page.html")


def complaints(page: Path) -> str:
    """What a browser says while it draws a page."""
    child = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert child.returncode == 0
    return child.stderr
