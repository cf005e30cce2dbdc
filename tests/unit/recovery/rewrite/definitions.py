"""Definitions of kops' own, as a state store has them, and places that they go to."""

from typing import Any

from kled import yaml_text
from kled.recovery.rewrite import OldSideGone, Target
from tests.unit.kops.replay import CAPTURES, capture

DEFINITIONS = CAPTURES / "definitions"
STORE = CAPTURES / "state-store-1cp-after-update"
OLD, NEW = "s3://acme-state", "s3://acme-state-eu"
GONE = OldSideGone("its account is closed")
ZONES = {f"us-test-1{letter}": f"eu-west-1{letter}" for letter in "abc"}
SECURITY_GROUPS = {
    f"sg-exampleid{number}": f"sg-{number or 0:0>17}" for number in ("", 2, 3, 4, 5, 6)
}
ACCOUNT_ID = (
    "/subscriptions/sub-321/resourceGroups/resource-group-name"
    "/providers/Microsoft.Storage/storageAccounts/"
)
CLOUDS = {
    "aws": Target(
        region="eu-west-1",
        zones=ZONES,
        state_store=NEW,
        iam_isolation=GONE,
        resources=SECURITY_GROUPS,
    ),
    "gce": Target(
        region="europe-west1",
        zones={
            f"us-test1-{letter}": f"europe-west1-{other}"
            for letter, other in zip("abc", "bcd", strict=True)
        },
        state_store="gs://acme-state-eu",
        iam_isolation=GONE,
    ),
    "azure": Target(
        region="westeurope",
        zones={"eastus-1": "westeurope-2"},
        state_store="azureblob://acmeeu/state",
        resources={f"{ACCOUNT_ID}teststorage": f"{ACCOUNT_ID}acmeeu"},
        iam_isolation=GONE,
    ),
}
STORES = {"aws": OLD, "gce": "gs://acme-state", "azure": "azureblob://acme/state"}


def definition(name: str, cloud: str = "aws") -> tuple[bytes, list[bytes]]:
    """Return a cluster and its groups, in the state store of that cloud."""
    text = (DEFINITIONS / f"{name}.yaml").read_text()
    for place in ("memfs://tests", "memfs://clusters.example.com", "memfs://discovery.example.com"):
        text = text.replace(f"{place}/", f"{STORES[cloud]}/")
    return split(text)


def captured(name: str) -> tuple[bytes, list[bytes]]:
    """Return what a dry run printed."""
    return split(capture(name).stdout)


def stored() -> tuple[bytes, list[bytes]]:
    """Return the objects of a real state store (s3://kled-state)."""
    groups = sorted((STORE / "instancegroup").iterdir())
    return (STORE / "config").read_bytes(), [path.read_bytes() for path in groups]


def split(text: str) -> tuple[bytes, list[bytes]]:
    parts = [part.strip() + "\n" for part in text.split("\n---\n")]
    bodies = [part.encode() for part in parts]
    kinds = [read(body)["kind"] for body in bodies]
    cluster = bodies[kinds.index("Cluster")]
    return cluster, [
        body for body, kind in zip(bodies, kinds, strict=True) if kind == "InstanceGroup"
    ]


def read(body: bytes) -> dict[str, Any]:
    document = yaml_text.document(body)
    assert isinstance(document, dict)
    return document


def edited(body: bytes, **fields: Any) -> bytes:
    """Return a document with some fields of its spec."""
    document = read(body)
    document["spec"].update(fields)
    return yaml_text.to_text([document]).encode()
