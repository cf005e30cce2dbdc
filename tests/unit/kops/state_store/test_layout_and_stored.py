"""What the objects of a state store are, held against trees of a real kops."""

import json

import pytest

from kled.kops.state_store import contents, layout
from tests import key_pairs
from tests.unit.kops.replay import CAPTURES

KEYSETS = (
    *("kubernetes-ca", "service-account", "apiserver-aggregator-ca", "etcd-clients-ca"),
    *("etcd-manager-ca-main", "etcd-peers-ca-main"),
)
CA = "pki/private/kubernetes-ca/keyset.yaml"
UNREADABLE = f"{CA} holds a key that cannot be read: the certificate of key 1"


def keyset(material: str | None = None, kind: str = "Keyset") -> bytes:
    whole = key_pairs.keyset(("1", "own")).replace(b"kind: Keyset", f"kind: {kind}".encode())
    public = key_pairs.encoded(key_pairs.pair("own").certificate)
    return whole.replace(public.encode(), material.encode()) if material is not None else whole


def complete() -> dict[str, bytes]:
    return {
        "config": b"apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata: {name: c}\n"
        b"spec:\n  kubernetesVersion: 1.35.5\n"
        b"  etcdClusters: [{name: main}]\n",
        "instancegroup/nodes": b"apiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\n"
        b"metadata: {name: nodes}\nspec: {role: Node}\n",
        "kops-version.txt": b"1.36.2\n",
        **{f"pki/private/{name}/keyset.yaml": keyset() for name in KEYSETS},
        "secrets/admin": b'{"Data":"eA=="}',
        "addons/a/v1.yaml": b"{not yaml",
    }


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("config", "intent"),
        ("instancegroup/nodes-us-east-1a", "intent"),
        ("clusteraddons/default", "intent"),
        ("what-somebody-put-here", "intent"),
        ("pki/private/kubernetes-ca/keyset.yaml", "identity"),
        ("pki/ssh/public/admin/967042732e8d1b4e3a281c0cda8c222c", "identity"),
        ("secrets/system:controller_manager", "identity"),
        ("cluster-completed.spec", "derived"),
        ("kops-version.txt", "derived"),
        ("addons/coredns.addons.k8s.io/k8s-1.12.yaml", "derived"),
        ("manifests/etcd/main-control-plane-us-east-1a.yaml", "derived"),
        ("igconfig/node/nodes-us-east-1a/nodeupconfig.yaml", "derived"),
        ("backups/etcd/main/2026-11-24T23:45:00Z-000075/etcd.backup.gz", "etcd-backup"),
        ("backups/etcd/main/control/etcd-cluster-spec", "control"),
        ("backups/etcd/main/control/2026-11-24T23:45:00Z-000000/_command.json", "control"),
    ],
)
def test_an_object_is_known_by_its_key(key: str, kind: str) -> None:
    assert layout.kind_of(key) == kind


@pytest.mark.parametrize(
    "key", ["notes.txt", "configuration", "etcd/x", "pki", "terraform.tfstate"]
)
def test_what_kops_would_stop_at_is_foreign(key: str) -> None:
    assert layout.is_foreign(key)


@pytest.mark.parametrize(
    "key",
    [
        *("config", "cluster-completed.spec", "kops-version.txt", "clusteraddons/default"),
        *("instancegroup/nodes", "igconfig/node/nodes/nodeupconfig.yaml", "secrets/admin"),
        *("pki/ssh/public/admin/00", "addons/bootstrap-channel.yaml"),
        *("manifests/etcd/main-a.yaml", "backups/etcd/main/control/etcd-cluster-spec"),
    ],
)
def test_what_kops_writes_is_not_foreign(key: str) -> None:
    assert not layout.is_foreign(key)


def test_only_two_control_objects_are_markers() -> None:
    control = "backups/etcd/main/control"

    assert layout.is_marker(f"{control}/etcd-cluster-created")
    assert layout.is_marker(f"{control}/etcd-cluster-spec")
    assert not layout.is_marker(f"{control}/lock")
    assert not layout.is_marker(f"{control}/x/etcd-cluster-spec")
    assert not layout.is_marker("config")


def test_backups_are_grouped_by_etcd_newest_first_and_halves_are_told() -> None:
    place = "backups/etcd/{}/2026-11-24T{:02d}:00:00Z-000001/{}"
    both = [
        place.format(etcd, hour, file)
        for etcd in ("events", "main")
        for hour in (1, 2)
        for file in ("_etcd_backup.meta", "etcd.backup.gz")
    ]
    half = place.format("main", 3, "etcd.backup.gz")

    found = layout.etcd_backups([*both, half, "config", "backups/etcd/main/stray"])

    assert [(one.etcd, one.name[11:13], one.complete) for one in found] == [
        ("events", "02", True),
        ("events", "01", True),
        ("main", "03", False),
        ("main", "02", True),
        ("main", "01", True),
    ]
    assert layout.is_backup_data(half)
    assert not layout.is_backup_data(both[0])


def test_a_complete_cluster_has_nothing_to_find() -> None:
    assert list(contents.findings(complete())) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"config": None}, "config is missing"),
        ({"config": b"kind: Other"}, "config is no Cluster"),
        (
            {"config": b"{broken"},
            "config is no Cluster: line 2: is no YAML: did not find expected ',' or '}'",
        ),
        ({"config": b"- a list"}, "config is no Cluster"),
        ({"instancegroup/nodes": None}, "there is no instance group"),
        ({"instancegroup/nodes": b"kind: Cluster"}, "instancegroup/nodes is no InstanceGroup"),
        (  # kops refuses every change of such a cluster, and its snapshot was trusted
            {
                "instancegroup/nodes": None,
                "igconfig/node/nodes/nodeupconfig.yaml": b"",
                "instancegroup/cp": b"apiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\n"
                b"metadata: {name: cp}\nspec: {role: Master}\n",
            },
            "there is no instance group of nodes, and kops applied the cluster with one",
        ),
        *(
            (
                {f"pki/private/{name}/keyset.yaml": None},
                f"there is no keyset {name}, though the cluster was applied",
            )
            for name in KEYSETS
        ),
        (
            {"pki/private/kubernetes-ca/keyset.yaml": keyset(kind="Secret")},
            "pki/private/kubernetes-ca/keyset.yaml is no keyset with keys",
        ),
        (
            {"pki/private/kubernetes-ca/keyset.yaml": b"kind: Keyset\nspec: {keys: []}"},
            "pki/private/kubernetes-ca/keyset.yaml is no keyset with keys",
        ),
        (
            {"pki/private/kubernetes-ca/keyset.yaml": keyset("'%%'")},
            f"{UNREADABLE} is text that is not base64",
        ),
        (
            {"pki/private/kubernetes-ca/keyset.yaml": keyset("1")},
            f"{UNREADABLE} is no text",
        ),
        ({"secrets/admin": b"plain"}, "secrets/admin is no secret of kops"),
        ({"secrets/admin": b"[]"}, "secrets/admin is no secret of kops"),
        *(  # K4: kops hands such a secret out as a token
            ({"secrets/admin": body}, f"secrets/admin holds no value: its Data is {wrong}")
            for body, wrong in (
                (b'{"Data":""}', "empty"),
                (b'{"Data":null}', "empty"),
                (b'{"Data":"!!!"}', "not base64"),
                (b'{"Data":"c2VjcmV0A"}', "not base64"),
                (b'{"Data":[1]}', "not base64"),
            )
        ),
    ],
)
def test_what_is_missing_or_broken_is_named(change: dict[str, bytes | None], finding: str) -> None:
    objects = {key: body for key, body in (complete() | change).items() if body is not None}

    assert list(contents.findings(objects)) == [finding]


def test_a_group_in_which_etcd_lives_is_missed() -> None:
    """Fault 41, another member: a control plane's lost group was nobody's loss, and `latest`."""
    etcd = (
        "[{name: main, etcdMembers: [{name: a, instanceGroup: plane-a}, {instanceGroup: nodes}]}]"
    )
    config = complete()["config"].replace(b"[{name: main}]", etcd.encode())
    objects = {**complete(), "config": config}
    lost = ["instancegroup/plane-a is missing, and a member of etcd lives there"]

    assert list(contents.findings(objects)) == lost
    assert list(contents.findings(objects, large={"instancegroup/plane-a": 1 << 30})) != lost
    plane = objects["instancegroup/nodes"].replace(b"name: nodes", b"name: plane-a")
    objects["instancegroup/plane-a"] = plane
    assert list(contents.findings(objects)) == []


@pytest.mark.parametrize("members", ["1", "[1, {}]", "{a: b}", "[{instanceGroup: }]"])
def test_members_of_etcd_of_any_form_are_gone_through(members: str) -> None:
    config = complete()["config"].decode().replace("main}", f"main, etcdMembers: {members}}}")

    found = list(contents.findings({**complete(), "config": config.encode()}))

    assert all("spec.etcdClusters[0].etcdMembers" in finding for finding in found)
    assert bool(found) is (members != "[{instanceGroup: }]")


def legacy() -> dict[str, bytes]:
    """What a kops before 1.22 left: read by a real 1.36.2 (`get keypairs`) as it stands."""
    renamed = {"kubernetes-ca": "ca", "service-account": "master"}
    return {
        key: body
        for key, body in complete().items()
        if not key.startswith(layout.KEYSETS) and key != "kops-version.txt"
    } | {
        "cluster.spec": b"kind: Cluster\n",
        **{f"pki/private/{name}/keyset.yaml": keyset() for name in renamed.values()},
        "pki/private/ca/6590823445664311811.key": b"-----BEGIN RSA PRIVATE KEY-----\n",
        "pki/issued/ca/6590823445664311811.crt": b"-----BEGIN CERTIFICATE-----\n",
    }


@pytest.mark.parametrize("version", [b"1.8.1\n", b"1.21.5", None])
def test_the_keysets_of_a_kops_before_1_22_are_the_keysets_that_kops_reads(
    version: bytes | None,
) -> None:
    # fault 8: such a store counted as untrustworthy, so its cluster could not be deleted
    objects = legacy() | ({"kops-version.txt": version} if version else {})

    assert list(contents.findings(objects)) == []


def test_an_update_that_was_killed_before_it_renamed_the_keysets_lost_nothing() -> None:
    objects = complete()
    for new, old in (("kubernetes-ca", "ca"), ("service-account", "master")):
        objects[f"pki/private/{old}/keyset.yaml"] = objects.pop(f"pki/private/{new}/keyset.yaml")

    assert list(contents.findings(objects)) == []


@pytest.mark.parametrize(("new", "old"), [("kubernetes-ca", "ca"), ("service-account", "master")])
def test_a_keyset_that_the_machines_were_configured_with_stands_under_its_present_name(
    new: str, old: str
) -> None:
    """K4: `master` was taken for good on a cluster whose machines know `service-account`."""
    objects = complete() | {
        "igconfig/control-plane/a/nodeupconfig.yaml": f"KeypairIDs: {{{new}: '1'}}\n".encode()
    }
    objects[f"pki/private/{old}/keyset.yaml"] = objects.pop(f"pki/private/{new}/keyset.yaml")

    (finding,) = contents.findings(objects)

    assert finding == (
        f"pki/private/{old}/keyset.yaml holds {new}, which kops keeps at"
        f" pki/private/{new}/keyset.yaml: it was renamed"
    )
    objects[f"pki/private/{new}/keyset.yaml"] = keyset()
    assert list(contents.findings(objects)) == []


@pytest.mark.parametrize(
    ("lost", "finding"),
    [
        ("ca", "there is no keyset kubernetes-ca, though the cluster was applied"),
        ("master", "there is no keyset service-account, though the cluster was applied"),
    ],
)
def test_an_old_store_without_its_keysets_is_as_incomplete_as_a_new_one(
    lost: str, finding: str
) -> None:
    # another member of fault 8: without kops-version.txt nobody asked for a keyset at all, and
    # the files that kops no longer reads are none
    objects = legacy()
    del objects[f"pki/private/{lost}/keyset.yaml"]

    assert list(contents.findings(objects)) == [finding]


def test_an_old_store_with_an_etcd_manager_needs_all_of_its_keysets() -> None:
    objects = legacy() | {"pki/private/etcd-manager-ca-main/keyset.yaml": keyset()}

    assert list(contents.findings(objects)) == [
        f"there is no keyset {name}, though the cluster was applied"
        for name in ("apiserver-aggregator-ca", "etcd-clients-ca", "etcd-peers-ca-main")
    ]


def test_a_cluster_that_was_never_applied_needs_no_keysets() -> None:
    objects = {key: complete()[key] for key in ("config", "instancegroup/nodes")}

    assert list(contents.findings(objects)) == []


def test_versions_are_read_where_they_can_be() -> None:
    assert contents.kops_version(complete()) == "1.36.2"
    assert contents.kops_version({}) is None
    assert contents.kubernetes_version(complete()) == "1.35.5"
    assert contents.kubernetes_version({}) is None
    assert contents.kubernetes_version({"config": b"spec: 1"}) is None
    assert contents.kubernetes_version({"config": b"spec: {kubernetesVersion: 1.3}"}) is None


def test_a_keyset_is_told_from_other_documents() -> None:
    assert contents.keyset(keyset()) is not None
    assert contents.keyset(json.dumps({"kind": "Other"}).encode()) is None


@pytest.mark.parametrize("key", ["config", "pki/private/kubernetes-ca/keyset.yaml"])
def test_a_cut_that_still_reads_is_found_unless_it_leaves_whole_lines(key: str) -> None:
    """Fault 6, another member: two of three cuts of a real definition read well as YAML."""
    config = (CAPTURES / "state-store-1cp-after-update" / "config").read_bytes()
    objects = {**complete(), "config": config}
    whole = objects[key]
    assert not [words for words in contents.findings(objects) if words.startswith(key)]

    for size in range(1, len(whole)):
        if whole[size - 1 : size] == b"\n":
            continue
        found = contents.findings({**objects, key: whole[:size]})
        assert any(words.startswith(key) for words in found), whole[:size][-40:]


def applied() -> dict[str, bytes]:
    """A cluster whose definition is a real one, applied, with one group of each role."""
    place = CAPTURES / "state-store-1cp-after-update"
    config = (place / "config").read_bytes()
    name = "control-plane-us-east-1a"
    group = "apiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: {}\nspec:\n"
    rest = "  image: ami-1\n  maxSize: 1\n  minSize: 1\n  role: {}\n  subnets:\n  - us-east-1a\n"
    return (
        complete()
        | {
            "config": config,
            "cluster-completed.spec": config,
            f"instancegroup/{name}": (group.format(name) + rest.format("Master")).encode(),
            f"igconfig/control-plane/{name}/nodeupconfig.yaml": b"x",
            "instancegroup/nodes": (group.format("nodes") + rest.format("Node")).encode(),
            "igconfig/node/nodes/nodeupconfig.yaml": b"x",
        }
        | {
            f"pki/private/etcd-{kind}-ca-events/keyset.yaml": keyset()
            for kind in ("manager", "peers")
        }
    )


@pytest.mark.parametrize(
    ("key", "harmless"),
    [
        ("config", 0),  # K4: without its topology, or in the middle of a subnet, it was level 1
        ("instancegroup/control-plane-us-east-1a", 1),
        ("instancegroup/nodes", 3),  # kops chooses the subnets of nodes where none are said
    ],
)
def test_a_definition_that_was_applied_is_not_cut_after_a_whole_line(
    key: str, harmless: int
) -> None:
    """Fault 6, another member: such a cut reads well, and its snapshot became the latest."""
    objects = applied()
    assert list(contents.findings(objects)) == []
    lines = objects[key].splitlines(keepends=True)

    for kept in range(1, len(lines) - harmless):
        found = contents.findings({**objects, key: b"".join(lines[:kept])})
        assert any(words.startswith(key) for words in found), lines[kept - 1]


def test_a_topology_that_kops_fills_in_as_it_was_may_be_left_out() -> None:
    objects = applied()
    lines = objects["config"].splitlines(keepends=True)
    completed = objects["config"].replace(b"type: None", b"type: Public")
    objects |= {"config": b"".join(lines[:-3]), "cluster-completed.spec": completed}

    assert list(contents.findings(objects)) == []


@pytest.mark.parametrize("field", ["name", "type", "zone"])
def test_a_subnet_without_a_field_that_was_applied_names_it(field: str) -> None:
    """Another member: a line that is gone from the middle, with the end whole."""
    objects = applied()
    lines = objects["config"].splitlines(keepends=True)
    at = max(at for at, line in enumerate(lines[:-3]) if line.startswith(f"    {field}:".encode()))
    objects["config"] = b"".join((*lines[:at], *lines[at + 1 :]))

    (words,) = contents.findings(objects)

    assert words.startswith(f"config has no spec.subnets[0].{field}, and kops applied it")


def test_a_definition_that_was_never_applied_may_say_as_little_as_it_likes() -> None:
    objects = {key: body for key, body in applied().items() if not key.startswith("igconfig/")}
    del objects["cluster-completed.spec"]
    config = b"".join(objects["config"].splitlines(keepends=True)[:-7])
    group = objects["instancegroup/nodes"].partition(b"spec:")[0] + b"spec:\n  maxSize: 1\n"

    assert (
        list(contents.findings({**objects, "config": config, "instancegroup/nodes": group})) == []
    )
