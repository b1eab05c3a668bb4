"""The loop on the robot: an exported policy, an environment, and a safe stop."""

from surefoot.deploy.card import PolicyCard, ServoCard, read_card
from surefoot.deploy.closed_loop import StepRecord
from surefoot.deploy.environments import make_env
from surefoot.deploy.loop import deploy
from surefoot.deploy.policy import OnnxPolicy
from surefoot.deploy.report import DeploymentReport

__all__ = [
    "DeploymentReport",
    "OnnxPolicy",
    "PolicyCard",
    "ServoCard",
    "StepRecord",
    "deploy",
    "make_env",
    "read_card",
]
