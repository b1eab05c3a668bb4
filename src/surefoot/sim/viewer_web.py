"""The viewer as a page in a browser: MuJoCo's web viewer, on the interface that we want."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import mujoco
from mujoco.studio import endpoints, launch_thread, viewer_protocol, web_viewer

from surefoot.sim.viewer_panel import Panel

_LISTEN_TIME = 30.0  # s, allowed for the server to listen on a busy machine


def serve(
    model: mujoco.MjModel,
    panel: Panel,
    *,
    host: str,
    port: int,
    title: str,
    ready: Callable[[str], None],
) -> None:
    """Serve the page for as long as the process lives.

    Args:
        model: What to show.
        panel: Brings the state and the sliders.
        host: Interface to serve on.
        port: 0 takes the first free port from 8080.
        title: Of the page.
        ready: Called with the page's address once it is served.

    Raises:
        OSError: The server did not start as asked.
    """
    config = viewer_protocol.ViewerConfig(title=title, http_port=port)
    endpoint, _ = launch_thread.make_thread_endpoints()
    viewer = WebViewer(host, config, endpoint, model=model, plugins=[panel])
    _wait_until_reachable(viewer.listens_on)
    ready(viewer.address)
    viewer_protocol.run_viewer_loop(viewer)


class WebViewer(web_viewer.WebViewer):
    """MuJoCo's web viewer, bound to one interface.

    MuJoCo 4.0 serves on every interface: `WebViewer.__init__` sets its `_host` to "::" and binds
    to that. Here `_host` has the value that was asked for, whatever is assigned to it. After the
    start, the address of the listening socket is read back, so that a MuJoCo which does this
    differently is refused instead of exposing the user.

    Args:
        host: Interface to serve on, a name or an address.
        config: Port, title and size.
        endpoint: The other end of the messages.
        options: As in MuJoCo's class.

    Raises:
        OSError: The host is unknown, the port is taken, or the server listens elsewhere.
    """

    def __init__(
        self,
        host: str,
        config: viewer_protocol.ViewerConfig,
        endpoint: endpoints.ViewerEndpoint,
        **options: Any,
    ) -> None:
        self._wanted = host
        wanted = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        try:
            super().__init__(config, endpoint, **options)
        except RuntimeError as error:  # its words name an option that we do not have
            raise OSError("no such port is free") from error
        listening: socket.socket | None = getattr(self, "_http_sock", None)
        self.listens_on = listening.getsockname()[:2] if listening else ("an unknown address", 0)
        address, port = self.listens_on
        if address not in wanted:
            self.close()
            raise OSError(f"MuJoCo's server listens on {address}, not on {host}")
        self.address = f"http://{f'[{address}]' if ':' in address else address}:{port}/"

    @property
    def _host(self) -> str:
        return self._wanted

    @_host.setter
    def _host(self, value: str) -> None:
        del value  # MuJoCo's "::"


def _wait_until_reachable(where: tuple[str, int]) -> None:
    """Wait for MuJoCo's server thread, which starts to listen some time after it was made."""
    end = time.monotonic() + _LISTEN_TIME
    while True:
        try:
            socket.create_connection(where, timeout=_LISTEN_TIME).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
