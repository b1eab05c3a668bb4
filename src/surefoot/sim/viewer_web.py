"""MuJoCo's web viewer on the interface that we want, and on no other."""

from __future__ import annotations

import logging
import socket
from typing import Any

from mujoco.studio import endpoints, viewer_protocol, web_viewer

_log = logging.getLogger(__name__)


class WebViewer(web_viewer.WebViewer):
    """MuJoCo's web viewer, bound to one interface.

    MuJoCo 4.0 serves on every interface: `WebViewer.__init__` sets its `_host` to "::" and binds
    to that. Here `_host` has the value that was asked for, whatever is assigned to it. After the
    start, the address of the listening socket is read back, so that a MuJoCo which does this
    differently is refused instead of exposing the user.

    Args:
        host: Interface to serve on, a name or an address.
        port: 0 takes the first free port from 8080.
        config: Title and size.
        endpoint: The other end of the messages.
        options: As in MuJoCo's class.

    Raises:
        OSError: The host is unknown, the port is taken, or the server listens elsewhere.
    """

    def __init__(
        self,
        host: str,
        port: int,
        config: viewer_protocol.ViewerConfig,
        endpoint: endpoints.ViewerEndpoint,
        **options: Any,
    ) -> None:
        self._wanted = host
        wanted = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        config.http_port = port
        _silence()
        try:
            super().__init__(config, endpoint, **options)
        except RuntimeError as error:  # its words name an option that we do not have
            raise OSError("this port is taken") from error
        listening: socket.socket | None = getattr(self, "_http_sock", None)
        address = (
            listening.getsockname()[:2] if listening is not None else ("an unknown address", 0)
        )
        if address[0] not in wanted:
            self.close()
            raise OSError(f"MuJoCo's server listens on {address[0]}, not on {host}")
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.address = f"http://{shown}:{address[1]}/"

    @property
    def _host(self) -> str:
        return self._wanted

    @_host.setter
    def _host(self, value: str) -> None:
        del value  # MuJoCo's "::"


def _silence() -> None:
    """Keep MuJoCo's web viewer off standard output, which belongs to our own results."""
    web_viewer.__dict__["print"] = lambda *words, **_: _log.debug(" ".join(map(str, words)))
    server = logging.getLogger("WebServer")
    server.handlers.clear()
    server.setLevel(logging.WARNING)
    server.propagate = True
