"""What our viewer adds to MuJoCo's: a camera on the robot, sliders, and keys that move them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import mujoco
from mujoco.studio import (
    messages,
    plugin,
    ux,  # pyright: ignore[reportAttributeAccessIssue]  # added on import
)
from mujoco.studio.dear_imgui import dear_imgui as imgui

from surefoot.sim.render_painter import Shot, base_body

if TYPE_CHECKING:
    from surefoot.sim.viewer import Slider

_PANEL_FLAGS = (
    int(imgui.WindowFlags.AlwaysAutoResize)
    | int(imgui.WindowFlags.NoTitleBar)
    | int(imgui.WindowFlags.NoNavInputs)
)
_SWEEP = 2.0  # s, from one end of a slider to the other while its key is held
_KEYS = {
    "up-down": (imgui.Key.UpArrow, imgui.Key.DownArrow),
    "left-right": (imgui.Key.LeftArrow, imgui.Key.RightArrow),
    None: (),
}


class Panel(plugin.ViewerPlugin):
    """Runs in the viewer's thread; the simulation only ever reads `values`.

    Args:
        sliders: What the user may set.
        follow: Keep the camera on the robot, for a single world.
    """

    def __init__(self, sliders: Sequence[Slider], *, follow: bool) -> None:
        self.values = tuple(s.initial for s in sliders)  # replaced whole, so never half new
        self._sliders, self._follow = tuple(sliders), follow
        self._last_frame = time.monotonic()

    @messages.handler
    def on_viewer_init(self, _: plugin.ViewerInitEvent) -> None:
        """Point the camera."""
        model, camera, shot = self.viewer.model, self.viewer.camera, Shot()
        mujoco.mjv_defaultFreeCamera(model, camera)
        camera.azimuth, camera.elevation = shot.azimuth, shot.elevation
        camera.distance *= 1.3 if self._follow else 0.7
        if self._follow and model.nbody > 1:
            camera.type = int(mujoco.mjtCamera.mjCAMERA_TRACKING)
            camera.trackbodyid = base_body(model)
            self.viewer.camera_index = ux.TRACKING_CAMERA_IDX
        ux.setup_theme(ux.GuiTheme.LIGHT)

    @messages.handler
    def on_update(self, _: messages.UpdateEvent) -> None:
        """Let the mouse move the camera and the keys move the sliders."""
        now = time.monotonic()
        elapsed, self._last_frame = now - self._last_frame, now
        if self.viewer.client_camera is None and not imgui.GetIO().WantCaptureMouse:
            ux.move_camera_with_mouse(self.viewer.model, self.viewer.camera, fly_camera=False)
        if not imgui.IsAnyItemActive():
            self.values = tuple(map(lambda s, v: _moved(s, v, elapsed), self._sliders, self.values))

    @messages.handler
    def on_build_gui(self, _: messages.BuildGuiEvent) -> None:
        """Lay the sliders out."""
        if not self._sliders:
            return
        imgui.SetNextWindowPos(imgui.Vec2(16, 16), imgui.Cond.FirstUseEver)
        imgui.Begin("Commands", flags=_PANEL_FLAGS)
        changed = [_slider(s, v) for s, v in zip(self._sliders, self.values, strict=True)]
        reset = imgui.Button("Reset (Space)")
        imgui.End()
        self.values = tuple(s.initial for s in self._sliders) if reset else tuple(changed)


def _moved(slider: Slider, value: float, elapsed: float) -> float:
    """The slider's value after its keys were looked at."""
    if imgui.IsKeyPressed(imgui.Key.Space):
        return slider.initial
    down = [imgui.IsKeyDown(key) for key in _KEYS[slider.keys]]
    if not any(down):
        return value
    step = (slider.high - slider.low) * min(elapsed, 0.1) / _SWEEP
    return min(max(value + step * (down[0] - down[1]), slider.low), slider.high)


def _slider(slider: Slider, value: float) -> float:
    """Draw one slider; the value that the user left it at."""
    imgui.SetNextItemWidth(220)
    shown = f"%.2f {slider.unit.replace('%', '%%')}".rstrip()
    return float(imgui.SliderFloat(slider.name, value, slider.low, slider.high, shown)[1])
