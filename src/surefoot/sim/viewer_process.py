"""The process that a viewer lives in: `python -m surefoot.sim.viewer_process` and its other end.

A viewer brings a window system or a web server, C++ that ends the process when it fails, and work
for every frame. In a process of its own it can neither slow the training that it shows nor break
it. State and commands travel through a small file that both processes map into their memory: the
newest value is there, and nobody ever waits.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from surefoot.errors import SurefootError
from surefoot.sim.viewer_commands import Commands, Slider

_START_TIME = 60.0  # s, allowed for the start on a busy machine
_STOP_TIME = 5.0  # s, allowed for the end
_UNSEEN = mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT
_log = logging.getLogger(__name__)


class ViewerFailed(SurefootError):
    """The viewer could not start."""


class ViewerProcess:
    """The simulation's end.

    Args:
        model: What to show.
        web: Host and port of the page, or None for a window.
        title: Of the page.
        sliders: What the user may set.
        follow: Keep the camera on the robot.

    Raises:
        ViewerFailed: The viewer did not start.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        *,
        web: tuple[str, int] | None,
        title: str,
        sliders: Sequence[Slider],
        follow: bool,
    ) -> None:
        self._mourned = False
        self._folder = tempfile.TemporaryDirectory(prefix="surefoot-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        mujoco.mj_saveModel(model, str(folder / "model.mjb"))
        self.state, values = _shared(folder, model.nq, len(sliders), mode="w+")
        self.state[:] = model.qpos0
        self.values = Commands(sliders, values).values
        task: dict[str, Any] = {"folder": str(folder), "web": web, "title": title}
        task |= {"follow": follow, "sliders": [asdict(slider) for slider in sliders]}
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, json.dumps(task)],
                stdin=subprocess.PIPE,  # when it closes, the viewer ends: also if we are killed
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            self.address = self._wait_for_start()
        except BaseException:
            self.close()
            raise
        (folder / "model.mjb").unlink()

    def _wait_for_start(self) -> str | None:
        timer = threading.Timer(_START_TIME, self._process.kill)
        timer.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise ViewerFailed(answer["error"])
        return answer["address"]

    def _last_words(self) -> str:
        lines = (Path(self._folder.name) / "log").read_text(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it ended without a word")

    def is_running(self) -> bool:
        """Whether the viewer lives: its window is open, or its page is served."""
        code = self._process.poll()
        if code and not self._mourned:
            self._mourned = True
            _log.warning("the viewer stopped: %s", self._last_words())
        return code is None

    def close(self) -> None:
        """End the viewer and wait for it; a second call does nothing."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_STOP_TIME)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def _shared(
    folder: Path, nq: int, nb_sliders: int, *, mode: Literal["w+", "r+"]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The memory in common: the state, (Q,), and the values of the sliders."""
    size = max(nq + nb_sliders, 1)
    memory = np.memmap(folder / "memory", np.float64, mode, shape=size)
    return memory[:nq], memory[nq : nq + nb_sliders]


def main() -> None:
    """The viewer's end; the task is the command line's only argument, as JSON."""
    task: dict[str, Any] = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the simulation, which ends us
    threading.Thread(target=_end_with_the_parent, args=[task["folder"]], daemon=True).start()
    # Standard output is for one line, the start's success; what MuJoCo prints goes to the log.
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**answer: str | None) -> None:
        report.write(json.dumps(answer) + "\n")
        report.close()

    code = 0
    try:
        _run(task, say)
    except BaseException as error:  # whatever it is, someone waits for it
        if report.closed:
            traceback.print_exc()
            code = 1
        else:
            say(error=str(error) or type(error).__name__)
    sys.stderr.flush()
    os._exit(code)  # MuJoCo's viewers may crash when Python tears them down: leave at once


def _run(task: dict[str, Any], say: Callable[..., None]) -> None:
    folder = Path(task["folder"])
    model = mujoco.MjModel.from_binary_path(str(folder / "model.mjb"))
    model.opt.disableflags |= int(_UNSEEN)
    sliders = [Slider(**slider) for slider in task["sliders"]]
    state, values = _shared(folder, model.nq, len(sliders), mode="r+")
    commands = Commands(sliders, values)
    if task["web"] is None:
        from surefoot.sim import viewer_window

        follow = task["follow"]
        viewer_window.show(model, state, commands, follow=follow, ready=lambda: say(address=None))
    else:
        from surefoot.sim import viewer_panel, viewer_web

        panel = viewer_panel.Panel(state, commands, follow=task["follow"])
        host, port = task["web"]
        title = task["title"]
        viewer_web.serve(
            model, panel, host=host, port=port, title=title, ready=lambda url: say(address=url)
        )


def _end_with_the_parent(folder: str) -> None:
    sys.stdin.buffer.read()  # returns when the other end is closed, by will or by death
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
