"""The live viewer: harmless to the network, to the training and to standard output."""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import mujoco
import numpy as np
import pytest
from websockets.sync.client import connect

from surefoot.errors import InvalidConfig
from surefoot.sim.render import decorate
from surefoot.sim.render_gl import has_screen
from surefoot.sim.viewer import Slider, ViewerFailed, open_viewer, tile
from surefoot.sim.viewer_commands import Commands

SCENE = """
<mujoco>
  <asset><mesh name="tip" vertex="0 0 0  1 0 0  0 1 0  0 0 1" scale=".1 .1 .1"/></asset>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 .1"/>
    <body name="base" pos="0 0 .5">
      <freejoint/>
      <geom type="box" size=".1 .1 .1"/>
      <body name="arm" pos="0 .2 0">
        <joint name="shoulder" axis="0 1 0"/>
        <geom type="mesh" mesh="tip"/>
      </body>
    </body>
    <body name="cart" pos="0 0 2">
      <joint name="rail" type="slide" axis="1 0 0"/>
      <geom type="box" size=".1 .1 .1"/>
    </body>
  </worldbody>
  <actuator><motor joint="shoulder"/></actuator>
  <sensor><jointpos joint="shoulder"/></sensor>
  <keyframe><key qpos="0 0 1 1 0 0 0 0 0"/></keyframe>
</mujoco>
"""
SLIDERS = (
    Slider(name="forward velocity", low=-1.0, high=2.0, unit="m/s", keys="up-down"),
    Slider(name="turn", low=-1.0, high=1.0, unit="rad/s", initial=0.5, keys="left-right"),
    Slider(name="height", low=0.4, high=0.6, unit="m", initial=0.5),
)
needs_page = pytest.mark.skipif(sys.platform == "win32", reason="MuJoCo has no page on Windows")


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return decorate(mujoco.MjSpec.from_string(SCENE)).compile()


def wait_until(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


# --- several worlds in one model -----------------------------------------------------------------


def test_a_grid_shows_every_world_at_its_own_place():
    spec = mujoco.MjSpec.from_string(SCENE)
    single = spec.compile()
    grid = tile(spec, 3, spacing=2.0)
    # cells of a 2 x 2 grid, row by row
    np.testing.assert_array_equal(grid.offsets, [[0, 0, 0], [0, 2, 0], [2, 0, 0]])
    rows = np.tile(single.qpos0, (3, 1))
    rows[:, 0], rows[:, 7], rows[:, 8] = [0.1, 0.2, 0.3], [1.0, 2.0, 3.0], [0.7, 0.8, 0.9]
    whole, one = mujoco.MjData(grid.model), mujoco.MjData(single)
    whole.qpos[:] = grid.qpos(rows)
    mujoco.mj_kinematics(grid.model, whole)
    for world, prefix in enumerate(("", "1/", "2/")):
        one.qpos[:] = rows[world]
        mujoco.mj_kinematics(single, one)
        for body in ("base", "arm", "cart"):
            there, here = whole.body(prefix + body), one.body(body)
            np.testing.assert_allclose(there.xpos, here.xpos + grid.offsets[world], atol=1e-12)
            np.testing.assert_allclose(there.xquat, here.xquat, atol=1e-12)


def test_a_grid_shares_meshes_floor_and_light():
    spec = decorate(mujoco.MjSpec.from_string(SCENE))
    single, grid = spec.compile(), tile(spec, 4)
    assert grid.model.nmesh == 1 and grid.model.nlight == single.nlight == 1
    assert grid.model.ngeom == 1 + 4 * 3
    assert spec.compile().nu == 1, "the spec that was given must stay as it is"


def test_a_grid_refuses_states_of_another_shape():
    grid = tile(mujoco.MjSpec.from_string(SCENE), 2)
    with pytest.raises(ValueError, match=r"expected positions \(N, Q\) \(2, 9\), got \(3, 9\)"):
        grid.qpos(np.zeros((3, 9)))


# --- commands ------------------------------------------------------------------------------------


def test_keys_move_their_slider_by_a_share_of_its_range():
    commands = Commands(SLIDERS, np.zeros(3))
    assert commands.values.tolist() == [0.0, 0.5, 0.5]
    commands.press("up-down", 0.1)  # the range is 3 m/s
    commands.press("left-right", -0.25)  # the range is 2 rad/s
    assert commands.values == pytest.approx([0.3, 0.0, 0.5])
    commands.press("up-down", 5.0)
    assert commands.values[0] == 2.0
    commands.reset()
    assert commands.values.tolist() == [0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"low": 1.0}, "Slider.low must be below high, got 1.0 and 1.0"),
        ({"high": float("inf")}, "Slider.low must be below high"),
        ({"initial": 3.0}, r"Slider.initial must be in \[-1.0, 1.0\], got 3.0"),
    ],
)
def test_an_impossible_slider_is_refused(bad, message):
    with pytest.raises(InvalidConfig, match=message):
        Slider(**{"name": "speed", "low": -1.0, "high": 1.0} | bad)


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def page(model):
    with open_viewer(model, web=True, sliders=SLIDERS) as viewer:
        yield viewer


def port_of(viewer) -> int:
    return int(viewer.address.rstrip("/").rsplit(":", 1)[1])


def outward_address() -> str | None:
    """An address of this machine that others could reach; finding it sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        address = probe.getsockname()[0]
        return None if address.startswith("127.") else address
    return None


@needs_page
def test_the_page_is_served_on_the_loopback_interface_only(page):
    assert page.address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(page.address, timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(page.address + "model", timeout=10) as answer:
        assert answer.status == 200 and len(answer.read()) > 1000
    outside = outward_address()
    if outside is None:
        pytest.skip("this machine has no address but the loopback's")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((outside, port_of(page)), timeout=5)


@needs_page
@pytest.mark.skipif(outward_address() is None, reason="no address but the loopback's")
def test_the_page_is_served_elsewhere_only_when_asked(model):
    with open_viewer(model, web=True, host=outward_address()) as viewer:
        assert outward_address() in viewer.address
        with urllib.request.urlopen(viewer.address, timeout=10) as answer:
            assert answer.status == 200


@needs_page
def test_a_mujoco_that_binds_elsewhere_is_refused():
    """What would happen if MuJoCo chose the interface in another way than today."""
    code = """
import os
from mujoco.studio import launch_thread, viewer_protocol
from mujoco.studio.web import web_server
from surefoot.sim.viewer_web import WebViewer
bind = web_server.bind_public_socket
web_server.bind_public_socket = lambda host, port: bind("0.0.0.0", port)
endpoint, _ = launch_thread.make_thread_endpoints()
try:
    WebViewer("127.0.0.1", viewer_protocol.ViewerConfig(), endpoint)
except OSError as error:
    print(error, flush=True)
os._exit(0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "MuJoCo's server listens on 0.0.0.0, not on 127.0.0.1" in run.stdout, run.stderr


@needs_page
def test_a_state_travels_to_the_browser(page, model):
    qpos = model.qpos0.copy()
    qpos[0] = 0.123456789
    assert page.show(qpos)
    with connect(page.address.replace("http", "ws") + "state?sid=test") as stream:
        frames = (stream.recv(timeout=10) for _ in range(100))
        assert any(struct.pack("<d", 0.123456789) in f for f in frames if isinstance(f, bytes))


@needs_page
def test_the_viewer_prints_nothing_and_leaves_nothing(model, capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_viewer(model, web=True) as viewer:
        urllib.request.urlopen(viewer.address, timeout=10).close()
        viewer.show(model.qpos0)
        assert len(os.listdir(tmp_path)) == 1
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


@needs_page
def test_closing_stops_the_server(model):
    viewer = open_viewer(model, web=True)
    assert viewer.is_running
    viewer.close()
    viewer.close()
    assert not viewer.is_running and not viewer.show(model.qpos0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(viewer)), timeout=5)


@needs_page
def test_two_viewers_do_not_meet(page, model):
    with open_viewer(model, web=True) as other:
        assert other.address != page.address
        assert page.is_running and other.is_running


@needs_page
def test_a_taken_port_is_one_sentence(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = f"the page on 127.0.0.1, port {port}, could not be opened: no such port is free"
        with pytest.raises(ViewerFailed, match=message):
            open_viewer(model, web=True, port=port)


@needs_page
def test_an_unknown_host_is_one_sentence(model):
    with pytest.raises(ViewerFailed, match=r"the page on no\.such\.host\.invalid, port 0, could"):
        open_viewer(model, web=True, host="no.such.host.invalid")


@needs_page
def test_commands_start_at_their_initial_values(page):
    np.testing.assert_array_equal(page.commands(), [0.0, 0.5, 0.5])


@needs_page
def test_a_viewer_that_dies_stops_nothing_else(page, model, caplog):
    page._process._process.kill()
    assert wait_until(lambda: not page.is_running)
    assert not page.show(model.qpos0)
    np.testing.assert_array_equal(page.commands(), [0.0, 0.5, 0.5])
    assert caplog.text.count("the viewer stopped") == 1


@needs_page
def test_the_viewer_ends_with_a_killed_simulation_and_cleans_up(tmp_path):
    code = """
import os, signal, mujoco
from surefoot.sim.viewer import open_viewer
print(open_viewer(mujoco.MjModel.from_xml_string("<mujoco/>"), web=True).address, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        timeout=120,
    )
    port = int(run.stdout.decode().strip().rstrip("/").rsplit(":", 1)[1])

    def gone() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    assert wait_until(gone) and wait_until(lambda: not os.listdir(tmp_path))


# --- what every viewer does ----------------------------------------------------------------------


class FakeProcess:
    """Remembers each state that the viewer was given."""

    address = None

    def __init__(self, model: mujoco.MjModel, **_: object) -> None:
        self.shown: list[np.ndarray] = []

    @property
    def state(self) -> "FakeProcess":
        return self

    def __setitem__(self, _: slice, state: np.ndarray) -> None:
        self.shown.append(state)

    def is_running(self) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr("surefoot.sim.viewer.ViewerProcess", FakeProcess)


def test_frames_that_come_too_fast_are_dropped(model, fake, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with open_viewer(model) as viewer:
        for _ in range(200):  # one second at 200 Hz
            viewer.show(model.qpos0)
            clock[0] += 1 / 200
        # of steps of 5 ms, every 7th keeps 1/30 s between frames: 200 / 7 = 28.6
        assert len(viewer._process.shown) == 29


def test_a_world_with_a_nan_keeps_its_last_picture(fake, monkeypatch):
    monkeypatch.setattr("surefoot.sim.viewer._FRAME", 0.0)
    spec = mujoco.MjSpec.from_string(SCENE)
    rows = np.tile(spec.compile().qpos0, (2, 1))
    with open_viewer(tile(spec, 2, spacing=2.0)) as viewer:
        rows[1, 8] = np.nan
        viewer.show(rows)
        rows[:, 8] = [0.1, 0.2]
        viewer.show(rows)
        rows[:, 8] = [np.nan, 0.3]
        viewer.show(rows)
        shown = np.stack(viewer._process.shown).reshape(3, 2, 9)
    np.testing.assert_array_equal(shown[:, :, 8], [[0.0, 0.0], [0.1, 0.2], [0.1, 0.3]])
    np.testing.assert_array_equal(shown[0, :, 1], [0.0, 2.0])  # each at its place on the grid


# --- the window ----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux" or has_screen(), reason="this machine has a screen")
def test_without_a_screen_a_window_is_refused_in_one_sentence(model):
    with pytest.raises(ViewerFailed, match="the window could not be opened: there is no window"):
        open_viewer(model, web=False)


@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="a window needs an X display")
def test_a_window_opens_shows_and_closes(model):
    with open_viewer(model, web=False, sliders=SLIDERS) as viewer:
        assert viewer.address is None and viewer.is_running
        for _ in range(5):
            viewer.show(model.qpos0)
            time.sleep(0.05)
        assert viewer.is_running
        np.testing.assert_array_equal(viewer.commands(), [0.0, 0.5, 0.5])
    assert not viewer.is_running
