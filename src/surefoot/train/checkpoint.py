"""Everything a run is, in one file: written whole or not at all, read without running code."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

from surefoot.errors import BadFile

FORMAT = "surefoot-checkpoint"
VERSION = 1
_DAMAGED = "this is no checkpoint, or a damaged one"
_REMEDY = "Take another checkpoint (best.pt is one to play, not to continue), or train again."


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by new content, or leave the old one untouched.

    Raises:
        BadFile: The disk is full, or the folder cannot be written.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        kept = " The previous one is intact." if path.exists() else ""
        raise BadFile(
            path, f"cannot be written ({error.strerror})", f"Free some space or choose another "
            f"folder, then continue with --resume.{kept}"
        ) from None  # fmt: skip


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint: tensors, numbers, strings, lists and dictionaries only."""
    import torch

    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "version": VERSION, **content}, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        BadFile: It is missing, damaged, something else, or from a newer version of Surefoot.
    """
    if not path.is_file():
        raise BadFile(path, "there is no such checkpoint", "Name a run folder or its .pt file.")
    import torch

    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        content = torch.load(path, map_location="cpu", weights_only=True) if not damaged else None
    except PermissionError:
        raise BadFile(path, "this checkpoint may not be read", "Ask its owner.") from None
    except Exception as error:
        # zipfile, pickle and torch together: 9,000 spoilt files raised 11 kinds, from OverflowError
        # to AssertionError, without a common base; the cause stays with the error
        raise BadFile(path, _DAMAGED, _REMEDY) from error
    if damaged:
        raise BadFile(path, f"this checkpoint is damaged in {damaged}", _REMEDY)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadFile(path, "this file was not written by Surefoot", _REMEDY)
    check_version(path, content.get("version"))
    return content


def fingerprint(path: Path) -> str:
    """What tells a checkpoint from any other: a hash of its table of contents, checksums included.

    Raises:
        BadFile: It cannot be read, or is no checkpoint.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            contents = [(part.filename, part.CRC) for part in archive.infolist()]
    except (OSError, zipfile.BadZipFile):
        raise BadFile(path, _DAMAGED, _REMEDY) from None
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:16]


def check_version(path: Path, version: object) -> None:
    """Refuse what a newer Surefoot wrote."""
    if not isinstance(version, int):
        raise BadFile(path, f"its version is '{version}', not a number", "Restore the file.")
    if version > VERSION:
        raise BadFile(
            path,
            f"written by a newer Surefoot (format {version}, this one reads {VERSION})",
            "Upgrade: pip install --upgrade surefoot",
        )
