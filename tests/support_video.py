"""Reading back what was filmed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray


def read_video(path: Path) -> tuple[NDArray[np.uint8], float]:
    """All frames (N, H, W, 3) of a video, and how many there are a second.

    A picture must have more than 64 KiB: when ffmpeg has written all it has before imageio's reader
    is closed, the reader leaves its pipes open, which is a warning.
    """
    with imageio.get_reader(path, format="FFMPEG") as video:
        about: dict[str, Any] = video.get_meta_data()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "fatal", "-i", str(path), "-f", "rawvideo",
               "-pix_fmt", "rgb24", "-"]  # fmt: skip
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = about["size"]
    return np.frombuffer(pixels, dtype=np.uint8).reshape(-1, height, width, 3), about["fps"]
