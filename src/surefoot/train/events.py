"""TensorBoard's event files, written at once and in the caller's thread, so that a full disk shows.

`torch.utils.tensorboard` writes from a thread of its own: there, a full disk is a traceback that
nobody can catch.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

_events: Any = event_pb2  # their classes are made when they are imported: no type checker sees them
_summaries: Any = summary_pb2


class EventFile:
    """One file of events; TensorBoard joins all that are in a folder.

    Args:
        folder: Where the file goes.
        purge_step: TensorBoard forgets what older files hold from this step on.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, folder: Path, *, purge_step: int) -> None:
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}"
        self._file = open(folder / name, "wb")  # noqa: SIM115 - open as long as the training runs
        self._records = RecordWriter(self._file)
        self._write(_events.Event(wall_time=time.time(), file_version="brain.Event:2"))
        start = _events.SessionLog(status=_events.SessionLog.START)
        self._write(_events.Event(wall_time=time.time(), step=purge_step, session_log=start))

    def write(self, metrics: dict[str, float], step: int) -> None:
        """Add the metrics of a step.

        Raises:
            OSError: The disk is full.
        """
        value = _summaries.Summary.Value
        values = [value(tag=name, simple_value=number) for name, number in metrics.items()]
        summary = _summaries.Summary(value=values)
        self._write(_events.Event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, event: Any) -> None:
        self._records.write(event.SerializeToString())
        self._file.flush()

    def close(self) -> None:
        """Let go of the file.

        Raises:
            OSError: What a full disk refused before is refused again.
        """
        self._file.close()
