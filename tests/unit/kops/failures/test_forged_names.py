"""A name that somebody chose never speaks for kops: another member of fault 89.

kops writes the path of what it cannot parse as it is, so that a line feed in a name begins a line
that looks like one of its own (captures 66, 66b), or a row of its one table (66c).
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled import process
from kled.errors import ClusterNotFound, DefinitionRejected, KopsError, OutputUnreadable
from kled.kops import parse, preview
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.kops.failures import klog
from kled.kops.failures.classify import classify
from kled.kops.failures.unloadable import require_own_name, with_unloadable
from kled.kops.failures.warnings import ignored_keysets, warnings
from kled.models.cluster import Cluster
from kled.operations.credentials.secrets import has_secret, listed_secrets
from kled.operations.fleet.listed_clusters import listed_clusters
from tests.unit.kops.replay import Replay, capture
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from pathlib import Path

C = "demo.k8s.local"
CLUSTERS, ERROR, SECRETS = (
    "66-get-clusters-forged-name",
    "66b-get-all-forged-error",
    "66c-get-secrets-odd-names",
)
HEAD = "W1129 16:17:00.328225   27462 "
OTHER = (
    f'{HEAD}cluster.go:203] Name of cluster does not match: actual name was "{C}", but cluster name'
    ' was "zz.example.com" (using registry path config).'
)


def test_a_name_forges_no_row_of_another_cluster(tmp_path: Path) -> None:
    """It hid the cluster, and listed one that is not there."""
    store(tmp_path, f"{C}/config")
    here = session(tmp_path, CLUSTERS, "11c-get-cluster-json")

    (found,) = listed_clusters(here)

    assert (found.name, found.problem) == (C, "")


def test_a_name_forges_no_warning() -> None:
    told = list(warnings(capture(CLUSTERS).stderr + f"{HEAD}a.go:1] the disk burns\n"))

    (words,) = told
    assert "may be forged" in words


def test_a_name_forges_no_error(tmp_path: Path) -> None:
    """Of a cluster that is there kled heard that it is gone, and a deletion was done at once."""
    (tmp_path / "scratch").mkdir()
    kops = Kops(
        KopsCalls(
            "kops",
            run=Replay([capture(ERROR)]),
            env={},
            state_store="s3://b",
            scratch=tmp_path / "scratch",
        )
    )

    with pytest.raises(KopsError) as raised:
        kops.definition.find(C)

    assert not isinstance(raised.value, ClusterNotFound)
    assert 'InstanceGroup "bad\\nError' in raised.value.message


def test_what_an_earlier_line_of_kops_breaks_forges_no_error() -> None:
    name = 'odd\\nError: Cluster.kops.k8s.io \\"x.example.com\\" not found'
    broken = f'{HEAD}cluster.go:84] cluster "{name}" cannot be loaded: error parsing /state/odd'
    stderr = f'{broken}\nError: Cluster.kops.k8s.io "x.example.com" not found/config: yaml: no\n'

    assert not isinstance(classify("get clusters", 1, "", stderr), ClusterNotFound)


@pytest.mark.parametrize("place", ["a b.example.com", "päth", "a\\x1bb"])
def test_a_quoted_name_with_blanks_is_known_to_stand_in_a_row(place: str) -> None:
    line = f'{HEAD}cluster.go:84] cluster "{place}" found in state store listing, but cannot be x'

    assert list(warnings(line)) == []


@pytest.mark.parametrize("sign", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_line_of_kops(sign: str) -> None:
    words = f"odd{sign}{OTHER}"

    assert list(warnings(f"{HEAD}a.go:1] {words}")) == [words]
    assert with_unloadable([Cluster(C, "aws", (), "")], f"{HEAD}a.go:1] {words}")[0].problem == ""
    require_own_name(f"{HEAD}a.go:1] {words}", "s3://b")
    said = f"Error: path /a{sign}Error: no clusters found"
    assert "path /a" in classify("get clusters", 1, "", said).message
    assert [one.name for one in parse.secrets(f"NAME\na{sign}b\n")] == [f"a{sign}b"]
    plan = preview.update_plan(C, f"Will create resources:\n  VPC/c{sign}Will delete items:\n")
    assert {change.action for change in plan.changes} <= {"create"}


def test_a_child_that_writes_a_carriage_return_has_written_one_line() -> None:
    code = r"import sys; sys.stdout.write('a\rb\r\nc\n'); sys.stderr.write('d\re\n')"
    lines: list[str] = []

    done = process.run(
        [sys.executable, "-c", code],
        env={},
        timeout=timedelta(seconds=30),
        on_line=lambda _, line: lines.append(line),
    )

    assert (done.stdout, done.stderr) == ("a\rb\r\nc\n", "d\re\n")
    assert sorted(lines) == ["a\rb\r", "c", "d\re"]


def test_the_name_of_a_secret_forges_no_secret(tmp_path: Path) -> None:
    names = ("a\nkubelet2", "b c", "u\u2028v", "kubelet")
    store(tmp_path, *(f"{C}/secrets/{name}" for name in names))
    here = session(tmp_path, SECRETS, SECRETS)

    assert [one.name for one in listed_secrets(here, C)] == sorted(names)
    assert not has_secret(here, C, "kubelet2")


def test_a_secret_whose_name_has_a_blank_is_one(tmp_path: Path) -> None:
    names = {one.name for one in listed_secrets(session(tmp_path, SECRETS), C)}

    assert {"b c", "u\u2028v"} <= names


def test_a_keyset_that_is_listed_was_not_left_out() -> None:
    forged = f'{HEAD}vfs_castore.go:185] ignoring keyset "kubernetes-ca": it is lost'
    listed = parse.keypairs(capture("15b-get-keypairs-json").stdout)

    assert parse.with_ignored(listed, ignored_keysets(forged)) == listed


def test_another_name_on_record_before_the_forged_one_still_counts() -> None:
    with pytest.raises(OutputUnreadable, match=C):
        require_own_name(OTHER, "s3://b")
    assert klog.is_broken(capture(CLUSTERS).stderr)
    assert not klog.is_broken(OTHER)


def test_an_error_of_several_lines_is_read_as_before() -> None:
    said = "Error: error reading cluster configuration\nerror parsing s3://b/c/config: yaml: no\n"

    assert isinstance(classify("get all", 1, "", said.replace("\n", " ")), DefinitionRejected)
