"""What kops only warns of is looked at: a call that succeeds may have left something out.

Members of fault 11: `get keypairs` leaves out a keyset that it cannot read, exit 0, and
`get instances` the names of all nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kled.errors import KeysetMissing
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.kops.failures.warnings import warnings
from kled.operations.credentials.rotate_keypairs import RotateKeypairs, open_keysets
from kled.operations.snapshots.kops_proof import _read_by
from tests.unit.kops.replay import CAPTURES, Replay, capture
from tests.unit.operations.replayed import session

if TYPE_CHECKING:
    from pathlib import Path

C = "b-keyset.example.com"
KEYPAIRS = "60o-get-keypairs-unreadable"
NODES = "cannot list node names. Kubernetes API unavailable: "


def client(scratch: Path, *captures: str) -> tuple[Kops, list[str]]:
    told: list[str] = []
    runner = Replay([capture(name) for name in captures])
    kops = Kops(
        KopsCalls(
            "kops",
            run=runner,
            env={},
            state_store="s3://b",
            scratch=scratch,
            on_warning=told.append,
        )
    )
    return kops, told


def test_a_keyset_that_kops_leaves_out_is_listed_with_the_reason(tmp_path: Path) -> None:
    kops, told = client(tmp_path, KEYPAIRS)

    (bad,) = [one for one in kops.credentials.list_keypairs(C) if one.problem]

    assert (bad.name, bad.id, bad.primary) == ("kubernetes-ca", "", False)
    assert "yaml: control characters are not allowed" in bad.problem
    assert bad.as_json()["problem"] == bad.problem
    assert told == []  # it is said in the row


@pytest.mark.parametrize("keyset", ["all", "kubernetes-ca"])
def test_a_keyset_that_cannot_be_read_is_not_rotated(tmp_path: Path, keyset: str) -> None:
    with pytest.raises(KeysetMissing, match='cannot read keyset "kubernetes-ca"') as raised:
        open_keysets(session(tmp_path, KEYPAIRS), RotateKeypairs(C, "create", keyset))
    assert f"kled snapshot restore --name={C} --snapshot=latest" in str(raised.value.hint)


def test_other_keysets_are(tmp_path: Path) -> None:
    rotation = RotateKeypairs(C, "create", "service-account")

    assert open_keysets(session(tmp_path, KEYPAIRS), rotation) == ("service-account",)


def test_what_kops_leaves_out_is_not_proved(tmp_path: Path) -> None:
    kops, _ = client(tmp_path, "13b-get-all-yaml", KEYPAIRS)

    (finding,) = _read_by(kops, C)

    assert finding.startswith("kops cannot read the keypairs: keyset kubernetes-ca: ")


def test_node_names_that_kops_could_not_ask_for_are_said_with_the_cluster(tmp_path: Path) -> None:
    # faults 11, 72
    kops, told = client(tmp_path, "17b-get-instances-json")

    assert kops.instances.list("demo.k8s.local")

    (words,) = told
    assert words.startswith(f"demo.k8s.local: kops warns: {NODES}")


@pytest.mark.parametrize("name", ["60b-get-clusters-unreadable", "C13b-file-get-clusters"])
def test_what_a_row_says_already_is_not_said_again(name: str) -> None:
    assert list(warnings((CAPTURES / name / "stderr").read_text())) == []


def test_what_is_said_twice_is_told_once() -> None:
    line = "W1129 16:17:00.292485   27462 anything.go:84] something is odd\n"

    assert list(warnings(line * 3 + "I1129 16:17:00.2 1 a.go:1] fine\nError: no\n")) == [
        "something is odd"
    ]
