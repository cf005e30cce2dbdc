"""Starting a cluster's API where it does not run: on the port that it had before.

Safe to repeat and from several calls at once: they wait for one another, and the later ones find
the first one's. The process is nobody's child in the end, and ends by itself (`server`).
"""

import base64
import fcntl
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from kled.process import spawn_detached
from kled.sandbox.cloud import instances
from kled.sandbox.cloud.account import Cloud
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions
from kled.sandbox.kubernetes import objects
from kled.sandbox.store import keysets

_NEXT = "-----BEGIN CERTIFICATE-----"


def ensure(ctx: Context, cluster: str, region: str) -> str:
    """Return the URL of the cluster's API, which runs now. Raises KopsFailure where it cannot."""
    place = _place(ctx, cluster)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _known(place)
        port = int(known.get("port", 0))
        pki = definitions.places_of(ctx, cluster).pki
        keyset = keysets.find(pki, "kubernetes-ca") or {}
        authorities = keysets.trusted_certificates(keyset).decode("ascii")
        stale = known.get("authorities") != authorities
        if not _lives(known) or (
            stale and not _serves_on(ctx, cluster, region, known, authorities)
        ):
            _end(known)
            port = _start(ctx, place, keyset, {"cluster": cluster, "region": region}, port)
    return f"https://127.0.0.1:{port}"


def _serves_on(
    ctx: Context, cluster: str, region: str, known: dict[str, Any], authorities: str
) -> bool:
    """Tell whether the API goes on with the authority that its machines were configured with.

    So it does where the state store has another one, which no machine has yet. A rotation is told
    by what both have: its API follows at once, as if its machines were rolled.
    """
    before, now = (set(text.split(_NEXT)) for text in (str(known["authorities"]), authorities))
    machines = instances.machines(ctx, Cloud(ctx.sandbox, region), cluster)
    rolled = any(machine.control_plane and machine.up_to_date for machine in machines)
    return not (
        rolled
        or {certificate.strip() for certificate in before}
        & {certificate.strip() for certificate in now} - {""}
    )


def _start(
    ctx: Context, place: Path, keyset: keysets.Keyset, about: dict[str, str], port: int
) -> int:
    signer = keysets.primary(keyset)
    told = {
        **about,
        "port": str(port),
        "authority": base64.b64decode(signer["publicMaterial"]).decode("ascii"),
        "authority_key": base64.b64decode(signer["privateMaterial"]).decode("ascii"),
        "authorities": keysets.trusted_certificates(keyset).decode("ascii"),
    }
    program = [sys.executable, "-m", "kled.sandbox.kubernetes.server", str(ctx.sandbox)]
    server = spawn_detached(program, env=ctx.env)
    server.stdin.write(json.dumps(told).encode())  # the CA's key is in no argument and in no file
    server.stdin.close()
    port_line = server.stdout.readline()  # it says its port when it listens
    server.stdout.close()
    if not port_line:
        raise KopsFailure("the sandbox's Kubernetes API did not start")
    known = {"port": int(port_line), "pid": server.pid, "authorities": told["authorities"]}
    fresh = place.with_suffix(".new")
    fresh.write_text(json.dumps(known))
    fresh.replace(place)
    return int(port_line)


def _known(place: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(place.read_text())
    except FileNotFoundError:
        return {}
    return record


def _listens(port: int) -> bool:
    if not port:
        return False
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def end(ctx: Context, cluster: str) -> None:
    """End the API of a cluster that was deleted, and forget its objects. Absent is fine."""
    place = _place(ctx, cluster)
    if place.exists():
        _end(_known(place))
        place.unlink(missing_ok=True)
    objects.forget(ctx, cluster)


def _end(known: dict[str, Any]) -> None:
    """End one that nobody needs: its authority was rotated, or its cluster is gone."""
    if _lives(known):
        os.kill(int(known["pid"]), signal.SIGTERM)
        while _listens(int(known["port"])):
            time.sleep(0.02)


def _lives(known: dict[str, Any]) -> bool:
    """Say whether the one that is known still runs, and not another one at its port."""
    try:
        os.kill(int(known["pid"]), 0)
    except (KeyError, ProcessLookupError):
        return False
    return _listens(int(known["port"]))


def _place(ctx: Context, cluster: str) -> Path:
    return ctx.sandbox / "apis" / f"{cluster}.json"
