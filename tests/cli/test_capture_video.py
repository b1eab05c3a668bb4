"""`surefoot train --capture-video`: clips in the run, and how every failure is answered."""

import os
import signal
import sys

import imageio.v2 as imageio
import pytest

from support_cli import TINY
from surefoot.errors import MissingPackage
from surefoot.train import clips

MAZE = ("train", "Surefoot/Labyrinth-v0", *TINY, "--steps", "80", "--capture-video")


pytestmark = pytest.mark.usefixtures("no_export")


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(clips, "SHORTEST_S", 0.1)
    monkeypatch.setattr(clips, "LONGEST_S", 0.3)


def frames(path) -> int:
    with imageio.get_reader(path, format="FFMPEG") as video:
        return video.count_frames()


def test_clips_are_named_after_the_steps_behind(surefoot):
    said = surefoot(*MAZE)
    assert said.code == 0 and said.out == f"{said.run}\n"
    found = sorted((said.run / "videos").iterdir())
    assert [path.name for path in found] == [f"step-{k:09d}.mp4" for k in (0, 40, 80)]
    assert all(f"filmed {path}\n" in said.err for path in found)
    assert 1 <= frames(found[0]) <= 3  # 0.3 s at ten steps a second


def test_a_robot_is_filmed(surefoot):
    said = surefoot("train", "upkie-pendulum", *TINY, "--steps", "40", "--capture-video")
    assert said.code == 0, said
    # 0.3 s of 200 steps a second, a frame each 8
    assert [frames(path) for path in (said.run / "videos").iterdir()] == [8, 8]


def test_a_failure_on_the_way_costs_a_clip_and_nothing_else(surefoot, monkeypatch):
    film = clips.film_clip

    def fail_once(session, path):
        if session.nb_updates == 1:
            raise RuntimeError("the driver is gone")
        film(session, path)

    monkeypatch.setattr(clips, "film_clip", fail_once)
    said = surefoot(*MAZE)
    assert said.code == 0 and (said.run / "policy.onnx").exists()
    assert "surefoot: no clip after 40 steps: the driver is gone\n" in said.err
    found = sorted(path.name for path in (said.run / "videos").iterdir())
    assert found == ["step-000000000.mp4", "step-000000080.mp4"]


def test_a_resumed_training_films_what_is_still_to_come(surefoot, monkeypatch):
    film, filmed = clips.film_clip, []

    def interrupt(session, path):
        filmed.append(session.nb_steps)
        film(session, path)
        if session.nb_updates == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(clips, "film_clip", interrupt)
    said = surefoot(*MAZE)
    assert said.code == 130
    assert said.err.splitlines()[-1] == (
        "stopped at 40 of 80 steps; continue with "
        f"surefoot train --resume {said.run} --capture-video"
    )
    assert surefoot("train", "--resume", said.run, "--capture-video").code == 0
    assert filmed == [0, 40, 80]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Surefoot/CoursePendulum-v0"],
         "Surefoot/CoursePendulum-v0 draws no pictures: it has no render mode 'rgb_array'"),
        (["CartPole-v1"], "CartPole-v1 cannot be drawn: pygame is not installed, run `pip install "
         '"gymnasium[classic-control]"`'),
        (["labyrinth"], "--capture-video is not for this task: the labyrinth leaves a picture, "
         "labyrinth.png; Surefoot/Labyrinth-v0 is the same maze for networks, and can be filmed"),
        (["course-pendulum"], "--capture-video is not for this task: course-pendulum leaves its "
         "swing-up as a figure, swing_up.png"),
    ],
)  # fmt: skip
def test_what_cannot_be_filmed_is_said_before_training(
    refuse, monkeypatch, tmp_path, arguments, sentence
):
    monkeypatch.setitem(sys.modules, "pygame", None)  # importing it fails
    assert refuse("train", *arguments, "--capture-video") == sentence
    assert [*tmp_path.iterdir()] == []


def test_a_robot_without_opengl_is_refused_before_training(refuse, monkeypatch, tmp_path):
    def no_opengl(*_):
        raise MissingPackage("libegl1", "drawing without a screen", "apt-get install libegl1")

    monkeypatch.setattr("surefoot.sim.render_painter.open_renderer", no_opengl)
    said = refuse("train", "upkie-pendulum", *TINY, "--capture-video")
    assert said.startswith("drawing without a screen needs the package 'libegl1'. Install it: ")
    assert [*tmp_path.iterdir()] == []
