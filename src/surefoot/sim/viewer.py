"""Watch robots live, in a window or in a browser, and send them commands with sliders or keys."""

from __future__ import annotations

import sys
import time
import webbrowser

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.sim.render_gl import has_screen
from surefoot.sim.viewer_commands import Slider
from surefoot.sim.viewer_grid import Grid, tile
from surefoot.sim.viewer_process import ViewerFailed, ViewerProcess

__all__ = ["LOOPBACK", "Grid", "Slider", "Viewer", "ViewerFailed", "open_viewer", "tile"]

LOOPBACK = "127.0.0.1"
"""The interface that only programs on this machine can reach."""
_FRAME = 1 / 30  # s, the least time between two states shown


class Viewer:
    """A live picture of one world, or of several on a `Grid`; made by `open_viewer`.

    Nothing here waits for the picture: `show` takes microseconds, and drops what comes faster than
    30 times a second. It is a context manager.
    """

    def __init__(self, process: ViewerProcess, grid: Grid) -> None:
        self._process, self._grid = process, grid
        self._shown = grid.model.qpos0.reshape(len(grid.offsets), -1) - grid.shift
        self._next, self._open = 0.0, True

    @property
    def address(self) -> str | None:
        """Where a browser finds the viewer; None for a window."""
        return self._process.address

    @property
    def is_running(self) -> bool:
        """Whether someone can still watch: False once the window is closed or the viewer failed."""
        return self._open and self._process.is_running()

    def show(self, qpos: ArrayLike) -> bool:
        """Show the worlds' states, unless the last ones are younger than 1/30 s.

        Args:
            qpos: Positions, (N, Q), or (Q,) for a single world. A world with a NaN keeps its last
                picture.

        Returns:
            Whether these states are shown.
        """
        now = time.monotonic()
        if now < self._next or not self.is_running:
            return False
        self._next = now + _FRAME
        rows = np.array(qpos, dtype=np.float64, ndmin=2)
        finite = np.isfinite(rows).all(axis=1)
        self._shown[finite] = rows[finite]
        self._process.state[:] = self._grid.qpos(self._shown)
        return True

    def commands(self) -> NDArray[np.float64]:
        """What the sliders say now, (number of sliders,), in their order and units."""
        return np.array(self._process.values)

    def close(self) -> None:
        """Close the window or stop the server; a second call does nothing."""
        if self._open:
            self._open = False
            self._process.close()

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_viewer(
    model: mujoco.MjModel | Grid,
    *,
    web: bool | None = None,
    host: str = LOOPBACK,
    port: int = 0,
    title: str = "Surefoot",
    sliders: tuple[Slider, ...] = (),
    open_browser: bool = False,
) -> Viewer:
    """Open a live viewer, in a process of its own, which ends with this one.

    Args:
        model: What to show: one world, or several made by `tile`. The viewer keeps a copy.
        web: Serve a page instead of opening a window. None opens a window where that works: on
            Windows, and on Linux with an X display; a Mac gives windows to the main thread only.
        host: Interface that the page is served on. The page has no password, so the default is
            the loopback interface: nobody on the network reaches it. From another computer, forward
            the port (`ssh -L 8080:localhost:8080`).
        port: Port of the page; 0 takes the first free one from 8080.
        title: Of the window or page.
        sliders: Numbers that the user may set, read by `Viewer.commands`.
        open_browser: Also open the page in the user's browser, where there is a screen.

    Raises:
        ViewerFailed: The viewer could not start: the port is taken, the server would listen
            elsewhere than asked, or there is no window system.
    """
    if web is None:
        web = not has_screen() or sys.platform == "darwin"
    grid = model if isinstance(model, Grid) else _alone(model)
    try:
        process = ViewerProcess(
            grid.model,
            web=(host, port) if web else None,
            title=title,
            sliders=sliders,
            follow=len(grid.offsets) == 1,
        )
    except (ViewerFailed, OSError) as error:
        what = f"the page on {host}, port {port}," if web else "the window"
        raise ViewerFailed(f"{what} could not be opened: {error}") from error
    if open_browser and process.address and has_screen():
        webbrowser.open(process.address)
    return Viewer(process, grid)


def _alone(model: mujoco.MjModel) -> Grid:
    """A grid of one world, which is the model itself."""
    return Grid(model=model, offsets=np.zeros((1, 3)), floating=np.zeros(0, dtype=np.int64))
