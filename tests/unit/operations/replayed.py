"""A session whose kops answers with captures, and whose state store is a directory."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from kled import config
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.operations.guards.overrides import NOTHING
from kled.operations.session import Session, Who
from kled.retry import Clock
from tests.unit.kops.replay import Replay, capture

if TYPE_CHECKING:
    from pathlib import Path


def session(root: Path, *captures: str, kops: type[Kops] = Kops) -> Session:
    """Each call of kops takes the next capture."""
    (root / "state").mkdir(exist_ok=True)
    url = (root / "state").as_uri()
    runner = Replay([capture(name) for name in captures])
    client = kops(KopsCalls("kops", run=runner, env={}, state_store=url, scratch=root))
    settings = config.load({"HOME": str(root), "KOPS_STATE_STORE": url})
    clock = Clock(time.monotonic, time.sleep)
    who = Who("t", "a run", timedelta(0))
    return Session(settings, client, clock, who, None, overrides=NOTHING)


def store(root: Path, *keys: str, text: str = "x") -> None:
    """Put the same text at each key of the session's state store."""
    for key in keys:
        path = root / "state" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
