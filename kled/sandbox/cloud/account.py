"""The simulated cloud: one JSON file per region of the account, and one for what is global.

Every change is one save: taken under a lock, written beside the file and renamed. So a process may
be killed at any point; what it had saved is there, what it was about to save is not, and two
processes never lose each other's changes.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kled.sandbox import faults
from kled.sandbox.context import Context, KopsFailure

ACCOUNT = "123456789012"
GLOBAL = "global"
_PREFIXES = {
    "VPC": "vpc",
    "Subnet": "subnet",
    "SecurityGroup": "sg",
    "LaunchTemplate": "lt",
    "SSHKey": "key",
}
_OF_ACCOUNT = frozenset({"SQS", "EventBridgeRule", "EventBridgeTarget"})

State = dict[str, Any]
"""`resources`: key → record; `instances`: id → record; `serial`: how many ids were given."""


def key(cluster: str, kind: str, name: str) -> str:
    """Return where a resource stands in its region's `resources`.

    The names of queues and rules are the account's: two clusters can mean the same one.
    """
    return f"{'' if kind in _OF_ACCOUNT else cluster}|{kind}/{name}"


@dataclass(frozen=True)
class Cloud:
    """One account as seen from one region; IAM is the same from all."""

    sandbox: Path
    region: str

    def read(self, *, everywhere: bool = False) -> State:
        """Return the region's state (or the global one) as it is now."""
        place = GLOBAL if everywhere else self.region
        path = self._path(place)
        if not path.exists():
            return {"place": place, "resources": {}, "instances": {}, "serial": 0}
        state: State = json.loads(path.read_text())
        return state

    @contextmanager
    def edit(self, *, everywhere: bool = False) -> Iterator[State]:
        """Change the state in one save; nothing is saved where the block raises."""
        path = self._path(GLOBAL if everywhere else self.region)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.read(everywhere=everywhere)
            yield state
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps(state, indent=1))
            fresh.replace(path)
        faults.after_write(self.sandbox)

    def _path(self, place: str) -> Path:
        return self.sandbox / "cloud" / ACCOUNT / f"{place}.json"


def connect(ctx: Context, cluster: dict[str, Any]) -> Cloud:
    """Return the cloud of a cluster's region.

    Raises KopsFailure where a fault stands in the way, or for a cloud other than AWS, which the
    sandbox does not have.
    """
    spec = cluster["spec"]
    provider = spec.get("cloudProvider")
    if provider != "aws":
        raise KopsFailure(f"the sandbox has no cloud {provider!r}, only aws")
    region = region_of(cluster)
    faults.reach_cloud(ctx, region)
    return Cloud(ctx.sandbox, region)


def region_of(cluster: dict[str, Any]) -> str:
    """Return the AWS region of a cluster's subnets (`us-east-1a` is in `us-east-1`)."""
    zone: str = cluster["spec"]["subnets"][0]["zone"]
    return zone.rstrip("abcdefghijklmnopqrstuvwxyz")


def new_id(state: State, kind: str) -> str:
    """Give the next id of a kind, such as `vpc-0a1b…` (17 digits, as AWS gives them)."""
    state["serial"] += 1
    digest = hashlib.sha256(f"{state['place']}{kind}{state['serial']}".encode()).hexdigest()[:17]
    return f"{_PREFIXES.get(kind, 'i')}-{digest}"


def arn(region: str, kind: str, name: str) -> str:
    """Return the ARN of a load balancer or target group (`kind` is its path, as captures 29)."""
    digest = hashlib.sha256(f"{region}{kind}{name}".encode()).hexdigest()[:16]
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:{kind}/{name}/{digest}"
