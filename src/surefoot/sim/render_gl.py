"""A surface for MuJoCo to draw on, screen or no screen, or one sentence on what is missing."""

from __future__ import annotations

import copy
import importlib
import os
import sys

import mujoco
from mujoco.rendering.classic import gl_context

from surefoot.errors import MissingPackage


def has_screen() -> bool:
    """Whether a window could be opened on this machine."""
    screens = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(screens)


def open_renderer(model: mujoco.MjModel, width: int, height: int) -> mujoco.Renderer:
    """An offscreen renderer of the asked size, through EGL where there is no screen.

    `MUJOCO_GL` decides, as everywhere with MuJoCo; only when it is unset and there is no screen do
    we set it to "egl". MuJoCo reads the variable when it is imported, which is long past by now,
    so it is made to read it again. A renderer belongs to the thread that opened it.

    Args:
        model: What to draw. The renderer keeps a copy, with room for a picture of this size.
        width: Pixels.
        height: Pixels.

    Raises:
        MissingPackage: No OpenGL can be had; the message names the system package.
    """
    if not os.environ.get("MUJOCO_GL") and not has_screen():
        os.environ["MUJOCO_GL"] = "egl"
    model = copy.copy(model)
    visual = model.vis
    visual.global_.offwidth, visual.global_.offheight = width, height
    visual.quality.offsamples = 0  # multisampling is the dearest way to smooth edges on a CPU
    try:
        importlib.reload(gl_context)
        return mujoco.Renderer(model, height=height, width=width)
    except Exception as error:  # each OpenGL platform has errors of its own: any means "no OpenGL"
        raise _no_opengl(error) from error


def _no_opengl(error: Exception) -> MissingPackage:
    chosen = os.environ.get("MUJOCO_GL", "")
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    retry = "" if chosen in ("", "egl") else f", then unset MUJOCO_GL, which is '{chosen}' now"
    return MissingPackage(
        "libegl1",
        "drawing without a screen",
        "apt-get install libegl1 libgl1-mesa-dri (Debian, Ubuntu) or dnf install mesa-libEGL "
        f"mesa-dri-drivers (Fedora){retry}. MuJoCo said: {reason}",
    )
