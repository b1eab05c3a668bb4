"""The viewer as a page in a browser: MuJoCo's web viewer in a thread, seen from the simulation."""

from __future__ import annotations

import logging
from concurrent.futures import Future

import mujoco
import numpy as np
from mujoco.studio import endpoints, launch_thread, messages, viewer_protocol
from numpy.typing import NDArray

from surefoot.sim.viewer_commands import Commands
from surefoot.sim.viewer_panel import Panel
from surefoot.sim.viewer_web import WebViewer

_START_TIME = 60.0  # s, allowed for the start on a busy machine
_QPOS = int(mujoco.mjtState.mjSTATE_QPOS)
_log = logging.getLogger(__name__)


class Page:
    """A page that shows one model.

    Args:
        model: What to show; the page keeps a copy.
        host: Interface to serve on.
        port: 0 takes the first free port from 8080.
        title: Of the page.
        commands: What the user may set.
        follow: Keep the camera on the robot.

    Raises:
        OSError: The server did not start as asked.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        *,
        host: str,
        port: int,
        title: str,
        commands: Commands,
        follow: bool,
    ) -> None:
        config = viewer_protocol.ViewerConfig(title=title)
        started: Future[str] = Future()

        def run(endpoint: endpoints.ViewerEndpoint) -> None:
            # the viewer must end where it began: nothing outside this thread may hold it
            panel = Panel(commands, follow=follow)
            try:
                viewer = WebViewer(host, port, config, endpoint, model=model, plugins=[panel])
            except BaseException as error:  # whatever it is, the caller below waits for it
                started.set_exception(error)
                return
            started.set_result(viewer.address)
            viewer_protocol.run_viewer_loop(viewer)

        self._handle = launch_thread.launch_thread(run)
        try:
            self.address: str | None = started.result(timeout=_START_TIME)
        except BaseException:
            self._handle.close()
            raise

    def send(self, qpos: NDArray[np.float64]) -> None:
        """Hand a state over, (Q,); it replaces one that was not drawn yet."""
        self._handle.send_to_viewer(messages.StateSnapshot(state=qpos, state_sig=_QPOS))

    def is_running(self) -> bool:
        """Whether the page is served."""
        try:
            return self._handle.is_running()
        except Exception as error:  # the viewer's own, which must not stop what it shows
            _log.warning("the viewer stopped: %s", error)
            return False

    def close(self) -> None:
        """Stop the server and wait for its thread."""
        try:
            self._handle.close()
        except Exception as error:  # as above
            _log.warning("the viewer stopped: %s", error)
