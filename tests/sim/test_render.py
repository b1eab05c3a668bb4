"""Pictures and videos: whole, of the right thing, and clear about what is missing."""

import os
import re
import subprocess
import sys

import imageio.v2 as imageio
import mujoco
import numpy as np
import pytest

from support_video import read_video
from surefoot.errors import BadFile, InvalidConfig
from surefoot.sim.render import Painter, Shot, VideoWriter, decorate, record, snapshot

# a red box that floats, with a blue arm on a hinge about y
SCENE = """
<mujoco>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 .1" friction=".7 .1 .1"/>
    <body pos="0 0 .5">
      <freejoint/>
      <geom type="box" size=".1 .1 .1" rgba="1 0 0 1"/>
      <body pos="0 -.15 0">
        <joint type="hinge" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 0 0 .3" size=".03" rgba="0 0 1 1" group="2"/>
        <geom type="sphere" size=".5" group="3" mass="0" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
</mujoco>
"""
SIDE = Shot(azimuth=90, elevation=-5)  # looks along +y: x is to the right
SMALL = {"width": 160, "height": 120}
GREY = np.full((120, 160, 3), 128, dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return decorate(mujoco.MjSpec.from_string(SCENE)).compile()


def state(model: mujoco.MjModel, *, x: float = 0.0, arm: float = 0.0) -> np.ndarray:
    qpos = model.qpos0.copy()
    qpos[0], qpos[7] = x, arm
    return qpos


def column(frame: np.ndarray, channel: int) -> float:
    """Mean column of the pixels in which one color clearly outshines the others."""
    others = np.delete(frame.astype(int), channel, axis=2).max(axis=2)
    found = np.flatnonzero((frame[:, :, channel] - others > 60).any(axis=0))
    assert found.size, "the color is not in the picture"
    return float(found.mean())


def test_a_moving_arm_moves_in_the_picture(model):
    with Painter(model, shot=SIDE, **SMALL) as painter:
        left, right = (painter.draw(state(model, arm=angle)) for angle in (-1.5, 1.5))
    assert left.shape == (120, 160, 3)
    # the arm swings about the box's middle column, 80; a turn by +1.5 about y tips it towards +x
    assert column(left, 2) < 70 and column(right, 2) > 90
    assert column(left, 0) == pytest.approx(79.5, abs=2)


def test_the_camera_follows_the_base_and_catches_up_after_a_reset(model):
    with Painter(model, shot=SIDE, fps=30, **SMALL) as painter:
        for x in np.linspace(0, 3, 91):  # 1 m/s
            driving = painter.draw(state(model, x=x))
        reset = painter.draw(state(model, x=-20.0))
    # the camera lags by 1 m/s x 0.1 s = 0.1 m, half the box's width, so the box is right of it
    assert 85 < column(driving, 0) < 110
    assert column(reset, 0) == pytest.approx(79.5, abs=2)


def test_the_sky_is_blue_and_the_floor_checkered(model):
    with Painter(model, **SMALL) as painter:
        frame = painter.draw(model.qpos0).astype(int)
    assert frame[2, 10, 2] > frame[2, 10, 0] + 20
    assert frame[70:, :30].std() > 5


def test_decorating_leaves_the_physics_alone(model):
    plain = mujoco.MjModel.from_xml_string(SCENE)
    ends = []
    for m in (plain, model):
        data = mujoco.MjData(m)
        mujoco.mj_step(m, data, nstep=300)  # long enough to fall on the floor
        ends.append(data.qpos.copy())
    np.testing.assert_array_equal(*ends)
    assert ends[0][2] < 0.4


def test_a_model_without_a_floor_is_decorated_too():
    spec = decorate(mujoco.MjSpec.from_string("<mujoco/>"))
    assert spec.compile().nlight == 1


def test_every_frame_of_a_video_can_be_read_back(model, tmp_path):
    path = tmp_path / "arm.mp4"
    states = [state(model, arm=angle) for angle in np.linspace(-1.5, 1.5, 12)]
    assert record(path, model, states, fps=25, shot=SIDE, **SMALL) == 12
    with imageio.get_reader(path, format="FFMPEG") as reader:
        assert reader.get_meta_data()["fps"] == 25
        assert reader.count_frames() == 12
        frames = [np.asarray(reader.get_data(i)) for i in range(12)]
    assert frames[0].shape == (120, 160, 3)
    columns = [column(frame, 2) for frame in frames]
    assert columns == sorted(columns) and columns[-1] > columns[0] + 20
    assert os.listdir(tmp_path) == ["arm.mp4"]


def test_a_snapshot_is_a_png_of_the_asked_size(model, tmp_path):
    snapshot(model, model.qpos0, tmp_path / "robot.png", **SMALL)
    assert imageio.imread(tmp_path / "robot.png").shape == (120, 160, 3)


def test_a_failed_recording_keeps_the_older_video(tmp_path):
    path = tmp_path / "robot.mp4"
    path.write_bytes(b"older")
    with pytest.raises(RuntimeError, match="the policy broke"), VideoWriter(path) as video:
        video.add(GREY)
        raise RuntimeError("the policy broke")
    assert path.read_bytes() == b"older"
    assert os.listdir(tmp_path) == ["robot.mp4"]


def test_ctrl_c_keeps_the_video_so_far(tmp_path):
    path = tmp_path / "robot.mp4"
    with pytest.raises(KeyboardInterrupt), VideoWriter(path) as video:
        video.add(GREY)
        video.add(GREY)
        raise KeyboardInterrupt
    with imageio.get_reader(path, format="FFMPEG") as reader:
        assert reader.count_frames() == 2


def test_a_video_without_frames_is_no_file(tmp_path):
    with VideoWriter(tmp_path / "robot.mp4"):
        pass
    assert os.listdir(tmp_path) == []


def test_an_odd_row_and_column_are_left_out(tmp_path):
    path = tmp_path / "odd.mp4"
    with VideoWriter(path) as video:
        video.add(np.full((241, 323, 3), 128, dtype=np.uint8))
    assert read_video(path)[0].shape == (1, 240, 322, 3)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing/robot.mp4", "the folder '.*missing' does not exist. Make it first."),
        ("robot.avi", "the name does not end in '.mp4'. Call it 'robot.mp4'."),
        ("folder.mp4", "this is a folder. Name a file in it."),
    ],
)
def test_an_impossible_file_name_is_refused_before_drawing(tmp_path, name, problem):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(BadFile, match=problem):
        VideoWriter(tmp_path / name)


def test_an_odd_size_is_refused(model):
    with pytest.raises(InvalidConfig, match="must be even and positive, got 161x120"):
        Painter(model, width=161, height=120)


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    hidden = ("MUJOCO_GL", "PYOPENGL_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    env = {k: v for k, v in os.environ.items() if k not in hidden} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file-size limits")
def test_a_full_disk_is_reported_and_the_older_video_survives(tmp_path):
    path = tmp_path / "robot.mp4"
    path.write_bytes(b"older")
    code = f"""
import resource, signal
from pathlib import Path
import numpy as np
from surefoot.errors import BadFile
from surefoot.sim import render
class Noise:  # a picture that does not compress
    def __init__(self, *_, **__): self.rng = np.random.default_rng(0)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def draw(self, _): return self.rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
render.Painter = Noise
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    render.record(Path({str(path)!r}), None, range(40))
except BadFile as error:
    print(error)
"""
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{path}: only 0 of 40 frames could be written. Free some")
    assert path.read_bytes() == b"older" and os.listdir(tmp_path) == ["robot.mp4"]


DRAW = """
import mujoco
from surefoot.errors import MissingPackage
from surefoot.sim.render import Painter
try:
    Painter(mujoco.MjModel.from_xml_string("<mujoco/>"))
except MissingPackage as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="EGL is Linux's way to draw without a screen")
@pytest.mark.parametrize(
    ("environment", "remedy"),
    [
        ({"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}, r"\(Fedora\)\. MuJoCo said: "),
        ({"MUJOCO_GL": "glfw"}, "then unset MUJOCO_GL, which is 'glfw' now"),
        ({"MUJOCO_GL": "off"}, "then unset MUJOCO_GL, which is 'off' now"),
    ],
    ids=["no driver", "no screen", "switched off"],
)
def test_missing_opengl_names_the_package_to_install(environment, remedy):
    result = run_python(DRAW, **environment)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    start = "drawing without a screen needs the package 'libegl1'. Install it: apt-get install "
    assert result.stdout.startswith(start)
    assert re.search(remedy, result.stdout)


def test_the_users_choice_of_opengl_is_left_alone():
    code = "from surefoot.sim import render_gl; import os; print(os.environ.get('MUJOCO_GL'))"
    assert run_python(code).stdout == "None\n"  # importing decides nothing
