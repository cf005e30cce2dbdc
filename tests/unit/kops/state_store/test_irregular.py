"""Kops is not started where it would wait for a FIFO or a device: one bad thing stops one thing."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kled.errors import DefinitionRejected
from kled.kops.state_store.irregular import require_files
from kled.operations.fleet.listed_clusters import listed_clusters
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from collections.abc import Callable

C, GOOD = "bad.example.com", "demo.k8s.local"


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


MAKE: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}
READ = (
    "config",
    "instancegroup/nodes",
    "pki/private/kubernetes-ca/keyset.yaml",
    "secrets/admin",
    "kops-version.txt",
)


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("key", READ)
def test_what_kops_would_wait_for_is_told_at_once(tmp_path: Path, kind: str, key: str) -> None:
    store(tmp_path, f"{C}/x")
    place = tmp_path / "state" / C / key
    place.parent.mkdir(parents=True, exist_ok=True)
    MAKE[kind](place)
    here = session(tmp_path)  # a call of kops would find no capture
    before = time.monotonic()

    with pytest.raises(DefinitionRejected) as raised:
        here.kops.definition.get(C)

    assert f"{C}/{key} is {kind}" in raised.value.message
    assert f"kled snapshot restore --name={C}" in str(raised.value.hint)
    assert time.monotonic() - before < 1


def test_other_clusters_are_listed(tmp_path: Path) -> None:
    store(tmp_path, f"{GOOD}/config", f"{C}/secrets/admin")
    os.mkfifo(tmp_path / "state" / C / "config")

    bad, good = listed_clusters(session(tmp_path, "11c-get-cluster-json"))

    assert (bad.name, good.name, good.problem) == (C, GOOD, "")
    assert "is a FIFO" in bad.problem


@pytest.mark.parametrize("url", ["file://{}", "{}"])
def test_what_kops_does_not_read_stops_nothing(tmp_path: Path, url: str) -> None:
    store(tmp_path, f"{C}/config", f"{C}/backups/x", "link/config")
    for key in ("backups/pipe", "notes"):
        os.mkfifo(tmp_path / "state" / C / key)
    (tmp_path / "state" / C / "instancegroup").symlink_to("/nowhere")

    place = url.format(tmp_path / "state")

    require_files(place, C, "update cluster")
    require_files(place, None, "get clusters")
    require_files("s3://bucket", C, "get clusters")
    os.mkfifo(tmp_path / "state" / "config-of-nobody")
    os.mkfifo(tmp_path / "state" / C / "cluster.spec")
    require_files(place, None, "version")


def test_a_config_far_below_stops_the_list_of_all(tmp_path: Path) -> None:
    """kops reads every `config`, however deep it lies."""
    store(tmp_path, f"{C}/config", "a/b/x")
    os.mkfifo(tmp_path / "state" / "a/b/config")

    with pytest.raises(DefinitionRejected, match="a/b/config is a FIFO"):
        session(tmp_path).kops.cluster.list()


def test_a_bad_group_does_not_keep_kops_from_the_keys(tmp_path: Path) -> None:
    store(tmp_path, f"{GOOD}/config", f"{GOOD}/instancegroup/x")
    os.mkfifo(tmp_path / "state" / GOOD / "instancegroup" / "nodes")
    here = session(tmp_path, "11c-get-cluster-json", "15b-get-keypairs-json", "14-get-secrets")

    assert here.kops.cluster.get(GOOD).name == GOOD
    assert here.kops.credentials.list_keypairs(GOOD)
    assert here.kops.credentials.list_secrets(GOOD)
    with pytest.raises(DefinitionRejected, match="nodes is a FIFO"):
        here.kops.instance_groups.list(GOOD)
