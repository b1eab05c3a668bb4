"""The live viewer: harmless to the network, to the training and to standard output."""

import contextlib
import logging
import os
import socket
import sys
import threading
import time
import urllib.request

import mujoco
import numpy as np
import pytest

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
    commands = Commands(SLIDERS)
    assert commands.values == (0.0, 0.5, 0.5)
    commands.press("up-down", 0.1)  # the range is 3 m/s
    commands.press("left-right", -0.25)  # the range is 2 rad/s
    assert commands.values == pytest.approx((0.3, 0.0, 0.5))
    commands.press("up-down", 5.0)
    assert commands.values[0] == 2.0
    commands.reset()
    assert commands.values == (0.0, 0.5, 0.5)


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
def test_a_mujoco_that_binds_elsewhere_is_refused(model, monkeypatch):
    """What would happen if MuJoCo chose the interface in another way than today."""
    from mujoco.studio.web import web_server

    bind = web_server.bind_public_socket
    monkeypatch.setattr(web_server, "bind_public_socket", lambda _, port: bind("0.0.0.0", port))
    with pytest.raises(ViewerFailed, match=r"listens on 0\.0\.0\.0, not on 127\.0\.0\.1"):
        open_viewer(model, web=True)
    monkeypatch.undo()
    open_viewer(model, web=True).close()  # nothing was left behind


@needs_page
def test_a_state_travels_to_the_page(page, model):
    from surefoot.sim import viewer_page

    assert isinstance(page._screen, viewer_page.Page)
    qpos = model.qpos0.copy()
    qpos[0] = 0.25
    assert page.show(qpos)
    viewer = page._screen.viewer
    assert wait_until(lambda: viewer.data.qpos[0] == 0.25)
    assert viewer.model.ngeom == model.ngeom
    np.testing.assert_allclose(viewer.data.body("base").xpos, [0.25, 0.0, 0.5])


@needs_page
def test_the_page_is_silent_on_standard_output(model, capfd, caplog):
    with caplog.at_level(logging.INFO), open_viewer(model, web=True) as viewer:
        urllib.request.urlopen(viewer.address, timeout=10).close()
        viewer.show(model.qpos0)
    assert capfd.readouterr() == ("", "")


@needs_page
def test_closing_ends_the_threads_and_frees_the_port(model):
    before = set(threading.enumerate())
    viewer = open_viewer(model, web=True)
    assert viewer.is_running
    viewer.close()
    viewer.close()
    assert not viewer.is_running and not viewer.show(model.qpos0)
    assert wait_until(lambda: set(threading.enumerate()) <= before)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(viewer)), timeout=5)


@needs_page
def test_one_viewer_at_a_time(page, model):
    with pytest.raises(ViewerFailed, match="already open"):
        open_viewer(model, web=True)
    assert page.is_running


@needs_page
def test_a_taken_port_is_one_sentence(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = f"the page on 127.0.0.1, port {port}, could not be opened: this port is taken"
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
def test_a_broken_viewer_stops_itself_and_nothing_else(page, model, caplog, monkeypatch):
    def explode(_: object) -> bool:
        raise RuntimeError("the browser made no sense")

    monkeypatch.setattr(page._screen.viewer, "prepare_next_frame", lambda: explode(None))
    assert wait_until(lambda: not page.is_running)
    assert not page.show(model.qpos0)
    assert "the viewer stopped: the browser made no sense" in caplog.text


# --- what every viewer does ----------------------------------------------------------------------


class FakeScreen:
    address = None

    def __init__(self) -> None:
        self.sent: list[np.ndarray] = []

    def send(self, qpos: np.ndarray) -> None:
        self.sent.append(qpos)

    def is_running(self) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def screen(monkeypatch):
    from surefoot.sim import viewer

    screen = FakeScreen()
    monkeypatch.setattr(viewer, "_open_screen", lambda *_, **__: screen)
    return screen


def test_frames_that_come_too_fast_are_dropped(model, screen, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with open_viewer(model) as viewer:
        for _ in range(200):  # one second at 200 Hz
            viewer.show(model.qpos0)
            clock[0] += 1 / 200
    # one frame in 7 steps of 5 ms is the fastest that keeps 1/30 s between frames: 200 / 7 = 28.6
    assert len(screen.sent) == 29


def test_a_world_with_a_nan_keeps_its_last_picture(screen, monkeypatch):
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
    rail = [sent.reshape(2, 9)[:, 8].tolist() for sent in screen.sent]
    assert rail == [[0.0, 0.0], [0.1, 0.2], [0.1, 0.3]]
    base_y = screen.sent[0].reshape(2, 9)[:, 1]
    np.testing.assert_array_equal(base_y, [0.0, 2.0])


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
    assert not viewer.is_running
