"""What Prefect's server refuses when a run is started, by the schema of the flow. Fault 53.

The server's own check runs here, on the schema that `kled deploy` and `prefect deploy` give it.
"""

from typing import Any, Final

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate

from deployments import catalog
from deployments.loading import load_flow
from kled.models.clouds import CLOUDS
from kled.models.spec import ClusterSpec, parse_spec
from kled.models.zones import example_zone

ENTRIES: Final = {entry.flow: entry for entry in catalog.load(catalog.path())}
SCHEMAS: Final = {
    flow: parameter_schema(load_flow(entry)).model_dump(exclude_unset=True)
    for flow, entry in ENTRIES.items()
}
C: Final = "c.example.com"
SPEC: Final = {"name": C, "zones": ["us-east-1a"]}
NEEDED: Final[dict[str, dict[str, Any]]] = {
    "create-cluster": {"spec": SPEC},
    "mirror-snapshots": {"to": "s3://second"},
    "plan-update": {"name": C},
    "restore-state": {"name": C, "snapshot": "latest"},
    "scale-instance-group": {"name": C, "instance_group": "nodes", "size": 2},
    **{f"{verb}-cluster": {"name": C} for verb in ("delete", "export", "roll", "update")},
}
"""What a person has to fill in."""
NO_NAMES: Final = ("", "a b", "../x", "a..b", "-a", "a/b", "a" * 254)
NO_DURATIONS: Final = ("", "15", "soon", "-5m", "1d")
WRONG: Final[list[tuple[str, str, tuple[Any, ...]]]] = [
    *((flow, "name", NO_NAMES) for flow in NEEDED if "name" in NEEDED[flow]),
    ("prune-snapshots", "name", NO_NAMES),
    ("validate-cluster", "name", NO_NAMES),
    ("check-health", "name", NO_NAMES),
    ("check-health", "skip", tuple([one] for one in NO_NAMES)),
    ("check-health", "wait", (*NO_DURATIONS, 30)),
    ("check-health", "no_validate", ("perhaps", [])),
    ("validate-cluster", "skip", tuple([one] for one in NO_NAMES)),
    ("verify-snapshots", "name", NO_NAMES),
    ("mirror-snapshots", "name", NO_NAMES),
    ("back-up-state", "name", tuple([one] for one in NO_NAMES)),
    ("delete-cluster", "with_resources_of", tuple([one] for one in NO_NAMES)),
    ("delete-cluster", "confirm", NO_NAMES),
    ("update-cluster", "new_identity", NO_NAMES),
    ("scale-instance-group", "instance_group", ("", "Nodes", "a b", "-a", "a/b")),
    ("roll-cluster", "instance_group", (["Nodes"], [""], "nodes")),
    ("roll-cluster", "canary", ("", "a b", "-a")),
    *((flow, "wait", NO_DURATIONS) for flow in ("create-cluster", "update-cluster")),
    ("validate-cluster", "wait", (*NO_DURATIONS, 30)),
    ("export-cluster", "admin", NO_DURATIONS),
    ("roll-cluster", "pause", NO_DURATIONS),
    ("roll-cluster", "group_deadline", NO_DURATIONS),
    ("scale-instance-group", "drain_timeout", NO_DURATIONS),
    ("update-cluster", "digest", ("0b5a", "xyz", "0B5A6A4F9C1E")),
    ("restore-state", "snapshot", ("", "newest", "yesterday", "20261125")),
    ("restore-state", "of_state_store", ("", "state", "http://x")),
    ("verify-snapshots", "snapshot", ("", "old")),
    ("verify-snapshots", "level", (3, 5, "1")),
    ("mirror-snapshots", "to", ("", "bucket", "ftp://x")),
    *(("prune-snapshots", kept, (-1, "many", 10**9)) for kept in ("last", "hourly", "yearly")),
    ("scale-instance-group", "size", (-1, 1 << 31, "two")),
    ("scale-instance-group", "min", (-1,)),
    ("scale-instance-group", "max", (1 << 31,)),
]
WRONG_SPECS: Final[list[dict[str, Any]]] = [
    *({"name": one} for one in ("", "demo", "Demo.example.com", "a b.c", "-a.b", "a" * 254 + ".b")),
    *({"zones": one} for one in ([], ["us east"], ["us-east-1a,us-east-1b"], [""], "us-east-1a")),
    *({"kubernetes_version": one} for one in ("1.36", "latest", "", "1.x.0")),
    *({"control_plane_count": one} for one in (0, 2, 4, -1, 1 << 31)),
    *({"node_count": one} for one in (0, -1, 1 << 31, "2")),
    {"cloud": "moon"},
    {"cloud": "gce", "project": "p"},
    {"cloud": "aws", "zones": ["nyc1"]},
    {"cloud": "aws", "control_plane_zones": ["fsn1"]},
    {"unknown": 1},
]


def refused(flow: str, parameters: dict[str, Any]) -> bool:
    try:
        validate(parameters, SCHEMAS[flow], raise_on_error=True)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("flow", ENTRIES)
def test_what_is_needed_alone_is_taken_and_nothing_less(flow: str) -> None:
    needed = NEEDED.get(flow, {})

    assert not refused(flow, needed)
    assert all(
        refused(flow, {name: value for name, value in needed.items() if name != left_out})
        for left_out in needed
        if left_out != "size"
    )


@pytest.mark.parametrize(
    ("flow", "name", "value"),
    [(flow, name, value) for flow, name, values in WRONG for value in values],
)
def test_a_form_refuses_at_once_what_a_worker_would_refuse(
    flow: str, name: str, value: Any
) -> None:
    assert refused(flow, {**NEEDED.get(flow, {}), name: value})


@pytest.mark.parametrize("wrong", WRONG_SPECS, ids=str)
def test_a_form_refuses_at_once_what_is_no_cluster(wrong: dict[str, Any]) -> None:
    assert refused("create-cluster", {"spec": {**SPEC, **wrong}})


@pytest.mark.parametrize(
    "right",
    [
        {"cloud": None},
        {"cloud": "aws"},
        {"control_plane_count": 3, "node_count": 1},
        {"control_plane_count": None, "kubernetes_version": None},
        {"kubernetes_version": "v1.36.0-rc.1+x"},
        {"kubernetes_version": "https://dl.example.com/v1.36.0"},
        {"name": "demo.k8s.local"},
        *(
            {"cloud": cloud, "zones": [example_zone(cloud)]}
            for cloud in CLOUDS
            if not CLOUDS[cloud].refused
        ),
        {"zones": ["fsn1"]},
    ],
    ids=str,
)
def test_a_form_takes_what_a_worker_takes(right: dict[str, Any]) -> None:
    assert not refused("create-cluster", {"spec": {**SPEC, **right}})
    more = {"project": "p"} if right.get("cloud") == "gce" else {}
    parse_spec({**SPEC, **right, **more})


def test_a_form_leaves_the_cloud_out_so_that_it_is_inferred() -> None:
    field = SCHEMAS["create-cluster"]["definitions"]["ClusterSpec"]["properties"]["cloud"]

    assert "default" not in field
    assert ClusterSpec.model_validate({"name": C, "zones": ["fsn1"], "cloud": None}).cloud == (
        "hetzner"
    )


def test_titles_are_written_as_people_write_them() -> None:
    fields = SCHEMAS["create-cluster"]["definitions"]["ClusterSpec"]["properties"]
    titles = {name: field["title"] for name, field in fields.items()}

    assert titles["dns"] == "DNS"
    assert titles["dns_zone"] == "DNS zone"
    assert titles["os_ext_net"] == "OS external network"
    assert titles["ssh_public_key"] == "SSH public key"
    assert titles["azure_tenant_id"] == "Azure tenant ID"
    assert titles["network_cidr"] == "Network CIDR"
    assert titles["api_loadbalancer_type"] == "API load balancer type"
    assert titles["control_plane_count"] == "Control plane count"


def test_fields_of_one_subject_stand_together() -> None:
    fields = SCHEMAS["create-cluster"]["definitions"]["ClusterSpec"]["properties"]
    order = sorted(fields, key=lambda name: fields[name]["position"])

    assert sorted(field["position"] for field in fields.values()) == list(range(1, len(order) + 1))
    assert order[:4] == ["name", "cloud", "zones", "node_count"]
    assert order.index("node_volume_size") == order.index("node_size") + 1
    assert order.index("dns_zone") == order.index("dns") + 1
    assert order.index("channel") == order.index("kubernetes_version") + 1
    assert order[-3:] == ["labels", "set", "unset"]
