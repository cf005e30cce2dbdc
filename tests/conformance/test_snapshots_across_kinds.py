"""State on S3, snapshots on Google's and Azure's stores, restored to files and back to S3."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conformance import places
from tests.unit.snapshot.fleets import expected, name, objects

if TYPE_CHECKING:
    from pathlib import Path

    from kled.storage.base import ObjectStore

pytestmark = pytest.mark.emulators


def read(store: ObjectStore, cluster: str) -> dict[str, bytes]:
    prefix = f"{cluster}/"
    return {
        entry.key.removeprefix(prefix): store.get(entry.key).body for entry in store.entries(prefix)
    }


def test_a_state_travels_across_all_kinds_and_comes_back_as_it_was(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    home = places.made("minio", request)
    kept = [places.made(kind, request) for kind in ("fake-gcs-server", "azurite")]
    env = {"HOME": str(tmp_path), **home.env, **kept[0].env, **kept[1].env}
    state = home.open()
    for number in range(2):
        for key, body in objects(number).items():
            state.put(f"{name(number)}/{key}", body)

    def kled(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kled", "snapshot", *words],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    files = tmp_path / "files"
    files.mkdir()
    for store in kept:
        kled("create", "--all", f"--state={home.url}", f"--snapshot-store={store.url}")
        kled("verify", "--all", f"--snapshot-store={store.url}")
    kled("mirror", f"--to={kept[1].url}", f"--snapshot-store={kept[0].url}")
    wish = (f"--name={name(1)}", "--snapshot=latest", "--yes", f"--state={home.url}")
    kled("restore", *wish, f"--snapshot-store={kept[1].url}", f"--to=file://{files}")
    for entry in list(state.entries(f"{name(1)}/")):
        state.delete(entry.key)
    kled("restore", *wish, f"--snapshot-store={kept[0].url}")

    wanted = {key: body for key, body in expected(1).items() if "/control/" not in key}
    assert read(state, name(1)) == wanted
    assert {key: (files / name(1) / key).read_bytes() for key in wanted} == wanted
    differences = kled(
        "diff", f"--name={name(1)}", "latest", "live", f"--state={home.url}",
        f"--snapshot-store={kept[0].url}",
    )  # fmt: skip
    assert "etcd-backup" not in differences
