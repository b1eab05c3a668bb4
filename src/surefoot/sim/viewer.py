"""Watch robots live, in a window or in a browser, and send them commands with sliders or keys."""

from __future__ import annotations

import copy
import sys
import threading
import time
import webbrowser
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import MissingPackage, SurefootError
from surefoot.sim.render_gl import has_screen
from surefoot.sim.viewer_commands import Commands, Slider
from surefoot.sim.viewer_grid import Grid, tile

__all__ = ["LOOPBACK", "Grid", "Slider", "Viewer", "ViewerFailed", "open_viewer", "tile"]

LOOPBACK = "127.0.0.1"
"""The interface that only programs on this machine can reach."""
_FRAME = 1 / 30  # s, the least time between two frames sent
_one_at_a_time = threading.Lock()  # MuJoCo's viewers keep their state per process


class _Screen(Protocol):
    """What a window and a page have in common."""

    @property
    def address(self) -> str | None: ...
    def send(self, qpos: NDArray[np.float64]) -> None: ...
    def is_running(self) -> bool: ...
    def close(self) -> None: ...


class ViewerFailed(SurefootError):
    """The viewer could not start."""


class Viewer:
    """A live picture of one world, or of several on a `Grid`; made by `open_viewer`.

    Nothing here waits for the picture: `show` takes microseconds, and drops what comes faster than
    30 times a second. It is a context manager.
    """

    def __init__(self, screen: _Screen, grid: Grid, commands: Commands) -> None:
        self._screen, self._grid, self._commands = screen, grid, commands
        self._shown = grid.model.qpos0.reshape(len(grid.offsets), -1) - grid.shift
        self._next, self._open = 0.0, True

    @property
    def address(self) -> str | None:
        """Where a browser finds the viewer; None for a window."""
        return self._screen.address

    @property
    def is_running(self) -> bool:
        """Whether someone can still watch: False once the window is closed or the viewer failed."""
        return self._open and self._screen.is_running()

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
        self._screen.send(self._grid.qpos(self._shown))
        return True

    def commands(self) -> NDArray[np.float64]:
        """What the sliders say now, (number of sliders,), in their order and units."""
        return np.array(self._commands.values, dtype=np.float64)

    def close(self) -> None:
        """Close the window or stop the server; a second call does nothing."""
        if self._open:
            self._open = False
            self._screen.close()
            _one_at_a_time.release()

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
    """Open a live viewer, in a thread of its own; one at a time in a process.

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
        MissingPackage: MuJoCo Studio is not there, or has no such viewer on this machine.
        ViewerFailed: The viewer could not start: the port is taken, the server would listen
            elsewhere than asked, there is no window system, or a viewer is open already.
    """
    if web is None:
        web = not has_screen() or sys.platform == "darwin"
    grid = model if isinstance(model, Grid) else _alone(model)
    commands = Commands(sliders)
    if not _one_at_a_time.acquire(blocking=False):
        raise ViewerFailed("a viewer is already open in this process; close it first")
    try:
        where = (host, port) if web else None
        screen = _open_screen(grid, commands, where=where, title=title)
    except BaseException:
        _one_at_a_time.release()
        raise
    if open_browser and screen.address and has_screen():
        webbrowser.open(screen.address)
    return Viewer(screen, grid, commands)


def _open_screen(
    grid: Grid, commands: Commands, *, where: tuple[str, int] | None, title: str
) -> _Screen:
    """A page on a host and port, or else a window."""
    model, follow = _to_look_at(grid.model), len(grid.offsets) == 1
    try:
        if where is None:
            from surefoot.sim.viewer_window import Window

            return Window(model, commands=commands, follow=follow)
        from surefoot.sim.viewer_page import Page

        host, port = where
        return Page(model, host=host, port=port, title=title, commands=commands, follow=follow)
    except ImportError as error:
        raise MissingPackage("mujoco", "the viewer", f"pip install mujoco ({error})") from error
    except OSError as error:
        asked = f"the page on {where[0]}, port {where[1]}," if where else "the window"
        raise ViewerFailed(f"{asked} could not be opened: {error}") from error


def _alone(model: mujoco.MjModel) -> Grid:
    """A grid of one world, which is the model itself."""
    return Grid(model=model, offsets=np.zeros((1, 3)), floating=np.zeros(0, dtype=np.int64))


def _to_look_at(model: mujoco.MjModel) -> mujoco.MjModel:
    """A copy without contacts and constraints, so that the viewer has little to compute."""
    model = copy.copy(model)
    flag = mujoco.mjtDisableBit
    model.opt.disableflags |= int(flag.mjDSBL_CONTACT | flag.mjDSBL_CONSTRAINT)
    return model
