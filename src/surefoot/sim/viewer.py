"""Watch robots live, in a window or in a browser, and send them commands with sliders or keys."""

from __future__ import annotations

import copy
import math
import sys
import time
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from surefoot.errors import InvalidConfig, MissingPackage, SurefootError
from surefoot.sim.render_gl import has_screen
from surefoot.sim.viewer_grid import Grid, tile

if TYPE_CHECKING:
    from surefoot.sim.viewer_studio import Session

__all__ = ["Grid", "Slider", "Viewer", "ViewerFailed", "open_viewer", "tile"]

LOOPBACK = "127.0.0.1"
"""The interface that only programs on this machine can reach."""
_FRAME = 1 / 30  # s, the least time between two frames sent


@dataclass(frozen=True, kw_only=True)
class Slider:
    """One number that the user sets while the robot runs."""

    name: str
    """What it is, as shown beside the slider."""
    low: float
    """Left end."""
    high: float
    """Right end."""
    unit: str = ""
    """Unit of the number, as shown."""
    initial: float = 0.0
    """Value at the start and after the key Space."""
    keys: Literal["up-down", "left-right"] | None = None
    """Arrow keys that also move it: Up, or Left as for turning left, makes it grow."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidConfig(f"Slider.low must be below high, got {self.low} and {self.high}")
        if not self.low <= self.initial <= self.high:
            raise InvalidConfig(
                f"Slider.initial must be in [{self.low}, {self.high}], got {self.initial}"
            )


class ViewerFailed(SurefootError):
    """The viewer could not start."""


class Viewer:
    """A live picture of one world, or of several on a `Grid`; made by `open_viewer`.

    Nothing here waits for the picture: `show` takes microseconds, and drops what comes faster than
    30 times a second. It is a context manager.
    """

    def __init__(self, session: Session, grid: Grid) -> None:
        self._session, self._grid = session, grid
        self._shown = grid.model.qpos0.reshape(len(grid.offsets), -1).copy()
        self._next = 0.0

    @property
    def address(self) -> str | None:
        """Where a browser finds the viewer; None for a window."""
        return self._session.address

    @property
    def is_running(self) -> bool:
        """Whether someone can still watch: False once the window is closed or the viewer failed."""
        return self._session.is_running()

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
        self._session.send(self._grid.qpos(self._shown))
        return True

    def commands(self) -> NDArray[np.float64]:
        """What the sliders say now, (number of sliders,), in their order and units."""
        return np.array(self._session.commands(), dtype=np.float64)

    def close(self) -> None:
        """Close the window or stop the server; a second call does nothing."""
        self._session.close()

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
    try:
        from surefoot.sim.viewer_studio import Session
    except ImportError as error:
        raise MissingPackage("mujoco-studio", "the viewer", "pip install mujoco") from error
    session = Session.start(
        _to_look_at(grid.model),
        web=(host, port) if web else None,
        title=title,
        sliders=sliders,
        follow=len(grid.offsets) == 1,
    )
    if open_browser and session.address and has_screen():
        webbrowser.open(session.address)
    return Viewer(session, grid)


def _alone(model: mujoco.MjModel) -> Grid:
    """A grid of one world, which is the model itself."""
    return Grid(model=model, offsets=np.zeros((1, 3)), floating=np.zeros(0, dtype=np.int64))


def _to_look_at(model: mujoco.MjModel) -> mujoco.MjModel:
    """A copy without contacts and constraints, so that the viewer has little to compute."""
    model = copy.copy(model)
    flag = mujoco.mjtDisableBit
    model.opt.disableflags |= int(flag.mjDSBL_CONTACT | flag.mjDSBL_CONSTRAINT)
    return model
