"""What is measured: the command lines of kled for each job."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.snapshots.servers import KEY, SECRET, Store

STATE, SNAPSHOTS, RESTORED = "state", "snapshots", "restored"
LARGE_STATE, LARGE_SNAPSHOTS = "large-state", "large-snapshots"


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
