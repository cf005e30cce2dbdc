"""Stores to complete names from, and what Tab offers on a line there."""

from pathlib import Path

import pytest

from kled.cli.app import ASKS, ROOT
from kled.cli.completing.following_words import Completion
from kled.cli.completing.shells import format_answer, split_typed

CLUSTER = "c.example.com"
LOST = "lost.example.com"
GROUPS = ["control-plane-us-east-1a", "nodes-us-east-1a"]
KEYSETS = ["kubernetes-ca", "service-account"]
SECRETS = ["admin", "dockerconfig"]
IDS = ["20261129T101112Z-0000cafe", "20261125T034149Z-a1b2c3d4"]
BREAKS = " \t\n\"'@><=;|&(:"
"""What bash has in COMP_WORDBREAKS."""


def put(root: Path, *keys: str) -> None:
    """Write objects that nobody may open: names are read off the listing."""
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff not to be read")


def stores(directory: Path) -> dict[str, str]:
    """Make a state store and a snapshot store; return what names them."""
    state, kept = directory / "state", directory / "kept"
    put(state, ".git/config", f"{CLUSTER}/config", f"{CLUSTER}/backups/etcd/main/control/x")
    put(state, *(f"{CLUSTER}/instancegroup/{one}" for one in GROUPS))
    put(state, *(f"{CLUSTER}/pki/private/{one}/keyset.yaml" for one in KEYSETS))
    put(state, f"{CLUSTER}/pki/private/kubernetes-ca/7.key")
    put(state, *(f"{CLUSTER}/secrets/{one}" for one in SECRETS))
    put(kept, *(f"clusters/{CLUSTER}/{one}/manifest.json" for one in IDS))
    put(kept, f"clusters/{CLUSTER}/20261128T000000Z-00000000/state.tar.zst")  # no snapshot yet
    put(kept, f"clusters/{LOST}/{IDS[0]}/manifest.json")
    file = directory / "home" / "config.toml"
    file.parent.mkdir()
    file.write_text(
        '[state-stores."s3://acme-state"]\nsnapshot-store = "s3://acme-kept"\n'
        '[snapshot-stores."gs://acme-second"]\n'
    )
    (file.parent / "environments").mkdir()
    (file.parent / "environments" / "production.yaml").touch()
    return {
        "KLED_STATE_STORE": state.as_uri(),
        "KLED_SNAPSHOT_STORE": kept.as_uri(),
        "KLED_CONFIG": str(file),
    }


def offered(line: str) -> list[str]:
    """Return the words that Tab offers at the end of a line, whole."""
    last = split_typed(line)
    items = Completion(ROOT, {}, "kled", ASKS).get_completions(last.complete, last.last)
    return [one.value for one in items]


def inserted(line: str, shell: str = "bash") -> list[str]:
    """Return what a shell is told to put in the place of what it completes."""
    last = split_typed(line)
    items = Completion(ROOT, {}, "kled", ASKS).get_completions(last.complete, last.last)
    rows = format_answer(shell, line, BREAKS if shell == "bash" else "", items).splitlines()
    return [row.split("\t")[1] for row in rows]


@pytest.fixture
def in_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the environment name the stores; return their directory."""
    monkeypatch.delenv("KOPS_STATE_STORE", raising=False)
    for name, value in stores(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path
