"""What we add to MuJoCo's web viewer: the robot's state, a camera on it, sliders and keys."""

from __future__ import annotations

import time

import mujoco
import numpy as np
from mujoco.studio import (
    messages,
    plugin,
    ux,  # pyright: ignore[reportAttributeAccessIssue]  # added when the package is imported
)
from mujoco.studio.dear_imgui import dear_imgui as imgui
from numpy.typing import NDArray

from surefoot.sim.render_painter import aim
from surefoot.sim.viewer_commands import Arrows, Commands

_QPOS = int(mujoco.mjtState.mjSTATE_QPOS)
_SWEEP = 2.0  # s, from one end of a slider to the other while its key is held
_KEYS: dict[Arrows, tuple[imgui.Key, imgui.Key]] = {
    "up-down": (imgui.Key.UpArrow, imgui.Key.DownArrow),
    "left-right": (imgui.Key.LeftArrow, imgui.Key.RightArrow),
}
_FLAGS = (
    int(imgui.WindowFlags.AlwaysAutoResize)
    | int(imgui.WindowFlags.NoTitleBar)
    | int(imgui.WindowFlags.NoNavInputs)  # the arrow keys are ours
)


class Panel(plugin.ViewerPlugin):
    """A plugin of the viewer: MuJoCo calls its handlers for every frame.

    Args:
        state: The model's positions, (Q,), which someone else keeps up to date.
        commands: What the user may set.
        follow: Keep the camera on the robot, for a single world.
    """

    def __init__(self, state: NDArray[np.float64], commands: Commands, *, follow: bool) -> None:
        self._state, self._commands, self._follow = state, commands, follow
        self._shown = np.full_like(state, np.nan)
        self._last_frame = time.monotonic()

    @messages.handler
    def on_viewer_init(self, _: plugin.ViewerInitEvent) -> None:
        """Point the camera."""
        aim(self.viewer.camera, self.viewer.model, follow=self._follow)
        if self.viewer.camera.type == mujoco.mjtCamera.mjCAMERA_TRACKING:
            self.viewer.camera_index = ux.TRACKING_CAMERA_IDX

    @messages.handler
    def on_update(self, _: messages.UpdateEvent) -> None:
        """Show the newest state; let the keys move the sliders."""
        state = np.array(self._state)
        if not np.array_equal(state, self._shown):
            self._shown = state
            self.viewer.dispatch(messages.StateSnapshot(state=state, state_sig=_QPOS))
        now = time.monotonic()
        elapsed, self._last_frame = min(now - self._last_frame, 0.1), now
        if not imgui.IsAnyItemActive():  # else the mouse is just moving a slider
            self._read_keys(elapsed)

    def _read_keys(self, elapsed: float) -> None:
        if imgui.IsKeyPressed(imgui.Key.Space):
            self._commands.reset()
        for keys, (more, less) in _KEYS.items():
            direction = imgui.IsKeyDown(more) - imgui.IsKeyDown(less)
            if direction:
                self._commands.press(keys, direction * elapsed / _SWEEP)

    @messages.handler
    def on_build_gui(self, _: messages.BuildGuiEvent) -> None:
        """Lay the sliders out."""
        commands = self._commands
        if not commands.sliders:
            return
        imgui.SetNextWindowPos(imgui.Vec2(16, 16), imgui.Cond.FirstUseEver)
        imgui.Begin("Commands", flags=_FLAGS)
        for i, slider in enumerate(commands.sliders):
            imgui.SetNextItemWidth(220)
            shown = f"%.2f {slider.unit.replace('%', '%%')}".rstrip()
            value = float(commands.values[i])
            moved, new = imgui.SliderFloat(slider.name, value, slider.low, slider.high, shown)
            if moved:
                commands.set(i, float(new))
        if imgui.Button("Reset (Space)"):
            commands.reset()
        imgui.End()
