import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import ClusterNotFound, InvalidInput, ObjectMissing
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.diff import views
from kled.snapshot.diff.diff import Difference, View, diff, make_view
from kled.snapshot.diff.facts import Fingerprints
from kled.snapshot.progress import Quiet
from kled.storage.base import Stored
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore, Watched
from tests.unit.snapshot.restoring import (
    BACKUP,
    CLUSTER,
    CONFIG,
    CREATED,
    GROUP,
    KEYSET,
    LARGE,
    age_keys,
    plain_tree,
    put,
    snapshot_store,
    take,
    tree,
)

KEY = b"one comparison"
KEYSET_KEY = "pki/private/kubernetes-ca/keyset.yaml"


def state(changes: Mapping[str, bytes | None] | None = None, key: bytes = KEY) -> View:
    objects = {k: v for k, v in {**tree(), **(changes or {})}.items() if v is not None}
    return make_view("a", CLUSTER, objects.items(), Fingerprints(key))


def lines(changes: dict[str, bytes | None]) -> list[str]:
    return [change.line() for change in diff(state(), state(changes))]


def test_equal_states_do_not_differ_nor_do_times_and_key_order() -> None:
    again = CONFIG.replace(b"2026-11-23T14", b"2027-01-01T00").replace(
        b"metadata:\n", b"metadata:\n  generation: 7\n"
    )
    reordered = GROUP.replace(b"  minSize: 1\n", b"").replace(b"spec:\n", b"spec:\n  minSize: 1\n")

    assert lines({}) == []
    assert lines({"config": again, "instancegroup/nodes-a": reordered}) == []


def test_fields_are_named_by_path_and_list_entries_by_name() -> None:
    config = CONFIG.replace(b"1.36.0", b"1.36.1").replace(b"control-plane-a", b"control-plane-b")
    config = config.replace(b"  subnets: []\n", b"  subnets: []\n  sshKeyName: ops\n")

    member = "spec.etcdClusters[main].etcdMembers[a].instanceGroup"
    assert lines({"config": config}) == [
        f"~ cluster {member}: control-plane-a -> control-plane-b",
        "~ cluster spec.kubernetesVersion: 1.36.0 -> 1.36.1",
        "+ cluster spec.sshKeyName: ops",
    ]


def test_groups_keysets_versions_and_markers_that_came_or_went() -> None:
    distrusted = KEYSET.replace(b'  primaryId: "77"', b'  primaryId: "88"').replace(
        b'  - id: "66"', b'  - id: "88"\n    publicMaterial: cHVibGljIDg4\n  - id: "66"'
    )
    found = lines(
        {
            "instancegroup/nodes-a": None,
            "instancegroup/gpu": GROUP.replace(b"nodes-a", b"gpu").replace(b"t3.medium", b"p5"),
            "kops-version.txt": b"1.36.3\n",
            KEYSET_KEY: distrusted,
            "pki/private/service-account/keyset.yaml": KEYSET,
            "pki/ssh/public/admin/967042": None,
            CREATED: None,
        }
    )

    assert found[0] == "~ version kops: 1.36.2 -> 1.36.3"
    assert found[1:3] == [
        "+ instance-group gpu: role Node, machineType p5, minSize 1, maxSize 2",
        "- instance-group nodes-a: role Node, machineType t3.medium, minSize 1, maxSize 2",
    ]
    assert "~ keyset kubernetes-ca 77: primary -> trusted" in found
    assert "+ keyset kubernetes-ca 88: primary" in found
    assert "+ keyset service-account: 66 distrusted 2026-11-20T00:00:00Z, 77 primary" in found
    assert any(line.startswith("- ssh-key admin/967042: fingerprint ") for line in found)
    assert found[-1] == "- etcd-control main etcd-cluster-created: present"


def test_a_key_that_was_exchanged_under_its_old_id_shows() -> None:
    (found,) = lines({KEYSET_KEY: KEYSET.replace(b"cHJpdmF0ZSA3Nw==", b"cHJpdmF0ZSA3OA==")})

    assert found.startswith("~ keyset kubernetes-ca 77 privateMaterial: fingerprint ")
    rewrapped = KEYSET.replace(b"cHJpdmF0ZSA3Nw==", b'"cHJp\\ndmF0ZSA3Nw=="')
    assert lines({KEYSET_KEY: rewrapped}) == []


def test_derived_files_are_summed_up_per_addon() -> None:
    found = lines(
        {
            "addons/coredns.addons.k8s.io/k8s-1.12.yaml": b"new",
            "addons/coredns.addons.k8s.io/more.yaml": b"new",
            "addons/dns.addons.k8s.io/a.yaml": b"1",
            "cluster-completed.spec": b"new",
        }
    )

    assert found[0] == "~ addon coredns.addons.k8s.io: 2 files differ"
    assert found[1] == "+ addon dns.addons.k8s.io: 1 file"
    assert found[2].startswith("~ derived cluster-completed.spec: fingerprint ")


SECRETS = ("c2VjcmV0IHZhbHVl", "cHJpdmF0ZSA3Nw==", "hunter2hunter2", "c2VjcmV0IG5ldw", "hunter3")


def test_no_secret_is_told_and_no_guess_can_be_tried() -> None:
    config = CONFIG + b"  openstackPassword: hunter2hunter2\n  userData: |\n    a\n    b\n"
    config += b"  env:\n  - name: REGISTRY_TOKEN\n    value: hunter3hunter3\n"
    config += b"  secretStore: s3://store/demo.example.com/secrets\n"
    changes = {
        "secrets/admin": b'{"Data":"c2VjcmV0IG5ldw"}',
        "secrets/more": b"hunter2hunter2",
        "config": config,
        KEYSET_KEY: KEYSET.replace(b"cHJpdmF0ZSA3Nw==", b"c2VjcmV0IG5ldw"),
    }
    found = diff(state(), state(changes))
    elsewhere = diff(state(key=b"other"), state(changes, b"other"))
    told = "\n".join(change.line() for change in found) + json.dumps(
        [change.as_json() for change in found]
    )

    assert not [secret for secret in SECRETS if secret in told]
    assert "hunter2" not in repr(state(changes))
    assert "secretStore: s3://store/demo.example.com/secrets" in told
    assert "secret admin: fingerprint" in told
    assert [c.name for c in found] == [c.name for c in elsewhere]
    assert not {c.after for c in found if "fingerprint" in str(c.after)} & {
        c.after for c in elsewhere
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"- a\n", b"\xff\xfe", b"a: [", b"a: &a [*a]\n", b"[" * 5000, b"!!python/name:os.system"],
)
def test_an_object_that_is_not_in_kops_form_is_compared_whole(body: bytes) -> None:
    found = diff(state(), state({"config": body, KEYSET_KEY: body, "instancegroup/x": body}))

    assert "(not in kops' form)" in {change.field for change in found}
    assert diff(state({"config": body}), state({"config": body})) == ()


def test_aliases_do_not_make_a_definition_endless() -> None:
    laughs = b"a0: &a0 [1, 1]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
    )

    (found, *_) = (c for c in diff(state(), state({"config": laughs})) if c.action == "added")

    assert found.field == "(not in kops' form)"


def test_a_snapshot_is_compared_with_the_live_state() -> None:
    snapshots = snapshot_store()
    manifest = take(snapshots, tree())
    live = MemoryStore()
    newer = "backups/etcd/main/2026-11-24T00:00:00Z-000099"
    half = "backups/etcd/events/2026-11-24T00:00:00Z-000001/etcd.backup.gz"
    put(live, tree() | {half: b"no description yet"})
    put(live, {"backups/etcd/main/control/2026-11-24T00:00:00Z-0/_command.json": b"{}"})
    old = views.view_snapshot(snapshots, manifest, KEY)

    assert diff(old, views.view_live(live, CLUSTER, KEY)) == ()

    put(live, {f"{newer}/{name}": b"" for name in ("etcd.backup.gz", "_etcd_backup.meta")})
    put(live, {"addons/huge.addons.k8s.io/k8s.yaml": LARGE + b"!", "config": CONFIG + b"  a: 1\n"})
    found = diff(old, views.view_live(live, CLUSTER, KEY))

    assert [change.line() for change in found[:2]] == [
        "+ cluster spec.a: 1",
        f"~ etcd-backup main: {BACKUP.rpartition('/')[2]} -> {newer.rpartition('/')[2]}",
    ]
    assert (found[2].subject, found[2].name) == ("addon", "huge.addons.k8s.io")
    assert len(found) == 3


def test_a_live_view_never_reads_etcd_backups() -> None:
    live = MemoryStore()
    put(live, tree())
    counting = CountingStore(live)

    views.view_live(counting, CLUSTER, KEY)

    assert not [key for method, key in counting.keys if method == "get" and "backup.gz" in key]


def test_objects_over_four_mebibytes_are_compared_without_being_held() -> None:
    state_store, snapshots = MemoryStore(), snapshot_store()
    put(state_store, plain_tree() | {"addons/big/k8s.yaml": b"kled" * (2 << 20)})
    create(state_store, snapshots, None, options=CreateOptions("a test"), progress=Quiet())
    manifest = snapshots.manifest(choose(snapshots, CLUSTER, "newest"))
    old = views.view_snapshot(snapshots, manifest, KEY)
    counting = CountingStore(state_store)

    assert diff(old, views.view_live(counting, CLUSTER, KEY)) == ()
    assert ("read", f"{CLUSTER}/addons/big/k8s.yaml") in counting.keys
    put(state_store, {"addons/big/k8s.yaml": b"kled" * (2 << 20) + b"!"})
    (found,) = diff(old, views.view_live(state_store, CLUSTER, KEY))
    assert (found.subject, found.name, found.field) == ("addon", "big", "k8s.yaml")


class Vanishing(Watched):
    """Objects are listed, and gone when they are read."""

    def get(self, key: str, **kwargs: Any) -> Stored:
        if "secrets" in key:
            raise ObjectMissing(key)
        return super().get(key, **kwargs)

    def read(self, key: str, **kwargs: Any) -> Any:
        raise ObjectMissing(key)


def test_what_vanishes_while_it_is_looked_at_counts_as_gone() -> None:
    live = MemoryStore()
    put(live, tree() | {"addons/big/k8s.yaml": b"kled" * (2 << 20)})

    found = diff(
        views.view_live(live, CLUSTER, KEY), views.view_live(Vanishing(live), CLUSTER, KEY)
    )

    assert [(one.action, one.subject) for one in found] == [
        ("removed", "secret"),
        ("removed", "secret"),
        ("removed", "addon"),
    ]


def test_who_holds_the_identity_sees_the_same_fingerprints_each_time(tmp_path: Path) -> None:
    identity = age_keys(tmp_path).identity
    keys = [views.fingerprint_key(identity, chance) for chance in (b"1", b"2")]

    assert keys[0] == keys[1]
    assert identity
    assert keys[0] not in identity.read_bytes()
    assert views.fingerprint_key(None, b"1") == b"1"


def test_a_cluster_that_is_not_there_is_said() -> None:
    with pytest.raises(ClusterNotFound, match="not found"):
        views.view_live(MemoryStore(), CLUSTER, KEY)
    with pytest.raises(InvalidInput):
        views.view_live(MemoryStore(), "../etc", KEY)


def test_a_cluster_that_lost_everything_is_compared_with_nothing() -> None:
    # fault 25, another member: recovery asks "what was lost?", and where all was the answer was
    # exit 1
    snapshots = snapshot_store()
    old = views.view_snapshot(snapshots, take(snapshots, tree()), KEY)

    gone = views.view_live(MemoryStore(), CLUSTER, KEY, known=True)
    found = diff(old, gone)

    assert not gone.has_definition
    assert {one.action for one in found} == {"removed"}
    assert {"cluster", "instance-group", "keyset", "secret"} <= {one.subject for one in found}


def test_what_a_cluster_without_its_definition_still_has_is_no_difference() -> None:
    snapshots, live = snapshot_store(), MemoryStore()
    old = views.view_snapshot(snapshots, take(snapshots, tree()), KEY)
    put(live, {key: body for key, body in tree().items() if key != "config"})

    (lost,) = diff(old, views.view_live(live, CLUSTER, KEY, known=True))

    assert (lost.action, lost.subject) == ("removed", "cluster")


WORDS = st.sampled_from(["a", "b", "name"])
DOCUMENTS = st.recursive(
    st.one_of(st.integers(0, 2), st.booleans(), st.none(), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_a_comparison_is_symmetric_and_empty_exactly_for_equal_documents(
    left: object, right: object
) -> None:
    one, other = (
        make_view(
            "x", CLUSTER, [("config", json.dumps({"spec": spec}).encode())], Fingerprints(KEY)
        )
        for spec in (left, right)
    )

    there, back = diff(one, other), diff(other, one)

    assert len(there) == len(back)
    assert {(c.field, str(c.before), str(c.after)) for c in there} == {
        (c.field, str(c.after), str(c.before)) for c in back
    }
    if json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True):
        assert there == ()


def test_a_line_shows_values_as_yaml_would() -> None:
    change = Difference("changed", "cluster", "", "spec.x", before=True, after=3)

    assert change.line() == "~ cluster spec.x: true -> 3"
