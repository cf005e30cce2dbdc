"""Injected faults: what `kled sandbox break` writes and every simulated call obeys.

`<sandbox>/faults.json` maps the fault's name to its options. Faults that count (throttled, hang
with `calls`, die-after, flapping) are counted down under a lock, so that concurrent calls agree.
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kled.sandbox.context import Context, KopsFailure

FAULTS: Mapping[str, str] = {
    "throttled": "the cloud answers RequestLimitExceeded to the next calls=N calls",
    "hang": "a call that reaches the cloud sleeps for ever (calls=N: only the next N)",
    "die-after": "the call kills itself after writes=K more writes",
    "flapping": "every second validation finds a node that is not ready",
    "never-joins": "new nodes (of group=NAME) never join the cluster",
    "not-ready": "the nodes of group=NAME, or instance=ID, are not ready",
    "pod-pending": "the critical pods=A,B in kube-system are pending",
    "missing-pod": "pod=kube-scheduler is missing on the control plane",
    "api-unreachable": "the cluster's Kubernetes API does not answer",
    "cloud-refuses": "making task=KIND is answered with code=CODE, words=WORDS (calls=N: N times)",
    "region-down": "the cloud's region=NAME does not answer (no region: none does)",
}
"""Every fault and what it does. The first two take verb=WORDS (`get clusters`) to hit only that."""

_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_REGIONS = (
    "got an error while querying for valid regions (verify your AWS credentials?): "
    "operation error EC2: DescribeRegions, exceeded maximum number of attempts, 13, "
)
_SDK_PATIENCE = 60.0  # seconds that 13 attempts of the AWS SDK take at least (capture E04b)


def inject(sandbox: Path, fault: str, *, since: float = 0.0, **options: object) -> None:
    """Add or replace a fault, atomically. Raises ValueError for one that is not in FAULTS.

    `since` (Unix time) parts nodes that never join from those that had joined before.
    """
    if fault not in FAULTS:
        raise ValueError(f"unknown fault {fault!r}, known faults are {', '.join(sorted(FAULTS))}")
    with _edit(sandbox) as faults:
        faults[fault] = {**options, "since": since} if fault == "never-joins" else options


def clear(sandbox: Path, fault: str | None = None) -> None:
    """Remove one fault, or all; none there is fine."""
    with _edit(sandbox) as faults:
        if fault is None:
            faults.clear()
        else:
            faults.pop(fault, None)


def active(sandbox: Path) -> dict[str, dict[str, Any]]:
    """Return the faults that are injected now, with their options."""
    path = sandbox / "faults.json"
    if not path.exists():
        return {}
    faults: dict[str, dict[str, Any]] = json.loads(path.read_text())
    return faults


def strike(ctx: Context, verb: str) -> None:
    """Obey the faults that name this verb, at the start of its call, whether it uses the cloud.

    Raises KopsFailure where the call is throttled. A call that hangs does not come back.
    """
    faults = active(ctx.sandbox)
    for fault, act in (("hang", _hang), ("throttled", _throttle)):
        if faults.get(fault, {}).get("verb") == verb and _spend(ctx.sandbox, fault):
            act(ctx)


def reach_cloud(ctx: Context, region: str) -> None:
    """Stand where kops first calls the cloud: hang, be throttled, or find the region down.

    Raises KopsFailure with the AWS SDK's words. The frame `got an error while querying for valid
    regions` is that of capture E05b, `exceeded maximum number of attempts` that of E04.
    """
    faults = active(ctx.sandbox)
    for fault, act in (("hang", _hang), ("throttled", _throttle)):
        if fault in faults and "verb" not in faults[fault] and _spend(ctx.sandbox, fault):
            act(ctx)
    if faults.get("region-down", {"region": ""}).get("region", region) != region:
        return
    ctx.sleep(_SDK_PATIENCE)
    host = f"ec2.{region}.amazonaws.com"
    raise KopsFailure(
        f"{_REGIONS}https response error StatusCode: 0, RequestID: , request send failed, "
        f'Post "https://{host}/": dial tcp: lookup {host} on 192.0.2.53:53: no such host'
    )


def flaps(sandbox: Path) -> bool:
    """Tell whether this validation is one of those that a flapping cluster fails."""
    if "flapping" not in active(sandbox):
        return False
    with _edit(sandbox) as faults:
        turn = int(faults["flapping"].get("turn", 0))
        faults["flapping"]["turn"] = turn + 1
    return turn % 2 == 1


def refusal(sandbox: Path, kind: str) -> str | None:
    """Return what the cloud says instead of making a resource of that kind; None where it does.

    The frame is the AWS SDK's (capture E09g).
    """
    options = active(sandbox).get("cloud-refuses")
    if options is None or options.get("task", kind) != kind or not _spend(sandbox, "cloud-refuses"):
        return None
    code, message = options.get("code", "UnauthorizedOperation"), options.get("words", "refused")
    return (
        f"operation error EC2: Create{kind}, https response error StatusCode: 400, "
        f"RequestID: {_REQUEST_ID}, api error {code}: {message}"
    )


def after_write(sandbox: Path) -> None:
    """Count one finished write; the one that `die-after` names is the process' last act."""
    if "die-after" not in active(sandbox):
        return
    with _edit(sandbox) as faults:
        left = int(faults["die-after"].get("writes", 1)) - 1
        faults["die-after"]["writes"] = left
        if left <= 0:
            del faults["die-after"]
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _hang(ctx: Context) -> None:
    while True:
        ctx.sleep(3600.0)


def _throttle(ctx: Context) -> None:
    ctx.sleep(_SDK_PATIENCE)
    raise KopsFailure(
        f"{_REGIONS}https response error StatusCode: 503, RequestID: {_REQUEST_ID}, "
        "api error RequestLimitExceeded: Request limit exceeded."
    )


def _spend(sandbox: Path, fault: str) -> bool:
    """Take one of a fault's remaining calls; True where there was one, or where it never ends."""
    with _edit(sandbox) as faults:
        options = faults.get(fault)
        if options is None:
            return False
        if "calls" in options:
            options["calls"] = int(options["calls"]) - 1
            if options["calls"] <= 0:
                del faults[fault]
    return True


@contextmanager
def _edit(sandbox: Path) -> Iterator[dict[str, dict[str, Any]]]:
    sandbox.mkdir(parents=True, exist_ok=True)
    with (sandbox / "faults.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = active(sandbox)
        yield faults
        fresh = sandbox / "faults.json.new"
        fresh.write_text(json.dumps(faults))
        fresh.replace(sandbox / "faults.json")
