"""The viewer as a window: MuJoCo's classic viewer.

MuJoCo 4.0 has a newer window, `mujoco.studio.native_viewer`, which needs Python 3.12 and fails at
its first frame on Linux.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import mujoco
import numpy as np
from mujoco import viewer
from numpy.typing import NDArray

from surefoot.sim.render_painter import aim, base_body, bounds
from surefoot.sim.viewer_commands import Arrows, Commands

_FRAME = 1 / 60  # s, between two looks at the state
_STEP = 0.05  # of a slider's range, for each press of a key
_LABEL_LENGTH = 99  # characters that MuJoCo keeps
_INK = np.array([0.1, 0.1, 0.1, 1.0], dtype=np.float32)
_KEYS: dict[int, tuple[Arrows, float]] = {
    viewer.glfw.KEY_UP: ("up-down", _STEP),
    viewer.glfw.KEY_DOWN: ("up-down", -_STEP),
    viewer.glfw.KEY_LEFT: ("left-right", _STEP),
    viewer.glfw.KEY_RIGHT: ("left-right", -_STEP),
}


def show(
    model: mujoco.MjModel,
    state: NDArray[np.float64],
    commands: Commands,
    *,
    follow: bool,
    ready: Callable[[], None],
) -> None:
    """Show the model until the user closes the window; its commands come from the arrow keys.

    Args:
        model: What to show.
        state: The model's positions, (Q,), which someone else keeps up to date.
        commands: What the user may set; the values float above the robot.
        follow: Keep the camera on the robot.
        ready: Called once the window is open.

    Raises:
        OSError: There is no window system.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GLFW explains itself in warnings; one error is enough
        if not viewer.glfw.init():
            raise OSError("there is no window system here (DISPLAY or WAYLAND_DISPLAY)")

    def on_key(key: int) -> None:
        if key == viewer.glfw.KEY_SPACE:
            commands.reset()
        elif key in _KEYS:
            commands.press(*_KEYS[key])

    data = mujoco.MjData(model)
    handle = viewer.launch_passive(
        model, data, key_callback=on_key, show_left_ui=False, show_right_ui=False
    )
    with handle.lock():
        aim(handle.cam, model, follow=follow)
    ready()
    mujoco.mj_kinematics(model, data)
    center, radius = bounds(model, data)
    above = np.array([0.0, 0.0, center[2] + radius - data.xpos[base_body(model), 2]])
    while handle.is_running():
        data.qpos[:] = state
        mujoco.mj_kinematics(model, data)
        if handle.user_scn is not None:
            with handle.lock():
                _write(handle.user_scn, commands, data.xpos[base_body(model)] + above)
        handle.sync(state_only=True)
        time.sleep(_FRAME)


def _write(scene: mujoco.MjvScene, commands: Commands, place: NDArray[np.float64]) -> None:
    """Let the values float at a place in the world.

    The viewer's way to write into a corner, `set_texts`, waits for the window without giving up
    the interpreter, which the window takes to report a key: they block each other for good.
    """
    pairs = zip(commands.sliders, commands.values, strict=True)
    text = ", ".join(f"{slider.name} {value:+.2f} {slider.unit}" for slider, value in pairs)
    label, kind = scene.geoms[0], mujoco.mjtGeom.mjGEOM_LABEL
    mujoco.mjv_initGeom(label, kind, np.zeros(3), place, np.eye(3).ravel(), _INK)
    label.label = text[:_LABEL_LENGTH]
    scene.ngeom = 1 if text else 0
