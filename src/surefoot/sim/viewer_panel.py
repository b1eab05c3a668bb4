"""What we add to MuJoCo's web viewer: a camera on the robot, sliders, and keys that move them."""

from __future__ import annotations

import time

import mujoco
from mujoco.studio import (
    messages,
    plugin,
    ux,  # pyright: ignore[reportAttributeAccessIssue]  # added when the package is imported
)
from mujoco.studio.dear_imgui import dear_imgui as imgui

from surefoot.sim.render_painter import aim
from surefoot.sim.viewer_commands import Arrows, Commands, Slider

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
    """Runs in the viewer's thread.

    Args:
        commands: What the user may set.
        follow: Keep the camera on the robot, for a single world.
    """

    def __init__(self, commands: Commands, *, follow: bool) -> None:
        self._commands, self._follow = commands, follow
        self._last_frame = time.monotonic()

    @messages.handler
    def on_viewer_init(self, _: plugin.ViewerInitEvent) -> None:
        """Point the camera."""
        aim(self.viewer.camera, self.viewer.model, follow=self._follow)
        if self.viewer.camera.type == mujoco.mjtCamera.mjCAMERA_TRACKING:
            self.viewer.camera_index = ux.TRACKING_CAMERA_IDX

    @messages.handler
    def on_update(self, _: messages.UpdateEvent) -> None:
        """Let the keys move the sliders, unless the mouse is just moving one."""
        now = time.monotonic()
        elapsed, self._last_frame = min(now - self._last_frame, 0.1), now
        if imgui.IsAnyItemActive():
            return
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
        commands.values = tuple(map(_build_slider_gui, commands.sliders, commands.values))
        if imgui.Button("Reset (Space)"):
            commands.reset()
        imgui.End()


def _build_slider_gui(slider: Slider, value: float) -> float:
    """Lay one slider out; the value that the user left it at."""
    imgui.SetNextItemWidth(220)
    shown = f"%.2f {slider.unit.replace('%', '%%')}".rstrip()
    moved, new = imgui.SliderFloat(slider.name, value, slider.low, slider.high, shown)
    # ctrl-click lets one type any number
    return min(max(float(new), slider.low), slider.high) if moved else value
