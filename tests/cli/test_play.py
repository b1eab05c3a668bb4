"""`surefoot play`: a short video, and how mistakes are answered. Viewers are tested in sim."""

import math
import os
import re
import subprocess
import sys

import imageio.v2 as imageio
import pytest
import torch

from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.run_folder import RunFolder


@pytest.mark.parametrize("form", ["run", "baseline"])
def test_a_short_video_has_its_frames(surefoot, tmp_path, pendulum, form):
    policy = pendulum if form == "run" else "lqr"
    said = surefoot("play", policy, "--video", "a.mp4", "--duration", "0.1")
    assert (said.code, said.out, said.err) == (0, "a.mp4\n", "")
    with imageio.get_reader(tmp_path / "a.mp4", format="FFMPEG") as video:
        rate = video.get_meta_data()["fps"]
        assert 25.0 <= rate <= 60.0
        # the first frame shows the start, so 0.1 s at 25 Hz are frames at 0, 0.04 and 0.08 s
        assert video.count_frames() == math.ceil(0.1 * rate)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: policy"),
        (["nowhere"], "no policy named 'nowhere'"),
        (
            ["zero", "--duration", "-1"],
            "--duration: must be a positive number of seconds, got '-1'",
        ),
        (["zero", "--duration", "nan"], "got 'nan'"),
        (["zero", "--video", "a.mp4", "--duration", "inf"], "got 'inf'"),
        (["zero", "--seed", "-1", "--video", "a.mp4"], "--seed: must be a whole number"),
        (["zero", "--port", "eighty"], "--port: invalid int value: 'eighty'"),
        (["zero", "--vidoe", "a.mp4"], "no flag named '--vidoe'.*Did you mean '--video'"),
        (
            ["zero", "--video", "no/a.mp4"],
            "no/a.mp4: the folder 'no' does not exist. Make it first.",
        ),
        (["zero", "--video", "a.gif"], "a.gif: the name does not end in '.mp4'. Call it 'a.mp4'."),
        (["zero", "--video", "."], r"the name does not end in '.mp4'"),
    ],
)
def test_mistakes_leave_no_file_behind(refuse, tmp_path, arguments, sentence):
    said = refuse("play", *arguments)
    assert re.search(sentence, said), said
    assert [*tmp_path.iterdir()] == []


def test_a_foreign_task_is_filmed_by_its_own_renderer(surefoot, trained, tmp_path):
    said = surefoot("play", trained("Surefoot/Labyrinth-v0"), "--video", "a.mp4", "--duration", "1")
    assert (said.code, said.out, said.err) == (0, "a.mp4\n", "")
    with imageio.get_reader(tmp_path / "a.mp4", format="FFMPEG") as video:
        assert (video.get_meta_data()["fps"], video.count_frames()) == (10.0, 10)


def test_what_it_cannot_draw_is_said(refuse, trained, monkeypatch, tmp_path):
    run = trained("CartPole-v1")
    live = "play shows our own tasks live; of CartPole-v1 take --video FILE.mp4"
    assert refuse("play", run) == live
    monkeypatch.setitem(sys.modules, "pygame", None)  # importing it fails
    assert refuse("play", run, "--video", "a.mp4").startswith(
        "CartPole-v1 cannot be drawn: pygame is not installed"
    )
    assert refuse("play", run, "--video", "a.mp4", "--noise") == (
        "--noise belongs to our own tasks, CartPole-v1 has its own"
    )
    assert [*tmp_path.iterdir()] == []


def test_weights_that_are_nan_are_not_filmed(refuse, copy, tmp_path):
    last = RunFolder(copy).last
    content = load_checkpoint(last)
    content["agent"]["actor.0.weight"][0, 0] = math.nan
    torch.save(content, last)
    said = refuse("play", copy, "--video", "a.mp4", "--duration", "0.1")
    assert said.startswith("the policy's action is not finite in 1 world (0). Train it again")
    assert not (tmp_path / "a.mp4").exists()


def test_without_opengl_the_package_to_install_is_named(tmp_path):
    environment = {**os.environ, "MUJOCO_GL": "off"}
    child = subprocess.run(
        [sys.executable, "-m", "surefoot.cli.main", "play", "zero", "--video", "a.mp4"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (child.returncode, child.stdout) == (2, "")
    assert re.fullmatch(
        "surefoot: drawing without a screen needs the package 'libegl1'. Install it: apt-get "
        r"install libegl1 .*, then unset MUJOCO_GL, which is 'off' now. .*\n", child.stderr
    )  # fmt: skip
    assert [*tmp_path.iterdir()] == []
