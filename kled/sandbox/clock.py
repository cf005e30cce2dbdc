"""Time compression: how many simulated seconds pass in one real second."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

SETTINGS = "sandbox.json"


def speed(sandbox: Path) -> float:
    """Read the time compression of a sandbox; 1.0 where none was set."""
    path = sandbox / SETTINGS
    if not path.exists():
        return 1.0
    return float(json.loads(path.read_text()).get("speed", 1.0))


def sleeper(factor: float, sleep: Callable[[float], None] = time.sleep) -> Callable[[float], None]:
    """Return a sleep that takes simulated seconds."""
    return lambda seconds: sleep(seconds / factor)


def seconds_since(since: float, now: datetime, factor: float) -> float:
    """Return the simulated seconds between a POSIX time and now."""
    return (now.timestamp() - since) * factor


def spelled(seconds: float) -> str:
    """Write a duration as Go does: `15m0s`, `10s`, `1.5s`, `500ms`, `0s`."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    text = f"{hours:.0f}h" if hours else ""
    return f"{text}{f'{minutes:.0f}m' if hours or minutes else ''}{left:g}s"
