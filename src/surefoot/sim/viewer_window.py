"""The viewer as a window: MuJoCo's classic viewer, fed by the simulation.

MuJoCo 4.0 has a newer window, `mujoco.studio.native_viewer`; it needs Python 3.12, and on Linux it
fails at its first frame.
"""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import Future

import mujoco
import numpy as np
from mujoco import viewer
from numpy.typing import NDArray

from surefoot.sim.render_painter import aim, base_body, bounds
from surefoot.sim.viewer_commands import Arrows, Commands

_START_TIME = 60.0  # s, allowed for the start on a busy machine
_STOP_TIME = 5.0  # s, allowed for the end
_STEP = 0.05  # of a slider's range, for each press of a key
_LABEL_LENGTH = 99  # characters that MuJoCo keeps
_INK = np.array([0.1, 0.1, 0.1, 1.0], dtype=np.float32)
_KEYS: dict[int, tuple[Arrows, float]] = {
    viewer.glfw.KEY_UP: ("up-down", _STEP),
    viewer.glfw.KEY_DOWN: ("up-down", -_STEP),
    viewer.glfw.KEY_LEFT: ("left-right", _STEP),
    viewer.glfw.KEY_RIGHT: ("left-right", -_STEP),
}


class Window:
    """A window that shows one model. The user's commands come from the arrow keys and Space.

    Args:
        model: What to show.
        commands: What the user may set; the values are written into a corner of the picture.
        follow: Keep the camera on the robot.

    Raises:
        OSError: No window can be opened here.
    """

    address = None

    def __init__(self, model: mujoco.MjModel, *, commands: Commands, follow: bool) -> None:
        _require_window_system()
        self._model, self._data, self._commands = model, mujoco.MjData(model), commands
        self._base = base_body(model)
        mujoco.mj_kinematics(model, self._data)
        center, radius = bounds(model, self._data)
        self._above = center[2] + radius - self._data.xpos[self._base, 2]
        others = set(threading.enumerate())
        self._handle = _launch(model, self._data, commands)
        self._threads = set(threading.enumerate()) - others
        with self._handle.lock():
            aim(self._handle.cam, model, follow=follow)

    def send(self, qpos: NDArray[np.float64]) -> None:
        """Hand a state over, (Q,); it replaces one that was not drawn yet."""
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        with self._handle.lock():
            self._write_commands(self._data.xpos[self._base])
        self._handle.sync(state_only=True)

    def _write_commands(self, place: NDArray[np.float64]) -> None:
        """Float the values beside the robot.

        MuJoCo's way to write into a corner, `set_texts`, waits for the window without giving up
        the interpreter, which the window takes to report a key: they block each other for good.
        """
        scene = self._handle.user_scn
        if scene is None:
            return
        commands = zip(self._commands.sliders, self._commands.values, strict=True)
        text = ", ".join(f"{s.name} {v:+.2f} {s.unit}" for s, v in commands)
        label, kind = scene.geoms[0], mujoco.mjtGeom.mjGEOM_LABEL
        place = place + np.array([0.0, 0.0, self._above])
        mujoco.mjv_initGeom(label, kind, np.zeros(3), place, np.eye(3).ravel(), _INK)
        label.label = text[:_LABEL_LENGTH]
        scene.ngeom = 1 if text else 0

    def is_running(self) -> bool:
        """Whether the window is open."""
        return self._handle.is_running()

    def close(self) -> None:
        """Close the window, and wait for its threads: Python's exit would break them off."""
        self._handle.close()
        for thread in self._threads:
            thread.join(timeout=_STOP_TIME)


def _launch(model: mujoco.MjModel, data: mujoco.MjData, commands: Commands) -> viewer.Handle:
    def on_key(key: int) -> None:
        if key == viewer.glfw.KEY_SPACE:
            commands.reset()
        elif key in _KEYS:
            commands.press(*_KEYS[key])

    opened: Future[viewer.Handle] = Future()

    def launch() -> None:  # when no window can be made, this call never returns
        opened.set_result(
            viewer.launch_passive(
                model, data, key_callback=on_key, show_left_ui=False, show_right_ui=False
            )
        )

    threading.Thread(target=launch, daemon=True).start()
    try:
        return opened.result(timeout=_START_TIME)
    except TimeoutError:
        raise OSError("MuJoCo opened no window in a minute") from None


def _require_window_system() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GLFW explains itself in warnings; one error is enough
        if not viewer.glfw.init():
            raise OSError("there is no window system here (DISPLAY or WAYLAND_DISPLAY)")
