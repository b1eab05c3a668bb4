"""A running viewer of MuJoCo Studio, seen from the simulation. Imported only to open one."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

import mujoco
import numpy as np
from mujoco.studio import endpoints, launch_thread, messages, viewer_handle, viewer_protocol
from numpy.typing import NDArray

from surefoot.sim.viewer import Slider, ViewerFailed
from surefoot.sim.viewer_panel import Panel

_START_TIME = 60.0  # s, allowed for a viewer to start on a busy machine
_QPOS = int(mujoco.mjtState.mjSTATE_QPOS)
_log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # Dear ImGui has one context in a process

_Start = Callable[[endpoints.ViewerEndpoint], viewer_protocol.Viewer]


class Session:
    """One viewer and its thread; made by `Session.start`."""

    def __init__(
        self, handle: viewer_handle.ViewerHandle, panel: Panel, address: str | None
    ) -> None:
        self._handle, self._panel, self._open = handle, panel, True
        self.address = address

    @classmethod
    def start(
        cls,
        model: mujoco.MjModel,
        *,
        web: tuple[str, int] | None,
        title: str,
        sliders: tuple[Slider, ...],
        follow: bool,
    ) -> Session:
        """Open a viewer; see `surefoot.sim.viewer.open_viewer`.

        Args:
            model: What to show.
            web: Host and port of the page, or None for a window.
            title: Of the window or page.
            sliders: What the user may set.
            follow: Keep the camera on the robot.

        Raises:
            ViewerFailed: It did not start.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise ViewerFailed("a viewer is already open in this process; close it first")
        panel = Panel(sliders, follow=follow)

        def make(endpoint: endpoints.ViewerEndpoint) -> viewer_protocol.Viewer:
            config = viewer_protocol.ViewerConfig(title=title)
            if web is None:
                return _window(config, endpoint, model, panel)
            from surefoot.sim.viewer_web import WebViewer

            return WebViewer(*web, config, endpoint, model=model, plugins=[panel])

        try:
            handle, viewer = _launch(make)
        except Exception as error:
            _one_at_a_time.release()
            where = "the window" if web is None else f"the web viewer on {web[0]}, port {web[1]},"
            raise ViewerFailed(f"{where} did not open: {error}") from error
        return cls(handle, panel, getattr(viewer, "address", None))

    def send(self, qpos: NDArray[np.float64]) -> None:
        """Hand a state over, (Q,); it replaces one that was not drawn yet."""
        self._handle.send_to_viewer(messages.StateSnapshot(state=qpos, state_sig=_QPOS))

    def commands(self) -> tuple[float, ...]:
        """The values of the sliders."""
        return self._panel.values

    def is_running(self) -> bool:
        """Whether the viewer's thread lives; the reason why it does not is logged once."""
        if self._open and not self._calmly(self._handle.is_running):
            self.close()
        return self._open

    def close(self) -> None:
        """End the viewer's thread and wait for it."""
        if self._open:
            self._open = False
            self._calmly(self._handle.close)
            _one_at_a_time.release()

    def _calmly(self, call: Callable[[], bool | None]) -> bool | None:
        """Call, but let no failure of the viewer stop the training that it shows."""
        try:
            return call()
        except Exception as error:
            _log.warning("the viewer stopped: %s", error)
            return False


def _window(
    config: viewer_protocol.ViewerConfig,
    endpoint: endpoints.ViewerEndpoint,
    model: mujoco.MjModel,
    panel: Panel,
) -> viewer_protocol.Viewer:
    if sys.platform == "linux":  # MuJoCo's windows need X, also in a Wayland session
        os.environ.setdefault("SDL_VIDEODRIVER", "x11")
    from mujoco.studio import native_viewer

    return native_viewer.NativeViewer(config, endpoint, model=model, plugins=[panel])


def _launch(make: _Start) -> tuple[viewer_handle.ViewerHandle, viewer_protocol.Viewer]:
    """Make a viewer in a thread of its own, which runs it; wait until it is made."""
    made: Future[viewer_protocol.Viewer] = Future()

    def run(endpoint: endpoints.ViewerEndpoint) -> None:
        try:
            viewer = make(endpoint)
        except BaseException as error:
            made.set_exception(error)
            return
        made.set_result(viewer)
        viewer_protocol.run_viewer_loop(viewer)

    handle = launch_thread.launch_thread(run)
    try:
        return handle, made.result(timeout=_START_TIME)
    except BaseException:
        handle.close()
        raise
