"""One seed, many independent streams: every random generator of a run is derived here."""

from __future__ import annotations

import zlib

import numpy as np


def stream_seed(seed: int, stream: str) -> int:
    """Seed of a named random stream, independent of every other stream of the same run.

    Args:
        seed: The run's seed, a non-negative integer.
        stream: What the generator is for, such as "policy" or "world".

    Returns:
        A 63-bit integer, the same on every machine.

    Source: NumPy's `SeedSequence` with a spawn key; hashing the name into the key is ours.
    """
    key = zlib.crc32(stream.encode())
    low, high = np.random.SeedSequence(seed, spawn_key=(key,)).generate_state(2)
    return (int(high) << 31 ^ int(low)) & (2**63 - 1)
