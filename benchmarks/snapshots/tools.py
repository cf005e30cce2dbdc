"""What is compared: the command lines of kled and of its peers for the same job."""

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.snapshots import fleet
from benchmarks.snapshots.servers import KEY, SECRET, Store

STATE, SNAPSHOTS, MIRROR, RESTORED = "state", "snapshots", "mirror", "restored"
LARGE_STATE, LARGE_SNAPSHOTS, LARGE_MIRROR = "large-state", "large-snapshots", "large-mirror"
_AT_ONCE = "64"


@dataclass(frozen=True)
class Kled:
    """kled with a settings file of its own."""

    env: Mapping[str, str]
    state: str = f"s3://{STATE}"
    snapshots: str = f"s3://{SNAPSHOTS}"

    def create(self, *more: str) -> list[str]:
        return self._words("create", "--all", "--output=json", *more)

    def verify(self) -> list[str]:
        return self._words("verify", "--all", "--level=0", "--output=json")

    def restore(self, clusters: int) -> list[str]:
        return [
            *(sys.executable, "-m", "benchmarks.snapshots.restore_many"),
            *(f"s3://{RESTORED}", self.snapshots, str(clusters)),
        ]

    def _words(self, verb: str, *words: str) -> list[str]:
        return [
            *(sys.executable, "-m", "kled", "snapshot", verb),
            *(f"--state={self.state}", f"--snapshot-store={self.snapshots}"),
            *words,
        ]


@dataclass(frozen=True)
class Rclone:
    """rclone, told to copy just the objects that kled selects."""

    program: Path
    env: Mapping[str, str]

    def sync(self, state: str = STATE, mirror: str = MIRROR) -> list[str]:
        return [
            *(str(self.program), "sync", "--fast-list", "--checksum", "--s3-no-check-bucket"),
            *("--transfers", _AT_ONCE, "--checkers", _AT_ONCE, *_filters()),
            *(f"source:{state}", f"target:{mirror}"),
        ]

    def sync_checked(self, state: str, mirror: str) -> list[str]:
        """Copy, then read both sides and compare every byte: nothing less tells what was copied."""
        check = [
            *(str(self.program), "check", "--download", "--fast-list"),
            *("--checkers", _AT_ONCE, *_filters(), f"source:{state}", f"target:{mirror}"),
        ]
        return ["sh", "-c", f"{shlex.join(self.sync(state, mirror))} && {shlex.join(check)}"]

    def copy(self, clusters: int) -> list[str]:
        """Copy the first clusters back."""
        chosen = [
            word for n in range(clusters) for word in ("--include", f"/{fleet.cluster_name(n)}/**")
        ]
        return [
            *(str(self.program), "copy", "--fast-list", "--checksum", "--s3-no-check-bucket"),
            *("--transfers", _AT_ONCE, "--checkers", _AT_ONCE, *chosen),
            *(f"target:{MIRROR}", f"source:{RESTORED}"),
        ]

    def hashsum(self) -> list[str]:
        return [
            *(str(self.program), "hashsum", "md5", "--download", "--fast-list"),
            *("--checkers", _AT_ONCE, "--transfers", _AT_ONCE, f"target:{MIRROR}"),
        ]


def rclone_environment(source: Store, target: Store) -> dict[str, str]:
    """Return variables that define the remotes `source:` and `target:`."""
    found = {"RCLONE_CONFIG": ""}
    for name, store in (("SOURCE", source), ("TARGET", target)):
        for key, value in {
            "TYPE": "s3",
            "PROVIDER": "Minio",
            "ENDPOINT": store.endpoint,
            "ACCESS_KEY_ID": KEY,
            "SECRET_ACCESS_KEY": SECRET,
            "REGION": "us-east-1",
        }.items():
            found[f"RCLONE_CONFIG_{name}_{key}"] = value
    return found


def kled_environment(home: Path, source: Store, target: Store) -> dict[str, str]:
    """Write settings for two stores at two endpoints; return the variables that name them."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "config.toml"
    stores = {
        "state": (STATE, RESTORED, LARGE_STATE),
        "snapshot": (SNAPSHOTS, LARGE_SNAPSHOTS),
    }
    text = ""
    for kind, buckets in stores.items():
        endpoint = source.endpoint if kind == "state" else target.endpoint
        for bucket in buckets:
            text += f'[{kind}-stores."s3://{bucket}"]\n'
            text += f'endpoint = {json.dumps(endpoint)}\nregion = "us-east-1"\n'
    config.write_text(text)
    return {
        "HOME": str(home),
        "KLED_CONFIG": str(config),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "S3_ACCESS_KEY_ID": KEY,
        "S3_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _filters() -> list[str]:
    rules = (
        "- /.kled/**",
        f"+ /*/backups/etcd/*/{fleet.NEWEST}/**",
        "- /*/backups/**",
    )
    return [word for rule in rules for word in ("--filter", rule)]
