"""Stores in directories, and sessions on them: what an operation needs, and no process.

A `Box` (tests/boxes.py) has a simulated kops and a cloud; a site has what lies in stores, and a
kops that remembers where a test brings one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kled import config
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.session import Session, Who
from kled.operations.stores import Stores
from kled.retry import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

WHO = Who("tester", "a run", timedelta(0))
CLOCK = Clock(time.monotonic, lambda _: None)
"""Nobody waits."""


def session_at(
    root: Path,
    kops: Any = None,
    *,
    state: str = "state",
    snapshots: str | None = "snapshots",
    overrides: Overrides = NOTHING,
    env: Mapping[str, str] = MappingProxyType({}),
) -> Session:
    """Return a session on two stores below `root`; its settings are those of `settings_at`."""
    settings = settings_at(root, state=state, snapshots=snapshots, env=env)
    return Session(settings, kops, CLOCK, WHO, None, overrides=overrides)


def settings_at(
    root: Path,
    *,
    state: str = "state",
    snapshots: str | None = "snapshots",
    env: Mapping[str, str] = MappingProxyType({}),
) -> config.Settings:
    """Return the settings of two stores below `root`; without `snapshots` none are kept.

    The variables of `env` stand before what is said here.
    """
    named = {"HOME": str(root), "KOPS_STATE_STORE": (root / state).as_uri()}
    if snapshots is not None:
        named["KLED_SNAPSHOT_STORE"] = (root / snapshots).as_uri()
    return config.load(named | dict(env))


def put_objects(place: Path, objects: Mapping[str, bytes]) -> None:
    """Write objects below a directory, by their keys."""
    for key, body in objects.items():
        path = place / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


@dataclass
class Site:
    """State stores and a snapshot store, each a directory of `root`."""

    root: Path

    def url(self, store: str) -> str:
        """Return the URL of a store."""
        return (self.root / store).as_uri()

    def put(self, cluster: str, objects: Mapping[str, bytes], store: str = "state") -> None:
        """Write objects of a cluster, by their keys in it."""
        put_objects(self.root / store / cluster, objects)

    def settings(self, store: str = "state") -> config.Settings:
        """Return the settings of somebody who works on this state store."""
        return settings_at(self.root, state=store)

    def stores(self, store: str = "state") -> Stores:
        """Return that state store and the snapshot store, opened."""
        return Stores(self.settings(store), CLOCK)

    def session(self, store: str = "state", overrides: Overrides = NOTHING, **more: str) -> Session:
        """Return a session without kops; more variables are given as they are named."""
        return session_at(self.root, state=store, overrides=overrides, env=more)

    def manifests(self) -> list[Path]:
        """Return where the manifests of the snapshot store are, in the order of their names."""
        return sorted((self.root / "snapshots").rglob("manifest.json"))
