"""Pictures and videos of a robot, on a machine with or without a screen."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import imageio.v2 as imageio
import mujoco
from numpy.typing import ArrayLike

from surefoot.errors import BadFile
from surefoot.sim.render_look import decorate
from surefoot.sim.render_painter import Frame, Painter, Shot

__all__ = ["Frame", "Painter", "Shot", "VideoWriter", "decorate", "record", "snapshot"]

_REMEDY = "Free some disk space, or write elsewhere."


class VideoWriter:
    """Writes an mp4, one picture after the other.

    The file appears when the video is complete and was read back; until then the frames go to a
    hidden file beside it, so an older video survives a failure. Leaving the context after an error
    discards the new one; after Ctrl-C it is finished. Use it in one thread.

    Args:
        path: A file name that ends in .mp4, in a folder that exists.
        fps: Frames per second. For real time, add a picture of every (control rate / fps)-th state.

    Raises:
        BadFile: The file cannot be written: no such folder, no permission, or a full disk.
    """

    def __init__(self, path: Path, *, fps: float = 30.0) -> None:
        _check_writable(path, ".mp4")
        self.path, self.nb_frames = path, 0
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.mp4")
        self._file: Any = imageio.get_writer(
            self._partial,
            format="FFMPEG",
            mode="I",
            fps=fps,
            codec="libx264",
            quality=7,
            macro_block_size=2,
            ffmpeg_log_level="fatal",  # what goes wrong is said once, by the errors below
        )

    def add(self, frame: Frame) -> None:
        """Append one frame.

        Args:
            frame: (H, W, 3), as large as the first one. The codec wants even sizes: an odd last row
                or column is left out.

        Raises:
            BadFile: The video cannot be written any further.
        """
        height, width, _ = frame.shape
        try:
            self._file.append_data(frame[: height // 2 * 2, : width // 2 * 2])
        except OSError as error:
            self.discard()
            raise BadFile(self.path, "the video could not be written", _REMEDY) from error
        self.nb_frames += 1

    def close(self) -> None:
        """Finish the file and check that every frame can be read back; no frame, no file.

        Raises:
            BadFile: The file is not whole. The encoder itself does not tell when a disk is full.
        """
        self._file.close()
        if not self._partial.exists():
            return
        readable = _count_frames(self._partial)
        if readable != self.nb_frames:
            self._partial.unlink()
            problem = f"only {readable} of {self.nb_frames} frames could be written"
            raise BadFile(self.path, problem, _REMEDY)
        self._partial.replace(self.path)

    def discard(self) -> None:
        """Stop, and leave no new file behind."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self.discard()


def record(
    path: Path,
    model: mujoco.MjModel,
    states: Iterable[ArrayLike],
    *,
    fps: float = 30.0,
    width: int = 854,
    height: int = 480,
    shot: Shot | None = None,
) -> int:
    """Write a video of a whole sequence of states, each (Q,); see `VideoWriter` and `Painter`.

    Returns:
        The number of frames.
    """
    with (
        VideoWriter(path, fps=fps) as video,
        Painter(model, width=width, height=height, shot=shot, fps=fps) as painter,
    ):
        for qpos in states:
            video.add(painter.draw(qpos))
    return video.nb_frames


def snapshot(
    model: mujoco.MjModel,
    qpos: ArrayLike,
    path: Path,
    *,
    width: int = 1280,
    height: int = 720,
    shot: Shot | None = None,
) -> None:
    """Write one picture as PNG.

    Args:
        model: What to draw; see `decorate` for a good look.
        qpos: (Q,), the model's positions.
        path: A file name that ends in .png, in a folder that exists.
        width: Pixels, even.
        height: Pixels, even.
        shot: Where the camera stands.

    Raises:
        BadFile: The file cannot be written.
        MissingPackage: No OpenGL can be had.
    """
    _check_writable(path, ".png")
    with Painter(model, width=width, height=height, shot=shot) as painter:
        frame = painter.draw(qpos)
    try:
        imageio.imwrite(path, frame)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BadFile(path, f"the picture could not be written ({error})", _REMEDY) from error


def _check_writable(path: Path, suffix: str) -> None:
    """Refuse a file name that cannot become a file, before any work is done for it."""
    if path.suffix.lower() != suffix:
        raise BadFile(
            path, f"the name does not end in '{suffix}'", f"Call it '{path.stem}{suffix}'."
        )
    if path.is_dir():
        raise BadFile(path, "this is a folder", "Name a file in it.")
    if not path.parent.is_dir():
        raise BadFile(path, f"the folder '{path.parent}' does not exist", "Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise BadFile(path, f"the folder '{path.parent}' cannot be written", "Write elsewhere.")


def _count_frames(path: Path) -> int:
    """How many frames can be read from a video; 0 when it is not one."""
    try:
        reader: Any = imageio.get_reader(path, format="FFMPEG")
    except OSError:
        return 0
    with reader:
        return int(reader.count_frames())
