"""Linear controllers that a learned policy is compared with, as batched policies."""

from surefoot.control.feedback import (
    LECTURE_GAINS,
    PUBLISHED_GAINS,
    PUBLISHED_LIMIT,
    STABILISING_GAINS,
    STABILISING_LIMIT,
    LinearFeedback,
)
from surefoot.control.lqr import CENTRED, LQR, PLAIN, LqrWeights
from surefoot.control.mpc import MPC
from surefoot.control.pendulum import (
    UPKIE_BODY_LENGTH,
    UPKIE_TIP_LENGTH,
    WheeledInvertedPendulum,
)

__all__ = [
    "CENTRED",
    "LECTURE_GAINS",
    "LQR",
    "MPC",
    "PLAIN",
    "PUBLISHED_GAINS",
    "PUBLISHED_LIMIT",
    "STABILISING_GAINS",
    "STABILISING_LIMIT",
    "UPKIE_BODY_LENGTH",
    "UPKIE_TIP_LENGTH",
    "LinearFeedback",
    "LqrWeights",
    "WheeledInvertedPendulum",
]
