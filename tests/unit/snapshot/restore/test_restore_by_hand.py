"""The recipe of docs/snapshot-format.md §9, run as it is printed: no kled, no Python."""

import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kled.kops.state_store import layout
from kled.retry import Clock
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents.keys import Keys
from kled.snapshot.progress import Quiet
from kled.storage.local.store import LocalStore
from tests.unit.snapshot.restoring import CLUSTER, age_keys, plain_tree, put, snapshot_store, tree

FORMAT = Path(__file__).parents[4] / "docs" / "snapshot-format.md"
TOOLS = ("bash", "tar", "zstd", "age", "jq", "sha256sum")
ABSENT = [tool for tool in TOOLS if shutil.which(tool) is None]
HUGE = "addons/huge.addons.k8s.io/k8s.yaml"

S3_CLIENT = """
set -euo pipefail
aws() {
  case "$1 $2" in
    "s3 cp") if [ "$4" = - ]; then cat "$3"; else cp "$3" "$4"; fi ;;
    "s3 sync") mkdir -p "$4" && cp -a "$3/." "$4" ;;
  esac
}
"""
"""Stands for any S3 client; the stores are directories here."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"these are not installed: {', '.join(ABSENT)}"),
]


def recipe() -> str:
    section = FORMAT.read_text().partition("## 9.")[2]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found, "the recipe is gone"
    return found[1]


def unencrypted(script: str) -> str:
    """Do what the comments of the recipe say."""
    script = re.sub(
        r"age -d -i identity.txt archive \|.*", "zstd -d < archive | tar -x -C state", script
    )
    return script.replace(" | age -d -i identity.txt >", " >")


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
def test_tar_zstd_and_age_alone_restore_a_snapshot(tmp_path: Path, encrypted: bool) -> None:
    # fault 27: the recipe makes what it needs by itself, in an empty directory
    state_folder, kept, work = (tmp_path / name for name in ("state-store", "kept", "work"))
    for folder in (state_folder, kept, work):
        folder.mkdir(parents=True)
    clock = Clock(time.monotonic, time.sleep)
    state = LocalStore(state_folder, clock)
    put(state, tree() | {HUGE: b"large" * 1_000_000})
    keys = age_keys(work) if encrypted else Keys()
    snapshots = snapshot_store(LocalStore(kept, clock), replace(keys, identity=None))
    (result,) = create(
        state, snapshots, None, options=CreateOptions("a test"), progress=Quiet()
    ).clusters
    script = recipe() if encrypted else unencrypted(recipe())
    script = script.replace("s3://STATE-STORE", str(tmp_path / "restored"))

    subprocess.run(
        ["bash", "-c", S3_CLIENT + script],
        cwd=work,
        env={"PATH": "/usr/bin:/bin", "S": str(kept), "C": CLUSTER, "ID": str(result.snapshot)},
        check=True,
        timeout=60,
    )

    restored = tmp_path / "restored" / CLUSTER
    subprocess.run(
        ["diff", "--recursive", "--exclude=control", state_folder / CLUSTER, restored],
        check=True,
        timeout=60,
    )
    files = {
        file.relative_to(restored).as_posix() for file in restored.rglob("*") if file.is_file()
    }
    assert files == set(plain_tree())
    assert not [key for key in files if layout.kind_of(key) == "control"]


def test_the_digests_of_the_manifest_are_those_of_sha256sum(tmp_path: Path) -> None:
    clock = Clock(time.monotonic, time.sleep)
    (tmp_path / "state").mkdir()
    (tmp_path / "kept").mkdir()
    state = LocalStore(tmp_path / "state", clock)
    put(state, tree())
    snapshots = snapshot_store(LocalStore(tmp_path / "kept", clock), age_keys(tmp_path))
    create(state, snapshots, None, options=CreateOptions("a test"), progress=Quiet())

    check = f"""
    jq -r '.archive, .blobs[] | .stored_sha256 + "  " + .key' clusters/{CLUSTER}/*/manifest.json |
    sha256sum --check --strict"""
    done = subprocess.run(
        ["bash", "-c", check], cwd=tmp_path / "kept", check=True, capture_output=True, timeout=60
    )

    assert done.stdout.decode().count(": OK") == 3
