"""The policy card: what a policy reads, sends and expects, in a file beside its ONNX graph."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from surefoot.errors import BadFile, InvalidConfig
from surefoot.signals import Layout, Signal

FORMAT = "surefoot-policy"
VERSION = 1
_REMEDY = "Export the policy again: surefoot export RUN"


@dataclass(frozen=True, kw_only=True)
class ServoCard:
    """The drive of one joint as the policy knows it."""

    joint: str
    """Name in the robot description."""
    kp: float
    """Position gain, N m/rad."""
    kd: float
    """Velocity gain, N m s/rad."""
    max_torque: float
    """Torque limit, N m."""


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """Everything that must be true where the policy runs."""

    task: str
    """The task it was trained for."""
    observation: tuple[Signal, ...]
    """What it reads, in this order."""
    action: tuple[Signal, ...] = ()
    """What it sends, in this order; empty if it chooses."""
    nb_choices: int = 0
    """How many choices it has, counted from 0; 0 if its actions are signals."""
    rate_hz: float
    """Rate it was trained at, Hz."""
    state_size: int
    """How many numbers it remembers between two steps."""
    lag_s: tuple[float, float] = (0.0, 0.0)
    """Shortest and longest time constant of the actuators' lag it was trained for, s."""
    observation_noise: float = 0.0
    """Uniform noise it was trained for, +-, on each sensed value in that value's unit."""
    robot: str = ""
    """The robot that it was trained on, as `surefoot list robots` calls it; empty if none."""
    servos: tuple[ServoCard, ...] = ()
    """Gains and torque limits of the drives it was trained with."""
    env_ids: tuple[str, ...] = ()
    """Gymnasium environments that it is known to fit."""
    onnx_sha256: str = ""
    """SHA-256 of the ONNX file, in hexadecimal; filled in by the export."""

    def __post_init__(self) -> None:
        if not self.observation:
            raise InvalidConfig("PolicyCard.observation must have at least one signal")
        if bool(self.action) == bool(self.nb_choices) or self.nb_choices < 0:
            raise InvalidConfig(
                f"PolicyCard needs either action signals or a number of choices, "
                f"got {len(self.action)} signals and {self.nb_choices} choices"
            )
        if not (self.rate_hz > 0.0 and math.isfinite(self.rate_hz)):
            raise InvalidConfig(f"PolicyCard.rate_hz must be positive, got {self.rate_hz} Hz")
        if self.state_size < 0:
            raise InvalidConfig(f"PolicyCard.state_size must be >= 0, got {self.state_size}")

    @property
    def observation_layout(self) -> Layout:
        """Where each observed signal stands."""
        return Layout(self.observation)

    @property
    def action_layout(self) -> Layout | None:
        """Where each action signal stands; None if the policy chooses."""
        return Layout(self.action) if self.action else None

    @property
    def observation_size(self) -> int:
        """How many numbers the graph reads."""
        return sum(s.size for s in self.observation)

    @property
    def action_size(self) -> int:
        """How many numbers the graph returns as an action: 1 if it is a choice."""
        return sum(s.size for s in self.action) or 1

    @property
    def dt(self) -> float:
        """Duration of a step, s."""
        return 1.0 / self.rate_hz

    def to_json(self) -> str:
        """The card as strict JSON: numbers at full precision, an infinite bound as null."""
        content: dict[str, Any] = {"format": FORMAT, "version": VERSION}
        for name, value in vars(self).items():
            if name in ("observation", "action"):
                content[name] = [_signal_to_plain(signal) for signal in value]
            elif name == "servos":
                content[name] = [vars(servo) for servo in value]
            else:
                content[name] = list(value) if isinstance(value, tuple) else value
        return json.dumps(content, indent=2, allow_nan=False) + "\n"


def card_path(onnx: Path) -> Path:
    """Where the card of an ONNX file is: policy.json beside policy.onnx."""
    return onnx.with_suffix(".json")


def sha256(content: bytes) -> str:
    """Fingerprint of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_card(path: Path) -> PolicyCard:
    """Read a policy card.

    Raises:
        BadFile: It is missing, damaged, something else, or from a newer version of Surefoot.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadFile(
            path, "there is no such policy card", f"It belongs beside its ONNX file. {_REMEDY}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(path, f"this policy card cannot be read ({error})", _REMEDY) from None
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadFile(path, "this policy card is damaged: it is not valid JSON", _REMEDY) from None
    if not isinstance(data, dict) or cast("dict[str, Any]", data).get("format") != FORMAT:
        raise BadFile(path, "this is no policy card of Surefoot", _REMEDY)
    content = cast("dict[str, Any]", data)
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BadFile(
            path,
            f"written by a newer Surefoot (format {version}, this one reads {VERSION})",
            "Upgrade: pip install --upgrade surefoot",
        )
    try:
        return _from_plain(content)
    except KeyError as error:
        problem = f"this policy card is incomplete: it has no {error}"
    except (TypeError, ValueError) as error:
        problem = f"this policy card cannot be understood ({error})"
    raise BadFile(path, problem, _REMEDY)


def _from_plain(content: dict[str, Any]) -> PolicyCard:
    low, high = _numbers(content, "lag_s", 2)
    return PolicyCard(
        task=_text(content, "task"),
        observation=_signals(content, "observation"),
        action=_signals(content, "action"),
        nb_choices=_whole(content, "nb_choices"),
        rate_hz=_number(content, "rate_hz"),
        state_size=_whole(content, "state_size"),
        lag_s=(low, high),
        observation_noise=_number(content, "observation_noise"),
        robot=_text(content, "robot") if "robot" in content else "",
        servos=tuple(
            ServoCard(
                joint=_text(servo, "joint"),
                kp=_number(servo, "kp"),
                kd=_number(servo, "kd"),
                max_torque=_number(servo, "max_torque"),
            )
            for servo in _records(content, "servos")
        ),
        env_ids=tuple(str(env_id) for env_id in _list(content, "env_ids")),
        onnx_sha256=_text(content, "onnx_sha256"),
    )


def _signal_to_plain(signal: Signal) -> dict[str, Any]:
    bounds = {"low": signal.low, "high": signal.high}
    plain = vars(signal) | {k: v if math.isfinite(v) else None for k, v in bounds.items()}
    if signal.source != "clock":
        plain.pop("clock_hz")
    return plain


def _signals(content: dict[str, Any], name: str) -> tuple[Signal, ...]:
    signals = tuple(_signal(record) for record in _records(content, name))
    Layout(signals)  # refuses a name that comes twice
    return signals


def _signal(record: dict[str, Any]) -> Signal:
    source = _text(record, "source")
    if source not in ("sensor", "operator", "clock"):
        raise ValueError(f"'source' must be sensor, operator or clock, got {source}")
    return Signal(
        name=_text(record, "name"),
        unit=_text(record, "unit"),
        low=-math.inf if record["low"] is None else _number(record, "low"),
        high=math.inf if record["high"] is None else _number(record, "high"),
        size=_whole(record, "size"),
        source=source,
        clock_hz=_number(record, "clock_hz") if source == "clock" else 0.0,
    )


def _text(record: dict[str, Any], name: str) -> str:
    if not isinstance(record[name], str):
        raise TypeError(f"'{name}' must be a text, got {record[name]!r}")
    return record[name]


def _whole(record: dict[str, Any], name: str) -> int:
    if type(record[name]) is not int:
        raise TypeError(f"'{name}' must be a whole number, got {record[name]!r}")
    return record[name]


def _number(record: dict[str, Any], name: str) -> float:
    if type(record[name]) not in (int, float):
        raise TypeError(f"'{name}' must be a number, got {record[name]!r}")
    return float(record[name])


def _list(record: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(record[name], list):
        raise TypeError(f"'{name}' must be a list, got {record[name]!r}")
    return record[name]


def _records(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = _list(record, name)
    if not all(isinstance(item, dict) for item in items):
        raise TypeError(f"'{name}' must be a list of objects")
    return items


def _numbers(record: dict[str, Any], name: str, size: int) -> tuple[float, ...]:
    items = _list(record, name)
    if len(items) != size:
        raise ValueError(f"'{name}' must have {size} numbers, got {len(items)}")
    return tuple(_number({name: item}, name) for item in items)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
